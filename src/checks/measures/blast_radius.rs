//! M13: how far a fault reaches, counted in services whose clients notice.

use std::collections::BTreeMap;

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
     share of the operations that clients ask of it goes badly while they are under way during \
     the fault than outside of all faults. Badly: without a yes or a refusal by a rule in time, \
     or slower than every operation of the kind outside of all faults.",
)
.at_rest()
.head("touched by a fault");

/// The services that one fault touched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlastRadius {
    /// Which fault, as a position in the plan.
    pub fault: u32,
    /// Services whose clients noticed, in the order of their ids.
    pub services: Vec<ServiceId>,
}

/// Operations at one service, and how many of them went badly.
#[derive(Clone, Copy, Default)]
struct Tally {
    bad: u64,
    all: u64,
}

impl Tally {
    fn count(&mut self, bad: bool) {
        self.all += 1;
        self.bad += u64::from(bad);
    }

    /// Returns whether a greater share went badly than of the others.
    fn is_worse_than(self, other: Self) -> bool {
        self.bad * other.all.max(1) > other.bad * self.all
    }
}

/// Which services each fault touched.
///
/// An operation belongs to the service at which its client asks, and to the windows of all faults
/// during which it was under way: from its arrival to its answer, or to its deadline. It goes badly
/// if it fails (no yes and no refusal by a rule in time) or is late: slower than every answered
/// operation of its kind that no fault window overlaps. A service is touched if a greater share of
/// its operations goes badly in the window than outside of all windows.
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
    let bad =
        |outcome: &Outcome| fails(outcome) || latency(outcome) > slowest[usize::from(outcome.kind)];
    let tally = |belongs: &dyn Fn(&Outcome) -> bool| {
        let mut tallies: BTreeMap<ServiceId, Tally> = BTreeMap::new();
        for outcome in operations.measured().filter(|outcome| belongs(outcome)) {
            let front = system.front(OperationKind(outcome.kind.into()));
            tallies.entry(front).or_default().count(bad(outcome));
        }
        tallies
    };
    let otherwise = tally(&calm);
    let touched = windows.iter().map(|(fault, window)| {
        let during = tally(&|outcome| overlaps(outcome, *window)).into_iter();
        let worse = during.filter(|(service, tally)| {
            tally.is_worse_than(otherwise.get(service).copied().unwrap_or_default())
        });
        BlastRadius { fault: *fault, services: worse.map(|(service, _)| service).collect() }
    });
    touched.collect()
}

/// Takes down what M13 says of it.
pub fn measure(into: &mut Measured, blast_radii: &[BlastRadius]) {
    let most = blast_radii.iter().map(|reach| reach.services.len() as u64).max();
    let none = Quantity::Missing { why: "no fault began" };
    into.quantity(TOUCHED, most.map_or(none, Quantity::total));
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
