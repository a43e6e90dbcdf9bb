//! The result of an exploration.

use super::candidates::{PruneReason, Pruned, Strike};
use crate::checks::Verdict;
use crate::checks::census::Census;
use crate::checks::properties::is_of_parts;
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
    /// The greatest number of faults in a plan.
    pub depth: u8,
    /// The operations that were offered.
    pub operations: Vec<OpName>,
    /// The number of points that the run without faults passes before the heal.
    pub points: u64,
    /// The properties that were judged, in the order of the verdicts of each plan.
    pub properties: Vec<String>,
    /// The paths of the pattern, with those that plans within its budget took.
    pub coverage: Coverage,
    /// Every plan that was run: the one without faults, those with one, those with two.
    pub plans: Vec<Plan>,
    /// The numbers of plans with one fault that were pruned, by reason.
    pub pruned_singles: Pruned,
    /// The numbers of plans with two faults that were pruned, by reason.
    pub pruned_pairs: Pruned,
    /// Plans that a cap or an interruption left out.
    pub left_out: u64,
    /// True if pairs are not counted, because runs with their first fault were left out.
    pub is_cut_short: bool,
    /// True if a stop was requested.
    pub interrupted: bool,
}

/// A plan of faults, with the outcome of its run.
pub struct Plan {
    /// Its faults, in the order in which they begin.
    pub strikes: Vec<Strike>,
    /// The outcome of its run.
    pub outcome: Outcome,
}

/// The outcome of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// True if everything had settled at the end.
    pub settled: bool,
    /// True if every fault began.
    pub struck: bool,
    /// The excess of the plan over the pattern's budget, if there is one.
    pub degraded: Option<Excess>,
    /// The census of its operations.
    pub census: Census,
    /// The time from the heal until every operation was complete or absent; none if that never
    /// came.
    pub recovery: Option<Span>,
    /// The verdict on each property.
    pub verdicts: Vec<Verdict>,
    /// The reason for the first violation.
    pub why: String,
    /// The paths of the pattern that it took.
    pub paths: Paths,
}

impl Outcome {
    /// Returns whether the run decides about its plan: it settled, and every fault began as
    /// planned.
    pub fn is_decided(&self) -> bool {
        self.settled && self.struck
    }

    /// The verdict on the run. A violation beyond the budget of the pattern is none, and a run is
    /// undecided if it does not decide about its plan, or if no property had a chance to fail.
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
    /// The positions of the properties that it breaks within the budget of the pattern.
    pub fn broken(&self) -> impl Iterator<Item = usize> {
        let counts = self.outcome.degraded.is_none();
        self.with(Verdict::Violated).filter(move |_| counts)
    }

    /// The positions of the properties with this verdict.
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

    /// The numbers of pruned plans, single faults and pairs together, in the order of reports.
    pub fn reasons(&self) -> impl Iterator<Item = (PruneReason, u64)> {
        let of = |reason: PruneReason| {
            let both = [&self.pruned_singles, &self.pruned_pairs];
            both.iter().filter_map(|pruned| pruned.get(&reason)).sum::<u64>()
        };
        PruneReason::ALL.into_iter().map(move |reason| (reason, of(reason))).filter(|it| it.1 > 0)
    }

    /// Drops the properties of parts that no plan breaks: nobody has promised them.
    pub(super) fn drop_what_does_not_count(&mut self) {
        let broken = |at: usize| {
            self.plans.iter().any(|plan| plan.outcome.verdicts[at] == Verdict::Violated)
        };
        let names = self.properties.iter().enumerate();
        let counts: Vec<bool> = names.map(|(at, name)| !is_of_parts(name) || broken(at)).collect();
        let kept = |at: &mut usize| {
            *at += 1;
            counts[*at - 1]
        };
        let mut at = 0;
        self.properties.retain(|_| kept(&mut at));
        for plan in &mut self.plans {
            at = 0;
            plan.outcome.verdicts.retain(|_| kept(&mut at));
        }
    }

    /// Returns whether nothing is open: every plan was run, settled, and had its faults as planned.
    pub fn is_complete(&self) -> bool {
        let whole = self.left_out == 0 && !self.is_cut_short && !self.interrupted;
        whole && self.plans.iter().all(|plan| plan.outcome.is_decided())
    }

    /// Returns whether any run had a chance to break a property, given by its position. Runs beyond
    /// the budget of the pattern do not count.
    pub fn is_tested(&self, at: usize) -> bool {
        let counts = |plan: &&Plan| plan.outcome.degraded.is_none();
        let mut verdicts = self.plans.iter().filter(counts).map(|it| it.outcome.verdicts[at]);
        verdicts.any(|verdict| verdict != Verdict::Undecided)
    }

    /// The verdict on a property, given by its position: violated by any plan; held only if nothing
    /// is open and some run had a chance to break it.
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

    /// The verdict: that of the properties together. A property that no run could break leaves it
    /// undecided, as does a pattern without guarantees.
    pub fn verdict(&self) -> Verdict {
        Verdict::all(self.standings().map(|(_, standing)| standing))
    }
}
