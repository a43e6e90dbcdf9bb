//! # write-ahead
//!
//! Log records are durable before others may rely on them: a prepared record before the branch
//! counts as prepared, the commit record of a local transaction before its changes show, and a
//! coordinator's decision, or its record of all votes as an acceptor, before the first message that
//! says commit.
//!
//! Judged by the logs: a record is durable once a forced write of that log covers it. Undecided if
//! nothing had to be written first.
//!
//! Mohan, Lindsay and Obermarck, *Transaction Management in the R\* Distributed Database Management
//! System* (1986).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_op::ByOp;
use crate::kernel::{NodeId, Numbered};
use crate::model::contract::label;
use crate::model::record::{Event, Kind, LabelId, LogId, MessageClass, OpId, Record, TxnId};
use crate::model::system::System;

/// The check that log records are durable before their effects.
#[derive(Default)]
pub struct WriteAhead {
    case: Case,
    /// The records that are not durable yet, by log.
    logs: BTreeMap<LogId, Log>,
    /// Operations for which a commit may have been decided.
    decided: ByOp<bool>,
    /// Prepared branches: their outcome need not be durable, because it can be inquired again.
    prepared: Numbered<TxnId, ()>,
}

/// The records of a log that no forced write has covered.
struct Log {
    node: NodeId,
    tail: VecDeque<Line>,
}

/// A record of a log, by its label and its context.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Line {
    label: LabelId,
    op: OpId,
    process: u32,
}

impl WriteAhead {
    /// Returns whether such a record is still only in memory.
    fn is_volatile(&self, line: Line, only_at: Option<NodeId>) -> bool {
        self.logs
            .values()
            .filter(|log| only_at.is_none_or(|node| log.node == node))
            .any(|log| log.tail.contains(&line))
    }

    fn expect(&mut self, record: &Record, label: LabelId, what: &str) {
        let line = Line { label, op: record.op, process: record.process };
        self.case.chance();
        if self.is_volatile(line, Some(record.node)) {
            self.case.fail(record.time, record.op, || {
                format!("operation {}: {what} before its log record is durable", record.op.0)
            });
        }
    }

    /// Notes that a coordinator tells a participant to commit.
    fn told(&mut self, record: &Record) {
        self.case.chance();
        // A majority of the acceptors suffices, and it includes the coordinator's own.
        let own = self.logs.values().filter(|log| log.node == record.node);
        let is_it = |line: &Line| line.label == label::DECISION && line.op == record.op;
        let is_pending = own.flat_map(|log| &log.tail).any(is_it);
        if is_pending || !self.decided.get(record.op) {
            self.case.fail(record.time, record.op, || {
                format!("operation {}: `commit` leaves before the decision is durable", record.op.0)
            });
        }
    }
}

impl Property for WriteAhead {
    const NAME: &'static str = "write-ahead";
    const SUMMARY: &'static str = "votes, decisions and commits are durable before they count";
    const MANUAL: &'static str = include_str!("write_ahead.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[
        Kind::Logged,
        Kind::Forced,
        Kind::Crashed,
        Kind::Prepared,
        Kind::Resolved,
        Kind::Committed,
        Kind::Sent,
    ];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Logged { log, label, .. } => {
                if label == label::DECISION {
                    *self.decided.get_mut(record.op) = true;
                }
                let fresh = || Log { node: record.node, tail: VecDeque::new() };
                let log = self.logs.entry(log).or_insert_with(fresh);
                log.tail.push_back(Line { label, op: record.op, process: record.process });
            }
            Event::Forced { log, records, .. } => {
                if let Some(log) = self.logs.get_mut(&log) {
                    let covered = log.tail.len().min(records as usize);
                    log.tail.drain(..covered);
                }
            }
            Event::Crashed { .. } => {
                let lost = self.logs.values_mut().filter(|log| log.node == record.node);
                lost.for_each(|log| log.tail.clear());
            }
            Event::Prepared { txn, .. } => {
                self.prepared.insert(txn, ());
                self.expect(record, label::PREPARE, "counts as prepared");
            }
            Event::Resolved { txn, .. } => {
                self.prepared.remove(txn);
            }
            Event::Committed { txn, .. } if !self.prepared.contains(txn) => {
                self.expect(record, label::COMMIT, "commits");
            }
            Event::Sent { label: label::COMMIT, class: MessageClass::Service, .. } => {
                self.told(record);
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing had to be durable first")
    }
}
