//! Where an mutant is shown: the mutants's scenario, and the pattern with and without its mistake.

use super::Mutant;
use crate::faults::plan::PlannedFault;
use crate::model::contract::Promises;
use crate::model::system::Name;
use crate::scenario::{Registries, Scenario, Variant};
use crate::search::trial::{Case, Trial};

/// How many operations a run has in which an mutant shows under its least plan.
pub const OPERATIONS: usize = 12;

/// The scenario that every mutant runs.
const SHOP: &str = include_str!("shop.toml");

/// An mutant in the mutants's scenario.
pub struct Harness {
    scenario: Scenario,
    wrong: Variant,
    correct: Variant,
    promises: Promises,
    pub(super) seed: u64,
}

impl Harness {
    /// Puts an mutant up.
    ///
    /// # Panics
    ///
    /// If the mutant's pattern, settings or least plan of faults are not what a scenario may have.
    pub fn of(mutant: &Mutant) -> Self {
        let is_said = |line: &&str| mutant.refusals || !line.starts_with("refuse ");
        let lines: Vec<&str> = SHOP.lines().chain(mutant.least.lines()).filter(is_said).collect();
        let text = lines.join("\n");
        let scenario = Scenario::from_text(&text, &Registries::builtin());
        let scenario = scenario.unwrap_or_else(|problems| panic!("{}: {problems}", mutant.id));
        let variant = |name: &str, pattern| Variant {
            name: Name::new(name),
            technique: String::new(),
            pattern,
            system: std::sync::Arc::clone(&scenario.system),
        };
        let correct = variant("correct", mutant.correct());
        let promises = correct.pattern.promises(&scenario.system);
        Self {
            wrong: variant(mutant.id, mutant.pattern()),
            correct,
            promises,
            scenario,
            seed: mutant.seed,
        }
    }

    /// The pattern with its mistake, judged by what it promises without.
    pub fn wrong(&self) -> Trial<'_> {
        Trial::new(&self.scenario, &self.wrong).promising(self.promises.clone())
    }

    /// The pattern without its mistake.
    pub fn correct(&self) -> Trial<'_> {
        Trial::new(&self.scenario, &self.correct).promising(self.promises.clone())
    }

    /// The least plan of faults that shows the mistake.
    pub fn least(&self) -> &[PlannedFault] {
        &self.scenario.faults
    }

    /// A case with the mutant's operations and these faults.
    pub fn case(&self, faults: &[PlannedFault]) -> Case {
        let (seed, operations) = (self.seed, self.wrong().offers(self.seed, OPERATIONS));
        Case { seed, operations, faults: faults.to_vec(), branch_seeds: Vec::new() }
    }
}
