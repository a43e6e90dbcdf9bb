//! Pairs of faults: the second is taken from the run with the first, so that points which are only
//! reached in recovery are covered, too.
//!
//! No pair is missed. Of two faults that both begin, one begins first. Up to there the run equals
//! the one without faults, so its point is a point of that run; and from there on it equals the run
//! with that fault alone, so the other's point is a point of *that* run. A pair repeats another one
//! in these cases:
//!
//! - *in the other order*: points of the second run that come before the first fault. That pair is
//!   found from the run whose first fault it is.
//! - *apart*: the two affect nodes that never interact, neither in the run with the one fault nor
//!   in that with the other: no message between them, and no operation (with its client) at both,
//!   over any number of steps. Either group then behaves as with its own fault alone, and both of
//!   these runs are made.
//! - *symmetric*: two operations of the same kind that touch no common row, nor one of any other
//!   operation, represent each other if the run with a message fault at the one is, record by
//!   record, the run with that fault at the other with the two exchanged, and a second message
//!   fault affects one of the two. This is never assumed but compared: with drawn delays hardly any
//!   two operations are that similar. Services never represent each other, because their random
//!   streams are named.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{PruneReason, Pruned, Strike};
use super::injection::Injection;
use super::links::Links;
use crate::kernel::{NodeId, Span};
use crate::model::system::System;
use crate::search::trial::Offer;

/// The parts of a run with one fault that pairs need.
pub struct First {
    /// The fault.
    pub strike: Strike,
    /// The faults that may be injected after it.
    pub seconds: Vec<Strike>,
    /// The links between nodes.
    pub links: Links,
    /// The hashes of what happened to each operation, and to none.
    pub stories: (Vec<u64>, u64),
}

/// A fault and its name.
type Named = (Injection, String);

fn named(strike: &Strike) -> Named {
    (strike.injection, strike.passed.trigger.toml())
}

/// The fault that represents each candidate of the run without faults; mostly itself.
pub struct Standing(BTreeMap<Named, Named>);

impl Standing {
    /// The representatives of faults that were kept, and of those that repeat one of them.
    pub fn new(strikes: &[Strike], repeated: &[(Strike, usize)]) -> Self {
        let kept = strikes.iter().map(|strike| (named(strike), named(strike)));
        let others = repeated.iter().map(|(strike, by)| (named(strike), named(&strikes[*by])));
        Self(kept.chain(others).collect())
    }
}

/// The pairs that are left, as positions of the first and of its second, and the numbers of pruned
/// ones.
pub fn pairs(
    firsts: &[First],
    standing: &Standing,
    offers: &[Offer],
    system: &System,
    period: Span,
) -> (Vec<(usize, usize)>, Pruned) {
    let by_name: BTreeMap<Named, usize> =
        firsts.iter().zip(0..).map(|(first, at)| (named(&first.strike), at)).collect();
    let alike = alike(offers, system, period);
    let mut left = Vec::new();
    let mut pruned = Pruned::new();
    for (at, first) in firsts.iter().enumerate() {
        let twin = twin(first, firsts, &by_name, &alike);
        for (number, second) in first.seconds.iter().enumerate() {
            let alone = standing.0.get(&named(second)).and_then(|name| by_name.get(name));
            let alone = alone.map(|at| &firsts[*at]);
            let reason = if alone.is_some_and(|alone| are_apart(first, alone)) {
                Some(PruneReason::Apart)
            } else if twin.as_ref().is_some_and(|twin| twin.has(second)) {
                Some(PruneReason::Symmetric)
            } else {
                None
            };
            match reason {
                Some(reason) => *pruned.entry(reason).or_default() += 1,
                None => left.push((at, number)),
            }
        }
    }
    (left, pruned)
}

/// Returns whether two faults affect groups that never interact, neither with the one fault nor
/// with the other.
fn are_apart(one: &First, other: &First) -> bool {
    let struck = |first: &First| {
        let passed = &first.strike.passed;
        let far = passed.far().map_or(passed.point.peer, |(far, _)| far);
        [passed.point.node, far].into_iter().filter(|node| *node != NodeId::WORLD)
    };
    let met =
        |links: &Links| struck(one).any(|node| struck(other).any(|far| links.have_met(node, far)));
    // Most nodes have interacted in one of the runs; only if not, the union of both is computed.
    !met(&one.links) && !met(&other.links) && !met(&one.links.with(&other.links))
}

/// Two operations, the earlier one first, by position and by name.
type Alike = ((usize, usize), (String, String));

/// Pairs of operations of the same kind on rows that no other operation touches; if there is a
/// period, they arrive at the same phase of it.
fn alike(offers: &[Offer], system: &System, period: Span) -> Vec<Alike> {
    let rows = |at: usize| -> BTreeSet<(u16, u64)> {
        let info = &offers[at].info;
        let steps = &system.operation(info.kind).steps;
        steps.iter().map(|step| (step.table.0, info.keys[usize::from(step.key)].0)).collect()
    };
    let rows: Vec<BTreeSet<(u16, u64)>> = (0..offers.len()).map(rows).collect();
    let alone = |at: usize| {
        (0..offers.len()).all(|other| other == at || rows[at].is_disjoint(&rows[other]))
    };
    let in_phase = |one: &Offer, other: &Offer| {
        let gap = other.info.arrived.since(one.info.arrived).as_nanos();
        period == Span::ZERO || gap.is_multiple_of(period.as_nanos())
    };
    let mut pairs = Vec::new();
    for later in 0..offers.len() {
        for earlier in 0..later {
            let (one, other) = (&offers[earlier], &offers[later]);
            let same = one.info.kind == other.info.kind && in_phase(one, other);
            if same && alone(earlier) && alone(later) {
                pairs.push(((earlier, later), (one.name.to_string(), other.name.to_string())));
            }
        }
    }
    pairs
}

/// A run that is the same with two operations exchanged.
struct Twin {
    names: (String, String),
    seconds: BTreeSet<Named>,
}

impl Twin {
    /// Returns whether the exchanged second fault is tried there.
    fn has(&self, second: &Strike) -> bool {
        let exchanged = exchanged(second, &self.names);
        exchanged.is_some_and(|exchanged| self.seconds.contains(&exchanged))
    }
}

/// The same message fault with two operations exchanged.
fn exchanged(strike: &Strike, (one, other): &(String, String)) -> Option<Named> {
    let mut trigger = strike.passed.trigger.clone();
    let of = trigger.of.as_ref()?.to_string();
    let swapped = match () {
        () if of == *one => other,
        () if of == *other => one,
        () => return None,
    };
    trigger.of = Some(swapped.clone().try_into().ok()?);
    strike.injection.is_about_a_message().then(|| (strike.injection, trigger.toml()))
}

/// The run with the same message fault at an earlier similar operation, if it went the same way.
fn twin(
    first: &First,
    firsts: &[First],
    by_name: &BTreeMap<Named, usize>,
    alike: &[Alike],
) -> Option<Twin> {
    let of = first.strike.passed.trigger.of.as_ref()?.to_string();
    alike.iter().find_map(|((earlier, later), names)| {
        if of != names.1 {
            return None;
        }
        let twin = &firsts[*by_name.get(&exchanged(&first.strike, names)?)?];
        let mut swapped = first.stories.0.clone();
        if swapped.len() <= *later {
            return None;
        }
        swapped.swap(*earlier, *later);
        let same = swapped == twin.stories.0 && first.stories.1 == twin.stories.1;
        same.then(|| Twin {
            names: names.clone(),
            seconds: twin.seconds.iter().map(named).collect(),
        })
    })
}
