//! Which operations a pattern carries out, where several work side by side in one world.

use std::rc::Rc;

use crate::model::system::{OperationKind, OperationSpec, System};

/// The operations of one pattern: all, unless others have theirs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share(Option<Rc<[OperationKind]>>);

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

    /// Its operations, in the order of the system.
    pub fn of<'s>(&self, system: &'s System) -> impl Iterator<Item = &'s OperationSpec> {
        system.kinds().filter(|kind| self.has(*kind)).map(|kind| system.operation(kind))
    }
}
