//! Sums of a run by operation: what each declared kind of operation caused, and what none of them
//! did, such as a relay's poll or the work of a broker for a whole group.

use super::Scope;
use crate::model::system::{OperationKind, System};

/// A value for each declared kind of operation, and one for what no operation caused.
#[derive(Clone, Debug, Default)]
pub struct ByKind<T> {
    /// The part that no operation caused.
    pub none: T,
    kinds: Vec<T>,
}

/// The number of occurrences, by the kind of operation that caused them.
pub type Counts = ByKind<u64>;

impl<T: Clone> ByKind<T> {
    /// The value `first` for every kind of operation of a system.
    pub fn new(system: &System, first: T) -> Self {
        Self { kinds: vec![first.clone(); system.operations.len()], none: first }
    }
}

impl<T> ByKind<T> {
    /// The part of a declared kind of operation, or of none.
    pub fn of(&mut self, kind: Option<OperationKind>) -> &mut T {
        match kind.and_then(|kind| self.kinds.get_mut(kind.index())) {
            Some(found) => found,
            None => &mut self.none,
        }
    }

    /// All parts; that of no operation comes first.
    pub fn all(&self) -> impl Iterator<Item = &T> + Clone {
        std::iter::once(&self.none).chain(&self.kinds)
    }

    /// All parts, as mutable references.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        std::iter::once(&mut self.none).chain(&mut self.kinds)
    }

    /// The parts of the operations that headlines pool, and that of no operation.
    pub fn pooled(&self, system: &System) -> impl Iterator<Item = &T> + Clone {
        let pooled = system.pooled_kinds().into_iter();
        let pooled: Vec<&T> = pooled.filter_map(|kind| self.kinds.get(kind.index())).collect();
        std::iter::once(&self.none).chain(pooled)
    }

    /// The part of each operation that has measures of its own.
    pub fn operations(&self, system: &System) -> impl Iterator<Item = (Scope, &T)> {
        Scope::of_operations(system)
            .filter_map(|(scope, kind)| Some((scope, self.kinds.get(kind.index())?)))
    }
}
