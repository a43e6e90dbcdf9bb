//! # messages-keep-their-address
//!
//! A message arrives at the node to which it was sent, after it was sent, under its own name.
//!
//! Judged by what the network records of each message. A machine whose process is down answers for
//! it; that is recorded at no node in particular. Undecided if no message arrived.
//!
//! Saltzer, Reed and Clark, *End-to-End Arguments in System Design* (1984).

use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{NodeId, Numbered, Time};
use crate::model::record::{Event, Kind, LabelId, MessageClass, Record};
use crate::model::system::System;

/// The check that no message goes astray.
#[derive(Default)]
pub struct MessagesKeepTheirAddress {
    case: Case,
    under_way: Numbered<u64, Envelope>,
}

/// The outside of a message.
#[derive(Clone, Copy)]
struct Envelope {
    to: NodeId,
    label: LabelId,
    class: MessageClass,
    sent: Time,
}

impl Property for MessagesKeepTheirAddress {
    const NAME: &'static str = "messages-keep-their-address";
    const SUMMARY: &'static str = "a message arrives where it was sent to, and not before";
    const MANUAL: &'static str = include_str!("messages_keep_their_address.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Sent, Kind::Delivered, Kind::Lost];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let number = u64::from(record.message);
        match record.event {
            Event::Sent { label, to, class } => {
                self.under_way.insert(number, Envelope { to, label, class, sent: record.time });
            }
            Event::Delivered { label, class, .. } => {
                let Some(envelope) = self.under_way.remove(number) else { return };
                let Envelope { to, sent, .. } = envelope;
                let is_there = record.node == to || record.node == NodeId::WORLD;
                let is_it = (label, class) == (envelope.label, envelope.class);
                if is_there && is_it && sent <= record.time {
                    self.case.chance();
                } else {
                    self.case.fail(record.time, record.op, || {
                        format!("a message of operation {} went astray", record.op.0)
                    });
                }
            }
            Event::Lost { .. } => drop(self.under_way.remove(number)),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no message arrived")
    }
}
