//! # no-livelock
//!
//! After the load and the heal, messages for operations cease within the promised bound: no retry
//! goes on for ever. Recurring messages for no operation, such as polls, do not count.
//!
//! Judged by what the network carried. Undecided if no message was sent for an operation, or if the
//! run ended before the bound.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Time;
use crate::model::record::{Event, Kind, MessageClass, OpId, Record};
use crate::model::system::System;

/// The check that messages for operations cease.
#[derive(Default)]
pub struct NoLivelock {
    case: Case,
    last: Option<(Time, OpId)>,
}

impl Property for NoLivelock {
    const NAME: &'static str = "no-livelock";
    const SUMMARY: &'static str = "messages for operations run dry after the heal";
    const MANUAL: &'static str = include_str!("no_livelock.rs");
    const WHEN: When = When::EventuallyWithin;
    const SEES: &'static [Kind] = &[Kind::Sent];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let Event::Sent { class, .. } = record.event else { return };
        let between_parts = matches!(class, MessageClass::Service | MessageClass::Broker);
        if between_parts && record.op != OpId::NONE {
            self.case.chance();
            self.last = Some((record.time, record.op));
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        if let Some((last, op)) = self.last
            && !end.settled
        {
            match end.bound() {
                Some(bound) if last > bound => self.case.fail(last, op, || {
                    format!("messages are still sent at {last}, behind the bound of {bound}")
                }),
                Some(_) if end.is_final() => {}
                _ => self.case.leave_open(),
            }
        }
        self.case.conclude(Self::NAME, "no message was sent for an operation")
    }
}
