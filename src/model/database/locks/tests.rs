//! The lock table against a naive model that works everything out anew at every step.

use super::*;
use std::collections::BTreeSet;

use crate::model::system::{RowKey, TableId};
use proptest::prelude::*;

fn row(key: u64) -> RowId {
    RowId { table: TableId(0), key: RowKey(key) }
}

const NOW: Time = Time::ZERO;

/// Requests in the order in which they stand: those granted first, then those that wait.
#[derive(Clone, Default)]
struct Naive {
    granted: Vec<(u64, u64, Mode)>,
    waiting: Vec<(u64, u64, Mode)>,
}

impl Naive {
    fn held(&self, txn: u64, row: u64) -> Option<Mode> {
        self.granted.iter().find(|g| (g.0, g.1) == (txn, row)).map(|g| g.2)
    }

    fn waits(&self, txn: u64) -> bool {
        self.waiting.iter().any(|w| w.0 == txn)
    }

    /// The line of a row: upgrades first.
    fn line(&self, row: u64) -> Vec<(u64, Mode)> {
        let here = || self.waiting.iter().filter(move |w| w.1 == row).map(|w| (w.0, w.2));
        let upgrade = |w: &(u64, Mode)| self.held(w.0, row).is_some();
        here().filter(upgrade).chain(here().filter(|w| !upgrade(w))).collect()
    }

    fn free(&self, txn: u64, row: u64, mode: Mode) -> bool {
        self.granted
            .iter()
            .filter(|g| g.1 == row && g.0 != txn)
            .all(|g| mode == Mode::Shared && g.2 == Mode::Shared)
    }

    /// Grants the first of some line that can be granted, until there is none.
    fn advance(&mut self) {
        while let Some(at) =
            self.waiting.iter().position(|w| self.line(w.1)[0].0 == w.0 && self.free(w.0, w.1, w.2))
        {
            let (txn, row, mode) = self.waiting.remove(at);
            self.granted.retain(|g| (g.0, g.1) != (txn, row));
            self.granted.push((txn, row, mode));
        }
    }

    /// Whom a waiter waits for: conflicting holders, and conflicting ones ahead of it.
    fn blockers(&self, txn: u64) -> Vec<u64> {
        let Some((_, row, mode)) = self.waiting.iter().find(|w| w.0 == txn) else {
            return Vec::new();
        };
        let conflict = |other: Mode| *mode == Mode::Exclusive || other == Mode::Exclusive;
        let holders = self.granted.iter().filter(|g| g.1 == *row && g.0 != txn && conflict(g.2));
        let line = self.line(*row);
        let ahead = line.iter().take_while(|w| w.0 != txn).filter(|w| conflict(w.1));
        holders.map(|g| g.0).chain(ahead.map(|w| w.0)).collect()
    }

    fn circle(&self, txn: u64) -> bool {
        let mut reached = self.blockers(txn);
        let mut at = 0;
        while at < reached.len() {
            for next in self.blockers(reached[at]) {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        reached.contains(&txn)
    }

    fn ask(&mut self, txn: u64, row: u64, mode: Mode) -> Asked {
        if matches!(self.held(txn, row), Some(held) if held == mode || held == Mode::Exclusive) {
            return Asked::Granted;
        }
        let before = self.clone();
        self.waiting.push((txn, row, mode));
        self.advance();
        if !self.waits(txn) {
            return Asked::Granted;
        }
        if self.circle(txn) {
            *self = before;
            return Asked::Deadlock;
        }
        Asked::Waits
    }

    fn give_up(&mut self, txn: u64) {
        self.waiting.retain(|w| w.0 != txn);
        self.advance();
    }

    fn release(&mut self, txn: u64, mode: Option<Mode>) {
        self.granted.retain(|g| g.0 != txn || mode.is_some_and(|mode| g.2 != mode));
        self.advance();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u64, u64, Mode),
    GiveUp(u64),
    Release(u64),
    ReleaseShared(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![Just(Mode::Shared), Just(Mode::Exclusive)];
    prop_oneof![
        8 => (0_u64..6, 0_u64..4, mode).prop_map(|(txn, row, mode)| Step::Ask(txn, row, mode)),
        1 => (0_u64..6).prop_map(Step::GiveUp),
        2 => (0_u64..6).prop_map(Step::Release),
        1 => (0_u64..6).prop_map(Step::ReleaseShared),
    ]
}

/// Everybody's locks and waits, as both sides see them.
fn same(table: &LockTable, naive: &Naive) -> Result<(), TestCaseError> {
    for txn in 0..6 {
        let mut held: Vec<u64> = table.held(TxnId(txn)).iter().map(|row| row.key.0).collect();
        held.sort_unstable();
        let mut expected: Vec<u64> =
            naive.granted.iter().filter(|g| g.0 == txn).map(|g| g.1).collect();
        expected.sort_unstable();
        prop_assert_eq!(held, expected);
        let awaited = naive.waiting.iter().find(|w| w.0 == txn).map(|w| row(w.1));
        prop_assert_eq!(table.awaited(TxnId(txn)), awaited);
        prop_assert!(!naive.circle(txn), "no circle of waiting ever stands");
    }
    Ok(())
}

proptest! {
    #[test]
    fn it_does_what_a_naive_model_does(steps in prop::collection::vec(step(), 0..60)) {
        let (mut table, mut naive) = (LockTable::new(LockOrder::Arrival), Naive::default());
        let (mut released, mut granted) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Ask(txn, _, _) if naive.waits(txn) => {}
                Step::Ask(txn, key, mode) => {
                    let asked = table.ask(TxnId(txn), row(key), mode, NOW);
                    prop_assert_eq!(asked, naive.ask(txn, key, mode));
                }
                Step::GiveUp(txn) => {
                    table.give_up(TxnId(txn), NOW, &mut granted);
                    naive.give_up(txn);
                }
                Step::Release(txn) => {
                    table.release(TxnId(txn), NOW, &mut released, &mut granted);
                    naive.give_up(txn);
                    naive.release(txn, None);
                }
                Step::ReleaseShared(txn) if naive.waits(txn) => {}
                Step::ReleaseShared(txn) => {
                    table.release_shared(TxnId(txn), NOW, &mut released, &mut granted);
                    naive.release(txn, Some(Mode::Shared));
                }
            }
            same(&table, &naive)?;
        }
        for txn in 0..6 {
            table.release(TxnId(txn), NOW, &mut released, &mut granted);
        }
        prop_assert_eq!(table.len(), 0, "nothing is left behind");
    }
}

#[test]
fn a_reader_waits_behind_a_writer_who_waits_already() {
    let mut table = LockTable::new(LockOrder::Arrival);
    let mut granted = Vec::new();
    let mut released = Vec::new();
    assert_eq!(table.ask(TxnId(1), row(7), Mode::Shared, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(2), row(7), Mode::Exclusive, NOW), Asked::Waits);
    assert_eq!(table.ask(TxnId(3), row(7), Mode::Shared, NOW), Asked::Waits);
    let later = NOW + Span::from_millis(5);
    table.release(TxnId(1), later, &mut released, &mut granted);
    assert_eq!(granted, [(TxnId(2), row(7), Wake::Granted)]);
    assert_eq!(released, [Released { row: row(7), held: Span::from_millis(5) }]);
}

#[test]
fn the_one_who_closes_the_circle_is_the_victim() {
    let mut table = LockTable::new(LockOrder::Arrival);
    assert_eq!(table.ask(TxnId(1), row(1), Mode::Exclusive, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(2), row(2), Mode::Exclusive, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(1), row(2), Mode::Exclusive, NOW), Asked::Waits);
    assert_eq!(table.ask(TxnId(2), row(1), Mode::Exclusive, NOW), Asked::Deadlock);
    assert_eq!(table.awaited(TxnId(2)), None, "the victim was not put in line");
}

#[test]
fn two_readers_who_both_want_to_write_are_a_deadlock() {
    let mut table = LockTable::new(LockOrder::Arrival);
    assert_eq!(table.ask(TxnId(1), row(1), Mode::Shared, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(2), row(1), Mode::Shared, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(1), row(1), Mode::Exclusive, NOW), Asked::Waits);
    assert_eq!(table.ask(TxnId(2), row(1), Mode::Exclusive, NOW), Asked::Deadlock);
}

/// A table with wake-all, and who was woken and has not asked again.
struct Race {
    table: LockTable,
    awake: BTreeSet<u64>,
    woken: Woken,
}

impl Race {
    fn new() -> Self {
        let table = LockTable::new(LockOrder::WakeAll);
        Self { table, awake: BTreeSet::new(), woken: Vec::new() }
    }

    fn ask(&mut self, txn: u64, mode: Mode) -> Asked {
        self.table.ask(TxnId(txn), row(7), mode, NOW)
    }

    /// Those that are woken now.
    fn hear(&mut self) -> Vec<u64> {
        let woken: Vec<_> = self.woken.drain(..).collect();
        let competes =
            |(txn, _, wake): (TxnId, RowId, Wake)| (wake == Wake::Competes).then_some(txn.0);
        let heard: Vec<u64> = woken.into_iter().filter_map(competes).collect();
        for txn in &heard {
            assert!(self.awake.insert(*txn), "nobody is woken twice");
        }
        heard
    }

    fn release(&mut self, txn: u64) -> Vec<u64> {
        self.awake.remove(&txn);
        self.table.release(TxnId(txn), NOW, &mut Vec::new(), &mut self.woken);
        self.hear()
    }

    fn compete(&mut self, txn: u64, follows: bool) -> (Asked, Vec<u64>) {
        assert!(self.awake.remove(&txn), "only who was woken asks again");
        let at = self.table.awaited(TxnId(txn)).expect("it waits");
        let asked = self.table.compete(TxnId(txn), at, follows, NOW, &mut self.woken);
        (asked, self.hear())
    }
}

#[test]
fn with_wake_all_a_newcomer_takes_a_free_row_before_the_waiters_are_awake() {
    let mut race = Race::new();
    assert_eq!(race.ask(1, Mode::Exclusive), Asked::Granted);
    assert_eq!(race.ask(2, Mode::Exclusive), Asked::Waits);
    assert_eq!(race.release(1), [2]);
    assert_eq!(race.ask(3, Mode::Exclusive), Asked::Granted);
    assert_eq!(race.compete(2, false), (Asked::Waits, vec![]));
    assert_eq!(race.release(3), [2]);
    assert_eq!(race.compete(2, false), (Asked::Granted, vec![]));
}

#[test]
fn behind_a_rollback_the_line_keeps_its_order() {
    let mut race = Race::new();
    assert_eq!(race.ask(1, Mode::Exclusive), Asked::Granted);
    for txn in [2, 3, 4] {
        assert_eq!(race.ask(txn, Mode::Exclusive), Asked::Waits);
    }
    assert_eq!(race.release(1), [2], "the front only");
    assert_eq!(race.compete(2, false), (Asked::Granted, vec![3]), "a new front");
    assert_eq!(race.compete(3, false), (Asked::Waits, vec![]));
    assert_eq!(race.release(2), [3]);
    assert_eq!(race.compete(3, false), (Asked::Granted, vec![4]));
}

#[test]
fn behind_a_commit_the_waiters_follow_one_by_one_and_then_wake_together() {
    let mut race = Race::new();
    assert_eq!(race.ask(1, Mode::Exclusive), Asked::Granted);
    for txn in [2, 3, 4] {
        assert_eq!(race.ask(txn, Mode::Exclusive), Asked::Waits);
    }
    assert_eq!(race.release(1), [2]);
    assert_eq!(race.compete(2, true), (Asked::Granted, vec![3]));
    assert_eq!(race.compete(3, true), (Asked::Waits, vec![4]), "it left the line");
    assert_eq!(race.compete(4, true), (Asked::Waits, vec![]));
    assert_eq!(race.ask(5, Mode::Exclusive), Asked::Waits);
    assert_eq!(race.release(2), [3, 4, 5], "all followers, and the front of the new line");
    assert_eq!(race.compete(4, true), (Asked::Granted, vec![]), "the last one may be the first");
}

proptest! {
    #[test]
    fn with_wake_all_nobody_sleeps_on_a_free_row(
        steps in prop::collection::vec((step(), any::<bool>()), 0..60),
    ) {
        let mut race = Race::new();
        for (step, follows) in steps {
            match step {
                Step::Ask(txn, key, mode) if race.table.awaited(TxnId(txn)).is_none() => {
                    race.table.ask(TxnId(txn), row(key), mode, NOW);
                }
                Step::Ask(txn, ..) if race.awake.contains(&txn) => {
                    race.compete(txn, follows);
                }
                Step::Ask(..) => {}
                Step::GiveUp(txn) => {
                    race.awake.remove(&txn);
                    race.table.give_up(TxnId(txn), NOW, &mut race.woken);
                    race.hear();
                }
                Step::ReleaseShared(txn) if race.table.awaited(TxnId(txn)).is_none() => {
                    let (table, woken) = (&mut race.table, &mut race.woken);
                    table.release_shared(TxnId(txn), NOW, &mut Vec::new(), woken);
                    race.hear();
                }
                Step::Release(txn) | Step::ReleaseShared(txn) => {
                    race.release(txn);
                }
            }
            for key in 0..4 {
                let holders = race.table.holders(row(key));
                let alone = holders.iter().all(|holder| holder.mode == Mode::Shared);
                prop_assert!(alone || holders.len() == 1, "an exclusive lock is held alone");
            }
        }
        // Whoever holds something lets go, whoever is awake asks again: all come to an end.
        for _ in 0..1_000 {
            let awake = race.awake.first().copied();
            if let Some(txn) = awake {
                race.compete(txn, true);
            } else if let Some(txn) = (0..6).find(|txn| {
                !race.table.held(TxnId(*txn)).is_empty()
                    && race.table.awaited(TxnId(*txn)).is_none()
            }) {
                race.release(txn);
            }
        }
        prop_assert_eq!(race.table.len(), 0, "nobody waits and nothing is held");
    }
}
