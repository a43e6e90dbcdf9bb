//! What a pattern is to the rest of driftlab, and the list of those that exist.

use std::sync::Arc;

use crate::model::registry::{Entry, Registry, decode, json};
use crate::model::system::System;

pub use crate::model::registry::Settings;

/// A way to carry out operations across services: one type, one file, one word in the registry.
pub trait Pattern: Sized + 'static {
    /// What scenarios call it, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// What can be chosen about it.
    type Settings: Settings;

    /// Problems of these settings on this system, in words.
    fn check(settings: &Self::Settings, system: &System) -> Vec<String> {
        let _ = (settings, system);
        Vec::new()
    }
}

/// A pattern with its settings, ready to run.
pub trait Prepared: Send + Sync {
    /// The name of the pattern.
    fn name(&self) -> &'static str;
    /// Its settings, defaults included.
    fn settings(&self) -> serde_json::Value;
    /// Problems of these settings on this system, in words.
    fn check(&self, system: &System) -> Vec<String>;
}

/// A registered pattern.
pub type PatternEntry = Entry<dyn Prepared>;

struct With<P: Pattern>(P::Settings);

impl<P: Pattern> Prepared for With<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn settings(&self) -> serde_json::Value {
        json(&self.0)
    }

    fn check(&self, system: &System) -> Vec<String> {
        P::check(&self.0, system)
    }
}

/// The patterns that a scenario may name.
#[derive(Default)]
pub struct Patterns(Registry<dyn Prepared>);

impl Patterns {
    /// The patterns that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// These and one more.
    pub fn with<P: Pattern>(self) -> Self {
        Self(self.0.with_entry(Entry::new::<P::Settings>(
            (P::NAME, P::SUMMARY, P::MANUAL),
            |tree| Ok(Arc::new(With::<P>(decode(tree)?))),
            || Arc::new(With::<P>(P::Settings::default())),
        )))
    }

    /// The pattern with this name.
    pub fn find(&self, name: &str) -> Option<&PatternEntry> {
        self.0.find(name)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.names()
    }

    /// All patterns, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, PatternEntry> {
        self.0.iter()
    }
}
