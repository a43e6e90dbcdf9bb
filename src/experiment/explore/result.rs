//! What an exploration came to.

use super::candidates::{Pruned, Reason, Strike};
use crate::checks::Verdict;
use crate::checks::census::Census;
use crate::faults::trigger::OpName;
use crate::kernel::Span;

/// What an exploration came to.
pub struct Explored {
    /// The scenario.
    pub scenario: String,
    /// The variant.
    pub variant: String,
    /// The seed of all draws.
    pub seed: u64,
    /// How many faults a plan has at most.
    pub depth: u8,
    /// What was offered.
    pub operations: Vec<OpName>,
    /// How many points the run without faults passes before everything would heal.
    pub points: u64,
    /// The properties that were judged, in the order of the verdicts of each plan.
    pub properties: Vec<String>,
    /// Every plan that was run: the one without faults, those with one, those with two.
    pub plans: Vec<Plan>,
    /// Plans with one fault that were not run, and why.
    pub pruned_singles: Pruned,
    /// Plans with two faults that were not run, and why.
    pub pruned_pairs: Pruned,
    /// Plans that a cap or an interruption left out.
    pub left_out: u64,
    /// Whether pairs are not even counted, since runs with their first fault were left out.
    pub is_cut_short: bool,
    /// Whether somebody asked to stop.
    pub interrupted: bool,
}

/// A plan of faults, and what its run came to.
pub struct Plan {
    /// Its faults, in the order in which they strike.
    pub strikes: Vec<Strike>,
    /// What its run came to.
    pub outcome: Outcome,
}

/// What one run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether everything had settled at the end.
    pub settled: bool,
    /// Whether every fault struck.
    pub struck: bool,
    /// Why the plan is outside of what the pattern is made for, if it is.
    pub degraded: Option<String>,
    /// What every operation came to.
    pub census: Census,
    /// From the heal to all or nothing everywhere; none if that never came.
    pub recovery: Option<Span>,
    /// The verdict on each property.
    pub verdicts: Vec<Verdict>,
    /// Why the first violated one is.
    pub why: String,
}

impl Outcome {
    /// The verdict on the run: what is violated beyond the budget of the pattern is no violation,
    /// and what did not come to rest, or was not struck as planned, decides nothing.
    pub fn verdict(&self) -> Verdict {
        let violated = self.verdicts.contains(&Verdict::Violated);
        match () {
            () if violated && self.degraded.is_none() => Verdict::Violated,
            () if !self.settled || !self.struck => Verdict::Undecided,
            () => Verdict::Held,
        }
    }
}

impl Plan {
    /// The properties that it breaks within the budget of the pattern, by position.
    pub fn broken(&self) -> impl Iterator<Item = usize> {
        let counts = self.outcome.degraded.is_none();
        let verdicts = self.outcome.verdicts.iter().enumerate();
        verdicts.filter(move |(_, it)| counts && **it == Verdict::Violated).map(|(at, _)| at)
    }
}

impl Explored {
    /// The plans with this many faults.
    pub fn with(&self, faults: usize) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(move |plan| plan.strikes.len() == faults)
    }

    /// The plans that break a property.
    pub fn broken(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| plan.outcome.verdict() == Verdict::Violated)
    }

    /// What was pruned, single plans and pairs together, in the order in which it is told.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> {
        let of = |reason: Reason| {
            let both = [&self.pruned_singles, &self.pruned_pairs];
            both.iter().filter_map(|pruned| pruned.get(&reason)).sum::<u64>()
        };
        Reason::ALL.into_iter().map(move |reason| (reason, of(reason))).filter(|it| it.1 > 0)
    }

    /// Properties that no run at all had a chance to break.
    pub fn idle(&self) -> impl Iterator<Item = &str> {
        let decided = |at: usize| {
            self.plans.iter().any(|plan| plan.outcome.verdicts.get(at) != Some(&Verdict::Undecided))
        };
        let open = (0..self.properties.len()).filter(move |at| !decided(*at));
        open.map(|at| &*self.properties[at])
    }

    /// The verdict: violated by any plan; held only if every plan was run and decided.
    pub fn verdict(&self) -> Verdict {
        let verdict = Verdict::all(self.plans.iter().map(|plan| plan.outcome.verdict()));
        let whole = self.left_out == 0 && !self.is_cut_short && !self.interrupted;
        match verdict {
            Verdict::Held if !whole || self.properties.is_empty() => Verdict::Undecided,
            verdict => verdict,
        }
    }
}
