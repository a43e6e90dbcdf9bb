//! The operations that a pattern carries out, where several patterns run side by side.

use std::sync::Arc;

use crate::model::system::{OperationKind, OperationSpec, System};

/// The set of operations that one pattern carries out: all, unless others carry out some.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share {
    kinds: Option<Arc<[OperationKind]>>,
    /// The number of the pattern among those side by side, from 0. The state of the pattern on
    /// nodes that it shares with others carries this number.
    pub part: u8,
}

impl Share {
    /// Every operation.
    pub fn all() -> Self {
        Self::default()
    }

    /// The operations of these kinds, at any time of the run.
    pub fn these(kinds: impl IntoIterator<Item = OperationKind>) -> Self {
        Self { kinds: Some(kinds.into_iter().collect()), part: 0 }
    }

    /// This share, as that of the pattern with this number.
    #[must_use]
    pub fn of_part(self, part: u8) -> Self {
        Self { part, ..self }
    }

    /// Returns whether operations of this kind belong to the share.
    pub fn has(&self, kind: OperationKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// The intersection with `other`, as a share of that pattern.
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

    /// The system with the operations of this share only: the others keep their positions and have
    /// no steps. Everything that refers to operations and does not say how they are carried out is
    /// left out: loads, reads, and the times at which operations are offered.
    pub fn own(&self, system: &System) -> System {
        let operations = system.kinds().zip(&system.operations).map(|(kind, operation)| {
            let steps = if self.has(kind) { operation.steps.clone() } else { Vec::new() };
            OperationSpec { steps, ..operation.clone() }
        });
        let operations = operations.collect();
        let (loads, reads, layouts) = (Vec::new(), Vec::new(), Vec::new());
        System { operations, loads, reads, layouts, ..system.clone() }
    }

    /// The operations of the share, in the order of the system.
    pub fn of<'s>(&self, system: &'s System) -> impl Iterator<Item = &'s OperationSpec> {
        system.kinds().filter(|kind| self.has(*kind)).map(|kind| system.operation(kind))
    }
}
