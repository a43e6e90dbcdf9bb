//! A 4-ary heap with one cache line for each group of four siblings.

use super::{Entry, PendingSet};
use crate::kernel::Time;

/// Four siblings: 64 bytes that start at a multiple of 64.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Family([Entry; 4]);

impl Family {
    const EMPTY: Self = Self([Entry::LAST; 4]);
}

/// The place of the root: the last of the first family, whose other places stay unused.
///
/// With it the children of place `i` are exactly family `i - 2`, and its parent is `i / 4 + 2`.
const ROOT: usize = 3;

/// A 4-ary min-heap. Unused places hold the greatest entry, so a family is always compared whole.
#[derive(Default)]
pub struct QuadHeap {
    families: Vec<Family>,
    len: usize,
}

impl QuadHeap {
    /// An empty heap, with room for what a small world has pending.
    pub fn new() -> Self {
        Self { families: Vec::with_capacity(16), len: 0 }
    }

    /// The first entry, or the greatest one if there is none.
    #[inline]
    pub(super) fn first(&self) -> Entry {
        self.families.first().map_or(Entry::LAST, |family| family.0[ROOT])
    }

    fn pop(&mut self) -> Entry {
        let first = self.first();
        let last = self.take_last();
        if self.len > 0 {
            self.sink(ROOT, last);
        }
        first
    }

    /// Takes the entry in the last place, which is not the smallest unless it is the only one.
    fn take_last(&mut self) -> Entry {
        self.len -= 1;
        let place = ROOT + self.len;
        let last = std::mem::replace(&mut self.families[place / 4].0[place % 4], Entry::LAST);
        if place.is_multiple_of(4) || self.len == 0 {
            self.families.pop();
        }
        last
    }

    /// Moves the smallest child up into the hole at `place`, down the tree, until `entry` fits
    /// there.
    #[inline]
    fn sink(&mut self, mut place: usize, entry: Entry) {
        while let Some(children) = self.families.get(place - 2) {
            let [a, b, c, d] = children.0;
            let (left, i) = if b < a { (b, 1) } else { (a, 0) };
            let (right, j) = if d < c { (d, 3) } else { (c, 2) };
            let (least, lane) = if right < left { (right, j) } else { (left, i) };
            if least >= entry {
                break;
            }
            self.families[place / 4].0[place % 4] = least;
            place = (place - 2) * 4 + lane;
        }
        self.families[place / 4].0[place % 4] = entry;
    }
}

impl PendingSet for QuadHeap {
    #[inline]
    fn push(&mut self, entry: Entry) {
        let mut place = ROOT + self.len;
        if place.is_multiple_of(4) || self.families.is_empty() {
            self.families.push(Family::EMPTY);
        }
        self.len += 1;
        while place > ROOT {
            let parent = place / 4 + 2;
            let above = self.families[parent / 4].0[parent % 4];
            if above <= entry {
                break;
            }
            self.families[place / 4].0[place % 4] = above;
            place = parent;
        }
        self.families[place / 4].0[place % 4] = entry;
    }

    #[inline]
    fn pop_now(&mut self, now: Time) -> Option<Entry> {
        self.pop_next(now)
    }

    #[inline]
    fn pop_next(&mut self, until: Time) -> Option<Entry> {
        (self.len > 0 && self.first().time() <= until).then(|| self.pop())
    }

    #[inline]
    fn upcoming(&self) -> Option<Entry> {
        (self.len > 0).then(|| self.first())
    }

    fn purge(&mut self, mut keep: impl FnMut(Entry) -> bool) {
        let kept: Vec<Entry> = (ROOT..ROOT + self.len)
            .map(|place| self.families[place / 4].0[place % 4])
            .filter(|&entry| keep(entry))
            .collect();
        self.families.clear();
        self.len = 0;
        for entry in kept {
            self.push(entry);
        }
    }

    fn len(&self) -> usize {
        self.len
    }
}
