//! # fixpoint
//!
//! After the load and the heal the stores become quiescent: from some moment within the promised
//! bound on, one more round of a job or a relay changes nothing.
//!
//! Judged by what the stores show. A run that settles has reached its fixpoint. Undecided if no
//! store ever changed, or if the run ended before the bound.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Time;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::System;

/// The check that the stores become quiescent.
#[derive(Default)]
pub struct Fixpoint {
    case: Case,
    last: Option<(Time, OpId)>,
}

impl Property for Fixpoint {
    const NAME: &'static str = "fixpoint";
    const SUMMARY: &'static str = "without new operations the stores come to rest";
    const MANUAL: &'static str = include_str!("fixpoint.rs");
    const WHEN: When = When::EventuallyWithin;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted, Kind::Shown];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        self.case.chance();
        self.last = Some((record.time, record.op));
    }

    fn finish(mut self, end: &Ended) -> Finding {
        if let Some((last, op)) = self.last
            && !end.settled
        {
            match end.bound() {
                Some(bound) if last > bound => self.case.fail(last, op, || {
                    format!("a store still changes at {last}, behind the bound of {bound}")
                }),
                Some(_) if end.is_final() => {}
                _ => self.case.leave_open(),
            }
        }
        self.case.conclude(Self::NAME, "no store ever changed")
    }
}
