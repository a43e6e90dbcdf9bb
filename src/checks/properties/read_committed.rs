//! # read-committed
//!
//! A reader sees only what a store has committed: never an effect of a transaction that is
//! still open, only prepared, or aborted.
//!
//! The effects that a probe saw are compared with those that the stores had shown by then. An
//! effect that is compensated *later* was committed and may be seen: those reads are what the
//! measure *dirty reads* counts. Undecided if no probe ever saw an effect.
//!
//! Adya, Liskov and O'Neil, *Generalized Isolation Level Definitions* (2000): G1a, aborted reads,
//! and G1b, intermediate reads.

use std::sync::Arc;

use super::effects::Effects;
use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, Record, Sight};
use crate::model::system::System;

/// The check that only committed effects are read.
#[derive(Default)]
pub struct ReadCommitted {
    case: Case,
    effects: Effects,
}

impl Property for ReadCommitted {
    const NAME: &'static str = "read-committed";
    const SUMMARY: &'static str = "readers see only what a store has committed";
    const MANUAL: &'static str = include_str!("read_committed.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Shown, Kind::ProbeSaw];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if record.kind() == Kind::Shown {
            self.effects.take(record);
        } else if matches!(record.event, Event::ProbeSaw { sight: Sight::Effect, .. }) {
            self.case.chance();
            if self.effects.of(record.op, record.step) < 1 {
                self.case.fail(record.time, record.op, || {
                    let (op, step) = (record.op.0, record.step.0);
                    format!("a reader saw step {step} of operation {op}, which was not committed")
                });
            }
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no probe ever saw an effect")
    }
}
