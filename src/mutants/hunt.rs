//! The hunt for an mutant: how many random runs find it, whether every single fault does, and what
//! its failure shrinks to.

use std::sync::atomic::AtomicBool;

use super::{Harness, Mutant};
use crate::faults::fault::Faults;
use crate::kernel::Span;
use crate::search::explore::Exploration;
use crate::search::fuzz::Fuzz;
use crate::search::shrink::{Shrunk, shrink, violates};
use crate::search::trial::{Case, Trial};

/// How many runs a hunt has, as `driftlab fuzz` has if nothing else is said.
pub const RUNS: u64 = 10_000;

/// How many operations a run of a hunt has, likewise.
const OPERATIONS: usize = 20;

/// How many faults a run of a hunt has at most, likewise.
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

/// A hunt for one mutant.
pub struct Hunt<'a> {
    mutant: &'a Mutant,
    harness: &'a Harness,
    fuzz: Fuzz<'a>,
}

/// What exploring an mutant came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spotted {
    /// How many plans were run, the one without faults included.
    pub plans: usize,
    /// How many of them violate the mutant's property.
    pub broken: usize,
}

impl<'a> Hunt<'a> {
    /// A hunt for what is wrong.
    pub fn new(
        mutant: &'a Mutant,
        harness: &'a Harness,
        faults: &'a Faults,
        (draw, seed): (Draw, u64),
    ) -> Self {
        Self { mutant, harness, fuzz: fuzz(vec![harness.wrong()], faults, (draw, seed)) }
    }

    /// How many runs it takes until one violates the mutant's property, if so many are enough.
    pub fn runs(&self, runs: u64) -> Option<u64> {
        self.fuzz.first(0, self.mutant.caught_by, runs).map(|number| number + 1)
    }

    /// The case of the last of so many runs.
    pub fn case(&self, runs: u64) -> Case {
        self.fuzz.case(0, runs - 1)
    }

    /// The simplest case that violates the same property as the last of so many runs.
    pub fn shrunk(&self, runs: u64) -> Option<Shrunk> {
        shrink(&self.fuzz.trials[0], &self.case(runs), self.mutant.caught_by, &mut |_| ())
    }

    /// Returns whether the pattern without the mistake survives a case, which is thus about the
    /// mistake.
    pub fn is_sound(&self, case: &Case) -> bool {
        !violates(&self.harness.correct().run(case), self.mutant.caught_by)
    }

    /// Every plan with at most one fault.
    pub fn explore(&self) -> Spotted {
        let (trial, seed) = (self.harness.wrong(), self.fuzz.seed);
        let operations = trial.offers(seed, EXPLORED);
        let exploration =
            Exploration { trial, seed, operations, depth: 1, outage: OUTAGE, cap: None };
        let explored = exploration.run(&AtomicBool::new(false), &());
        let named = |at: usize| explored.properties[at] == self.mutant.caught_by;
        let broken = explored.plans.iter().filter(|plan| plan.broken().any(named)).count();
        Spotted { plans: explored.plans.len(), broken }
    }
}

/// Random runs of some variants, as `driftlab fuzz` makes them.
pub fn fuzz<'a>(trials: Vec<Trial<'a>>, faults: &'a Faults, (draw, seed): (Draw, u64)) -> Fuzz<'a> {
    let uniform = draw == Draw::Uniform;
    Fuzz { trials, faults, seed, operations: OPERATIONS, most: FAULTS, uniform }
}
