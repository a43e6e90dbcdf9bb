//! # terminal-in-time
//!
//! Within the promised bound after the load is over and everything is healed, every operation has
//! ended: with all of its effects or none, and with no unfinished work in durable state.
//!
//! The bound is a part of what a pattern promises. Judged by what the stores show and what durable
//! state holds; an operation that ends after the bound is a violation, too. Undecided if no bound
//! is promised or no operation took effect.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 7, condition AC5: once all failures are repaired, every process reaches a
//! decision.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::outcome::NEVER;
use crate::checks::verdict::Judgement;
use crate::kernel::Time;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::System;

/// The check that operations end within a bound.
pub struct TerminalInTime;

impl Property for TerminalInTime {
    const NAME: &'static str = "terminal-in-time";
    const SUMMARY: &'static str = "every operation is over within a bound after the heal";
    const MANUAL: &'static str = include_str!("terminal_in_time.rs");
    const WHEN: When = When::EventuallyWithin;
    const SEES: &'static [Kind] = &[];

    fn new(_: &Arc<System>) -> Self {
        Self
    }

    fn see(&mut self, _: &Record) {}

    fn finish(self, end: &Ended) -> Finding {
        let Some(bound) = end.bound() else {
            return Finding::new(Self::NAME, Judgement::undecided("no bound is promised"));
        };
        let mut case = Case::default();
        for (op, outcome) in (0..).map(OpId).zip(end.operations.all()) {
            if outcome.is_partial() || outcome.holds != 0 {
                case.fail_at_rest(end, op, || {
                    format!("operation {} is still under way at {}", op.0, end.at)
                });
            } else if outcome.last != NEVER && Time::from_nanos(outcome.last) > bound {
                let last = Time::from_nanos(outcome.last);
                case.fail(last, op, || {
                    format!("operation {} ended at {last}, behind the bound of {bound}", op.0)
                });
            } else if outcome.first != NEVER {
                case.chance();
            }
        }
        case.conclude(Self::NAME, "no operation took effect")
    }
}
