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

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{NodeId, Numbered};
use crate::model::contract::label;
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, LabelId, LogId, OpId, Record, TxnId};
use crate::model::system::{DatabaseId, StepId, System};

/// An effect in a database.
type Effect = (DatabaseId, OpId, StepId, Direction);

/// The check that a crash takes nothing that was durable.
pub struct RecoveryLosesNothing {
    case: Case,
    system: Arc<System>,
    /// The records of each database's log that no forced write has covered.
    tails: BTreeMap<LogId, VecDeque<(LabelId, u32)>>,
    /// The node of each database.
    nodes: BTreeMap<NodeId, DatabaseId>,
    prepared: Numbered<TxnId, ()>,
    /// The effects of the transaction that is about to commit.
    shown: Vec<Effect>,
    durable: BTreeSet<Effect>,
}

impl RecoveryLosesNothing {
    fn commit(&mut self, record: &Record, database: DatabaseId) {
        self.nodes.insert(record.node, database);
        let line = (label::COMMIT, record.process);
        let tail = self.tails.get(&LogId::of_database(database));
        let is_durable = tail.is_none_or(|tail| !tail.contains(&line));
        let shown = std::mem::take(&mut self.shown);
        self.durable.extend(shown.into_iter().filter(|_| is_durable));
    }

    fn show(&mut self, record: &Record, effect: Effect, change: i64) {
        match (record.process, change) {
            (0, ..0) if self.durable.remove(&effect) => {
                let (op, step) = (record.op.0, record.step.0);
                self.case.fail(record.time, record.op, || {
                    format!("recovery lost step {step} of operation {op}, which was durable")
                });
            }
            (0, _) => {}
            (_, ..0) => drop(self.durable.remove(&effect)),
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

    fn new(system: &Arc<System>) -> Self {
        Self {
            case: Case::default(),
            system: Arc::clone(system),
            tails: BTreeMap::new(),
            nodes: BTreeMap::new(),
            prepared: Numbered::new(),
            shown: Vec::new(),
            durable: BTreeSet::new(),
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
                    if self.durable.iter().any(|effect| effect.0 == *database) {
                        self.case.chance();
                    }
                }
            }
            Event::Prepared { txn, .. } => drop(self.prepared.insert(txn, ())),
            Event::Resolved { txn, .. } => drop(self.prepared.remove(txn)),
            Event::Shown { column, direction, change } => {
                let database = self.system.table(column.table).database;
                self.show(record, (database, record.op, record.step, direction), change);
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
