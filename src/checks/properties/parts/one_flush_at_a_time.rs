//! # one-flush-at-a-time
//!
//! A log has one flush at a time, and a flush covers only what was appended before it began.
//!
//! Judged by the flushes of each log, each with the time that it took and the number of records
//! that it covered, and by the times at which these were appended. Undecided if no log was forced.
//!
//! DeWitt, Katz, Olken, Shapiro, Stonebraker and Wood, *Implementation Techniques for Main Memory
//! Database Systems* (1984): group commit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{NodeId, Time};
use crate::model::record::{Event, Kind, LogId, OpId, Record};
use crate::model::system::System;

/// The check that flushes follow each other and cover the past only.
#[derive(Default)]
pub struct OneFlushAtATime {
    case: Case,
    logs: BTreeMap<LogId, Log>,
}

/// A log: the times of the records that no flush has covered, and the end of the last flush.
#[derive(Default)]
struct Log {
    node: Option<NodeId>,
    appended: VecDeque<Time>,
    flushed: Time,
}

impl Property for OneFlushAtATime {
    const NAME: &'static str = "one-flush-at-a-time";
    const SUMMARY: &'static str = "flushes of a log follow each other and cover the past only";
    const MANUAL: &'static str = include_str!("one_flush_at_a_time.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Logged, Kind::Forced, Kind::Crashed];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Logged { log, .. } => {
                let log = self.logs.entry(log).or_default();
                log.node = Some(record.node);
                log.appended.push_back(record.time);
            }
            Event::Forced { log, records, took } => {
                let log = self.logs.entry(log).or_default();
                let began = Time::from_nanos(record.time.as_nanos() - took.as_nanos());
                let before = log.appended.iter().take_while(|at| **at <= began).count();
                let what = match () {
                    () if began < log.flushed => "began before the last one had ended",
                    () if records as usize > before => "covered what came after it had begun",
                    () => "",
                };
                (log.node, log.flushed) = (Some(record.node), record.time);
                log.appended.drain(..log.appended.len().min(records as usize));
                match what {
                    "" => self.case.chance(),
                    _ => self.case.fail(record.time, OpId::NONE, || format!("a flush {what}")),
                }
            }
            Event::Crashed { .. } => {
                let lost = self.logs.values_mut().filter(|log| log.node == Some(record.node));
                lost.for_each(|log| log.appended.clear());
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no log was forced")
    }
}
