//! The coverage of a search: the paths of a pattern that it has taken, and the guarantees that it
//! can judge because of them.

use super::trial::Trial;
use crate::model::path::{Path, Paths};
use crate::patterns::promise;

/// The paths that a pattern names, those that runs took, and the guarantees that depend on them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// The paths that the pattern names.
    pub named: Paths,
    /// The paths that were taken.
    pub taken: Paths,
    /// The guarantees about effects of operations, which each of these paths may break.
    promises: Vec<&'static str>,
}

impl Coverage {
    /// The coverage of a variant before the first run.
    pub fn of(trial: &Trial<'_>) -> Self {
        let mut promises = trial.promises().guarantees.clone();
        promises.retain(|name| promise::rests_on_paths(name));
        let named = trial.variant().pattern.paths(trial.system());
        Self { named, taken: Paths::new(), promises }
    }

    /// Adds the paths that a run took.
    pub fn take(&mut self, paths: &Paths) {
        self.taken.extend(paths);
    }

    /// Adds the paths that another search of the same variant took.
    pub fn add(&mut self, other: Self) {
        if self.named.is_empty() {
            *self = other;
        } else {
            self.taken.extend(other.taken);
        }
    }

    /// The paths that no run took.
    pub fn missing(&self) -> impl Iterator<Item = Path> {
        self.named.difference(&self.taken).copied()
    }

    /// Returns whether every path was taken.
    pub fn is_whole(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Returns whether runs without a violation of a property show that it holds: one that depends
    /// on paths holds only once all of them were taken.
    pub fn decides(&self, property: &str) -> bool {
        !self.promises.contains(&property) || self.is_whole()
    }
}
