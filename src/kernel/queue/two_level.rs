//! A small heap of the entries that are due soon, in front of an unsorted list of all others.

use super::{Entry, PendingSet, QuadHeap};
use crate::kernel::Time;

/// A queue of two levels. Most pending timers of a simulation are due much later than its next
/// events (deadlines that are hardly ever missed, readers who come in ten seconds), and many of
/// them will be cancelled before. So only the entries that are due within a window of time are kept
/// in order; when the window is used up, one pass over all the others finds those of the next
/// window.
pub struct TwoLevel {
    near: QuadHeap,
    /// The entries that are due behind `until`.
    far: Vec<Entry>,
    /// The time up to which `near` holds everything.
    until: Time,
    /// The time at which the first of `far` is due; [`Time::NEVER`] if there is none.
    next: Time,
    /// The length of the window that is moved into `near` at once, in nanoseconds. It adapts to the
    /// number of pending entries, so that a pass moves about one in ten of them.
    width: u64,
}

impl Default for TwoLevel {
    fn default() -> Self {
        Self::new()
    }
}

impl TwoLevel {
    /// An empty queue.
    pub fn new() -> Self {
        let (near, far) = (QuadHeap::new(), Vec::with_capacity(32));
        Self { near, far, until: Time::ZERO, next: Time::NEVER, width: 1 << 20 }
    }

    /// Returns whether every entry, cancelled ones included, is due later than `time`.
    #[inline]
    pub fn is_later(&self, time: Time) -> bool {
        self.near.first().time() > time && self.next > time
    }

    /// Moves the next window into the heap, unless nothing is due at `until` or before.
    #[cold]
    fn refill(&mut self, until: Time) {
        if self.far.is_empty() || self.next > until {
            return;
        }
        self.until = Time::from_nanos(self.next.as_nanos().saturating_add(self.width));
        self.next = Time::NEVER;
        let (all, mut at) = (self.far.len(), 0);
        while let Some(entry) = self.far.get(at).copied() {
            if entry.time() <= self.until {
                self.far.swap_remove(at);
                self.near.push(entry);
            } else {
                self.next = self.next.min(entry.time());
                at += 1;
            }
        }
        let taken = all - self.far.len();
        if taken < 16 + all / 16 {
            self.width = self.width.saturating_mul(2);
        } else if taken > 64 + all / 4 {
            self.width = (self.width / 2).max(1);
        }
    }
}

impl PendingSet for TwoLevel {
    #[inline]
    fn push(&mut self, entry: Entry) {
        if entry.time() <= self.until {
            self.near.push(entry);
        } else {
            self.next = self.next.min(entry.time());
            self.far.push(entry);
        }
    }

    #[inline]
    fn pop_now(&mut self, now: Time) -> Option<Entry> {
        self.pop_next(now)
    }

    #[inline]
    fn pop_next(&mut self, until: Time) -> Option<Entry> {
        if self.near.len() == 0 {
            self.refill(until);
        }
        self.near.pop_next(until)
    }

    #[inline]
    fn upcoming(&self) -> Option<Entry> {
        self.near.upcoming()
    }

    fn purge(&mut self, mut keep: impl FnMut(Entry) -> bool) {
        self.near.purge(&mut keep);
        self.far.retain(|entry| keep(*entry));
        self.next = self.far.iter().map(|entry| entry.time()).min().unwrap_or(Time::NEVER);
    }

    fn len(&self) -> usize {
        self.near.len() + self.far.len()
    }
}
