//! driftlab as a value: the parts that scenarios can name and the files that come out.

use std::sync::Arc;

use crate::checks::measures::meter::Meter;
use crate::checks::properties::Property;
use crate::cli::{self, Exit};
use crate::experiment::compare::Study;
use crate::experiment::result::Comparison;
use crate::faults::fault::Fault;
use crate::patterns::pattern::Pattern;
use crate::report::export::{Export, Exports, File};
use crate::scenario::{Invalid, Registries, Scenario};
use crate::techniques::technique::Technique;

/// driftlab with the parts that it brings, and with a program's own.
///
/// A part is added by its type and replaces one of the same name. Scenarios then name it like any
/// other, `driftlab explain` shows its manual page, and the schema of scenario files describes its
/// settings.
pub struct Lab {
    registries: Registries,
    exports: Exports,
}

impl Default for Lab {
    fn default() -> Self {
        Self { registries: Registries::builtin(), exports: Exports::builtin() }
    }
}

impl Lab {
    /// driftlab with the parts that it brings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lab with a way to keep data consistent.
    #[must_use]
    pub fn pattern<P: Pattern>(mut self) -> Self {
        self.registries.patterns.add::<P>();
        self
    }

    /// The lab with a way to own data.
    #[must_use]
    pub fn technique<T: Technique>(mut self) -> Self {
        self.registries.techniques.add::<T>();
        self
    }

    /// The lab with a kind of fault.
    #[must_use]
    pub fn fault<F: Fault>(mut self) -> Self {
        self.registries.faults.add::<F>();
        self
    }

    /// The lab with a check: a property that patterns may promise.
    #[must_use]
    pub fn check<C: Property>(mut self) -> Self {
        Arc::make_mut(&mut self.registries.properties).add::<C>();
        self
    }

    /// The lab with a meter, which takes measures of its own in every run.
    #[must_use]
    pub fn meter<M: Meter>(mut self) -> Self {
        Arc::make_mut(&mut self.registries.meters).add::<M>();
        self
    }

    /// The lab with an export: a file, or a few, in every folder of results.
    #[must_use]
    pub fn export<E: Export>(mut self) -> Self {
        self.exports.add::<E>();
        self
    }

    /// Runs the whole program, `driftlab` with the parts of this lab, with the arguments of this
    /// process.
    pub fn main(self) -> Exit {
        cli::main_with(self.registries, self.exports)
    }

    /// Reads a scenario that names no other file.
    ///
    /// # Errors
    /// All its problems.
    pub fn scenario(&self, text: &str) -> Result<Scenario, Invalid> {
        Scenario::from_text(text, &self.registries)
    }

    /// Compares all variants of a scenario on these seeds, on as many cores as there are.
    ///
    /// # Panics
    /// If there is no seed, or the scenario has no variant.
    pub fn compare(&self, scenario: &Scenario, seeds: impl IntoIterator<Item = u64>) -> Comparison {
        Study::of(scenario, seeds).compare().expect("there are variants and seeds")
    }

    /// The files of a folder of results, sorted by path.
    pub fn files(&self, comparison: &Comparison) -> Vec<File> {
        self.exports.files(comparison)
    }
}
