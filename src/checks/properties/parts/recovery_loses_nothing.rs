//! # recovery-loses-nothing
//!
//! A database that restarts still shows every effect of a local transaction whose commit record was
//! durable before the crash.
//!
//! Judged by the logs and by what recovery takes back. Prepared branches are left out: the outcome
//! of one may be in memory only, since it can be inquired again. Undecided if no database with
//! durable effects has crashed.
//!
//! Mohan, Haderle, Lindsay, Pirahesh and Schwarz, *ARIES* (1992).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{NodeId, Numbered};
use crate::model::contract::label;
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, LabelId, LogId, OpId, Record, TxnId};
use crate::model::system::{DatabaseId, StepId, System};

/// An effect of an operation, as a bit.
type Effect = (OpId, u64);

/// The bit of an effect among those of its operation.
const fn bit(step: StepId, direction: Direction) -> u64 {
    1 << (step.0 % 32 * 2 + direction as u8)
}

/// The check that a crash takes nothing that was durable.
pub struct RecoveryLosesNothing {
    case: Case,
    /// The records of each database's log that no forced write has covered.
    tails: BTreeMap<LogId, VecDeque<(LabelId, u32)>>,
    /// The node of each database.
    nodes: BTreeMap<NodeId, DatabaseId>,
    prepared: Numbered<TxnId, ()>,
    /// The effects of the transaction that is about to commit.
    shown: Vec<Effect>,
    /// The durable effects of each operation, and the databases that have some.
    durable: ByOp<u64>,
    databases: BTreeSet<DatabaseId>,
}

impl RecoveryLosesNothing {
    fn commit(&mut self, record: &Record, database: DatabaseId) {
        self.nodes.insert(record.node, database);
        let line = (label::COMMIT, record.process);
        let tail = self.tails.get(&LogId::of_database(database));
        let is_durable = tail.is_none_or(|tail| !tail.contains(&line));
        for (op, bit) in std::mem::take(&mut self.shown).into_iter().filter(|_| is_durable) {
            *self.durable.get_mut(op) |= bit;
            self.databases.insert(database);
        }
    }

    /// Takes an effect from the durable ones; returns whether it was there.
    fn remove(&mut self, (op, bit): Effect) -> bool {
        let durable = self.durable.get_mut(op);
        let was_there = *durable & bit != 0;
        *durable &= !bit;
        was_there
    }

    fn show(&mut self, record: &Record, effect: Effect, change: i64) {
        match (record.process, change) {
            (0, ..0) if self.remove(effect) => {
                let (op, step) = (record.op.0, record.step.0);
                self.case.fail(record.time, record.op, || {
                    format!("recovery lost step {step} of operation {op}, which was durable")
                });
            }
            (0, _) => {}
            (_, ..0) => {
                self.remove(effect);
            }
            _ => self.shown.push(effect),
        }
    }
}

impl Property for RecoveryLosesNothing {
    const NAME: &'static str = "recovery-loses-nothing";
    const SUMMARY: &'static str = "a restarted database still has what was durable";
    const MANUAL: &'static str = include_str!("recovery_loses_nothing.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[
        Kind::Logged,
        Kind::Forced,
        Kind::Crashed,
        Kind::Prepared,
        Kind::Resolved,
        Kind::Shown,
        Kind::Committed,
    ];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self {
            case: Case::default(),
            tails: BTreeMap::new(),
            nodes: BTreeMap::new(),
            prepared: Numbered::new(),
            shown: Vec::new(),
            durable: ByOp::default(),
            databases: BTreeSet::new(),
        }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Logged { log, label, .. } if log.database().is_some() => {
                self.tails.entry(log).or_default().push_back((label, record.process));
            }
            Event::Forced { log, records, .. } => {
                if let Some(tail) = self.tails.get_mut(&log) {
                    tail.drain(..tail.len().min(records as usize));
                }
            }
            Event::Crashed { .. } => {
                self.shown.clear();
                if let Some(database) = self.nodes.get(&record.node) {
                    self.tails.remove(&LogId::of_database(*database));
                    if self.databases.contains(database) {
                        self.case.chance();
                    }
                }
            }
            Event::Prepared { txn, .. } => drop(self.prepared.insert(txn, ())),
            Event::Resolved { txn, .. } => drop(self.prepared.remove(txn)),
            Event::Shown { direction, change, .. } => {
                self.show(record, (record.op, bit(record.step, direction)), change);
            }
            Event::Committed { txn, .. } if self.prepared.contains(txn) => self.shown.clear(),
            Event::Committed { database, .. } => self.commit(record, database),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no database with durable effects has crashed")
    }
}
