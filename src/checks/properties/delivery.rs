//! # delivery
//!
//! Every event that was committed to an outbox is published, every published event is delivered,
//! and none is discarded: at least once, for all of them.
//!
//! Judged by what databases committed and what the broker did. Whether a delivered event also took
//! effect is judged by `all-or-nothing`. Undecided if there was no event.
//!
//! Richardson, *Microservices Patterns* (2018), chapter 3.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Chunks;
use crate::model::contract::label;
use crate::model::record::{Discard, Event, Kind, OpId, Record};
use crate::model::system::System;

/// The check that no event is lost.
#[derive(Default)]
pub struct Delivery {
    case: Case,
    /// The events of each operation.
    events: Chunks<Events>,
}

/// The numbers of events of one operation that were committed to an outbox, published, and
/// delivered.
#[derive(Clone, Copy, Default)]
struct Events {
    committed: i32,
    published: i32,
    handed: i32,
}

impl Property for Delivery {
    const NAME: &'static str = "delivery";
    const SUMMARY: &'static str = "every committed event is published and handed out";
    const MANUAL: &'static str = include_str!("delivery.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::Holds, Kind::Published, Kind::Handed, Kind::Discarded];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let op = record.op.0 as usize;
        if record.op == OpId::NONE {
            return;
        }
        self.events.grow(op + 1, Events::default());
        let events = &mut self.events[op];
        match record.event {
            Event::Holds { label: label::OUTBOX, change } => {
                // A relay removes a row after it has published it; recovery undoes a commit.
                let counts = change > 0 || record.process == 0;
                events.committed += if counts { change as i32 } else { 0 };
            }
            Event::Published { .. } => events.published += 1,
            Event::Handed { .. } => events.handed += 1,
            Event::Discarded { discard: Discard::Lost, .. } => {
                self.case.fail(record.time, record.op, || {
                    format!("an event of operation {} was thrown away", record.op.0)
                });
            }
            _ => {}
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        for (op, events) in (0..).map(OpId).zip(&self.events) {
            let Events { committed, published, handed } = *events;
            if committed > published {
                self.case.fail_at_rest(end, op, || {
                    format!("{} events of operation {} were not published", committed, op.0)
                });
            } else if published > handed {
                self.case.fail_at_rest(end, op, || {
                    format!("{} events of operation {} were not handed out", published, op.0)
                });
            } else if published > 0 {
                self.case.chance();
            }
        }
        self.case.conclude(Self::NAME, "there was no event")
    }
}
