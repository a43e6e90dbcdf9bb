//! # irrevocable
//!
//! A participant that has committed or aborted its prepared branch never does the opposite, not
//! even after a crash and the recovery from its log.
//!
//! Judged by what the databases did. Undecided if no prepared branch ended.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 7, condition AC2.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Chunks;
use crate::model::record::{Decision, Event, Kind, Record, TxnId};
use crate::model::system::System;

/// The check that decisions do not change.
#[derive(Default)]
pub struct Irrevocable {
    case: Case,
    /// The decision with which each branch ended.
    ended: Decisions,
}

/// The decision of each branch: two bits, one for each of both.
#[derive(Default)]
struct Decisions(Chunks<u8>);

impl Decisions {
    /// Sets the decision of a branch, and returns the one before.
    fn insert(&mut self, txn: TxnId, decision: Decision) -> Option<Decision> {
        let (place, shift) = ((txn.0 / 4) as usize, txn.0 % 4 * 2);
        self.0.grow(place + 1, 0);
        let four = &mut self.0[place];
        let before = match *four >> shift & 0b11 {
            0 => None,
            1 => Some(Decision::Commit),
            _ => Some(Decision::Abort),
        };
        let bits = if decision == Decision::Commit { 1 } else { 2 };
        *four = *four & !(0b11 << shift) | bits << shift;
        before
    }
}

impl Property for Irrevocable {
    const NAME: &'static str = "irrevocable";
    const SUMMARY: &'static str = "a branch that ended one way never ends another way";
    const MANUAL: &'static str = include_str!("irrevocable.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Resolved];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let Event::Resolved { txn, decision, .. } = record.event else { return };
        match self.ended.insert(txn, decision) {
            Some(before) if before != decision => {
                self.case.fail(record.time, record.op, || {
                    format!("a branch of operation {} ended both ways", record.op.0)
                });
            }
            _ => self.case.chance(),
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no prepared branch ended")
    }
}
