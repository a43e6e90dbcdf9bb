//! # all-or-nothing
//!
//! At the end every operation shows all of its effects, or none of them; compensated effects count
//! as absent.
//!
//! Judged by what the stores show. Until the system is quiescent, or the promised bound has passed,
//! a partial operation leaves the verdict open; then it is a violation. Undecided if no operation
//! of several steps ever took effect.
//!
//! Garcia-Molina and Salem, *Sagas* (1987).

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::outcome::NEVER;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::System;

/// The check that an operation ends with all of its effects or none.
pub struct AllOrNothing;

impl Property for AllOrNothing {
    const NAME: &'static str = "all-or-nothing";
    const SUMMARY: &'static str = "every operation ends with all of its effects or with none";
    const MANUAL: &'static str = include_str!("all_or_nothing.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[];

    fn new(_: &Arc<System>) -> Self {
        Self
    }

    fn see(&mut self, _: &Record) {}

    fn finish(self, end: &Ended) -> Finding {
        let mut case = Case::default();
        for (op, outcome) in (0..).map(OpId).zip(end.operations.all()) {
            let (shown, all) = (outcome.shown(), outcome.all_steps());
            if outcome.is_partial() {
                case.fail_at_rest(end, op, || {
                    let steps = (shown.count_ones(), all.count_ones());
                    format!("operation {} shows {} of its {} effects", op.0, steps.0, steps.1)
                });
            } else if outcome.first != NEVER && outcome.steps() > 1 {
                case.chance();
            }
        }
        case.conclude(Self::NAME, "no operation of several steps took effect")
    }
}
