//! Declared invariants, judged at every committed instant, and M3.
//!
//! Every change of a cell updates only what depends on it. An instant counts when it is over, so
//! that a transaction which changes several cells is seen as a whole.

pub(in crate::checks) mod rows;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::rows::Mirror;
use self::rules::Rule;
use super::measures::by_kind::{ByKind, Counts};
use super::measures::gauge::Gauge;
use super::measures::{Better, Measure, Measured, NO_OPERATION, Quantity, Scope, Unit};
use super::serial::span;
use super::verdict::Judgement;
use crate::kernel::{Span, Time};
use crate::model::record::Record;
use crate::model::system::{OperationKind, System, When};

/// M3, violation time per 1,000 operations.
pub const VIOLATION: &Measure = &Measure::number(
    "m3",
    "violation time per 1,000 operations",
    Unit::Nanoseconds,
    Better::Lower,
    "Integral over the window of the number of entities whose declared invariant is false, \
     summed over the invariants, per 1,000 measured operations. An entity counts for the operation \
     whose change made the invariant false for it, until it is true again.",
)
.head("violation time")
.of_each()
.at_rest();

/// M3, time with a violation.
pub const VIOLATED: &Measure = &Measure::number(
    "m3.any",
    "time with a violation",
    Unit::Share,
    Better::Lower,
    "Share of the window during which any declared invariant was false for any entity.",
)
.of_each()
.at_rest();

/// The report of a run on one declared invariant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvariantReport {
    /// The text of the invariant.
    pub name: Arc<str>,
    /// The time at which it must hold.
    pub when: When,
    /// The judgement on whether it held.
    pub judgement: Judgement,
    /// Integral over the window of the number of entities for which it was false, in ns.
    pub entity_ns: u128,
    /// The time within the window for which it was false for any entity.
    #[serde(with = "span")]
    pub violated_for: Span,
    /// The first instant at whose end it was false.
    pub first: Option<Time>,
    /// The greatest number of entities for which it was false at the end of an instant.
    pub worst: u64,
    /// The number of entities for which it is false at the end of the run.
    pub at_end: u64,
    /// The number of violations that began: by how much the number of violated entities rose at the
    /// ends of instants, summed.
    pub begun: u64,
    /// The violations of each kind of operation that made it false.
    pub by_kind: Vec<(OperationKind, Extent)>,
}

/// The extent to which an invariant was violated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Extent {
    /// Integral over the window of the number of entities for which it was false, in ns.
    pub entity_ns: u128,
    /// The number of entities for which it is false at the end of the run.
    pub at_end: u64,
    /// The number of violations that began.
    pub begun: u64,
}

impl InvariantReport {
    /// The extent of all violations.
    pub const fn extent(&self) -> Extent {
        Extent { entity_ns: self.entity_ns, at_end: self.at_end, begun: self.begun }
    }

    /// The extent of the violations by operations of a declared kind.
    pub fn extent_of(&self, kind: OperationKind) -> Extent {
        let found = self.by_kind.iter().find(|(known, _)| *known == kind);
        found.map_or_else(Extent::default, |(_, extent)| *extent)
    }
}

/// All declared invariants of a run.
#[derive(Debug)]
pub struct Invariants {
    mirror: Mirror,
    watched: Vec<Watched>,
    /// All violations over time, and those of each kind of operation.
    total: Gauge,
    by_kind: ByKind<Gauge>,
    window: (u64, u64),
    changed: bool,
}

#[derive(Debug)]
struct Watched {
    name: Arc<str>,
    when: When,
    rule: Box<dyn Rule>,
    course: Course,
    by_kind: BTreeMap<OperationKind, Course>,
    first: Option<u64>,
    worst: u64,
}

/// The number of entities for which an invariant is false, over time.
#[derive(Debug)]
struct Course {
    gauge: Gauge,
    begun: u64,
}

impl Course {
    fn new(window: (u64, u64)) -> Self {
        Self { gauge: Gauge::new(window), begun: 0 }
    }

    /// Sets the number of entities for which it is false from `now` on.
    fn set(&mut self, now: u64, violated: u64) {
        self.begun += violated.saturating_sub(self.gauge.value());
        self.gauge.set(now, violated);
    }

    fn extent(&mut self, until: u64) -> Extent {
        self.gauge.advance(until);
        let entity_ns = self.gauge.area();
        Extent { entity_ns, at_end: self.gauge.value(), begun: self.begun }
    }
}

impl Invariants {
    /// The invariants of a system over its initial rows. `total` records the number of violations.
    pub fn new(system: &System, window: (u64, u64), total: Gauge) -> Self {
        let watched = system
            .invariants
            .iter()
            .map(|spec| Watched {
                name: Arc::clone(&spec.name),
                when: spec.when,
                rule: rules::build(&spec.rule, system),
                course: Course::new(window),
                by_kind: BTreeMap::new(),
                first: None,
                worst: 0,
            })
            .collect();
        let tables = system.invariants.iter().flat_map(|spec| rules::tables(&spec.rule));
        let derived = system.steps().filter_map(|step| Some((step.table, step.derive.as_ref()?)));
        let derived = derived.flat_map(|(table, derive)| [table, derive.source]);
        let mirror = Mirror::new(system, tables.chain(derived));
        let by_kind = ByKind::new(system, Gauge::new(window));
        Self { mirror, watched, total, by_kind, window, changed: true }
    }

    /// The rows as the stores show them.
    pub(in crate::checks) const fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Takes in a change of a cell of a committed row, or its deletion, by an operation of that
    /// kind.
    pub fn see(&mut self, record: &Record, kind: Option<OperationKind>) {
        if let Some(change) = self.mirror.apply(record, kind) {
            self.changed = true;
            for watched in &mut self.watched {
                watched.rule.change(&change);
            }
        }
    }

    /// Ends the instant `now`.
    #[inline]
    pub fn end_instant(&mut self, now: u64) {
        if std::mem::take(&mut self.changed) {
            self.settle(now);
        }
    }

    fn settle(&mut self, now: u64) {
        let mut total = 0;
        for watched in &mut self.watched {
            let violations = watched.rule.violations();
            let violated = violations.count;
            total += violated;
            watched.course.set(now, violated);
            for (kind, count) in &violations.by_kind {
                let course = watched.by_kind.entry(*kind);
                let course = course.or_insert_with(|| Course::new(self.window));
                let all = self.by_kind.of(Some(*kind));
                all.set(now, all.value() + count - course.gauge.value());
                course.set(now, *count);
            }
            watched.worst = watched.worst.max(violated);
            if violated > 0 && watched.first.is_none() {
                watched.first = Some(now);
            }
        }
        self.total.set(now, total);
    }

    /// Takes M3 of the run and of each operation, with the numbers `offered`. Levels stay as they
    /// are until `until`, when the window ends.
    pub fn measure(&mut self, into: &mut Measured, until: u64, offered: &Counts, system: &System) {
        const NONE: Quantity = Quantity::Missing { why: "no invariant is declared" };
        self.total.advance(until);
        self.by_kind.all_mut().for_each(|gauge| gauge.advance(until));
        let operations = self.by_kind.operations(system).zip(offered.operations(system));
        let operations = operations.map(|((scope, gauge), (_, offered))| (scope, gauge, *offered));
        let all = (Scope::Run, &self.total, offered.all().sum::<u64>());
        for (scope, gauge, offered) in std::iter::once(all).chain(operations) {
            let (mut rate, mut share) = (NONE, NONE);
            if !self.watched.is_empty() {
                rate = Quantity::ratio(gauge.area() * 1_000, offered, NO_OPERATION);
                share = gauge.positive_share();
            }
            into.quantity(VIOLATION.of(&scope), rate);
            into.quantity(VIOLATED.of(&scope), share);
        }
    }

    /// Ends the run: returns the verdicts, and the number of violations over time. Levels stay as
    /// they are until `until`, when the window ends.
    pub fn finish(mut self, until: u64, settled: bool) -> (Vec<InvariantReport>, Gauge) {
        self.total.advance(until);
        let reports = self.watched.into_iter().map(|watched| watched.report(until, settled));
        (reports.collect(), self.total)
    }
}

impl Watched {
    fn report(mut self, until: u64, settled: bool) -> InvariantReport {
        let Extent { entity_ns, begun, .. } = self.course.extent(until);
        let by_kind = self.by_kind.iter_mut().map(|(kind, course)| (*kind, course.extent(until)));
        InvariantReport {
            by_kind: by_kind.collect(),
            judgement: self.judge(settled),
            name: self.name,
            when: self.when,
            entity_ns,
            violated_for: Span::from_nanos(self.course.gauge.positive()),
            first: self.first.map(Time::from_nanos),
            worst: self.worst,
            begun,
            at_end: self.rule.violations().count,
        }
    }

    fn judge(&self, settled: bool) -> Judgement {
        let at_end = self.rule.violations().count;
        match (self.when, self.first) {
            (When::Always, Some(first)) => Judgement::violated(format!(
                "first at {}, at worst for {} at once",
                Time::from_nanos(first),
                self.worst
            ))
            .times(self.course.begun),
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
