//! The detection of a mutant: how many random runs kill it, which single faults do, and what its
//! failure shrinks to.

use super::{Harness, Mutant};
use crate::faults::fault::Faults;
use crate::kernel::Span;
use crate::search::explore::Exploration;
use crate::search::fuzz::Fuzz;
use crate::search::shrink::{Shrunk, shrink, violates};
use crate::search::trial::{Case, Trial};

/// How many runs a search has, as `driftlab fuzz` has if nothing else is said.
pub const RUNS: u64 = 10_000;

/// How many operations a run of a search has, likewise.
const OPERATIONS: usize = 20;

/// How many faults a run of a search has at most, likewise.
const FAULTS: u32 = 3;

/// How many operations are explored: one that goes well, one that is refused, and one beside them.
const EXPLORED: usize = 3;

/// How long a node stays down that an exploration crashes.
const OUTAGE: Span = Span::from_secs(1);

/// How plans of faults are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Draw {
    /// From a swarm.
    Swarm,
    /// Every kind, time and point alike.
    Uniform,
}

/// A search for runs that kill a mutant.
pub struct Detection<'a> {
    mutant: &'a Mutant,
    harness: &'a Harness,
    fuzz: Fuzz<'a>,
}

/// How many plans with at most one fault kill a mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Explored {
    /// How many plans were run, the one without faults included.
    pub plans: usize,
    /// How many of them kill it.
    pub killing: usize,
}

impl<'a> Detection<'a> {
    /// A search with plans of faults that are drawn from this seed.
    pub fn new(
        mutant: &'a Mutant,
        harness: &'a Harness,
        faults: &'a Faults,
        draw: Draw,
        seed: u64,
    ) -> Self {
        Self { mutant, harness, fuzz: fuzz(vec![harness.mutant()], faults, draw, seed) }
    }

    /// How many runs it takes to kill the mutant, if so many are enough.
    pub fn runs(&self, runs: u64) -> Option<u64> {
        self.fuzz.first(0, self.killer()?, runs).map(|number| number + 1)
    }

    /// The case of the last of so many runs.
    pub fn case(&self, runs: u64) -> Case {
        self.fuzz.case(0, runs - 1)
    }

    /// The simplest case that violates the same property as the last of so many runs.
    pub fn shrunk(&self, runs: u64) -> Option<Shrunk> {
        shrink(&self.fuzz.trials[0], &self.case(runs), self.killer()?, &mut |_| ())
    }

    /// Returns whether the original passes a case, which is thus about the mutation.
    pub fn is_sound(&self, case: &Case) -> bool {
        let violated = |killer| violates(&self.harness.original().run(case), killer);
        !self.killer().is_some_and(violated)
    }

    fn killer(&self) -> Option<&'a str> {
        self.mutant.killed_by.as_deref()
    }

    /// Runs every plan with at most one fault.
    pub fn explore(&self) -> Explored {
        let (trial, seed) = (self.harness.mutant(), self.fuzz.seed);
        let operations = trial.offers(seed, EXPLORED);
        let exploration =
            Exploration { trial, seed, operations, depth: 1, outage: OUTAGE, cap: None };
        let explored = exploration.run(&());
        let named = |at: usize| self.killer() == Some(&*explored.properties[at]);
        let killing = explored.plans.iter().filter(|plan| plan.broken().any(named)).count();
        Explored { plans: explored.plans.len(), killing }
    }
}

/// Random runs of some variants, as `driftlab fuzz` makes them.
pub fn fuzz<'a>(trials: Vec<Trial<'a>>, faults: &'a Faults, draw: Draw, seed: u64) -> Fuzz<'a> {
    let uniform = draw == Draw::Uniform;
    Fuzz { trials, faults, seed, operations: OPERATIONS, most: FAULTS, uniform }
}
