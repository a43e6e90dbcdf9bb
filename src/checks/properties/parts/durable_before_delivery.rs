//! # durable-before-delivery
//!
//! A durable broker releases a message to its groups only once the message is durable.
//!
//! Judged by the broker's log: of each operation, it has released no more messages than forced
//! writes have covered. A broker that writes no log is not judged. Undecided if no broker with a
//! log released a message.
//!
//! Kreps, Narkhede and Rao, *Kafka: a Distributed Messaging System for Log Processing* (2011).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::NodeId;
use crate::model::contract::label;
use crate::model::record::{Event, Kind, LabelId, OpId, Record};
use crate::model::system::System;

/// The check that nobody gets a message that a crash may take.
#[derive(Default)]
pub struct DurableBeforeDelivery {
    case: Case,
    /// The records of each broker's log that no forced write has covered.
    tails: BTreeMap<NodeId, VecDeque<(LabelId, OpId)>>,
    durable: ByOp<i32>,
    released: ByOp<i32>,
}

impl Property for DurableBeforeDelivery {
    const NAME: &'static str = "durable-before-delivery";
    const SUMMARY: &'static str = "a durable broker hands out only what is durable";
    const MANUAL: &'static str = include_str!("durable_before_delivery.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Logged, Kind::Forced, Kind::Crashed, Kind::Published];
    const OF_PARTS: Option<super::Applies> = Some(super::with_events);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Logged { log, label, .. } if log.database().is_none()
                && (label == label::EVENT || self.tails.contains_key(&record.node)) => {
                    let tail = self.tails.entry(record.node).or_default();
                    tail.push_back((label, record.op));
                }
            Event::Forced { log, records, .. } if log.database().is_none() => {
                let Some(tail) = self.tails.get_mut(&record.node) else { return };
                for (label, op) in tail.drain(..tail.len().min(records as usize)) {
                    *self.durable.get_mut(op) += i32::from(label == label::EVENT);
                }
            }
            Event::Crashed { .. } => {
                if let Some(tail) = self.tails.get_mut(&record.node) {
                    tail.clear();
                }
            }
            Event::Published { .. } if self.tails.contains_key(&record.node) => {
                self.case.chance();
                let released = self.released.get_mut(record.op);
                *released += 1;
                if *released > self.durable.get(record.op) {
                    self.case.fail(record.time, record.op, || {
                        format!("a message of operation {} left before it was durable", record.op.0)
                    });
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no broker with a log released a message")
    }
}
