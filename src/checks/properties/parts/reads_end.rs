//! # reads-end
//!
//! Every read ends once: complete, with an error, or because its reader has given up.
//!
//! Judged by the beginnings and ends of read probes. Undecided if nobody read anything.
//!
//! Herlihy and Wing, *Linearizability* (1990), on invocations and responses.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, OpId, ProbeId, Record};
use crate::model::system::System;

/// The check that readers are not left hanging.
#[derive(Default)]
pub struct ReadsEnd {
    case: Case,
    open: BTreeMap<ProbeId, OpId>,
}

impl Property for ReadsEnd {
    const NAME: &'static str = "reads-end";
    const SUMMARY: &'static str = "every read ends, and only once";
    const MANUAL: &'static str = include_str!("reads_end.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::ProbeBegan, Kind::ProbeEnded];
    const OF_PARTS: Option<super::Applies> = Some(super::with_reads);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::ProbeBegan { probe, .. } => {
                self.open.insert(probe, record.op);
            }
            Event::ProbeEnded { probe, .. } => match self.open.remove(&probe) {
                Some(_) => self.case.chance(),
                None => self.case.fail(record.time, record.op, || "a read ended twice".to_owned()),
            },
            _ => {}
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        for op in std::mem::take(&mut self.open).into_values() {
            self.case.fail_at_rest(end, op, || "a read never ended".to_owned());
        }
        self.case.conclude(Self::NAME, "nobody read anything")
    }
}
