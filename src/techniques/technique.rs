//! The interface of an ownership technique.

use std::sync::Arc;

use crate::model::reason::Reason;
use crate::model::registry::{Configurable, Entry, Register, Registry, decode, json};
use crate::model::system::System;

pub use crate::model::registry::Settings;

/// An ownership technique: one type, one file, one line in the registry.
pub trait Technique: 'static {
    /// The name in scenarios, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// The settings of the technique.
    type Settings: Settings;

    /// The system in the layout of this technique. Existing services, databases, tables with their
    /// columns, and operations with their steps keep their numbers; new ones are appended.
    ///
    /// # Errors
    ///
    /// All reasons why this system cannot be laid out so. A problem points at the first of its
    /// names that occurs in the settings.
    fn apply(settings: &Self::Settings, system: System) -> Result<System, Vec<Reason>>;
}

/// A technique with its settings, ready to be applied.
pub trait PreparedTechnique: Send + Sync {
    /// The name of the technique.
    fn name(&self) -> &'static str;
    /// The technique in one line.
    fn summary(&self) -> &'static str;
    /// Its settings, defaults included.
    fn settings(&self) -> serde_json::Value;
    /// The system in the layout of this technique.
    ///
    /// # Errors
    ///
    /// All reasons why this system cannot be laid out so.
    fn apply(&self, system: System) -> Result<System, Vec<Reason>>;
}

struct With<T: Technique>(T::Settings);

impl<T: Technique> PreparedTechnique for With<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn summary(&self) -> &'static str {
        T::SUMMARY
    }

    fn settings(&self) -> serde_json::Value {
        json(&self.0)
    }

    fn apply(&self, system: System) -> Result<System, Vec<Reason>> {
        T::apply(&self.0, system)
    }
}

impl<T: Technique> Register<Configurable<dyn PreparedTechnique>> for T {
    fn entry() -> TechniqueEntry {
        Entry {
            name: T::NAME,
            summary: T::SUMMARY,
            manual: T::MANUAL,
            kind: Configurable::new::<T::Settings>(
                |tree| Ok(Arc::new(With::<T>(decode(tree)?))),
                || Arc::new(With::<T>(T::Settings::default())),
            ),
        }
    }
}

/// A registered technique.
pub type TechniqueEntry = Entry<Configurable<dyn PreparedTechnique>>;

/// The techniques that a scenario may name.
pub type Techniques = Registry<Configurable<dyn PreparedTechnique>>;
