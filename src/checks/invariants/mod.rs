//! Declared invariants, judged at every committed instant, and M3.
//!
//! Every change of a cell updates what it can change and nothing else; an instant counts when it is
//! over, so that a transaction which changes several cells is seen whole.

pub(in crate::checks) mod rows;
mod rules;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::rows::Mirror;
use self::rules::Rule;
use super::measures::gauge::Gauge;
use super::measures::{Better, Measure, Measured, NOBODY, Quantity, Unit};
use super::serial::span;
use super::verdict::Judgement;
use crate::kernel::{Span, Time};
use crate::model::record::Record;
use crate::model::system::{System, When};

/// M3, violation time per 1,000 operations.
pub const VIOLATION: &Measure = &Measure::number(
    "m3",
    "violation time per 1,000 operations",
    Unit::Nanoseconds,
    Better::Lower,
    "Integral over the window of the number of entities whose declared invariant is false, \
     summed over the invariants, per 1,000 measured operations.",
)
.head("violation time")
.at_rest();

/// M3, time with a violation.
pub const VIOLATED: &Measure = &Measure::number(
    "m3.any",
    "time with a violation",
    Unit::Share,
    Better::Lower,
    "Share of the window during which any declared invariant was false for any entity.",
)
.at_rest();

/// The report of a run on one declared invariant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvariantReport {
    /// The invariant in words.
    pub name: Arc<str>,
    /// When it must hold.
    pub when: When,
    /// The judgement on whether it held.
    pub judgement: Judgement,
    /// Integral over the window of the number of entities for which it was false, in ns.
    pub entity_ns: u128,
    /// For how long of the window it was false for any.
    #[serde(with = "span")]
    pub violated_for: Span,
    /// The first instant at whose end it was false.
    pub first: Option<Time>,
    /// The greatest number of entities for which it was false at the end of an instant.
    pub worst: u64,
    /// For how many it is false at the end of the run.
    pub at_end: u64,
    /// For how many more it was false at the ends of instants than before, summed: how often it was
    /// violated anew.
    pub begun: u64,
}

/// All declared invariants of a run.
#[derive(Debug)]
pub struct Invariants {
    mirror: Mirror,
    watched: Vec<Watched>,
    /// All violations over time.
    total: Gauge,
    changed: bool,
}

#[derive(Debug)]
struct Watched {
    name: Arc<str>,
    when: When,
    rule: Box<dyn Rule>,
    gauge: Gauge,
    first: Option<u64>,
    worst: u64,
    begun: u64,
}

impl Invariants {
    /// The invariants of a system over its initial rows. `total` takes the number of violations.
    pub fn new(system: &System, window: (u64, u64), total: Gauge) -> Self {
        let watched = system
            .invariants
            .iter()
            .map(|spec| Watched {
                name: Arc::clone(&spec.name),
                when: spec.when,
                rule: rules::build(&spec.rule, system),
                gauge: Gauge::new(window),
                first: None,
                worst: 0,
                begun: 0,
            })
            .collect();
        let tables = system.invariants.iter().flat_map(|spec| rules::tables(&spec.rule));
        let mirror = Mirror::new(system, tables);
        Self { mirror, watched, total, changed: true }
    }

    /// A cell of a committed row changed, or the row is gone.
    pub fn see(&mut self, record: &Record) {
        if let Some(change) = self.mirror.apply(record) {
            self.changed = true;
            for watched in &mut self.watched {
                watched.rule.change(&change);
            }
        }
    }

    /// The instant `now` is over.
    pub fn end_instant(&mut self, now: u64) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let mut total = 0;
        for watched in &mut self.watched {
            let violated = watched.rule.violated();
            total += violated;
            watched.begun += violated.saturating_sub(watched.gauge.value());
            watched.gauge.set(now, violated);
            watched.worst = watched.worst.max(violated);
            if violated > 0 && watched.first.is_none() {
                watched.first = Some(now);
            }
        }
        self.total.set(now, total);
    }

    /// The run is over: the verdicts, M3, and the number of violations over time. Nothing changes
    /// any more until the window ends.
    pub fn finish(
        mut self,
        until: u64,
        settled: bool,
        into: &mut Measured,
        offered: u64,
    ) -> (Vec<InvariantReport>, Gauge) {
        const NONE: Quantity = Quantity::Missing { why: "no invariant is declared" };
        self.total.advance(until);
        let (mut rate, mut share) = (NONE, NONE);
        if !self.watched.is_empty() {
            rate = Quantity::ratio(self.total.area() * 1_000, offered, NOBODY);
            share = self.total.positive_share();
        }
        into.quantity(VIOLATION, rate);
        into.quantity(VIOLATED, share);
        let reports = self.watched.into_iter().map(|watched| watched.report(until, settled));
        (reports.collect(), self.total)
    }
}

impl Watched {
    fn report(mut self, until: u64, settled: bool) -> InvariantReport {
        self.gauge.advance(until);
        InvariantReport {
            judgement: self.judge(settled),
            name: self.name,
            when: self.when,
            entity_ns: self.gauge.area(),
            violated_for: Span::from_nanos(self.gauge.positive()),
            first: self.first.map(Time::from_nanos),
            worst: self.worst,
            begun: self.begun,
            at_end: self.rule.violated(),
        }
    }

    fn judge(&self, settled: bool) -> Judgement {
        let at_end = self.rule.violated();
        match (self.when, self.first) {
            (When::Always, Some(first)) => Judgement::violated(format!(
                "first at {}, at worst for {} at once",
                Time::from_nanos(first),
                self.worst
            ))
            .times(self.begun),
            (When::AtRest, _) if !settled => {
                Judgement::undecided("the run ended before the system had settled")
            }
            (When::AtRest, _) if at_end > 0 => {
                Judgement::violated(format!("false for {at_end} at rest")).times(at_end)
            }
            _ if !self.rule.touched() => {
                Judgement::undecided("nothing that it speaks of ever changed: it could not fail")
            }
            _ => Judgement::held(),
        }
    }
}

#[cfg(test)]
mod tests;
