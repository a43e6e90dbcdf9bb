//! The encoding of a record in words, from which fingerprints are computed.
//!
//! Fingerprints are kept for years, so this layout does not change: an event is a number, a subject
//! and two words. It is never decoded.

use super::*;
use crate::kernel::{Fingerprint, NodeId, Semantic, Span, Time};
use crate::model::database::{Direction, EXISTENCE};
use crate::model::system::{ColumnRef, DatabaseId, OperationKind, RowKey, ServiceId, TableId};

/// The stream names of nodes and tables, by number.
#[derive(Clone, Debug, Default)]
pub struct StreamNames {
    /// The names of the nodes.
    pub nodes: Vec<u64>,
    /// The names of the tables.
    pub tables: Vec<u64>,
}

impl Semantic for Record {
    #[inline]
    fn fold(&self, into: &mut Fingerprint) {
        let kind = self.event.kind();
        if matches!(
            kind,
            Kind::Keyed
                | Kind::Contended
                | Kind::Served
                | Kind::Follows
                | Kind::Circuit
                | Kind::GroupLag
                | Kind::Connected
                | Kind::Ignored
        ) {
            return;
        }
        let [subject, a, b] = self.event.words();
        into.word(self.time.as_nanos());
        into.word(a);
        into.word(b);
        into.word(u64::from(self.op.0) << 32 | subject);
        into.word(self.place() | self.event.number() << 8 | u64::from(self.step.0));
    }
}

impl Record {
    /// Folds what happened to the operation of this record, `since` its arrival, into a fingerprint
    /// of that operation alone. Numbers that depend on other operations (messages, transactions,
    /// rows) are left out.
    pub fn fold_own(&self, since: Span, into: &mut Fingerprint) {
        let [subject, a, b] = self.event.words();
        let (a, b) = match self.event.kind() {
            Kind::Shown | Kind::Logged | Kind::Sent | Kind::Delivered => (a, b),
            Kind::Answered | Kind::Decided | Kind::Holds | Kind::Forced => (a, 0),
            Kind::Resolved | Kind::Aborted => (0, b),
            _ => (0, 0),
        };
        into.word(since.as_nanos());
        into.word(subject << 32 | u64::from(self.step.0));
        into.word(self.place() | self.event.number());
        into.word(a);
        into.word(b);
    }

    /// Folds what happened to an operation, or a fault, into a fingerprint that is comparable
    /// between scenarios: nodes and tables count by their stream names, and numbers that depend on
    /// other operations (messages, transactions, rows) are left out. Records without an operation
    /// of the run have no influence.
    pub fn fold_stable(&self, names: &StreamNames, into: &mut Fingerprint) {
        let is_fault = matches!(self.kind(), Kind::FaultBegan | Kind::FaultEnded);
        if self.op == OpId::NONE && !is_fault {
            return;
        }
        let table = |id: TableId| names.tables.get(id.index()).copied().unwrap_or(0);
        let node = |id: NodeId| names.nodes.get(usize::from(id.0)).copied().unwrap_or(0);
        let column = |of: ColumnRef| table(of.table) ^ u64::from(of.column);
        let [_, a, b] = self.event.words();
        let words = match self.event {
            Event::Answered { .. } | Event::Decided { .. } | Event::Retried { .. } => [0, a, b],
            Event::Holds { .. } | Event::Logged { .. } | Event::Worked { .. } => [0, a, b],
            Event::Shown { column: of, .. } => [column(of), a, b],
            Event::Value { column: of, .. } => [column(of), 0, b],
            Event::Touches { table: of, .. } | Event::RefusedByRule { table: of, .. } => {
                [table(of), 0, 0]
            }
            Event::LockWait { table: of, .. }
            | Event::LockGranted { table: of, .. }
            | Event::LockFailed { table: of, .. } => [table(of), 0, 0],
            Event::Resolved { .. } | Event::Aborted { .. } => [0, 0, b],
            Event::Sent { to: other, .. }
            | Event::Lost { to: other, .. }
            | Event::Delivered { from: other, .. }
            | Event::Ignored { from: other, .. } => [node(other), 0, b],
            Event::FaultBegan { fault, target, .. } | Event::FaultEnded { fault, target, .. } => {
                [node(target), fault.into(), 0]
            }
            _ => [0, 0, 0],
        };
        into.word(self.time.as_nanos());
        into.word(u64::from(self.op.0) << 32 | self.event.number() << 8 | u64::from(self.step.0));
        into.word(node(self.node) ^ u64::from(self.attempt));
        words.into_iter().for_each(|word| into.word(word));
    }

    /// The node and the attempt; instead of the attempt, the reason why a lock was not granted.
    #[inline]
    fn place(&self) -> u64 {
        let attempt = match self.event {
            Event::LockFailed { failure, .. } => failure as u16,
            _ => self.attempt,
        };
        u64::from(self.node.0) << 48 | u64::from(attempt) << 16
    }
}

impl Event {
    /// The number of the kind. Kinds that were one when fingerprints were introduced share a
    /// number.
    #[inline]
    const fn number(&self) -> u64 {
        match self.kind() {
            Kind::ReaderSaw => Kind::ProbeSaw as u64,
            Kind::RowDeleted => Kind::Value as u64,
            Kind::Alerted => Kind::Intervention as u64,
            kind => kind as u64,
        }
    }

    /// The subject and the two words.
    #[inline]
    fn words(&self) -> [u64; 3] {
        match *self {
            Self::Offered { kind, deadline, measured } => words(kind, deadline, measured),
            Self::Touches { table, row } => words(table, row, 0),
            Self::Answered { kind, answer, waited } => words(kind, answer, waited),
            Self::ProbeBegan { read, probe, cells } => words(read, probe, cells),
            Self::Unread { read } => words(read, 0, 0),
            Self::ProbeSaw { table, probe, sight } => words(table, probe, sight),
            Self::ReaderSaw { column, row, probe } => words(column, probe, row),
            Self::ProbeEnded { read, probe, end } => words(read, probe, end),
            Self::Committed { database, txn } => words(database, txn, 0),
            Self::Aborted { database, txn, cause } => words(database, txn, cause),
            Self::Shown { column, direction, change } => words(column, direction, change),
            Self::Value { column, row, value } => words(column, row, value),
            Self::RowDeleted { table, row } => {
                words(ColumnRef { table, column: EXISTENCE }, row, u64::MAX)
            }
            Self::LockWait { database, txn, table, row }
            | Self::LockGranted { database, txn, table, row }
            | Self::LockFailed { database, txn, table, row, .. }
            | Self::PreparedRow { database, txn, table, row } => words(database, txn, (table, row)),
            Self::LockHeld { database, table, row, held } => words(database, (table, row), held),
            Self::Prepared { database, txn, transaction } => words(database, txn, transaction),
            Self::Resolved { database, txn, decision, heuristic } => {
                words(database, txn, decision.word() | heuristic.word() << 1)
            }
            Self::Forced { log, records, took } => words(log, records, took),
            Self::Logged { log, label, forced } => words(log, label, forced),
            Self::Worked { database, busy, waited } => words(database, busy, waited),
            Self::Sent { label, to, class } => words(label, to, class),
            Self::Delivered { label, from, class } => words(label, from, class),
            Self::Lost { label, to, class, damaged } => {
                words(label, to, class.word() | damaged.word() << 8)
            }
            Self::Duplicated { label, copy, class } => words(label, copy, class),
            Self::Queued { at, waiting } => words(at, waiting, 0),
            Self::Started { at, waited } => words(at, 0, waited),
            Self::Finished { at, work, stayed } => words(at, work, stayed),
            Self::Overflowed { at } => words(at, 0, 0),
            Self::Dropped { at, requests, stayed } => words(at, requests, stayed),
            Self::RefusedByRule { table, reason } => words(table, reason, 0),
            Self::Decided { label, decision, attempt } => words(label, decision, attempt),
            Self::Retried { label, number } => words(label, number, 0),
            Self::Holds { label, change } => words(label, change, 0),
            Self::Published { topic, partition, number, .. } => words(topic, partition, number),
            Self::Handed { topic, delivery, number } => words(topic, delivery, number),
            Self::Discarded { topic, discard, number } => words(topic, discard, number),
            Self::Intervention { label } | Self::Alerted { label } => words(label, 0, 0),
            Self::FaultBegan { fault, target, nodes }
            | Self::FaultEnded { fault, target, nodes } => words(fault, target, nodes),
            Self::Crashed { processes } => words(0, processes, 0),
            Self::Restarted { incarnation } => words(0, incarnation, 0),
            Self::Phase { phase, settled } => words(0, phase, settled),
            Self::Leased { label, token, holder } => words(label, token, holder),
            Self::Fenced { database, txn, token } => words(database, txn, token),
            Self::Keyed { database, .. }
            | Self::Contended { database, .. }
            | Self::Served { database, .. } => words(database, 0, 0),
            Self::Follows { followed } => words(followed.0, 0, 0),
            Self::SchemaChanged { table } => words(table, 0, 0),
            Self::SchemaBreak { table, service, first } => words(table, service, first),
            Self::Adapted { table, service, failed } => words(table, service, failed),
            Self::Circuit { callee, circuit } => words(callee, circuit, 0),
            Self::GroupLag { group, waiting } => words(group, waiting, 0),
            Self::Connected { database, waited } => words(database, waited, 0),
            Self::Ignored { label, from } => words(label, from, 0),
        }
    }
}

#[inline]
fn words(subject: impl Word, a: impl Word, b: impl Word) -> [u64; 3] {
    [subject.word(), a.word(), b.word()]
}

/// A field of an event as a word.
trait Word {
    fn word(self) -> u64;
}

macro_rules! word {
    ($($of:ty),* => |$it:ident| $word:expr) => {
        $(impl Word for $of {
            #[inline]
            fn word(self) -> u64 {
                let $it = self;
                $word
            }
        })*
    };
}

word!(u16, u32, bool => |it| it.into());
word!(i32, i64, u64 => |it| it as u64);
word!(Time, Span => |it| it.as_nanos());
word!(DatabaseId, NodeId, OperationKind, ServiceId, TableId => |it| it.0.into());
word!(LabelId, LogId, ProbeId => |it| it.0.into());
word!(Station => |it| match it {
    Station::Service(service) => service.0.into(),
    Station::Driver(role) => 1 << 16 | u64::from(role),
});
word!(GlobalTxnId, RowKey, TxnId => |it| it.0);
word!(AbortCause, Answer, Discard, Circuit, Decision, Direction, MessageClass => |it| it as u64);
word!(Phase, ProbeEnd, RefusalReason, Sight => |it| it as u64);
word!(ColumnRef => |it| u64::from(it.table.0) << 8 | u64::from(it.column));
word!((TableId, RowKey) => |it| {
    let word = it.1.0 ^ u64::from(it.0.0).rotate_right(16);
    let word = (word ^ word >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word ^ word >> 29
});
