//! A fuzz as a plan says it: what is drawn, wherever the runs are made.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::args::{Draws, FUZZ_RUNS};
use super::{Session, quote};
use crate::experiment::stop::Stop;
use crate::scenario::{Scenario, Variant};
use crate::search::fuzz::Fuzz;
use crate::search::trial::Trial;

/// The runs of a fuzz, which has no seeds but draws.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FuzzRuns {
    /// How many runs of each variant there are.
    pub runs: u64,
    /// The draws.
    pub hunted: Hunted,
}

/// The search of a fuzz, wherever its runs are made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Hunted {
    /// The path of the scenario, as it was typed.
    scenario: String,
    /// The seed of all draws.
    seed: u64,
    /// The draws, and what they are judged by.
    pub draws: Draws,
}

impl Hunted {
    /// These draws from a seed, of the scenario with this path.
    pub fn new(scenario: &Path, seed: u64, draws: &Draws) -> Self {
        Self { scenario: scenario.display().to_string(), seed, draws: draws.clone() }
    }

    /// The path of the scenario, as it was typed.
    pub fn path(&self) -> &Path {
        Path::new(&self.scenario)
    }

    /// The search, whose runs end once they are stopped.
    pub fn fuzz<'a>(
        &self,
        session: &'a Session,
        scenario: &'a Scenario,
        variants: &[&'a Variant],
        stop: &Stop,
    ) -> Fuzz<'a> {
        let trial = |variant: &&'a Variant| {
            let trial = Trial::new(scenario, variant).until(stop);
            match () {
                () if self.draws.own_promises => trial.by_own_promises(),
                () if self.draws.degraded => trial.degraded(),
                () => trial,
            }
        };
        Fuzz {
            trials: variants.iter().map(trial).collect(),
            faults: &session.registries.faults,
            seed: self.seed,
            operations: usize::from(self.draws.operations),
            most: self.draws.faults,
            uniform: self.draws.uniform,
        }
    }

    /// The command that finds a run of a variant again.
    pub fn command(&self, trial: &Trial, run: u64) -> String {
        let Draws { operations, faults, uniform, own_promises, degraded, .. } = self.draws;
        format!(
            "driftlab fuzz {} --variant {} --seed {} --operations {operations} --faults {faults}\
             {}{}{}{}",
            quote(&self.scenario),
            quote(&trial.variant().name.shown),
            self.seed,
            if uniform { " --uniform" } else { "" },
            if own_promises { " --own-promises" } else { "" },
            if degraded { " --degraded" } else { "" },
            if run < FUZZ_RUNS { String::new() } else { format!(" --runs {}", run + 1) },
        )
    }
}
