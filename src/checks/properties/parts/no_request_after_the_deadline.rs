//! # no-request-after-the-deadline
//!
//! A client requests nothing any more once its deadline has passed, nor once it was answered.
//!
//! Judged by the requests that leave clients. Undecided if nobody requested anything.
//!
//! Dean and Barroso, *The Tail at Scale* (2013), on work that nobody waits for.

use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::Time;
use crate::model::record::{Event, Kind, Record};
use crate::model::system::System;

/// The check that clients which have given up ask for nothing.
#[derive(Default)]
pub struct NoRequestAfterTheDeadline {
    case: Case,
    deadlines: ByOp<Time>,
    answered: ByOp<bool>,
}

impl Property for NoRequestAfterTheDeadline {
    const NAME: &'static str = "no-request-after-the-deadline";
    const SUMMARY: &'static str = "no client requests what it does not wait for any more";
    const MANUAL: &'static str = include_str!("no_request_after_the_deadline.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Offered, Kind::Answered, Kind::Sent];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Offered { deadline, .. } => *self.deadlines.get_mut(record.op) = deadline,
            Event::Answered { .. } => *self.answered.get_mut(record.op) = true,
            _ if super::is_request_of_client(record) => {
                let is_late = record.time > self.deadlines.get(record.op);
                if is_late || self.answered.get(record.op) {
                    self.case.fail(record.time, record.op, || {
                        format!("operation {} was requested by nobody who waits", record.op.0)
                    });
                } else {
                    self.case.chance();
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nobody requested anything")
    }
}
