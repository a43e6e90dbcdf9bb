//! # handed-out-once-stored
//!
//! A broker hands out what it has stored, and nothing that it has given up as lost.
//!
//! Judged by what the broker released, handed out and gave up. A broker that was restarted may hand
//! out what it finds in its log. Undecided if nothing was handed out.
//!
//! Hohpe and Woolf, *Enterprise Integration Patterns* (2003): guaranteed delivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bits::Bits;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::NodeId;
use crate::model::record::{Discard, Event, Kind, Record};
use crate::model::system::System;

/// The check that brokers hand out only what they have.
#[derive(Default)]
pub struct HandedOutOnceStored {
    case: Case,
    brokers: BTreeMap<NodeId, Memory>,
}

/// The messages of one broker since its last start.
#[derive(Default)]
struct Memory {
    released: Bits,
    lost: Bits,
}

impl Property for HandedOutOnceStored {
    const NAME: &'static str = "handed-out-once-stored";
    const SUMMARY: &'static str = "a broker hands out what it has stored, and nothing that it lost";
    const MANUAL: &'static str = include_str!("handed_out_once_stored.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] =
        &[Kind::Published, Kind::Handed, Kind::Discarded, Kind::Crashed];
    const OF_PARTS: Option<super::Applies> = Some(super::with_events);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Published { number, .. } => {
                self.brokers.entry(record.node).or_default().released.insert(number);
            }
            Event::Discarded { discard: Discard::Lost, number, .. } => {
                self.brokers.entry(record.node).or_default().lost.insert(number);
            }
            Event::Handed { number, .. } => {
                self.case.chance();
                let memory = self.brokers.entry(record.node).or_default();
                let is_known = memory.released.contains(number) || record.incarnation > 0;
                let why = match () {
                    () if !is_known => "that it had not stored",
                    () if memory.lost.contains(number) => "that it had lost",
                    () => return,
                };
                self.case.fail(record.time, record.op, || {
                    format!("a broker handed out a message of operation {} {why}", record.op.0)
                });
            }
            Event::Crashed { .. } => drop(self.brokers.remove(&record.node)),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing was handed out")
    }
}
