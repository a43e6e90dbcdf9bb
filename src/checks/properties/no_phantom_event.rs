//! # no-phantom-event
//!
//! Nothing is published of an operation before a local transaction of that operation has committed:
//! an event tells only what happened.
//!
//! Judged by what stores committed and what the broker took. Undecided if nothing was published.
//!
//! Kleppmann, *Designing Data-Intensive Applications* (2017), chapter 11, on dual writes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::System;

/// Events tell what happened.
#[derive(Default)]
pub struct NoPhantomEvent {
    case: Case,
    committed: BTreeSet<OpId>,
}

impl Property for NoPhantomEvent {
    const NAME: &'static str = "no-phantom-event";
    const SUMMARY: &'static str = "nothing is published that was not committed";
    const MANUAL: &'static str = include_str!("no_phantom_event.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Committed, Kind::Published];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if record.kind() == Kind::Committed {
            self.committed.insert(record.op);
            return;
        }
        self.case.chance();
        if !self.committed.contains(&record.op) {
            self.case.fail(record.time, record.op, || {
                format!("an event of operation {} tells of nothing that is committed", record.op.0)
            });
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing was published")
    }
}
