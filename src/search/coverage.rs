//! Which paths of a pattern a search has taken, and which of its promises it can therefore speak
//! about.

use super::trial::Trial;
use crate::model::path::{Path, Paths};
use crate::patterns::promise;

/// The paths that a pattern names, those that runs took, and the promises that rest on them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// The paths that the pattern names.
    pub named: Paths,
    /// Those that were taken.
    pub taken: Paths,
    /// The promises about what operations come to, which each of these paths may break.
    promises: Vec<&'static str>,
}

impl Coverage {
    /// The paths of a variant, none of which is taken yet.
    pub fn of(trial: &Trial<'_>) -> Self {
        let mut promises = trial.promises().guarantees.clone();
        promises.retain(|name| promise::rests_on_paths(name));
        let named = trial.variant().pattern.paths(trial.system());
        Self { named, taken: Paths::new(), promises }
    }

    /// A run took these paths.
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

    /// Returns whether runs that did not break a property say that it holds: one that rests on
    /// paths does so only once all of them were taken.
    pub fn decides(&self, property: &str) -> bool {
        !self.promises.contains(&property) || self.is_whole()
    }
}
