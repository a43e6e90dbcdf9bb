//! The case of a property in one run: its chances to fail, and its failures.

use super::{Ended, Finding};
use crate::checks::verdict::Judgement;
use crate::kernel::Time;
use crate::model::record::OpId;

/// The number of involved operations that are named.
const NAMED: usize = 32;

/// The evidence about a property: its chances to fail, its failures, and whether anything is open.
#[derive(Clone, Debug, Default)]
pub struct Case {
    chances: u64,
    failures: u64,
    open: u64,
    first: Option<(Time, String)>,
    ops: Vec<OpId>,
}

impl Case {
    /// Counts a chance to fail.
    pub const fn chance(&mut self) {
        self.chances += 1;
    }

    /// Returns whether it could have failed at all.
    pub const fn had_a_chance(&self) -> bool {
        self.chances > 0
    }

    /// Records a failure at `at`, over `op`; `why` is asked for the first time only.
    pub fn fail(&mut self, at: Time, op: OpId, why: impl FnOnce() -> String) {
        self.chances += 1;
        self.failures += 1;
        if self.first.is_none() {
            self.first = Some((at, why()));
        }
        if op != OpId::NONE && self.ops.len() < NAMED && !self.ops.contains(&op) {
            self.ops.push(op);
        }
    }

    /// Records a failure at the end over `op`, unless the system may still be moving.
    pub fn fail_at_rest(&mut self, end: &Ended, op: OpId, why: impl FnOnce() -> String) {
        if end.is_final() {
            self.fail(end.at, op, why);
        } else {
            self.leave_open();
        }
    }

    /// Notes that something is not over yet, so its outcome is unknown.
    pub const fn leave_open(&mut self) {
        self.open += 1;
    }

    /// The conclusion. `idle` is the reason why it is undecided if it never had a chance to fail.
    pub fn conclude(self, property: &str, idle: &'static str) -> Finding {
        let judgement = match &self.first {
            Some((_, why)) if self.failures > 1 => {
                let why = format!("{why}; {} times in all", self.failures);
                Judgement::violated(why).times(self.failures)
            }
            Some((_, why)) => Judgement::violated(why.clone()),
            None if self.open > 0 => {
                Judgement::undecided("the run ended before the system had settled")
            }
            None if self.chances == 0 => Judgement::undecided(idle),
            None => Judgement::held(),
        };
        let at = self.first.map(|(at, _)| at);
        Finding { property: property.to_owned(), judgement, ops: self.ops, at }
    }
}
