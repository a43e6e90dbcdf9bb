//! # agreement
//!
//! No two participants of a distributed transaction end it differently: if one commits its prepared
//! branch, none aborts its own. A decision that a participant took alone (*heuristically*) counts
//! like any other.
//!
//! Judged by what the databases did with their prepared branches. Undecided if no distributed
//! transaction ended at two of them.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 7, condition AC1.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_transaction::{ByTransaction, Transaction};
use crate::kernel::Numbered;
use crate::model::record::{Decision, Event, Kind, Record, TxnId};
use crate::model::system::System;

/// The check that all branches of a distributed transaction end alike.
#[derive(Default)]
pub struct Agreement {
    case: Case,
    /// The distributed transaction of each prepared branch.
    branches: Numbered<TxnId, Transaction>,
    /// The numbers of branches of a distributed transaction that committed and that aborted, as far
    /// as a byte counts.
    outcomes: ByTransaction<[u8; 2]>,
}

impl Property for Agreement {
    const NAME: &'static str = "agreement";
    const SUMMARY: &'static str = "no branch of a distributed transaction ends unlike the others";
    const MANUAL: &'static str = include_str!("agreement.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Prepared, Kind::Resolved];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let (txn, decision) = match record.event {
            Event::Prepared { txn, transaction, .. } => {
                self.branches.insert(txn, (record.op, transaction));
                return;
            }
            Event::Resolved { txn, decision, .. } => (txn, decision),
            _ => return,
        };
        let Some(transaction) = self.branches.remove(txn) else { return };
        let outcomes = self.outcomes.get_mut(transaction);
        let count = &mut outcomes[usize::from(decision == Decision::Abort)];
        *count = count.saturating_add(1);
        match outcomes {
            [0, 1] | [1, 0] => {}
            [0, _] | [_, 0] => self.case.chance(),
            _ => self.case.fail(record.time, record.op, || {
                let op = record.op.0;
                format!("one participant of operation {op} committed, another aborted")
            }),
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no distributed transaction ended at two participants")
    }
}
