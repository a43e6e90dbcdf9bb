//! # message-numbers-used-once
//!
//! A durable broker gives no two messages the same number, also after a restart.
//!
//! Judged by the numbers under which a broker released messages. A broker that writes no log
//! forgets its numbers with its messages; its numbers are compared until then. Undecided if no
//! message was released.
//!
//! Lamport, *Time, Clocks, and the Ordering of Events in a Distributed System* (1978).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bits::Bits;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::NodeId;
use crate::model::contract::label;
use crate::model::record::{Event, Kind, Record};
use crate::model::system::System;

/// The check that numbers of messages are unique.
#[derive(Default)]
pub struct MessageNumbersUsedOnce {
    case: Case,
    used: BTreeMap<NodeId, Bits>,
    /// The brokers that keep their messages in a log.
    durable: BTreeSet<NodeId>,
}

impl Property for MessageNumbersUsedOnce {
    const NAME: &'static str = "message-numbers-used-once";
    const SUMMARY: &'static str = "no two messages of a broker have the same number";
    const MANUAL: &'static str = include_str!("message_numbers_used_once.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Logged, Kind::Published, Kind::Crashed];
    const OF_PARTS: Option<super::Applies> = Some(super::with_events);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Logged { label: label::EVENT, .. } => drop(self.durable.insert(record.node)),
            Event::Published { number, .. } => {
                if self.used.entry(record.node).or_default().insert(number) {
                    self.case.chance();
                } else {
                    self.case.fail(record.time, record.op, || {
                        format!("two messages have the number {number}")
                    });
                }
            }
            Event::Crashed { .. } if !self.durable.contains(&record.node) => {
                self.used.remove(&record.node);
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no message was released")
    }
}
