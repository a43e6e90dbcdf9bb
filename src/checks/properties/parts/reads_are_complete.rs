//! # reads-are-complete
//!
//! A read that ends as complete has read every cell that it set out to read.
//!
//! Judged by the cells that a read probe announced, and by those that reached a store. Undecided if
//! no read was complete.
//!
//! Bailis and Ghodsi, *Eventual Consistency Today* (2013), on reads that miss a part.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, OpId, ProbeEnd, ProbeId, Record};
use crate::model::system::System;

/// The check that nothing is left out of a read.
#[derive(Default)]
pub struct ReadsAreComplete {
    case: Case,
    /// The reads under way: the cells that each needs, and the steps that it has seen as bits.
    open: BTreeMap<ProbeId, (u32, u64)>,
}

impl Property for ReadsAreComplete {
    const NAME: &'static str = "reads-are-complete";
    const SUMMARY: &'static str = "a complete read has read every cell";
    const MANUAL: &'static str = include_str!("reads_are_complete.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] =
        &[Kind::ProbeBegan, Kind::ProbeSaw, Kind::ReaderSaw, Kind::ProbeEnded];
    const OF_PARTS: Option<super::Applies> = Some(super::with_reads);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::ProbeBegan { probe, cells, .. } => {
                self.open.insert(probe, (cells, 0));
            }
            Event::ProbeSaw { probe, .. } => {
                if let Some((_, seen)) = self.open.get_mut(&probe) {
                    *seen |= 1 << (record.step.0 % 64);
                }
            }
            Event::ReaderSaw { probe, .. } => {
                if let Some((_, seen)) = self.open.get_mut(&probe) {
                    *seen |= 1;
                }
            }
            Event::ProbeEnded { probe, end, .. } => {
                let Some((cells, seen)) = self.open.remove(&probe) else { return };
                if end != ProbeEnd::Complete {
                    return;
                }
                let seen = seen.count_ones();
                if seen < cells {
                    let op = record.op;
                    let whose = match op {
                        OpId::NONE => String::new(),
                        OpId(op) => format!(" of operation {op}"),
                    };
                    self.case.fail(record.time, op, || {
                        format!("a complete read{whose} had read {seen} of {cells} cells")
                    });
                } else {
                    self.case.chance();
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no read was complete")
    }
}
