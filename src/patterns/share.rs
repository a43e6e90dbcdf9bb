//! Which operations a pattern carries out, where several work side by side in one world.

use std::sync::Arc;

use crate::model::system::{OperationKind, OperationSpec, System};

/// The operations of one pattern: all, unless others have theirs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share(Option<Arc<[OperationKind]>>);

impl Share {
    /// Every operation.
    pub fn all() -> Self {
        Self::default()
    }

    /// These kinds of operation, at any time of the run.
    pub fn these(kinds: impl IntoIterator<Item = OperationKind>) -> Self {
        Self(Some(kinds.into_iter().collect()))
    }

    /// Returns whether operations of this kind belong to it.
    pub fn has(&self, kind: OperationKind) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// The operations that belong to both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (None, _) => other.clone(),
            (_, None) => self.clone(),
            (Some(kinds), Some(_)) => {
                Self::these(kinds.iter().copied().filter(|kind| other.has(*kind)))
            }
        }
    }

    /// The system with its operations only: the others keep their places and have no steps. What
    /// refers to operations and says nothing about how they are carried out is left out: loads,
    /// reads, and which of them is offered when.
    pub fn own(&self, system: &System) -> System {
        let operations = system.kinds().zip(&system.operations).map(|(kind, operation)| {
            let steps = if self.has(kind) { operation.steps.clone() } else { Vec::new() };
            OperationSpec { steps, ..operation.clone() }
        });
        let operations = operations.collect();
        let (loads, reads, layouts) = (Vec::new(), Vec::new(), Vec::new());
        System { operations, loads, reads, layouts, ..system.clone() }
    }

    /// Its operations, in the order of the system.
    pub fn of<'s>(&self, system: &'s System) -> impl Iterator<Item = &'s OperationSpec> {
        system.kinds().filter(|kind| self.has(*kind)).map(|kind| system.operation(kind))
    }
}
