//! Provenance: which effects of which operations a stored value reflects.
//!
//! A [`Provenance`] is a multiset of effects, opaque outside the store. It is a chain of immutable
//! links: appending shares everything that was there before, so a counter that thousands of
//! operations have added to costs one link each, and a difference walks only what is new.

use std::fmt;
use std::sync::Arc;

use crate::model::record::OpId;
use crate::model::system::StepId;

/// The direction of a step: forward, or its compensation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Direction {
    /// The step itself.
    Forward = 0,
    /// Its compensation.
    Undo = 1,
}

/// One effect of one operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Effect {
    /// The operation.
    pub op: OpId,
    /// The step of the operation.
    pub step: StepId,
    /// The direction.
    pub direction: Direction,
}

/// An effect, and the number of times that it is reflected.
pub(super) type Entry = (Effect, i32);

/// The effects that a value reflects, with the number of times for each.
#[derive(Clone, Default)]
pub struct Provenance(Option<Arc<Link>>);

/// The newest entries of a chain, and what came before. There is a link for nearly every effect of
/// a run, so what most of them do without is on the heap.
enum Link {
    /// One effect, once.
    One { before: Provenance, depth: u32, effect: Effect },
    /// Some entries.
    Many { before: Provenance, depth: u32, entries: Box<Box<[Entry]>> },
}

const _: () = assert!(size_of::<Link>() <= 24, "there are very many of them");

impl Link {
    const fn before(&self) -> &Provenance {
        match self {
            Self::One { before, .. } | Self::Many { before, .. } => before,
        }
    }

    const fn depth(&self) -> u32 {
        match self {
            Self::One { depth, .. } | Self::Many { depth, .. } => *depth,
        }
    }

    /// The chain before, which is taken from it.
    fn take(&mut self) -> Option<Arc<Self>> {
        match self {
            Self::One { before, .. } | Self::Many { before, .. } => before.0.take(),
        }
    }

    /// The entries of this link alone.
    fn entries(&self) -> impl Iterator<Item = Entry> {
        let (one, many) = match self {
            Self::One { effect, .. } => (Some((*effect, 1)), &[][..]),
            Self::Many { entries, .. } => (None, &***entries),
        };
        one.into_iter().chain(many.iter().copied())
    }
}

impl Drop for Link {
    /// The links are dropped one by one, because a long chain would overflow the stack by
    /// recursion.
    fn drop(&mut self) {
        let mut next = self.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.take();
        }
    }
}

impl Provenance {
    /// The chain with one more effect.
    pub(super) fn and(&self, effect: Effect) -> Self {
        let (before, depth) = (self.clone(), self.depth() + 1);
        Self(Some(Arc::new(Link::One { before, depth, effect })))
    }

    /// The chain with one more effect; if it is the first, a link that cells of a row can share.
    pub(super) fn or_first(&self, effect: Effect, first: &Self) -> Self {
        if self.0.is_none() { first.clone() } else { self.and(effect) }
    }

    /// The chain with more entries, which may be negative.
    pub(super) fn plus(&self, entries: Vec<Entry>) -> Self {
        if entries.is_empty() {
            return self.clone();
        }
        let (before, depth, entries) = (self.clone(), self.depth() + 1, Box::new(entries.into()));
        Self(Some(Arc::new(Link::Many { before, depth, entries })))
    }

    fn depth(&self) -> u32 {
        self.0.as_ref().map_or(0, |link| link.depth())
    }

    /// Returns whether both are the same allocation, not only equal.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Returns whether this chain is another one extended by so many links.
    #[cfg(test)]
    pub(super) fn extends(&self, old: &Self, links: u32) -> bool {
        let mut new = self;
        for _ in 0..links {
            let Some(link) = &new.0 else { return false };
            new = link.before();
        }
        new.same(old)
    }

    /// The entries that this chain has more often than an older one; a negative number if less
    /// often.
    pub(super) fn since(&self, old: &Self) -> Vec<Entry> {
        let mut change = Vec::new();
        let (mut new, mut old) = (self, old);
        while !new.same(old) {
            if new.depth() >= old.depth() {
                let link = new.0.as_ref().expect("the deeper chain is not empty");
                change.extend(link.entries());
                new = link.before();
            } else {
                let link = old.0.as_ref().expect("the deeper chain is not empty");
                change.extend(link.entries().map(|(effect, n)| (effect, -n)));
                old = link.before();
            }
        }
        sum(change)
    }

    /// The number of times that it reflects an effect.
    pub(super) fn times(&self, effect: Effect) -> i32 {
        let mut times = 0;
        let mut rest = self;
        while let Some(link) = &rest.0 {
            let entries = link.entries().filter(|entry| entry.0 == effect);
            times += entries.map(|entry| entry.1).sum::<i32>();
            rest = link.before();
        }
        times
    }

    /// The effects that it reflects, in order.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.since(&Self::default())
    }

    /// The provenance of a value computed from several others: each effect as often as in that one
    /// of them which reflects it most. Cells of one row share effects, which must not be counted
    /// twice.
    fn union<'a>(members: impl Iterator<Item = &'a Self>) -> Self {
        let mut distinct: Vec<&Self> = Vec::new();
        for member in members.filter(|member| member.0.is_some()) {
            if !distinct.last().is_some_and(|last| last.same(member)) {
                distinct.push(member);
            }
        }
        match distinct.as_slice() {
            [] => Self::default(),
            [one] => (*one).clone(),
            many => {
                let all = many.iter().flat_map(|member| member.entries()).collect();
                Self::default().plus(most(all))
            }
        }
    }
}

/// Sums the entries of each effect, drops zeros, in order.
fn sum(mut entries: Vec<Entry>) -> Vec<Entry> {
    if entries.len() > 1 {
        entries.sort_unstable_by_key(|entry| entry.0);
        entries.dedup_by(|next, kept| {
            let equal = next.0 == kept.0;
            if equal {
                kept.1 += next.1;
            }
            equal
        });
    }
    entries.retain(|entry| entry.1 != 0);
    entries
}

/// Keeps the greatest entry of each effect, in order.
pub(super) fn most(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_unstable_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
    entries.dedup_by_key(|entry| entry.0);
    entries
}

impl fmt::Debug for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provenance(..)")
    }
}

/// A value as it was read: a number, with its (opaque) provenance.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// The value.
    pub value: i64,
    pub(super) provenance: Provenance,
}

/// A value to be written that was derived from versions that were read.
#[derive(Clone, Debug)]
pub struct Derived {
    pub(super) value: i64,
    pub(super) provenance: Provenance,
    /// True if the effects are those of steps that belong to the cell already.
    pub(super) at_home: bool,
}

/// The difference between a value and the derived one.
#[derive(Clone, Debug)]
pub struct Delta {
    pub(super) amount: i64,
    pub(super) wanted: Derived,
    pub(super) found: Provenance,
}

impl Version {
    /// A derived value that copies this version, to be written elsewhere (or back).
    pub fn copied(&self) -> Derived {
        Derived { value: self.value, provenance: self.provenance.clone(), at_home: false }
    }

    /// A value computed from versions that were read. Pass every version on which the value
    /// depends, including those that a filter rejected: a count of open tickets is 7 also because
    /// others are closed.
    pub fn computed<'a>(value: i64, read: impl Iterator<Item = &'a Self>) -> Derived {
        let provenance = Provenance::union(read.map(|version| &version.provenance));
        Derived { value, provenance, at_home: false }
    }
}

impl Derived {
    /// A value whose effects are those of steps that belong to the cell.
    pub(super) fn at_home(value: i64, provenance: Provenance) -> Self {
        Self { value, provenance, at_home: true }
    }

    /// The value that would be written.
    pub fn value(&self) -> i64 {
        self.value
    }

    /// The difference that turns `current` into this version.
    pub fn delta_from(&self, current: &Version) -> Delta {
        Delta {
            amount: self.value.wrapping_sub(current.value),
            wanted: self.clone(),
            found: current.provenance.clone(),
        }
    }
}

impl Delta {
    /// The amount that would be added.
    pub fn amount(&self) -> i64 {
        self.amount
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn effect(op: u32) -> Effect {
        Effect { op: OpId(op), step: StepId(0), direction: Direction::Forward }
    }

    fn chain(ops: &[u32]) -> Provenance {
        ops.iter().fold(Provenance::default(), |chain, op| chain.and(effect(*op)))
    }

    #[test]
    fn a_long_chain_is_dropped_without_recursion() {
        let ops: Vec<u32> = (0..300_000).collect();
        assert_eq!(chain(&ops).entries().len(), ops.len());
    }

    #[test]
    fn a_computed_value_counts_a_shared_effect_once_and_a_double_one_twice() {
        let version = |ops: &[u32]| Version { value: 0, provenance: chain(ops) };
        let read = [version(&[1, 2]), version(&[1, 3, 3])];
        let derived = Version::computed(5, read.iter());
        let expected = vec![(effect(1), 1), (effect(2), 1), (effect(3), 2)];
        assert_eq!(derived.provenance.entries(), expected);
    }

    proptest! {
        #[test]
        fn a_difference_is_that_of_the_multisets(
            shared in prop::collection::vec(0_u32..6, 0..6),
            left in prop::collection::vec(0_u32..6, 0..6),
            right in prop::collection::vec(0_u32..6, 0..6),
            fork: bool,
        ) {
            let base = chain(&shared);
            let other = if fork { base.clone() } else { chain(&shared) };
            let grow = |base: Provenance, ops: &[u32]| {
                ops.iter().fold(base, |chain, op| chain.and(effect(*op)))
            };
            let (old, new) = (grow(base, &left), grow(other, &right));
            let count = |ops: &[u32], op| ops.iter().filter(|one| **one == op).count() as i32;
            let expected: Vec<Entry> = (0..6)
                .map(|op| (effect(op), count(&right, op) - count(&left, op)))
                .filter(|entry| entry.1 != 0)
                .collect();
            prop_assert_eq!(new.since(&old), expected);
        }
    }
}
