//! # message-fate
//!
//! A message arrives at most once, or is lost, and never both; nothing arrives that was not sent.
//!
//! Judged by what the network records of each message number. A copy that the network makes has a
//! number of its own. Undecided if no message was sent.
//!
//! Lynch, *Distributed Algorithms* (1996), chapter 14: channels.

use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::Numbered;
use crate::model::record::{Event, Kind, Record};
use crate::model::system::System;

/// The check that messages have one fate each.
#[derive(Default)]
pub struct MessageFate {
    case: Case,
    under_way: Numbered<u64, ()>,
}

impl Property for MessageFate {
    const NAME: &'static str = "message-fate";
    const SUMMARY: &'static str = "a message arrives once or is lost, and was sent before";
    const MANUAL: &'static str = include_str!("message_fate.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Sent, Kind::Duplicated, Kind::Delivered, Kind::Lost];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let (number, leaves) = match record.event {
            Event::Sent { .. } => (record.message, true),
            Event::Duplicated { copy, .. } => (copy, true),
            _ => (record.message, false),
        };
        let number = u64::from(number);
        let what = match leaves {
            true if self.under_way.insert(number, ()).is_some() => "was sent twice",
            false if self.under_way.remove(number).is_none() => "had no message to end",
            _ => return self.case.chance(),
        };
        let op = record.op;
        self.case.fail(record.time, op, || format!("a message of operation {} {what}", op.0));
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no message was sent")
    }
}
