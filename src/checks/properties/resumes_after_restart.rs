//! # resumes-after-restart
//!
//! Work that was under way when a node went down, and that durable state holds, is completed after
//! the restart, without any new request.
//!
//! Judged by what durable state holds and what the stores show. Undecided if nothing was held when
//! a node came back.
//!
//! Garcia-Molina and Salem, *Sagas* (1987), on recovery of interrupted sagas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::System;

/// The check that unfinished work is resumed.
#[derive(Default)]
pub struct ResumesAfterRestart {
    case: Case,
    /// The amount of unfinished work that durable state holds, by operation.
    held: BTreeMap<OpId, i64>,
    /// Operations that were held at some restart.
    resumed: BTreeSet<OpId>,
}

impl Property for ResumesAfterRestart {
    const NAME: &'static str = "resumes-after-restart";
    const SUMMARY: &'static str = "a restart brings unfinished work to its end";
    const MANUAL: &'static str = include_str!("resumes_after_restart.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::Holds, Kind::Restarted];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Restarted { .. } => {
                let held = self.held.iter().filter(|(_, held)| **held > 0);
                self.resumed.extend(held.map(|(op, _)| *op));
            }
            Event::Holds { change, .. } if record.op != OpId::NONE => {
                let held = self.held.entry(record.op).or_default();
                *held += change;
                if *held == 0 {
                    self.held.remove(&record.op);
                }
            }
            _ => {}
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        for op in self.resumed {
            let outcome = end.operations.get(op);
            if outcome.is_some_and(|outcome| outcome.is_partial() || outcome.holds != 0) {
                self.case.fail_at_rest(end, op, || {
                    format!("operation {} was not brought to its end after a restart", op.0)
                });
            } else {
                self.case.chance();
            }
        }
        self.case.conclude(Self::NAME, "nothing was held when a node came back")
    }
}
