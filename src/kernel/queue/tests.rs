//! All queues against a sorted set, with cancellation and compaction.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::kernel::Span;

#[derive(Clone, Debug)]
enum Op {
    /// Push so far ahead of the clock; many coincide.
    Push(u64),
    /// Cancel one of the pending entries.
    Cancel(prop::sample::Index),
    /// Take what is due now.
    PopNow,
    /// Take what is due within so long; if nothing is, the clock moves on.
    PopNext(u64),
    /// Clear out what was cancelled.
    Purge,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let ahead = prop_oneof![4 => 0_u64..8, 4 => 0_u64..1_000, 1 => 0..u64::MAX / 4];
    let op = prop_oneof![
        5 => ahead.clone().prop_map(Op::Push),
        1 => any::<prop::sample::Index>().prop_map(Op::Cancel),
        2 => Just(Op::PopNow),
        3 => ahead.prop_map(Op::PopNext),
        1 => Just(Op::Purge),
    ];
    vec(op, 1..300)
}

/// A reference queue that always hands out the least entry.
#[derive(Default)]
struct Sorted(BTreeSet<Entry>);

impl PendingSet for Sorted {
    fn push(&mut self, entry: Entry) {
        self.0.insert(entry);
    }

    fn pop_now(&mut self, now: Time) -> Option<Entry> {
        self.pop_next(now)
    }

    fn pop_next(&mut self, until: Time) -> Option<Entry> {
        let first = *self.0.first()?;
        (first.time() <= until).then(|| self.0.pop_first()).flatten()
    }

    fn upcoming(&self) -> Option<Entry> {
        self.0.first().copied()
    }

    fn purge(&mut self, mut keep: impl FnMut(Entry) -> bool) {
        self.0.retain(|&entry| keep(entry));
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Carries the operations out; what was popped and how many were left, step by step.
fn play(queue: &mut impl PendingSet, ops: &[Op]) -> Vec<(Option<Entry>, usize)> {
    let mut now = Time::ZERO;
    let mut pending = BTreeSet::new();
    let mut cancelled = BTreeSet::new();
    let mut played = Vec::new();
    for (sequence, op) in (1..).zip(ops) {
        let popped = match op {
            Op::Push(ahead) => {
                let at = now + Span::from_nanos(1 + *ahead);
                let entry = Entry::new(at, Key::new(sequence, sequence % 2 == 0, 7));
                pending.insert(entry);
                queue.push(entry);
                None
            }
            Op::Cancel(index) => {
                let all: Vec<_> = pending.iter().copied().collect();
                if !all.is_empty() {
                    cancelled.insert(*index.get(&all));
                }
                None
            }
            Op::PopNow => queue.pop_now(now),
            Op::PopNext(ahead) => {
                let until = now + Span::from_nanos(*ahead);
                let popped = queue.pop_next(until);
                now = popped.map_or(until, Entry::time);
                popped
            }
            Op::Purge => {
                queue.purge(|entry| !cancelled.contains(&entry));
                pending.retain(|entry| !cancelled.contains(entry));
                None
            }
        };
        if let Some(entry) = popped {
            pending.remove(&entry);
        }
        played.push((popped, queue.len()));
    }
    while let Some(entry) = queue.pop_next(Time::NEVER) {
        played.push((Some(entry), queue.len()));
    }
    played
}

/// The entries that were popped in vain are left out, as are the steps that only clear out.
fn living(queue: &mut impl PendingSet, ops: &[Op], purging: bool) -> Vec<Entry> {
    let mut now = Time::ZERO;
    let mut all = Vec::new();
    let mut dead = BTreeSet::new();
    let mut popped = Vec::new();
    for (sequence, op) in (1..).zip(ops) {
        match op {
            Op::Push(ahead) => {
                let at = now + Span::from_nanos(1 + *ahead);
                all.push(Entry::new(at, Key::new(sequence, false, 0)));
                queue.push(Entry::new(at, Key::new(sequence, false, 0)));
            }
            Op::Cancel(index) if !all.is_empty() => _ = dead.insert(*index.get(&all)),
            Op::PopNext(ahead) => {
                let until = now + Span::from_nanos(*ahead);
                while let Some(entry) = queue.pop_next(until) {
                    if !dead.contains(&entry) {
                        popped.push(entry);
                    }
                }
                now = until;
            }
            Op::Purge if purging => queue.purge(|entry| !dead.contains(&entry)),
            _ => {}
        }
    }
    popped
}

proptest! {
    #[test]
    fn every_queue_is_the_sorted_set(ops in ops()) {
        let expected = play(&mut Sorted::default(), &ops);
        prop_assert_eq!(&play(&mut QuadHeap::new(), &ops), &expected);
        prop_assert_eq!(&play(&mut RadixHeap::new(), &ops), &expected);
        prop_assert_eq!(&play(&mut TwoLevel::new(), &ops), &expected);
    }

    #[test]
    fn clearing_out_the_dead_changes_nothing_for_the_living(ops in ops()) {
        let expected = living(&mut QuadHeap::new(), &ops, false);
        prop_assert_eq!(&living(&mut QuadHeap::new(), &ops, true), &expected);
        prop_assert_eq!(&living(&mut RadixHeap::new(), &ops, false), &expected);
        prop_assert_eq!(&living(&mut RadixHeap::new(), &ops, true), &expected);
        prop_assert_eq!(&living(&mut TwoLevel::new(), &ops, true), &expected);
    }
}

#[test]
fn keys_keep_what_they_are_made_of() {
    let (sequence, slot) = ((1 << SEQUENCE_BITS) - 1, (1 << SLOT_BITS) - 1);
    let key = Key::new(sequence, true, slot);
    assert_eq!((key.slot(), key.is_extra()), (slot, true));
    let key = Key::new(1, false, 5);
    assert_eq!((key.slot(), key.is_extra()), (5, false));
    let entry = Entry::new(Time::from_nanos(9), key);
    assert_eq!((entry.time(), entry.key()), (Time::from_nanos(9), key));
    assert!(Entry::new(Time::from_nanos(9), Key::new(2, false, 0)) > entry);
    assert!(Entry::new(Time::NEVER, Key::new(sequence, true, slot)) <= Entry::LAST);
}

#[test]
#[should_panic(expected = "2^40 timers")]
fn a_run_that_outgrows_the_sequence_fails_loudly() {
    Key::new(1 << SEQUENCE_BITS, false, 0);
}

#[test]
#[should_panic(expected = "2^23 timers and processes")]
fn a_run_that_outgrows_the_slots_fails_loudly() {
    Key::new(1, false, 1 << SLOT_BITS);
}
