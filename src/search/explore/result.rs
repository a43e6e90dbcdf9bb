//! The result of an exploration.

use super::candidates::{PruneReason, Pruned, Strike};
use crate::checks::Verdict;
use crate::checks::census::Census;
use crate::faults::budget::Excess;
use crate::faults::trigger::OpName;
use crate::kernel::Span;
use crate::model::path::Paths;
use crate::search::coverage::Coverage;

/// The result of an exploration.
pub struct Explored {
    /// The scenario.
    pub scenario: String,
    /// The variant.
    pub variant: String,
    /// The seed of all draws.
    pub seed: u64,
    /// How many faults a plan has at most.
    pub depth: u8,
    /// The operations that were offered.
    pub operations: Vec<OpName>,
    /// How many points the run without faults passes before everything would heal.
    pub points: u64,
    /// The properties that were judged, in the order of the verdicts of each plan.
    pub properties: Vec<String>,
    /// The paths of the pattern, and those that its plans took within its budget.
    pub coverage: Coverage,
    /// Every plan that was run: the one without faults, those with one, those with two.
    pub plans: Vec<Plan>,
    /// Plans with one fault that were not run, and why.
    pub pruned_singles: Pruned,
    /// Plans with two faults that were not run, and why.
    pub pruned_pairs: Pruned,
    /// Plans that a cap or an interruption left out.
    pub left_out: u64,
    /// True if pairs are not even counted, since runs with their first fault were left out.
    pub is_cut_short: bool,
    /// True if somebody asked to stop.
    pub interrupted: bool,
}

/// A plan of faults, and what its run came to.
pub struct Plan {
    /// Its faults, in the order in which they strike.
    pub strikes: Vec<Strike>,
    /// The outcome of its run.
    pub outcome: Outcome,
}

/// The outcome of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// True if everything had settled at the end.
    pub settled: bool,
    /// True if every fault struck.
    pub struck: bool,
    /// Why the plan is outside of what the pattern is made for, if it is.
    pub degraded: Option<Excess>,
    /// The census of its operations.
    pub census: Census,
    /// From the heal to all or nothing everywhere; none if that never came.
    pub recovery: Option<Span>,
    /// The verdict on each property.
    pub verdicts: Vec<Verdict>,
    /// Why the first violated one is.
    pub why: String,
    /// The paths of the pattern that it took.
    pub paths: Paths,
}

impl Outcome {
    /// Returns whether the run says what becomes of its plan: it came to rest, and was struck as
    /// planned.
    pub fn is_decided(&self) -> bool {
        self.settled && self.struck
    }

    /// The verdict on the run: what is violated beyond the budget of the pattern is no violation,
    /// and a run that does not say what becomes of its plan, or in which no property at all had a
    /// chance to fail, decides nothing.
    pub fn verdict(&self) -> Verdict {
        let violated = self.verdicts.contains(&Verdict::Violated);
        let degraded = self.degraded.is_some();
        match () {
            () if violated && !degraded => Verdict::Violated,
            () if !self.is_decided() => Verdict::Undecided,
            () if violated || self.verdicts.contains(&Verdict::Held) => Verdict::Held,
            () => Verdict::Undecided,
        }
    }
}

impl Plan {
    /// The properties that it breaks within the budget of the pattern, by position.
    pub fn broken(&self) -> impl Iterator<Item = usize> {
        let counts = self.outcome.degraded.is_none();
        self.with(Verdict::Violated).filter(move |_| counts)
    }

    /// The properties on which its run has this verdict, by position.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = usize> {
        let verdicts = self.outcome.verdicts.iter().enumerate();
        verdicts.filter(move |(_, it)| **it == verdict).map(|(at, _)| at)
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

    /// The counts of pruned plans, single plans and pairs together, in the order in which it is
    /// told.
    pub fn reasons(&self) -> impl Iterator<Item = (PruneReason, u64)> {
        let of = |reason: PruneReason| {
            let both = [&self.pruned_singles, &self.pruned_pairs];
            both.iter().filter_map(|pruned| pruned.get(&reason)).sum::<u64>()
        };
        PruneReason::ALL.into_iter().map(move |reason| (reason, of(reason))).filter(|it| it.1 > 0)
    }

    /// Returns whether nothing is open: every plan was run, came to rest and was struck as planned.
    pub fn is_complete(&self) -> bool {
        let whole = self.left_out == 0 && !self.is_cut_short && !self.interrupted;
        whole && self.plans.iter().all(|plan| plan.outcome.is_decided())
    }

    /// Returns whether any run had a chance to break a property, by its position. Runs beyond the
    /// budget of the pattern do not count.
    pub fn is_tested(&self, at: usize) -> bool {
        let counts = |plan: &&Plan| plan.outcome.degraded.is_none();
        let mut verdicts = self.plans.iter().filter(counts).map(|it| it.outcome.verdicts[at]);
        verdicts.any(|verdict| verdict != Verdict::Undecided)
    }

    /// The verdict on a property, by its position: violated by any plan; held only if nothing is
    /// open and some run had a chance to break it.
    pub fn standing(&self, at: usize) -> Verdict {
        match () {
            () if self.plans.iter().any(|plan| plan.broken().any(|it| it == at)) => {
                Verdict::Violated
            }
            () if self.is_complete() && self.is_tested(at) => Verdict::Held,
            () => Verdict::Undecided,
        }
    }

    /// Every property with the verdict on it.
    pub fn standings(&self) -> impl Iterator<Item = (&str, Verdict)> {
        let names = self.properties.iter().enumerate();
        names.map(|(at, name)| (&**name, self.standing(at)))
    }

    /// Properties that some run had a chance to break, and none broke.
    pub fn unbroken(&self) -> impl Iterator<Item = &str> {
        let broken = |at: usize| self.plans.iter().any(|plan| plan.broken().any(|it| it == at));
        let held = (0..self.properties.len()).filter(move |at| self.is_tested(*at) && !broken(*at));
        held.map(|at| &*self.properties[at])
    }

    /// Properties that no run at all had a chance to break.
    pub fn idle(&self) -> impl Iterator<Item = &str> {
        let open = (0..self.properties.len()).filter(|at| !self.is_tested(*at));
        open.map(|at| &*self.properties[at])
    }

    /// The verdict: that of the properties together. One that nothing put to the test leaves it
    /// undecided, as does an exploration that promises nothing: it could not have failed.
    pub fn verdict(&self) -> Verdict {
        Verdict::all(self.standings().map(|(_, standing)| standing))
    }
}
