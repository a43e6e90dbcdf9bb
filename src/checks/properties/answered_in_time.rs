//! # answered-in-time
//!
//! Every client has an answer by its deadline, or gives up then with the outcome *unknown*: no call
//! hangs.
//!
//! Judged by when clients were answered or gave up. Undecided if no deadline passed before the run
//! ended.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::outcome::NEVER;
use crate::kernel::Time;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::System;

/// The check that no call hangs.
pub struct AnsweredInTime;

impl Property for AnsweredInTime {
    const NAME: &'static str = "answered-in-time";
    const SUMMARY: &'static str = "every client's call returns by its deadline";
    const MANUAL: &'static str = include_str!("answered_in_time.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[];

    fn new(_: &Arc<System>) -> Self {
        Self
    }

    fn see(&mut self, _: &Record) {}

    fn finish(self, end: &Ended) -> Finding {
        let mut case = Case::default();
        for (op, outcome) in (0..).map(OpId).zip(end.operations.all()) {
            let (answered, deadline) = (outcome.answered, outcome.deadline);
            if answered <= deadline && answered != NEVER {
                case.chance();
            } else if deadline < end.at.as_nanos() {
                case.fail(Time::from_nanos(deadline), op, || {
                    format!("the client of operation {} still waits at its deadline", op.0)
                });
            }
        }
        case.conclude(Self::NAME, "no deadline passed")
    }
}
