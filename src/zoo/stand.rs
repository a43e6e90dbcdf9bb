//! Where an exhibit is shown: the zoo's scenario, and the pattern with and without its mistake.

use super::Exhibit;
use crate::experiment::trial::{Case, Trial};
use crate::faults::plan::PlannedFault;
use crate::model::contract::Promises;
use crate::model::system::Name;
use crate::scenario::{Registries, Scenario, Variant};

/// How many operations a run has in which an exhibit shows under its least plan.
pub const OPERATIONS: usize = 12;

/// The scenario that every exhibit runs.
const SHOP: &str = include_str!("shop.toml");

/// An exhibit in the zoo's scenario.
pub struct Stand {
    scenario: Scenario,
    wrong: Variant,
    correct: Variant,
    promises: Promises,
    pub(super) seed: u64,
}

impl Stand {
    /// Puts an exhibit up.
    ///
    /// # Panics
    ///
    /// If the exhibit's pattern, settings or least plan of faults are not what a scenario may have.
    pub fn of(exhibit: &Exhibit) -> Self {
        let is_said = |line: &&str| exhibit.refusals || !line.starts_with("refuse ");
        let lines: Vec<&str> = SHOP.lines().chain(exhibit.least.lines()).filter(is_said).collect();
        let text = lines.join("\n");
        let scenario = Scenario::from_text(&text, &Registries::builtin());
        let scenario = scenario.unwrap_or_else(|problems| panic!("{}: {problems}", exhibit.id));
        let variant = |name: &str, pattern| Variant {
            name: Name::new(name),
            technique: String::new(),
            pattern,
            system: std::sync::Arc::clone(&scenario.system),
        };
        let correct = variant("correct", exhibit.correct());
        let promises = correct.pattern.promises(&scenario.system);
        Self {
            wrong: variant(exhibit.id, exhibit.pattern()),
            correct,
            promises,
            scenario,
            seed: exhibit.seed,
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

    /// A case with the exhibit's operations and these faults.
    pub fn case(&self, faults: &[PlannedFault]) -> Case {
        let (seed, operations) = (self.seed, self.wrong().offers(self.seed, OPERATIONS));
        Case { seed, operations, faults: faults.to_vec(), salts: Vec::new() }
    }
}
