//! M8: anomalies that only the data show, and no single answer.

use std::collections::BTreeMap;

use super::by_kind::Counts;
use super::{Better, Measure, Measured, Quantity, Scope, Unit};
use crate::checks::anomaly::{Anomaly, AnomalySet};
use crate::checks::by_op::ByOp;
use crate::checks::by_row::ByRow;
use crate::checks::invariants::{Extent, InvariantReport};
use crate::checks::outcome::Operations;
use crate::checks::overwrites::{Overwrites, Row};
use crate::model::database::Direction;
use crate::model::record::{Event, OpId, Record, Sight};
use crate::model::system::{
    InvariantRule, MAX_STEPS, OperationKind, ReadWhat, RowKey, StepId, System, TableId,
};

/// M8, lost updates.
pub const LOST_UPDATES: &Measure = &Measure::number(
    "m8.lost-updates",
    "lost updates",
    Unit::Count,
    Better::Lower,
    "How many writes destroyed a committed version newer than the one that their value derives \
     from: of a computed value, the version that was read; of a job or a copy, the version of the \
     source; of a compensation, the effect that it takes back. What a database that recovers \
     takes back was not durable and does not count. An operation has those whose version was \
     destroyed.",
)
.of_each()
.at_rest();

/// M8, blind writes.
pub const BLIND_WRITES: &Measure = &Measure::number(
    "m8.blind-writes",
    "blind writes",
    Unit::Count,
    Better::Neither,
    "How often a `set` that reads nothing overwrote what a `set`, `add` or compensation of \
     another operation had left in the cell, perhaps without knowledge of it. An operation has \
     those of its own `set`.",
)
.of_each()
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
.of_each()
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
.of_each()
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
.of_each()
.at_rest();

/// M8, applied again.
pub const APPLIED_AGAIN: &Measure = &Measure::number(
    "m8.applied-again",
    "applied again",
    Unit::Count,
    Better::Lower,
    "How often a store came to show an effect once more that it showed already.",
)
.of_each()
.at_rest();

/// M8, orphans.
pub const ORPHANS: &Measure = &Measure::number(
    "m8.orphans",
    "orphans",
    Unit::Count,
    Better::Lower,
    "Rows whose declared `references` have no counterpart at the end of the run. An operation has \
     those of which it wrote the row, or removed the counterpart.",
)
.of_each()
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
.of_each()
.at_rest();

/// M8, oversells.
pub const OVERSELLS: &Measure = &Measure::number(
    "m8.oversells",
    "oversells",
    Unit::Count,
    Better::Lower,
    "How often a cell left its declared `bound`, as the ends of instants show it. An operation has \
     those that it wrote.",
)
.of_each()
.at_rest();

/// The anomalies of a run, counted from its start.
#[derive(Debug)]
pub struct Anomalies {
    dirty: Counts,
    disordered: Counts,
    delivered: Counts,
    applied: Counts,
    /// The anomalies of single operations.
    met: BTreeMap<OpId, AnomalySet>,
    /// True if any read looks at operations, so that dirty reads are possible.
    reads: bool,
    /// The position of each operation's first step among all first steps; 0 before it was
    /// committed.
    places: ByOp<u32>,
    last: u32,
    /// The position of the newest operation that took effect on a later row, by the row of the
    /// first step and the later row.
    newest: Newest,
    /// The number of reads that saw each effect, by operation and step.
    seen: ByOp<[u8; MAX_STEPS]>,
}

/// A number for each pair of the row of an operation's first step and that of a later one. Most
/// first rows are met with one other row of a table, or with that of the same key.
#[derive(Debug, Default)]
struct Newest {
    /// By both tables and the common key.
    alike: BTreeMap<[TableId; 2], ByRow<u32>>,
    /// By both tables and the first key: the first other key that was met, and the number.
    first: BTreeMap<[TableId; 2], ByRow<Met>>,
    others: BTreeMap<(Row, Row), u32>,
}

/// The key of a row and a number, 0 before the row was met; without padding, since there are very
/// many of them.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    key: [u32; 2],
    number: u32,
}

impl Newest {
    /// The number of a pair, 0 before it was set.
    fn get_mut(&mut self, from: Row, to: Row) -> &mut u32 {
        let tables = [from.0, to.0];
        let (RowKey(first), RowKey(key)) = (from.1, to.1);
        if first == key {
            return self.alike.entry(tables).or_default().get_mut(from.1);
        }
        let key = [key as u32, (key >> 32) as u32];
        let met = self.first.entry(tables).or_default().get_mut(from.1);
        if met.number == 0 {
            met.key = key;
        }
        if met.key == key { &mut met.number } else { self.others.entry((from, to)).or_default() }
    }
}

impl Anomalies {
    /// The anomalies before the first record.
    pub fn new(system: &System) -> Self {
        let of_operation = |what: &ReadWhat| matches!(what, ReadWhat::Operation { .. });
        let reads = system.reads.iter().any(|read| of_operation(&read.what));
        let none = Counts::new(system, 0);
        Self {
            dirty: none.clone(),
            disordered: none.clone(),
            delivered: none.clone(),
            applied: none,
            met: BTreeMap::new(),
            reads,
            places: ByOp::default(),
            last: 0,
            newest: Newest::default(),
            seen: ByOp::default(),
        }
    }

    /// Notes that a store shows an effect more or less often.
    pub fn show(&mut self, record: &Record, operations: &Operations) {
        let Event::Shown { direction, change, .. } = record.event else { return };
        if record.process == 0 || change < 0 {
            return; // A database that recovers takes back what was never durable.
        }
        let kind = operations.kind(record.op);
        if direction == Direction::Undo {
            let dirty = self.compensate(record);
            *self.dirty.of(kind) += dirty;
            self.meet(record.op, Anomaly::DirtyRead, dirty > 0);
        } else {
            let times = operations.get(record.op).map_or(0, |outcome| outcome.times(record.step));
            *self.applied.of(kind) += u64::from(times > 1);
            self.meet(record.op, Anomaly::AppliedAgain, times > 1);
            let late = self.is_late(record, &operations.overwrites);
            *self.disordered.of(kind) += u64::from(late);
            self.meet(record.op, Anomaly::OutOfOrder, late);
        }
    }

    /// Notes that an operation met an anomaly, if it `did`.
    fn meet(&mut self, op: OpId, anomaly: Anomaly, did: bool) {
        if did && op != OpId::NONE {
            self.met.entry(op).or_default().insert(anomaly);
        }
    }

    /// The anomalies of every operation that met one.
    pub fn met(&self, overwrites: &Overwrites) -> BTreeMap<OpId, AnomalySet> {
        let mut met = self.met.clone();
        for (op, others) in &overwrites.met {
            let known = met.entry(*op).or_default();
            *known = known.plus(*others);
        }
        met
    }

    /// The number of reads that saw the effect that is compensated now, and so were dirty.
    fn compensate(&mut self, record: &Record) -> u64 {
        let seen = self.seen.get_mut(record.op).get_mut(record.step.index());
        seen.map_or(0, |seen| std::mem::take(seen).into())
    }

    /// Returns whether a change of one row takes effect on another row after that of a newer
    /// operation.
    fn is_late(&mut self, record: &Record, overwrites: &Overwrites) -> bool {
        let place = self.places.get_mut(record.op);
        if record.step == StepId(0) {
            if *place == 0 {
                self.last += 1;
                *place = self.last;
            }
            return false;
        }
        let row = |step: StepId| overwrites.row(record.op, step);
        let way = row(StepId(0)).zip(row(record.step)).filter(|_| *place > 0);
        let Some((from, to)) = way else { return false };
        let newest = self.newest.get_mut(from, to);
        let is_late = *place < *newest;
        *newest = (*place).max(*newest);
        is_late
    }

    /// Notes that a probe saw an effect of a step in a store.
    pub fn read(&mut self, record: &Record) {
        if !matches!(record.event, Event::ProbeSaw { sight: Sight::Effect, .. }) {
            return;
        }
        if let Some(seen) = self.seen.get_mut(record.op).get_mut(record.step.index()) {
            *seen = seen.saturating_add(1);
        }
    }

    /// Notes that a message is delivered again or copied, for an operation of that kind.
    pub fn deliver(&mut self, record: &Record, kind: Option<OperationKind>) {
        let again =
            matches!(record.event, Event::Duplicated { .. } | Event::Handed { delivery: 2.., .. });
        *self.delivered.of(kind) += u64::from(again);
        self.meet(record.op, Anomaly::DeliveredAgain, again);
    }

    /// Takes M8, except for the measures of declared invariants.
    pub fn measure(self, into: &mut Measured, overwrites: &Overwrites, system: &System) {
        const NO_READ: Quantity = Quantity::Missing { why: "no read looks at an operation" };
        for (measure, counts) in [
            (LOST_UPDATES, &overwrites.lost),
            (BLIND_WRITES, &overwrites.blind),
            (DIRTY_READS, &self.dirty),
            (OUT_OF_ORDER, &self.disordered),
            (DELIVERED_AGAIN, &self.delivered),
            (APPLIED_AGAIN, &self.applied),
        ] {
            into.counts(measure, counts, system);
        }
        if !self.reads {
            let operations = Scope::of_operations(system).map(|(scope, _)| scope);
            for scope in std::iter::once(Scope::Run).chain(operations) {
                into.quantity(DIRTY_READS.of(&scope), NO_READ);
            }
        }
    }
}

/// Takes the measures of M8 that follow from the declared invariants, whose `reports` are in their
/// order.
pub fn measure_invariants(into: &mut Measured, system: &System, reports: &[InvariantReport]) {
    const NO_REFERENCE: Quantity = Quantity::Missing { why: "no `references` is declared" };
    const NO_BOUND: Quantity = Quantity::Missing { why: "no `bound` is declared" };
    let of = |is_meant: fn(&InvariantRule) -> bool| {
        let specs = system.invariants.iter().zip(reports);
        let meant = specs.filter(|(spec, _)| is_meant(&spec.rule));
        meant.map(|(_, report)| report).collect::<Vec<_>>()
    };
    let references = of(|rule| matches!(rule, InvariantRule::References { .. }));
    let bounds = of(|rule| matches!(rule, InvariantRule::Bound { .. }));
    let operations = Scope::of_operations(system).map(|(scope, kind)| (scope, Some(kind)));
    for (scope, kind) in std::iter::once((Scope::Run, None)).chain(operations) {
        let extent = |report: &InvariantReport| match kind {
            None => report.extent(),
            Some(kind) => report.extent_of(kind),
        };
        let sum = |reports: &[&InvariantReport], none, of: fn(Extent) -> u128| {
            let total = reports.iter().map(|report| of(extent(report))).sum::<u128>();
            if reports.is_empty() { none } else { Quantity::total(total) }
        };
        into.quantity(ORPHANS.of(&scope), sum(&references, NO_REFERENCE, |it| it.at_end.into()));
        into.quantity(ORPHAN_TIME.of(&scope), sum(&references, NO_REFERENCE, |it| it.entity_ns));
        into.quantity(OVERSELLS.of(&scope), sum(&bounds, NO_BOUND, |it| it.begun.into()));
    }
}
