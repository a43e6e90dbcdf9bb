//! A radix heap, which sorts entries only as far as the next pop needs.

use super::{Entry, PendingSet};
use crate::kernel::Time;

/// The number of buckets: one for every highest bit in which a time may differ from the last one
/// popped, and one for times that do not differ.
const BUCKETS: usize = 65;

/// A monotone queue (Ahuja and others 1990, doi:10.1145/77600.77615).
///
/// Bucket `b` holds the times whose highest difference from the last one popped is bit `b - 1`, so
/// that lower buckets come before higher ones. When the lower ones are used up, the next bucket is
/// spread over them; an entry moves at most 64 times, through memory that is read in sequence.
/// Entries of equal times stay in the order in which they were pushed, which is their order by
/// sequence number, without a comparison.
pub struct RadixHeap {
    last: Time,
    len: usize,
    /// The number of entries of the first bucket that were popped.
    popped: usize,
    /// Bit `b - 1` is set if bucket `b` is not empty.
    filled: u64,
    buckets: [Vec<Entry>; BUCKETS],
}

impl Default for RadixHeap {
    fn default() -> Self {
        let buckets = [const { Vec::new() }; BUCKETS];
        Self { last: Time::ZERO, len: 0, popped: 0, filled: 0, buckets }
    }
}

impl RadixHeap {
    /// An empty heap that takes entries from [`Time::ZERO`] on.
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn place(&mut self, entry: Entry) {
        let difference = entry.time().as_nanos() ^ self.last.as_nanos();
        let bucket = (u64::BITS - difference.leading_zeros()) as usize;
        if bucket > 0 {
            self.filled |= 1 << (bucket - 1);
        }
        self.buckets[bucket].push(entry);
    }

    /// Spreads the lowest bucket that is not empty, if something in it is due at `until` or before.
    fn advance(&mut self, until: Time) -> bool {
        if self.filled == 0 {
            return false;
        }
        let bucket = self.filled.trailing_zeros() as usize + 1;
        let Some(first) = self.buckets[bucket].iter().map(|entry| entry.time()).min() else {
            return false;
        };
        if first > until {
            return false;
        }
        self.last = first;
        self.filled &= !(1 << (bucket - 1));
        let mut entries = std::mem::take(&mut self.buckets[bucket]);
        for &entry in &entries {
            self.place(entry);
        }
        entries.clear();
        self.buckets[bucket] = entries;
        true
    }
}

impl PendingSet for RadixHeap {
    #[inline]
    fn push(&mut self, entry: Entry) {
        debug_assert!(entry.time() >= self.last, "time is monotone");
        self.len += 1;
        self.place(entry);
    }

    #[inline]
    fn pop_now(&mut self, now: Time) -> Option<Entry> {
        if self.last > now {
            return None;
        }
        let entry = *self.buckets[0].get(self.popped)?;
        self.popped += 1;
        self.len -= 1;
        if self.popped == self.buckets[0].len() {
            self.buckets[0].clear();
            self.popped = 0;
        }
        Some(entry)
    }

    #[inline]
    fn pop_next(&mut self, until: Time) -> Option<Entry> {
        if let Some(entry) = self.pop_now(until) {
            return Some(entry);
        }
        if self.buckets[0].is_empty() && self.advance(until) { self.pop_now(until) } else { None }
    }

    #[inline]
    fn upcoming(&self) -> Option<Entry> {
        self.buckets[0].get(self.popped).copied()
    }

    fn purge(&mut self, mut keep: impl FnMut(Entry) -> bool) {
        self.buckets[0].drain(..self.popped);
        self.popped = 0;
        self.len = 0;
        for (bucket, entries) in self.buckets.iter_mut().enumerate() {
            entries.retain(|&entry| keep(entry));
            self.len += entries.len();
            if bucket > 0 && entries.is_empty() {
                self.filled &= !(1 << (bucket - 1));
            }
        }
    }

    fn len(&self) -> usize {
        self.len
    }
}
