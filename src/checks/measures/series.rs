//! The time series of a run in buckets, for charts and for the comparison with a run without
//! faults.

use serde::{Deserialize, Serialize};

use super::gauge::{Gauge, Level};
use super::lag::{End, Lag, consistency_lag};
use crate::checks::outcome::{NEVER, Operations};
use crate::checks::serial::span;
use crate::kernel::{NodeId, Span, Time};
use crate::model::record::{Answer, Event, Record};

/// The time series of a run. All vectors have one entry for each bucket.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    /// The width of a bucket.
    #[serde(with = "span")]
    pub width: Span,
    /// Partial operations.
    pub partial: Vec<Level>,
    /// Durable records that hold unfinished work.
    pub backlog: Vec<Level>,
    /// Entities whose declared invariant is false.
    pub violations: Vec<Level>,
    /// Answers that clients heard in the bucket.
    pub answers: Vec<Answers>,
    /// Consistency lag of the operations that arrived in the bucket.
    pub lag: Vec<BucketLag>,
    /// The answers to the operations that arrived in the bucket.
    pub arrivals: Vec<Arrivals>,
}

/// Operations by the bucket of time in which they arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Arrivals {
    /// The number that arrived.
    pub arrived: u64,
    /// The number of those that heard yes before their deadline.
    pub yes: u64,
    /// The number of those that were refused by a business rule before their deadline.
    pub refused: u64,
    /// The total time for which the clients of those not refused by a rule waited, in ns; without
    /// an answer until the deadline.
    pub waited: u64,
}

/// Answers heard in a bucket of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Answers {
    /// Done or accepted.
    pub yes: u64,
    /// Refused by a business rule.
    pub refused: u64,
    /// Refused for a technical reason.
    pub no: u64,
    /// Given up without an answer.
    pub unknown: u64,
}

/// Consistency lag of the operations that arrived in a bucket of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BucketLag {
    /// The median, ns, with those that never end as infinity; none if it is infinite or nothing
    /// was exposed.
    pub median: Option<u64>,
    /// The greatest finite lag, ns.
    pub max: Option<u64>,
    /// The number that never ended, or had not by the end of the run.
    pub open: u64,
}

/// A fault as it was injected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FaultWindow {
    /// The fault, as a position in the plan.
    pub fault: u32,
    /// The first node that it affects by name, or that of the clients.
    pub target: NodeId,
    /// The time at which it began.
    pub began: Time,
    /// The time at which it ended, if it did.
    pub ended: Option<Time>,
    /// The number of nodes that it affects by name; zero if the pattern has no such node.
    pub nodes: u64,
    /// True if any operation was under way meanwhile.
    pub hit: bool,
}

/// A builder of the series from those records that no other fold needs.
#[derive(Debug)]
pub struct SeriesBuilder {
    width: u64,
    answers: Vec<Answers>,
    backlog: Gauge,
    held: i64,
    /// Faults, in the order in which they began.
    pub faults: Vec<FaultWindow>,
}

impl SeriesBuilder {
    /// A series of `count` buckets of `width` ns.
    pub fn new(width: u64, count: usize) -> Self {
        Self {
            width,
            answers: vec![Answers::default(); count],
            backlog: Gauge::with_buckets((0, 0), width, count),
            held: 0,
            faults: Vec::new(),
        }
    }

    /// Notes that a client heard an answer.
    pub fn answer(&mut self, now: u64, answer: Answer) {
        let Some(bucket) = self.answers.get_mut((now / self.width) as usize) else { return };
        match answer {
            Answer::Done | Answer::Accepted => bucket.yes += 1,
            Answer::RefusedByRule => bucket.refused += 1,
            Answer::TechnicalNo => bucket.no += 1,
            Answer::Unknown => bucket.unknown += 1,
        }
    }

    /// Notes that durable state holds more or less unfinished work.
    pub fn hold(&mut self, now: u64, change: i64) {
        self.held += change;
        self.backlog.set(now, self.held.max(0) as u64);
    }

    /// Notes that a fault began or ended.
    pub fn fault(&mut self, record: &Record) {
        match record.event {
            Event::FaultBegan { fault, target, nodes } => {
                let (began, ended, hit) = (record.time, None, false);
                self.faults.push(FaultWindow { fault, target, began, ended, nodes, hit });
            }
            Event::FaultEnded { fault, target, .. } => {
                let is_it = |window: &&mut FaultWindow| {
                    (window.fault, window.target, window.ended) == (fault, target, None)
                };
                if let Some(window) = self.faults.iter_mut().rev().find(is_it) {
                    window.ended = Some(record.time);
                }
            }
            _ => {}
        }
    }

    /// The series, completed by the results of other folds.
    pub fn finish(
        mut self,
        until: u64,
        partial: Gauge,
        violations: Gauge,
        operations: &Operations,
        end: End,
    ) -> (Series, Vec<FaultWindow>) {
        self.backlog.advance(until);
        for window in &mut self.faults {
            let (from, to) = (window.began, window.ended.unwrap_or(Time::from_nanos(until)));
            window.hit = operations.all().iter().any(|outcome| {
                outcome.arrived <= to.as_nanos() && outcome.over() >= from.as_nanos()
            });
        }
        let series = Series {
            width: Span::from_nanos(self.width),
            partial: partial.into_levels(),
            backlog: self.backlog.into_levels(),
            violations: violations.into_levels(),
            lag: bucket_lags(operations, end, self.width, self.answers.len()),
            arrivals: arrivals(operations, self.width, self.answers.len()),
            answers: self.answers,
        };
        (series, self.faults)
    }
}

/// The answers of clients by the bucket in which their operations arrived.
fn arrivals(operations: &Operations, width: u64, count: usize) -> Vec<Arrivals> {
    let mut buckets = vec![Arrivals::default(); count];
    for outcome in operations.all().iter().filter(|outcome| outcome.deadline != NEVER) {
        let Some(bucket) = buckets.get_mut((outcome.arrived / width) as usize) else { continue };
        let answer = outcome.answer();
        bucket.arrived += 1;
        bucket.yes += u64::from(answer.is_yes());
        if answer == Answer::RefusedByRule {
            bucket.refused += 1;
        } else {
            bucket.waited += outcome.answered.min(outcome.deadline).saturating_sub(outcome.arrived);
        }
    }
    buckets
}

/// The lag of the operations that headlines pool, by the bucket in which they arrived. Operations
/// are in the order of arrival, so each bucket is a contiguous range of them.
fn bucket_lags(operations: &Operations, end: End, width: u64, count: usize) -> Vec<BucketLag> {
    let mut buckets = vec![BucketLag::default(); count];
    let mut lags = Lags::default();
    let mut rest = operations.all().iter().peekable();
    while let Some(outcome) = rest.next() {
        if operations.is_pooled(outcome) {
            lags.take(consistency_lag(outcome, end));
        }
        let bucket = outcome.arrived / width;
        if rest.peek().is_none_or(|next| next.arrived / width != bucket) {
            let found = lags.summarise();
            buckets.get_mut(bucket as usize).into_iter().for_each(|bucket| *bucket = found);
        }
    }
    buckets
}

/// The lags of the operations that arrived in one bucket.
#[derive(Default)]
struct Lags {
    finite: Vec<u64>,
    open: u64,
}

impl Lags {
    fn take(&mut self, lag: Lag) {
        match lag {
            Lag::Lasted(lag) => self.finite.push(lag),
            Lag::Never | Lag::AtLeast(_) => self.open += 1,
            Lag::Unexposed => {}
        }
    }

    /// Summarises the lags, and begins again with none.
    fn summarise(&mut self) -> BucketLag {
        let Self { finite, open } = self;
        finite.sort_unstable();
        let middle = (finite.len() + *open as usize).saturating_sub(1) / 2;
        let (median, max) = (finite.get(middle).copied(), finite.last().copied());
        let found = BucketLag { median, max, open: *open };
        finite.clear();
        *open = 0;
        found
    }
}
