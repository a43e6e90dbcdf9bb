//! # commit-validity
//!
//! When the first branch of a distributed transaction commits, every database that the operation
//! writes to has prepared a branch of that transaction, or shows the step already: no transaction
//! commits with fewer votes than all.
//!
//! Judged by what the databases did. Undecided if no distributed transaction committed.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 7, condition AC3.

use std::sync::Arc;

use super::effects::Effects;
use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_transaction::{ByTransaction, Transaction};
use crate::kernel::{Chunks, Lookup};
use crate::model::record::{Decision, Event, Kind, Record, TxnId};
use crate::model::system::{DatabaseId, OperationKind, StepId, System};

/// The check that a commit has every vote.
pub struct CommitValidity {
    case: Case,
    system: Arc<System>,
    effects: Effects,
    kinds: Chunks<OperationKind>,
    /// The distributed transaction of each branch that has not committed.
    branches: Lookup<TxnId, Transaction>,
    /// The databases that are prepared, of each transaction that has not committed anywhere.
    votes: Lookup<Transaction, Vec<DatabaseId>>,
    /// True of each transaction that has committed.
    counted: ByTransaction<bool>,
}

impl Property for CommitValidity {
    const NAME: &'static str = "commit-validity";
    const SUMMARY: &'static str = "no branch commits before every participant is prepared";
    const MANUAL: &'static str = include_str!("commit_validity.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Offered, Kind::Shown, Kind::Prepared, Kind::Resolved];

    fn new(system: &Arc<System>) -> Self {
        Self {
            case: Case::default(),
            system: Arc::clone(system),
            effects: Effects::default(),
            kinds: Chunks::new(),
            branches: Lookup::new(),
            votes: Lookup::new(),
            counted: ByTransaction::default(),
        }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Offered { kind, .. } => self.kinds.push(kind),
            Event::Shown { .. } => {
                self.effects.take(record);
            }
            Event::Prepared { database, txn, transaction } => {
                let transaction = (record.op, transaction);
                self.branches.insert(txn, transaction);
                if !*self.counted.get_mut(transaction) {
                    self.votes.get_or_insert_with(transaction, Vec::new).push(database);
                }
            }
            Event::Resolved { txn, decision: Decision::Commit, .. } => self.commit(record, txn),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no distributed transaction committed")
    }
}

impl CommitValidity {
    fn commit(&mut self, record: &Record, txn: TxnId) {
        let Some(transaction) = self.branches.remove(&txn) else { return };
        if std::mem::replace(self.counted.get_mut(transaction), true) {
            return;
        }
        let Some(prepared) = self.votes.remove(&transaction) else { return };
        self.case.chance();
        let Some(kind) = self.kinds.get(record.op.0 as usize) else { return };
        let steps = &self.system.operation(*kind).steps;
        for (step, spec) in (0..).map(StepId).zip(steps) {
            let database = self.system.table(spec.table).database;
            let open = !prepared.contains(&database) && !spec.effect.is_nothing();
            if open && self.effects.of(record.op, step) == 0 {
                self.case.fail(record.time, record.op, || {
                    let table = &self.system.table(spec.table).name.shown;
                    format!(
                        "operation {} commits, and where `{table}` is nothing is prepared",
                        record.op.0
                    )
                });
            }
        }
    }
}
