//! The pending set: what is due later, ordered by time and then by sequence number.
//!
//! The kernel runs on the [`TwoLevel`] queue, which keeps a [`QuadHeap`] small. The [`RadixHeap`]
//! orders without comparing, by other means entirely, and holds the others to account in tests and
//! benchmarks.

mod heap;
#[cfg(any(test, feature = "internals"))]
mod radix;
mod two_level;

pub use heap::QuadHeap;
#[cfg(any(test, feature = "internals"))]
pub use radix::RadixHeap;
pub use two_level::TwoLevel;

use super::Time;

/// Bits of a sequence number: enough for 10^12 timers in one run.
const SEQUENCE_BITS: u32 = 40;
/// Bits of a slot number: enough for 8.4 million timers at a time.
const SLOT_BITS: u32 = 23;

/// Everything of an [`Entry`] but its time: `sequence(40) | extra(1) | slot(23)`.
///
/// The sequence number is unique in a run, so a key is never used twice, and an entry whose timer
/// was cancelled is recognised by no longer being the key that its slot remembers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key(u64);

impl Key {
    /// The key of no entry.
    pub const NONE: Self = Self(0);

    /// Packs a key. `sequence` counts from 1; `extra` tells the two kinds of slots apart.
    ///
    /// # Panics
    ///
    /// If a run outgrows the bits of either number.
    #[inline]
    pub fn new(sequence: u64, extra: bool, slot: u32) -> Self {
        assert!(sequence >> SEQUENCE_BITS == 0, "a run has at most 2^40 timers");
        assert!(slot >> SLOT_BITS == 0, "a run has at most 2^23 timers and processes at a time");
        Self(sequence << (SLOT_BITS + 1) | u64::from(extra) << SLOT_BITS | u64::from(slot))
    }

    /// Returns whether the slot belongs to an extra timer, not to a task's own.
    #[inline]
    pub const fn is_extra(self) -> bool {
        self.0 >> SLOT_BITS & 1 == 1
    }

    /// The slot that it belongs to.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

/// A time and a key in one word, so that one comparison orders by time and then by sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry(u128);

impl Entry {
    /// No entry is greater; fills unused places.
    const LAST: Self = Self(u128::MAX);

    /// An entry due at `time`.
    #[inline]
    pub fn new(time: Time, key: Key) -> Self {
        Self(u128::from(time.as_nanos()) << 64 | u128::from(key.0))
    }

    /// When it is due.
    #[inline]
    pub const fn time(self) -> Time {
        Time::from_nanos((self.0 >> 64) as u64)
    }

    /// Whose it is.
    #[inline]
    pub const fn key(self) -> Key {
        Key(self.0 as u64)
    }
}

/// A set of pending entries that hands them out in order.
///
/// Time is monotone: entries are pushed for later than now (no delay is no timer), and in the order
/// of their sequence numbers. There is no way to
/// be sure of the next entry without taking it, because a radix heap could not look past the clock
/// and still accept an earlier entry afterwards.
pub trait PendingSet {
    /// Adds an entry.
    fn push(&mut self, entry: Entry);

    /// Takes the first entry if it is due at `now`: the time of the last entry popped, or one up to
    /// which all were popped.
    fn pop_now(&mut self, now: Time) -> Option<Entry>;

    /// Takes the first entry if it is due at `until` or before.
    fn pop_next(&mut self, until: Time) -> Option<Entry>;

    /// An entry that will probably be popped soon, if one is at hand. It decides nothing: it only
    /// lets memory be fetched ahead.
    fn upcoming(&self) -> Option<Entry>;

    /// Forgets every entry that `keep` rejects. The order of the others does not change.
    fn purge(&mut self, keep: impl FnMut(Entry) -> bool);

    /// How many entries there are, cancelled ones included.
    fn len(&self) -> usize;

    /// Returns whether the queue holds no entry.
    #[cfg(any(test, feature = "internals"))]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
