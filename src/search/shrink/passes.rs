//! The passes of shrinking, each a numbered list of simpler cases.

use crate::faults::plan::{PlannedFault, Start};
use crate::faults::trigger::Trigger;
use crate::kernel::{Span, Time};
use crate::model::point::When;
use crate::search::trial::{Case, Offer};

/// A way to make a case simpler.
pub(super) struct Pass {
    /// The simplification in words.
    pub what: &'static str,
    /// The candidate with this number; none if there are no more.
    pub candidate: fn(&Case, usize) -> Option<Case>,
}

/// All passes, in the order in which they are tried.
pub(super) const PASSES: &[Pass] = &[
    Pass { what: "without the other futures", candidate: without_branch_seeds },
    Pass { what: "without a change of the scenario", candidate: fewer_changes },
    Pass { what: "without some faults", candidate: fewer_faults },
    Pass { what: "without some operations", candidate: fewer_operations },
    Pass { what: "with a plainer fault", candidate: plainer_fault },
    Pass { what: "with a shorter fault", candidate: shorter_fault },
    Pass { what: "with a fault at a rounder time", candidate: rounder_start },
    Pass { what: "with a point said in fewer words", candidate: plainer_point },
    Pass { what: "with rounder arrivals", candidate: rounder_arrivals },
    Pass { what: "with an operation at a rounder time", candidate: rounder_arrival },
];

fn without_branch_seeds(case: &Case, at: usize) -> Option<Case> {
    (at == 0 && !case.branch_seeds.is_empty())
        .then(|| Case { branch_seeds: Vec::new(), ..case.clone() })
}

fn fewer_changes(case: &Case, at: usize) -> Option<Case> {
    let (from, to) = chunk(case.changes.len(), case.changes.len(), at)?;
    let mut simpler = case.clone();
    simpler.changes.drain(from..to);
    Some(simpler)
}

fn fewer_faults(case: &Case, at: usize) -> Option<Case> {
    let (from, to) = chunk(case.faults.len(), case.faults.len(), at)?;
    let mut simpler = case.clone();
    simpler.faults.drain(from..to);
    Some(simpler)
}

fn fewer_operations(case: &Case, at: usize) -> Option<Case> {
    let (from, to) = chunk(case.operations.len(), case.operations.len() / 2, at)?;
    let mut simpler = case.clone();
    simpler.operations.drain(from..to);
    Some(simpler)
}

/// The part number `at` of a list that is left out: parts of this size, then half of it and so on
/// down to single elements, each from the end, since the last elements have the fewest
/// consequences.
fn chunk(length: usize, mut size: usize, mut at: usize) -> Option<(usize, usize)> {
    while size > 0 {
        let count = length.div_ceil(size);
        if at < count {
            let to = length - at * size;
            return Some((to.saturating_sub(size), to));
        }
        at -= count;
        size /= 2;
    }
    None
}

/// The candidate number `at` of those that each of several parts has.
fn of_parts<T>(parts: &[T], mut at: usize, of: impl Fn(&T) -> Vec<T>) -> Option<(usize, T)> {
    for (number, part) in parts.iter().enumerate() {
        let mut candidates = of(part);
        if at < candidates.len() {
            return Some((number, candidates.swap_remove(at)));
        }
        at -= candidates.len();
    }
    None
}

fn with_fault(
    case: &Case,
    at: usize,
    of: impl Fn(&PlannedFault) -> Vec<PlannedFault>,
) -> Option<Case> {
    let (number, fault) = of_parts(&case.faults, at, of)?;
    let mut simpler = case.clone();
    simpler.faults[number] = fault;
    Some(simpler)
}

fn plainer_fault(case: &Case, at: usize) -> Option<Case> {
    with_fault(case, at, |planned| {
        let plainer = planned.fault.simpler().into_iter();
        plainer.map(|fault| PlannedFault { fault, ..planned.clone() }).collect()
    })
}

fn shorter_fault(case: &Case, at: usize) -> Option<Case> {
    with_fault(case, at, |planned| {
        let Some(length) = planned.length else { return Vec::new() };
        let shorter = rounder(length).into_iter().filter(|span| *span > Span::ZERO);
        shorter.map(|span| PlannedFault { length: Some(span), ..planned.clone() }).collect()
    })
}

fn rounder_start(case: &Case, at: usize) -> Option<Case> {
    with_fault(case, at, |planned| {
        let Start::At(at) = planned.start else { return Vec::new() };
        let start = |span| PlannedFault { start: Start::At(span), ..planned.clone() };
        rounder(at).into_iter().map(start).collect()
    })
}

/// Times before this one that are rounder: to seconds, tenths, hundredths and milliseconds.
fn rounder(span: Span) -> Vec<Span> {
    let units = [10_000, 1_000, 100, 10, 1].map(Span::from_millis);
    let mut rounder: Vec<Span> = Vec::new();
    for unit in units {
        let down = span.as_nanos() / unit.as_nanos() * unit.as_nanos();
        // A multiple of this unit is a multiple of all smaller ones, so further units change
        // nothing; below them the unit itself is tried.
        if down == span.as_nanos() {
            break;
        }
        rounder.push(Span::from_nanos(down));
    }
    let plain = [1, 10, 100, 1_000].map(Span::from_millis);
    rounder.extend(plain.into_iter().filter(|plain| *plain < span));
    rounder.retain(|found| *found < span);
    let mut seen: Vec<Span> = Vec::new();
    rounder.retain(|found| {
        let fresh = !seen.contains(found);
        seen.push(*found);
        fresh
    });
    rounder
}

/// Conditions of a trigger left out, one by one; the first time instead of a later one.
fn plainer_point(case: &Case, at: usize) -> Option<Case> {
    with_fault(case, at, |planned| {
        let Start::On(trigger) = &planned.start else { return Vec::new() };
        let plainer = [
            Trigger { of: None, step: None, nth: 1, ..trigger.clone() },
            Trigger { of: None, step: None, ..trigger.clone() },
            Trigger { of: None, ..trigger.clone() },
            Trigger { step: None, ..trigger.clone() },
            Trigger { to: None, ..trigger.clone() },
            Trigger { nth: 1, ..trigger.clone() },
            Trigger { when: When::After, ..trigger.clone() },
        ];
        let changed = plainer.into_iter().filter(|plainer| plainer != trigger);
        let start = |plainer| PlannedFault { start: Start::On(plainer), ..planned.clone() };
        changed.map(start).collect()
    })
}

/// All arrivals at multiples of one unit. An operation that follows another comes as late as
/// before, so that the distance between them does not shrink.
fn rounder_arrivals(case: &Case, at: usize) -> Option<Case> {
    let unit = *[1_000, 100, 10, 1].map(Span::from_millis).get(at)?;
    let mut simpler = case.clone();
    let free = simpler.operations.iter_mut().filter(|offer| !is_follower(case, offer));
    for offer in free {
        let nanos = offer.info.arrived.as_nanos() / unit.as_nanos() * unit.as_nanos();
        offer.info.arrived = Time::from_nanos(nanos);
    }
    let earlier = |one: &Case, other: &Case| {
        one.operations.iter().zip(&other.operations).any(|(one, other)| one != other)
    };
    simpler.operations.sort_by_key(|offer| offer.info.arrived);
    // A candidate that changes nothing must not end the pass, so the next unit takes its place.
    if earlier(&simpler, case) { Some(simpler) } else { rounder_arrivals(case, at + 1) }
}

fn is_follower(case: &Case, offer: &Offer) -> bool {
    case.operations.iter().any(|other| offer.follows(other))
}

/// The arrival of one operation at a rounder time.
fn rounder_arrival(case: &Case, at: usize) -> Option<Case> {
    let (number, offer) = of_parts(&case.operations, at, |offer| {
        if is_follower(case, offer) {
            return Vec::new();
        }
        let times = rounder(offer.info.arrived - Time::ZERO).into_iter();
        let moved = times.map(|span| {
            let mut moved = offer.clone();
            moved.info.arrived = Time::ZERO + span;
            moved
        });
        moved.collect()
    })?;
    let mut simpler = case.clone();
    simpler.operations[number] = offer;
    simpler.operations.sort_by_key(|offer| offer.info.arrived);
    Some(simpler)
}
