//! The interface of an ownership technique, and the list of those that exist.

use std::sync::Arc;

use crate::model::registry::{Entry, Registry, decode, json};
use crate::model::system::System;

pub use crate::model::registry::Settings;

/// A way to arrange who owns which data: one type, one file, one word in the registry.
pub trait Technique: 'static {
    /// The name in scenarios, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// The settings of the technique.
    type Settings: Settings;

    /// The system as it is laid out by this technique. What is there keeps its number: services,
    /// databases, tables and their columns, operations and their steps are re-pointed, and what is
    /// new comes behind them.
    ///
    /// # Errors
    /// Why this system cannot be laid out so, in words, with names in backticks: all reasons.
    fn apply(settings: &Self::Settings, system: System) -> Result<System, Vec<String>>;
}

/// A technique with its settings, ready to be applied.
pub trait PreparedTechnique: Send + Sync {
    /// The name of the technique.
    fn name(&self) -> &'static str;
    /// The technique in one line.
    fn summary(&self) -> &'static str;
    /// Its settings, defaults included.
    fn settings(&self) -> serde_json::Value;
    /// The system as it is laid out by this technique.
    ///
    /// # Errors
    /// Why this system cannot be laid out so, in words.
    fn apply(&self, system: System) -> Result<System, Vec<String>>;
}

/// A registered technique.
pub type TechniqueEntry = Entry<dyn PreparedTechnique>;

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

    fn apply(&self, system: System) -> Result<System, Vec<String>> {
        T::apply(&self.0, system)
    }
}

/// The techniques that a scenario may name.
#[derive(Default)]
pub struct Techniques(Registry<dyn PreparedTechnique>);

impl Techniques {
    /// The techniques that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<super::table_split::TableSplit>()
            .with::<super::shared_database::SharedDatabase>()
            .with::<super::schema_per_owner::SchemaPerOwner>()
            .with::<super::data_domain::DataDomain>()
            .with::<super::delegate::Delegate>()
            .with::<super::consolidation::Consolidation>()
            .with::<super::monolith::Monolith>()
            .with::<super::microlith::Microlith>()
            .with::<super::reference_service::ReferenceService>()
            .with::<super::replicate::Replicate>()
            .with::<super::shared_schema::SharedSchema>()
            .with::<super::audit_sink::AuditSink>()
            .with::<super::same_schema::SameSchema>()
            .with::<super::rows_api::RowsApi>()
    }

    /// These and one more.
    pub fn with<T: Technique>(self) -> Self {
        Self(self.0.with_entry(Entry::new::<T::Settings>(
            (T::NAME, T::SUMMARY, T::MANUAL),
            |tree| Ok(Arc::new(With::<T>(decode(tree)?))),
            || Arc::new(With::<T>(T::Settings::default())),
        )))
    }

    /// The technique with this name.
    pub fn find(&self, name: &str) -> Option<&TechniqueEntry> {
        self.0.find(name)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.names()
    }

    /// All techniques, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, TechniqueEntry> {
        self.0.iter()
    }
}
