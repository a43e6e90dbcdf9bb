//! # bounded-queues
//!
//! No service has more requests waiting than its queue holds: further ones are rejected.
//!
//! Judged by the lengths of the services' queues, each against the `queue` of its service.
//! Undecided if no request ever queued.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, Record, Station};
use crate::model::system::System;

/// The check that queues are bounded.
pub struct BoundedQueues {
    case: Case,
    system: Arc<System>,
}

impl Property for BoundedQueues {
    const NAME: &'static str = "bounded-queues";
    const SUMMARY: &'static str = "no queue of a service grows beyond its bound";
    const MANUAL: &'static str = include_str!("bounded_queues.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Queued];

    fn new(system: &Arc<System>) -> Self {
        Self { case: Case::default(), system: Arc::clone(system) }
    }

    fn see(&mut self, record: &Record) {
        let Event::Queued { at: Station::Service(service), waiting } = record.event else { return };
        self.case.chance();
        let Some(service) = self.system.services.get(service.index()) else { return };
        if waiting > u64::from(service.queue) {
            self.case.fail(record.time, record.op, || {
                format!("{waiting} requests wait at `{}`", service.name.shown)
            });
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no request ever queued")
    }
}
