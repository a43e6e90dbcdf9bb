//! The pending set: the timers in order of time and then of sequence number.
//!
//! The kernel uses the [`TwoLevel`] queue, which keeps a [`QuadHeap`] small. The [`RadixHeap`]
//! orders without comparisons; tests and benchmarks check the others against it.

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

/// The part of an [`Entry`] beside its time: `sequence(40) | extra(1) | slot(23)`.
///
/// The sequence number is unique in a run, so a key is never used twice: an entry whose timer was
/// cancelled differs from the key that its slot remembers.
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

    /// The slot of the timer.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

/// A time and a key in one word, so that one comparison orders by time and then by sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry(u128);

impl Entry {
    /// The greatest entry, which fills unused places.
    const LAST: Self = Self(u128::MAX);

    /// An entry due at `time`.
    #[inline]
    pub fn new(time: Time, key: Key) -> Self {
        Self(u128::from(time.as_nanos()) << 64 | u128::from(key.0))
    }

    /// The time at which the entry is due.
    #[inline]
    pub const fn time(self) -> Time {
        Time::from_nanos((self.0 >> 64) as u64)
    }

    /// The key of the timer.
    #[inline]
    pub const fn key(self) -> Key {
        Key(self.0 as u64)
    }
}

/// A set of pending entries that hands them out in order.
///
/// Time is monotone: entries are pushed for later than now (a delay of zero is not a timer), and in
/// the order of their sequence numbers. No method returns the next entry without taking it, because
/// a radix heap that looked past the clock could not accept an earlier entry afterwards.
pub trait PendingSet {
    /// Adds an entry.
    fn push(&mut self, entry: Entry);

    /// Takes the first entry if it is due at `now`, which is the time of the last entry popped, or
    /// one up to which all were popped.
    fn pop_now(&mut self, now: Time) -> Option<Entry>;

    /// Takes the first entry if it is due at `until` or before.
    fn pop_next(&mut self, until: Time) -> Option<Entry>;

    /// An entry that will probably be popped soon, if one is at hand. It is a hint for fetching
    /// memory ahead, and never decides what happens.
    fn upcoming(&self) -> Option<Entry>;

    /// Removes every entry that `keep` rejects. The order of the others does not change.
    fn purge(&mut self, keep: impl FnMut(Entry) -> bool);

    /// The number of entries, cancelled ones included.
    fn len(&self) -> usize;

    /// Returns whether the queue holds no entry.
    #[cfg(any(test, feature = "internals"))]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
