//! # at-most-once
//!
//! No step of an operation ever shows more than once, and none is compensated more often than it
//! was applied, despite retries, redelivery and recovery.
//!
//! Judged at the end of every instant by what the stores show. Undecided if no effect ever showed.
//!
//! Helland, *Life beyond Distributed Transactions: an Apostate's Opinion* (2007).

use std::sync::Arc;

use super::effects::Effects;
use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Time;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::{StepId, System};

/// The check that each effect occurs at most once.
#[derive(Default)]
pub struct AtMostOnce {
    case: Case,
    effects: Effects,
    /// The steps that were out of bounds within the instant `now`.
    suspects: Vec<(OpId, StepId)>,
    now: Time,
}

impl AtMostOnce {
    fn end_instant(&mut self) {
        for (op, step) in self.suspects.drain(..) {
            let net = self.effects.of(op, step);
            if !(0..=1).contains(&net) {
                self.case.fail(self.now, op, || match net {
                    ..0 => format!("step {} of operation {} was taken back twice", step.0, op.0),
                    _ => format!("step {} of operation {} shows {net} times", step.0, op.0),
                });
            }
        }
    }
}

impl Property for AtMostOnce {
    const NAME: &'static str = "at-most-once";
    const SUMMARY: &'static str = "no effect shows twice, and none is taken back twice";
    const MANUAL: &'static str = include_str!("at_most_once.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Shown];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if record.time > self.now {
            self.end_instant();
            self.now = record.time;
        }
        self.case.chance();
        if !(0..=1).contains(&self.effects.take(record)) {
            self.suspects.push((record.op, record.step));
        }
    }

    fn finish(mut self, _: &Ended) -> Finding {
        self.end_instant();
        self.case.conclude(Self::NAME, "no effect ever showed")
    }
}
