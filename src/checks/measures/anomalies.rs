//! M8: anomalies that data shows and that no single answer does.

use std::collections::BTreeMap;

use super::{Better, Measure, Measured, Quantity, Unit};
use crate::checks::invariants::InvariantReport;
use crate::checks::outcome::Operations;
use crate::checks::overwrites::{Overwrites, Row};
use crate::model::database::Direction;
use crate::model::record::{Event, Record, Sight};
use crate::model::system::{InvariantRule, InvariantSpec, MAX_STEPS, ReadWhat, StepId, System};

/// M8, lost updates.
pub const LOST_UPDATES: &Measure = &Measure::number(
    "m8.lost-updates",
    "lost updates",
    Unit::Count,
    Better::Lower,
    "How many writes destroyed a committed version newer than the one that their value derives \
     from: of a computed value, the version that was read; of a job or a copy, the version of the \
     source; of a compensation, the effect that it takes back. What a database that recovers \
     takes back was not durable and does not count.",
)
.at_rest();

/// M8, blind writes.
pub const BLIND_WRITES: &Measure = &Measure::number(
    "m8.blind-writes",
    "blind writes",
    Unit::Count,
    Better::Neither,
    "How often a `set` that reads nothing overwrote what a `set`, `add` or compensation of \
     another operation had left in the cell: nobody can say whether it knew.",
)
.at_rest();

/// M8, dirty reads.
pub const DIRTY_READS: &Measure = &Measure::number(
    "m8.dirty-reads",
    "dirty reads",
    Unit::Count,
    Better::Lower,
    "How many reads of an operation's rows saw an effect of it that was committed then and \
     compensated later, counted for each step apart; that readers see only what is committed is \
     the promise `read-committed`.",
)
.at_rest();

/// M8, applied out of order.
pub const OUT_OF_ORDER: &Measure = &Measure::number(
    "m8.out-of-order",
    "applied out of order",
    Unit::Count,
    Better::Lower,
    "How often a further step took effect on a row behind that of a newer operation that began \
     with the same row as its own. The order is that in which first steps were committed.",
)
.head("out of order")
.at_rest();

/// M8, delivered again.
pub const DELIVERED_AGAIN: &Measure = &Measure::number(
    "m8.delivered-again",
    "delivered again",
    Unit::Count,
    Better::Lower,
    "How often a broker handed a message out that it had handed out before, or the network made \
     a second copy of one.",
)
.at_rest();

/// M8, applied again.
pub const APPLIED_AGAIN: &Measure = &Measure::number(
    "m8.applied-again",
    "applied again",
    Unit::Count,
    Better::Lower,
    "How often a store came to show an effect once more that it showed already.",
)
.at_rest();

/// M8, orphans.
pub const ORPHANS: &Measure = &Measure::number(
    "m8.orphans",
    "orphans",
    Unit::Count,
    Better::Lower,
    "Rows whose declared `references` have no counterpart at the end of the run.",
)
.at_rest();

/// M8, orphan time.
pub const ORPHAN_TIME: &Measure = &Measure::number(
    "m8.orphans.time",
    "orphan time",
    Unit::Nanoseconds,
    Better::Lower,
    "Integral over the window of the number of rows whose declared `references` have no \
     counterpart.",
)
.at_rest();

/// M8, oversells.
pub const OVERSELLS: &Measure = &Measure::number(
    "m8.oversells",
    "oversells",
    Unit::Count,
    Better::Lower,
    "How often a cell left its declared `bound`, as the ends of instants show it.",
)
.at_rest();

/// The anomalies of a run, counted from its start.
#[derive(Debug, Default)]
pub struct Anomalies {
    dirty: u64,
    disordered: u64,
    delivered: u64,
    applied: u64,
    /// True if any read looks at operations, so that one could be dirty.
    reads: bool,
    /// By operation: the place of its first step among all first steps, 0 before it was committed.
    places: Vec<u32>,
    last: u32,
    /// By the row of a first step and the row of a later one: the place of the newest operation
    /// that took effect there.
    newest: BTreeMap<(Row, Row), u32>,
    /// By operation and step: how many reads saw its effect.
    seen: Vec<[u8; MAX_STEPS]>,
}

impl Anomalies {
    /// Nothing has happened yet.
    pub fn new(system: &System) -> Self {
        let of_operation = |what: &ReadWhat| matches!(what, ReadWhat::Operation { .. });
        let reads = system.reads.iter().any(|read| of_operation(&read.what));
        Self { reads, ..Self::default() }
    }

    /// A store shows an effect more or less often.
    pub fn show(&mut self, record: &Record, operations: &Operations) {
        let Event::Shown { direction, change, .. } = record.event else { return };
        if record.process == 0 || change < 0 {
            return; // A database that recovers takes back what was never durable.
        }
        if direction == Direction::Undo {
            self.compensate(record);
        } else {
            let times = operations.get(record.op).map_or(0, |outcome| outcome.times(record.step));
            self.applied += u64::from(times > 1);
            self.order(record, &operations.overwrites);
        }
    }

    /// Counts the reads of an effect that is compensated now as dirty.
    fn compensate(&mut self, record: &Record) {
        let seen = self.seen.get_mut(record.op.0 as usize);
        if let Some(seen) = seen.and_then(|seen| seen.get_mut(record.step.index())) {
            self.dirty += u64::from(std::mem::take(seen));
        }
    }

    /// Checks that changes of one row take effect on another one in the same order.
    fn order(&mut self, record: &Record, overwrites: &Overwrites) {
        let number = record.op.0 as usize;
        if number >= self.places.len() {
            self.places.resize(number + 1, 0);
        }
        let place = &mut self.places[number];
        if record.step == StepId(0) {
            if *place == 0 {
                self.last += 1;
                *place = self.last;
            }
            return;
        }
        let row = |step: StepId| overwrites.row(record.op, step);
        if *place > 0
            && let Some(way) = row(StepId(0)).zip(row(record.step))
        {
            let newest = self.newest.entry(way).or_insert(*place);
            self.disordered += u64::from(*place < *newest);
            *newest = (*place).max(*newest);
        }
    }

    /// A probe saw what a store shows of a step.
    pub fn read(&mut self, record: &Record) {
        if !matches!(record.event, Event::ProbeSaw { sight: Sight::Effect, .. }) {
            return;
        }
        let number = record.op.0 as usize;
        if number >= self.seen.len() {
            self.seen.resize(number + 1, [0; MAX_STEPS]);
        }
        if let Some(seen) = self.seen[number].get_mut(record.step.index()) {
            *seen = seen.saturating_add(1);
        }
    }

    /// A message is handed out or copied.
    pub fn deliver(&mut self, record: &Record) {
        let again =
            matches!(record.event, Event::Duplicated { .. } | Event::Handed { delivery: 2.., .. });
        self.delivered += u64::from(again);
    }

    /// Takes down M8, but for what the declared invariants say.
    pub fn measure(self, into: &mut Measured, overwrites: &Overwrites) {
        const NO_READ: Quantity = Quantity::Missing { why: "no read looks at an operation" };
        into.quantity(LOST_UPDATES, Quantity::total(overwrites.lost));
        into.quantity(BLIND_WRITES, Quantity::total(overwrites.blind));
        let dirty = if self.reads { Quantity::total(self.dirty) } else { NO_READ };
        into.quantity(DIRTY_READS, dirty);
        into.quantity(OUT_OF_ORDER, Quantity::total(self.disordered));
        into.quantity(DELIVERED_AGAIN, Quantity::total(self.delivered));
        into.quantity(APPLIED_AGAIN, Quantity::total(self.applied));
    }
}

/// Takes down what the declared invariants say for M8. `reports` are theirs, in their order.
pub fn measure_invariants(
    into: &mut Measured,
    specs: &[InvariantSpec],
    reports: &[InvariantReport],
) {
    const NO_REFERENCE: Quantity = Quantity::Missing { why: "no `references` is declared" };
    const NO_BOUND: Quantity = Quantity::Missing { why: "no `bound` is declared" };
    let of = |is_meant: fn(&InvariantRule) -> bool| {
        let reports = specs.iter().zip(reports).filter(|(spec, _)| is_meant(&spec.rule));
        reports.map(|(_, report)| report).collect::<Vec<_>>()
    };
    let references = of(|rule| matches!(rule, InvariantRule::References { .. }));
    let bounds = of(|rule| matches!(rule, InvariantRule::Bound { .. }));
    let sum = |reports: &[&InvariantReport], none, of: fn(&InvariantReport) -> u128| {
        let total = reports.iter().map(|report| of(report)).sum::<u128>();
        if reports.is_empty() { none } else { Quantity::total(total) }
    };
    let orphans = sum(&references, NO_REFERENCE, |report| report.at_end.into());
    into.quantity(ORPHANS, orphans);
    into.quantity(ORPHAN_TIME, sum(&references, NO_REFERENCE, |report| report.entity_ns));
    into.quantity(OVERSELLS, sum(&bounds, NO_BOUND, |report| report.begun.into()));
}
