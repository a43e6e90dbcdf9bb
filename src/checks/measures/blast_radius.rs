//! M13: the blast radius of a fault, as the number of services whose clients notice it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::series::FaultWindow;
use super::{Better, Measure, Measured, Quantity, Unit};
use crate::checks::outcome::{NEVER, Operations, Outcome};
use crate::model::system::{OperationKind, ServiceId, System};

/// M13, services touched by one fault.
pub const TOUCHED: &Measure = &Measure::number(
    "m13.touched",
    "services touched by one fault",
    Unit::Count,
    Better::Lower,
    "The greatest number of services that one fault touched. A service is touched if a greater \
     share of the operations that clients ask of it fails (no yes and no refusal by a rule in \
     time) while they are under way during the fault than outside of all faults, or if more of a \
     kind are slower than every one outside of all faults than chance explains (1 %).",
)
.at_rest()
.head("touched by a fault");

/// The services that one fault touched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlastRadius {
    /// The fault, as a position in the plan.
    pub fault: u32,
    /// Services whose clients noticed, in the order of their ids.
    pub services: Vec<ServiceId>,
}

/// Operations of one kind, with the numbers that failed or were late.
#[derive(Clone, Copy, Default)]
struct Tally {
    failed: u64,
    late: u64,
    all: u64,
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            failed: self.failed + other.failed,
            late: self.late + other.late,
            all: self.all + other.all,
        }
    }

    /// Returns whether a greater share failed than of the others.
    fn fails_more_than(self, other: Self) -> bool {
        self.failed * other.all.max(1) > other.failed * self.all
    }

    /// Returns whether more were late, that is slower than all of the others, than chance explains:
    /// any of all operations is equally likely to be the slowest, and the probability that so many
    /// of the slowest are among these is below [`CHANCE`].
    fn is_later_than(self, other: Self) -> bool {
        let share = self.all as f64 / (self.all + other.all).max(1) as f64;
        let mut probability = 1.0;
        (0..self.late).any(|_| {
            probability *= share;
            probability < CHANCE
        })
    }
}

/// The probability below which lateness is not attributed to chance.
const CHANCE: f64 = 0.01;

/// The services that each fault touched.
///
/// An operation belongs to the service that its client asks, and to the windows of all faults
/// during which it was under way: from its arrival to its answer, or to its deadline. It fails
/// without a yes or a refusal by a rule in time, and is late if it is slower than every answered
/// operation of its kind that no fault window overlaps. A service is touched if a greater share of
/// its operations fails in the window than outside of all windows, or if more of a kind are late
/// than chance explains.
pub fn of(system: &System, operations: &Operations, faults: &[FaultWindow]) -> Vec<BlastRadius> {
    let end = system.phases.load.as_nanos();
    let mut windows: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for fault in faults {
        let until = fault.ended.map_or(end, |ended| ended.as_nanos());
        let window = windows.entry(fault.fault).or_insert((fault.began.as_nanos(), until));
        *window = (window.0.min(fault.began.as_nanos()), window.1.max(until));
    }
    if windows.is_empty() {
        return Vec::new();
    }
    let calm = |outcome: &Outcome| !windows.values().any(|window| overlaps(outcome, *window));
    let mut slowest = vec![0; system.operations.len()];
    for outcome in operations.measured().filter(|outcome| calm(outcome) && !fails(outcome)) {
        let slowest = &mut slowest[usize::from(outcome.kind)];
        *slowest = latency(outcome).max(*slowest);
    }
    let tally = |belongs: &dyn Fn(&Outcome) -> bool| {
        let mut tallies: BTreeMap<OperationKind, Tally> = BTreeMap::new();
        for outcome in operations.measured().filter(|outcome| belongs(outcome)) {
            let failed = fails(outcome);
            let late = !failed && latency(outcome) > slowest[usize::from(outcome.kind)];
            let one = Tally { failed: failed.into(), late: late.into(), all: 1 };
            let tally = tallies.entry(OperationKind(outcome.kind.into())).or_default();
            *tally = tally.plus(one);
        }
        tallies
    };
    let otherwise = tally(&calm);
    let at = |tallies: &BTreeMap<OperationKind, Tally>, service| {
        let own = tallies.iter().filter(|(kind, _)| system.front(**kind) == service);
        own.fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally))
    };
    let touched = windows.iter().map(|(fault, window)| {
        let during = tally(&|outcome| overlaps(outcome, *window));
        let late = during.iter().filter(|(kind, tally)| {
            tally.is_later_than(otherwise.get(kind).copied().unwrap_or_default())
        });
        let late: BTreeSet<ServiceId> = late.map(|(kind, _)| system.front(*kind)).collect();
        let services = system.service_ids().filter(|service| {
            late.contains(service)
                || at(&during, *service).fails_more_than(at(&otherwise, *service))
        });
        BlastRadius { fault: *fault, services: services.collect() }
    });
    touched.collect()
}

/// Takes M13 of the blast radii.
pub fn measure(into: &mut Measured, blast_radii: &[BlastRadius]) {
    let most = blast_radii.iter().map(|reach| reach.services.len() as u64).max();
    let none = Quantity::Missing { why: "no fault began" };
    into.quantity(TOUCHED, most.map_or(none, Quantity::size));
}

fn overlaps(outcome: &Outcome, (from, until): (u64, u64)) -> bool {
    outcome.arrived < until && outcome.answered.min(outcome.deadline) > from
}

fn fails(outcome: &Outcome) -> bool {
    !outcome.answer().is_definite()
}

fn latency(outcome: &Outcome) -> u64 {
    match outcome.answered {
        NEVER => NEVER,
        answered => answered - outcome.arrived,
    }
}
