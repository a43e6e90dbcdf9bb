//! Events: one variant for each thing that can happen, with fields of its own.

use super::{
    AbortCause, Answer, Circuit, Decision, Discard, GlobalTxnId, LabelId, LockFailure, LogId,
    MessageClass, OpId, Phase, ProbeEnd, ProbeId, RefusalReason, Resource, Sight, TxnId,
};
use crate::kernel::{NodeId, Span, Time};
use crate::model::database::{Direction, EventKind};
use crate::model::system::{
    ColumnRef, DatabaseId, OperationKind, RowKey, ServiceId, StepId, TableId,
};

/// A station of workers: a service, or the drivers of a role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Station {
    /// The workers of a service.
    Service(ServiceId),
    /// The workers of the driver nodes of a role, by its number in
    /// [`WORKING`](crate::model::contract::role::WORKING).
    Driver(u8),
}

/// Something that happened. The [`Record`](super::Record) around it says where and on whose behalf.
///
/// Positions (`read`, `fault`) are those in [`System::reads`](crate::model::system::System::reads)
/// and in the plan of faults. A row is named by its table and its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "fields say with their types what they are")]
pub enum Event {
    // Clients.
    /// An operation arrived; its client waits until `deadline`. Those between the end of the
    /// warm-up and the end of the load are `measured`.
    Offered { kind: OperationKind, deadline: Time, measured: bool },
    /// A row that a step of an operation touches, written right behind the operation's
    /// [`Event::Offered`], one record a step.
    Touches { table: TableId, row: RowKey },
    /// The client got its answer or gave up, so long after the arrival.
    Answered { kind: OperationKind, answer: Answer, waited: Span },
    /// A read probe began that will read so many cells: for the operation of the record, or for no
    /// operation.
    ProbeBegan { read: u32, probe: ProbeId, cells: u32 },
    /// A probe's read of the row of one step, or of a copy of that row, reached the store.
    ProbeSaw { table: TableId, probe: ProbeId, sight: Sight },
    /// A probe ended.
    ProbeEnded { read: u32, probe: ProbeId, end: ProbeEnd },

    // Stores.
    /// A transaction committed.
    Committed { database: DatabaseId, txn: TxnId },
    /// A transaction rolled back.
    Aborted { database: DatabaseId, txn: TxnId, cause: AbortCause },
    /// Provenance changed at a commit: a column shows the effect of the record's step (or of its
    /// compensation) so many times more than before, or fewer if `change` is negative.
    Shown { column: ColumnRef, direction: Direction, change: i64 },
    /// A cell of a committed row has a new value.
    Value { column: ColumnRef, row: RowKey, value: i64 },
    /// A transaction waits for a row lock.
    LockWait { database: DatabaseId, txn: TxnId, table: TableId, row: RowKey },
    /// A waiting transaction got its lock.
    LockGranted { database: DatabaseId, txn: TxnId, table: TableId, row: RowKey },
    /// A waiting transaction gave up.
    LockFailed {
        database: DatabaseId,
        txn: TxnId,
        table: TableId,
        row: RowKey,
        failure: LockFailure,
    },
    /// A row lock was given back that was held for so long.
    LockHeld { database: DatabaseId, table: TableId, row: RowKey, held: Span },
    /// A branch of a distributed transaction forced its prepared record.
    Prepared { database: DatabaseId, txn: TxnId, transaction: GlobalTxnId },
    /// A row that a prepared branch keeps locked, written right behind [`Event::Prepared`], one
    /// record a row.
    PreparedRow { database: DatabaseId, txn: TxnId, table: TableId, row: RowKey },
    /// The decision on a prepared branch is known at its store; it is `heuristic` if the
    /// participant took it alone.
    Resolved { database: DatabaseId, txn: TxnId, decision: Decision, heuristic: bool },
    /// A log was forced to disk, which covered so many records and took the device so long.
    Forced { log: LogId, records: u64, took: Span },
    /// A record was appended to a log; with `forced`, its writer waits until it is durable.
    Logged { log: LogId, label: LabelId, forced: bool },
    /// A statement had a core for so long and had waited so long for it.
    Worked { database: DatabaseId, busy: Span, waited: Span },

    // Network. The record holds the number of the message.
    /// A message left.
    Sent { label: LabelId, to: NodeId, class: MessageClass },
    /// A message arrived at the node of the record.
    Delivered { label: LabelId, from: NodeId, class: MessageClass },
    /// A message was lost on the way, or arrived `damaged` and was discarded.
    Lost { label: LabelId, to: NodeId, class: MessageClass, damaged: bool },
    /// The network made a second copy of a message, with a number of its own.
    Duplicated { label: LabelId, copy: u32, class: MessageClass },

    // Workers, of services and of drivers.
    /// A request took its place in a queue, behind so many others.
    Queued { at: Station, waiting: u64 },
    /// A request left the queue for a worker.
    Started { at: Station, waited: Span },
    /// A request ended: the work that was drawn for it, and the time since it was queued.
    Finished { at: Station, work: Span, stayed: Span },
    /// A queue was full, and the request was rejected.
    Overflowed { at: Station },
    /// A crash dropped so many requests; the times since each was queued are summed.
    Dropped { at: Station, requests: u64, stayed: Span },

    // Protocols: semantic points that measures never trust as outcomes.
    /// A step's effect was refused by a business rule at its store.
    RefusedByRule { table: TableId, reason: RefusalReason },
    /// A coordinator or orchestrator decided, in this attempt at a distributed transaction; 0
    /// elsewhere.
    Decided { label: LabelId, decision: Decision, attempt: u16 },
    /// An attempt is repeated: the number of the attempt, or of the rule that a job applies again.
    Retried { label: LabelId, number: u64 },
    /// Durable state holds so much more unfinished work for an operation, or less if `change` is
    /// negative. The label names it: an outbox row, a workflow, a prepared branch, an event, a dead
    /// letter.
    Holds { label: LabelId, change: i64 },
    /// A broker stored a message, which has this number from now on and announces the outcome of a
    /// step. The outcome is not part of the fingerprint.
    Published { topic: LabelId, partition: u16, number: u64, step: StepId, outcome: EventKind },
    /// A broker delivered a message to a group; `delivery` counts its deliveries to that group,
    /// from 1.
    Handed { topic: LabelId, delivery: u64, number: u64 },
    /// A message was given up by its broker, or by the service that was to publish it.
    Discarded { topic: LabelId, discard: Discard, number: u64 },
    /// A human is asked: retries are exhausted, and the work does not continue by itself.
    Intervention { label: LabelId },

    // The world.
    /// A fault began. It affects so many nodes by name; `target` is the first of them, or the node
    /// of the clients.
    FaultBegan { fault: u32, target: NodeId, nodes: u64 },
    /// A fault ended; fields as in [`Event::FaultBegan`].
    FaultEnded { fault: u32, target: NodeId, nodes: u64 },
    /// The node of the record crashed, and so many processes with it.
    Crashed { processes: u64 },
    /// The node of the record is back, as this incarnation.
    Restarted { incarnation: u16 },
    /// A phase of the run began; at its end, everything had `settled` or not.
    Phase { phase: Phase, settled: bool },

    // Leases.
    /// A lease was granted, durably, with a fencing token that counts the grants.
    Leased { label: LabelId, token: u64, holder: NodeId },
    /// A transaction passed the fencing check of a database with its token. One that does not pass
    /// is [`Event::Aborted`] as [`AbortCause::Fenced`].
    Fenced { database: DatabaseId, txn: TxnId, token: u64 },

    // Books that are not part of the fingerprint.
    /// A transaction committed the idempotency key (a row of an inbox) of the record's step or of
    /// its compensation; written right before its [`Event::Committed`].
    Keyed { database: DatabaseId, direction: Direction },
    /// A wait in a shared database has ended: the part of it that one service has caused, one
    /// record for each. The holder is none if no service held the resource.
    Contended {
        database: DatabaseId,
        resource: Resource,
        waiter: ServiceId,
        holder: Option<ServiceId>,
        waited: Span,
    },
    /// A statement for a service held a core of a shared database.
    Served { database: DatabaseId, service: ServiceId, busy: Span },

    // Schemas.
    /// The schema of a table changes.
    SchemaChanged { table: TableId },
    /// A statement on a table, or an answer about it, failed because the service uses an old
    /// schema; `first` if none of it had failed before.
    SchemaBreak { table: TableId, service: ServiceId, first: bool },
    /// A service uses the new schema of a table from now on, after a statement of it had `failed`
    /// or not.
    Adapted { table: TableId, service: ServiceId, failed: bool },

    // Readers and rows, once more. (In the order of their numbers: see `kinds` below.)
    /// The read of a cell by a reader without an operation reached the store.
    ReaderSaw { column: ColumnRef, row: RowKey, probe: ProbeId },
    /// A committed row was deleted.
    RowDeleted { table: TableId, row: RowKey },

    // Books once more.
    /// The operation of the record follows another one, written right behind its
    /// [`Event::Touches`]. Not part of the fingerprint: the arrivals are.
    Follows { followed: OpId },
    // What goes on at drivers and brokers.
    /// The circuit breaker of the node of the record for a service or a driver has a new state; the
    /// first state is closed. Not part of the fingerprint.
    Circuit { callee: Station, circuit: Circuit },
    /// A watchdog reports that a change has waited for too long.
    Alerted { label: LabelId },
    /// A consumer group has not finished so many messages that were published to the broker's
    /// instance of the record. Not part of the fingerprint.
    GroupLag { group: ServiceId, waiting: u64 },
    /// A session got a connection of a database, after this wait. Not part of the fingerprint.
    Connected { database: DatabaseId, waited: Span },
    /// A reply arrived that no process waits for, or its second copy, or an acknowledgement that
    /// does not count any more (without the number of its message). It is discarded. Not part of
    /// the fingerprint.
    Ignored { label: LabelId, from: NodeId },
    /// A read that was to follow the answer to the operation of the record is not made: its client
    /// has given up.
    Unread { read: u32 },
}

impl Event {
    /// The label of the event: the name of a message, a log record, a decision, a lease, a topic,
    /// or of work that is held, retried or left to a human.
    pub const fn label(&self) -> Option<LabelId> {
        match *self {
            Self::Logged { label, .. }
            | Self::Sent { label, .. }
            | Self::Delivered { label, .. }
            | Self::Lost { label, .. }
            | Self::Duplicated { label, .. }
            | Self::Decided { label, .. }
            | Self::Retried { label, .. }
            | Self::Holds { label, .. }
            | Self::Published { topic: label, .. }
            | Self::Handed { topic: label, .. }
            | Self::Discarded { topic: label, .. }
            | Self::Intervention { label }
            | Self::Alerted { label }
            | Self::Leased { label, .. }
            | Self::Ignored { label, .. } => Some(label),
            _ => None,
        }
    }

    /// The database in which it happened, if the event is about a transaction, a lock or a
    /// statement.
    pub const fn database(&self) -> Option<DatabaseId> {
        match *self {
            Self::Committed { database, .. }
            | Self::Aborted { database, .. }
            | Self::LockWait { database, .. }
            | Self::LockGranted { database, .. }
            | Self::LockFailed { database, .. }
            | Self::LockHeld { database, .. }
            | Self::Prepared { database, .. }
            | Self::PreparedRow { database, .. }
            | Self::Resolved { database, .. }
            | Self::Worked { database, .. }
            | Self::Fenced { database, .. }
            | Self::Keyed { database, .. }
            | Self::Contended { database, .. }
            | Self::Served { database, .. }
            | Self::Connected { database, .. } => Some(database),
            _ => None,
        }
    }
}

/// Defines [`Kind`] and what maps an [`Event`] to it from one list of names.
macro_rules! kinds {
    ($($name:ident),* $(,)?) => {
        /// An [`Event`] without its fields.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = concat!("An [`Event::", stringify!($name), "`].")] $name,)*
        }

        impl Kind {
            /// The number of kinds.
            pub const COUNT: usize = [$(Self::$name),*].len();
        }

        impl Event {
            /// The event without its fields.
            #[inline]
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$name { .. } => Kind::$name,)*
                }
            }
        }
    };
}

// The numbers of the kinds are in fingerprints, so new kinds come last, here and in `Event`.
kinds! {
    Offered, Touches, Answered, ProbeBegan, ProbeSaw, ProbeEnded,
    Committed, Aborted, Shown, Value, LockWait, LockGranted, LockFailed, LockHeld,
    Prepared, PreparedRow, Resolved, Forced, Logged, Worked,
    Sent, Delivered, Lost, Duplicated,
    Queued, Started, Finished, Overflowed, Dropped,
    RefusedByRule, Decided, Retried, Holds, Published, Handed, Discarded, Intervention,
    FaultBegan, FaultEnded, Crashed, Restarted, Phase,
    Leased, Fenced, Keyed, Contended, Served, SchemaChanged, SchemaBreak, Adapted,
    ReaderSaw, RowDeleted, Follows, Circuit, Alerted, GroupLag, Connected, Ignored, Unread,
}
