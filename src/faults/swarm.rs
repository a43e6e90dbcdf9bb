//! Random plans of faults inside a budget.
//!
//! A uniform draw over all kinds gives runs that all look alike: a little of each. A *swarm* first
//! draws the character of a run, that is which kinds of fault it has at all and how often each
//! (Groce and others 2012, doi:10.1145/2338965.2336763), and then the faults; so some runs have
//! nothing but lost messages and some crash one node again and again. Faults begin at times or at
//! semantic points that a run without faults has passed. Of the points a sort is drawn first (a
//! hook with its message or record), then a point of that sort, since some sorts are passed a
//! hundred times as often as others; half of the time it is a point at the very node that is
//! affected.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::seq::{IndexedMutRandom, IndexedRandom, IteratorRandom};
use rand::{Rng, RngExt};

use super::budget::fits;
use super::fault::{Faults, Part, PreparedFault};
use super::plan::{PlannedFault, Start};
use super::targets::Targets;
use super::trigger::{Trigger, What};
use crate::kernel::Span;
use crate::model::contract::{Allowance, Budget};
use crate::model::point::{Action, When};

/// The durations of drawn faults, as far as their allowance permits.
const LENGTHS: [Span; 13] = [
    Span::from_millis(1),
    Span::from_millis(5),
    Span::from_millis(20),
    Span::from_millis(50),
    Span::from_millis(100),
    Span::from_millis(200),
    Span::from_millis(500),
    Span::from_secs(1),
    Span::from_secs(2),
    Span::from_secs(5),
    Span::from_secs(10),
    Span::from_secs(20),
    Span::from_secs(60),
];

/// The number of times that a fault outside the budget is drawn again.
const TRIES: usize = 64;

/// A kind of fault that may be drawn.
#[derive(Clone)]
pub struct Kind {
    /// A fault of the kind; its settings do not matter.
    pub template: Arc<dyn PreparedFault>,
    /// The allowance of the budget.
    pub allowance: Allowance,
}

impl Kind {
    /// The registered kinds that a budget allows.
    pub fn of(budget: &Budget, faults: &Faults) -> Vec<Self> {
        let kind = |allowance: &Allowance| {
            let template = faults.find(allowance.fault)?.with_defaults();
            Some(Self { template, allowance: allowance.clone() })
        };
        budget.0.iter().filter(|allowance| allowance.count > 0).filter_map(kind).collect()
    }
}

/// The window of a run in which faults begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Window {
    /// The earliest time at which a fault may begin.
    pub from: Span,
    /// The length of the window.
    pub length: Span,
}

/// A generator of random plans of faults.
pub struct Swarm {
    kinds: Vec<Kind>,
    targets: Targets,
    /// The points by their sort.
    points: BTreeMap<What, Vec<Trigger>>,
    window: Window,
    most: u32,
    uniform: bool,
}

impl Swarm {
    /// A generator of up to `most` faults of these kinds, on these targets, that begin within a
    /// window (its beginning and its length). Without copies of tables, the kinds that affect
    /// copies are left out.
    pub fn new(mut kinds: Vec<Kind>, targets: Targets, window: Window, most: u32) -> Self {
        kinds.retain(|kind| !targets.copies.is_empty() || !is_of_copies(&*kind.template));
        Self { kinds, targets, points: BTreeMap::new(), window, most, uniform: false }
    }

    /// This swarm, whose faults may also begin at these points.
    #[must_use]
    pub fn at_points(mut self, points: impl IntoIterator<Item = Trigger>) -> Self {
        for point in points {
            match self.points.get_mut(&point.what) {
                Some(sort) => sort.push(point),
                None => drop(self.points.insert(point.what.clone(), vec![point])),
            }
        }
        self
    }

    /// The points at which faults may begin, by sort.
    pub fn points(&self) -> impl Iterator<Item = &Trigger> {
        self.points.values().flatten()
    }

    /// This generator without a character of each run, so that every kind, time and point is
    /// equally likely: the baseline.
    #[must_use]
    pub const fn uniform(mut self, uniform: bool) -> Self {
        self.uniform = uniform;
        self
    }

    /// Draws at least one fault and at most as many as allowed; none if there is no target.
    pub fn draw(&self, rng: &mut dyn Rng) -> Vec<PlannedFault> {
        self.draw_some(rng.random_range(1..=self.most.max(1)), rng)
    }

    /// Draws so many faults, or as many as possible.
    pub fn draw_some(&self, count: u32, rng: &mut dyn Rng) -> Vec<PlannedFault> {
        let mut character = self.character(rng);
        let mut plan = Vec::new();
        for _ in 0..count {
            // An error means that no weight is above zero, so nothing is left to draw.
            let Ok(kinds) = WeightedIndex::new(&character.weights) else { break };
            let at = kinds.sample(rng);
            match self.fault(&self.kinds[at], character.aimed, rng) {
                Some(fault) => {
                    plan.push(fault);
                    character.left[at] -= 1;
                    if character.left[at] == 0 {
                        character.weights[at] = 0;
                    }
                }
                None => character.weights[at] = 0,
            }
        }
        plan
    }

    /// Draws the character of one run.
    fn character(&self, rng: &mut dyn Rng) -> Character {
        let left = self.kinds.iter().map(|kind| kind.allowance.count).collect();
        if self.uniform {
            return Character { weights: vec![1; self.kinds.len()], left, aimed: 0.0 };
        }
        let mut weight = || if rng.random_bool(0.5) { rng.random_range(1..=8) } else { 0 };
        let mut weights: Vec<u32> = self.kinds.iter().map(|_| weight()).collect();
        if weights.iter().all(|weight| *weight == 0)
            && let Some(only) = weights.choose_mut(rng)
        {
            *only = 1;
        }
        Character { weights, left, aimed: rng.random() }
    }

    /// Draws one fault of a kind; none if it has no target.
    fn fault(&self, kind: &Kind, aimed: f64, rng: &mut dyn Rng) -> Option<PlannedFault> {
        for _ in 0..TRIES {
            let fault = kind.template.draw(&self.targets, rng)?;
            let of_message = fault.action() != Action::Go;
            let length = (!of_message).then(|| length(kind.allowance.longest, rng));
            let start = Start::At(Span::ZERO);
            let mut planned = PlannedFault { start, length, fault };
            // The number of outages on a name is checked later, for the whole plan.
            if !fits(&planned, &kind.allowance, &self.targets.drivers) {
                continue;
            }
            let aimed = of_message || rng.random_bool(aimed);
            let point = aimed.then(|| self.point(&*planned.fault, of_message, rng)).flatten();
            planned.start = match point {
                Some(point) => Start::On(point),
                None if of_message => return None,
                None => Start::At(self.time(rng)),
            };
            return Some(planned);
        }
        None
    }

    /// A time within the window, in whole milliseconds.
    fn time(&self, rng: &mut dyn Rng) -> Span {
        let Window { from, length } = self.window;
        let millis = length.as_nanos() / Span::from_millis(1).as_nanos();
        from + Span::from_millis(rng.random_range(0..millis.max(1)))
    }

    /// Draws one of the points: any, or one at which a target of the fault acts. For a message only
    /// the point before it leaves is used, because its fate is decided there.
    fn point(
        &self,
        fault: &dyn PreparedFault,
        of_message: bool,
        rng: &mut dyn Rng,
    ) -> Option<Trigger> {
        let names = fault.reach().names();
        let near = !of_message && !self.uniform && rng.random_bool(0.5);
        let fits = |trigger: &Trigger| {
            let about = trigger.what.hook.is_message() && trigger.when == When::Before;
            let there = trigger.who.as_ref().is_some_and(|who| names.contains(who));
            (!of_message || about) && (!near || there)
        };
        let sorts: Vec<&Vec<Trigger>> =
            self.points.values().filter(|sort| sort.iter().any(fits)).collect();
        let sorts = match self.uniform {
            true => sorts,
            false => vec![*sorts.choose(rng)?],
        };
        let all = sorts.into_iter().flatten();
        // `choose_stable`, because the result of `choose` depends on the size hint of the iterator.
        all.filter(|trigger| fits(trigger)).choose_stable(rng).cloned()
    }
}

/// Returns whether a kind of fault affects copies of tables.
pub(super) fn is_of_copies(fault: &dyn PreparedFault) -> bool {
    fault.parts().iter().any(|part| matches!(part, Part::Copy { .. }))
}

/// The character of one run.
struct Character {
    /// The relative weight of each kind.
    weights: Vec<u32>,
    /// The number of faults of each kind that may still be drawn.
    left: Vec<u32>,
    /// The share of faults that wait for a point.
    aimed: f64,
}

/// Draws a round length up to the longest allowed.
fn length(longest: Span, rng: &mut dyn Rng) -> Span {
    let count = LENGTHS.iter().take_while(|length| **length <= longest).count();
    LENGTHS[..count].choose(rng).copied().unwrap_or(longest)
}

#[cfg(test)]
mod tests;
