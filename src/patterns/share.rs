//! Which operations a pattern carries out, where several work side by side in one world.

use std::sync::Arc;

use crate::model::system::{OperationKind, OperationSpec, System};

/// The operations of one pattern: all, unless others have theirs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share {
    kinds: Option<Arc<[OperationKind]>>,
    /// The number of the pattern among those that work side by side, from 0. What it keeps on
    /// nodes that it shares with others carries this number.
    pub part: u8,
}

impl Share {
    /// Every operation.
    pub fn all() -> Self {
        Self::default()
    }

    /// These kinds of operation, at any time of the run.
    pub fn these(kinds: impl IntoIterator<Item = OperationKind>) -> Self {
        Self { kinds: Some(kinds.into_iter().collect()), part: 0 }
    }

    /// These operations, as those of the pattern with this number.
    #[must_use]
    pub fn of_part(self, part: u8) -> Self {
        Self { part, ..self }
    }

    /// Returns whether operations of this kind belong to it.
    pub fn has(&self, kind: OperationKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Those of the operations that belong to `other` as well, as operations of its part.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both = match (&self.kinds, &other.kinds) {
            (None, _) => other.clone(),
            (_, None) => self.clone(),
            (Some(kinds), Some(_)) => {
                Self::these(kinds.iter().copied().filter(|kind| other.has(*kind)))
            }
        };
        both.of_part(other.part)
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
