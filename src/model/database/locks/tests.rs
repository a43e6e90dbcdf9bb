//! The lock table against a naive model that works everything out anew at every step.

use super::*;
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
        let (mut table, mut naive) = (LockTable::default(), Naive::default());
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
    let mut table = LockTable::default();
    let mut granted = Vec::new();
    let mut released = Vec::new();
    assert_eq!(table.ask(TxnId(1), row(7), Mode::Shared, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(2), row(7), Mode::Exclusive, NOW), Asked::Waits);
    assert_eq!(table.ask(TxnId(3), row(7), Mode::Shared, NOW), Asked::Waits);
    let later = NOW + Span::from_millis(5);
    table.release(TxnId(1), later, &mut released, &mut granted);
    assert_eq!(granted, [(TxnId(2), row(7))]);
    assert_eq!(released, [Released { row: row(7), held: Span::from_millis(5) }]);
}

#[test]
fn the_one_who_closes_the_circle_is_the_victim() {
    let mut table = LockTable::default();
    assert_eq!(table.ask(TxnId(1), row(1), Mode::Exclusive, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(2), row(2), Mode::Exclusive, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(1), row(2), Mode::Exclusive, NOW), Asked::Waits);
    assert_eq!(table.ask(TxnId(2), row(1), Mode::Exclusive, NOW), Asked::Deadlock);
    assert_eq!(table.awaited(TxnId(2)), None, "the victim was not put in line");
}

#[test]
fn two_readers_who_both_want_to_write_are_a_deadlock() {
    let mut table = LockTable::default();
    assert_eq!(table.ask(TxnId(1), row(1), Mode::Shared, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(2), row(1), Mode::Shared, NOW), Asked::Granted);
    assert_eq!(table.ask(TxnId(1), row(1), Mode::Exclusive, NOW), Asked::Waits);
    assert_eq!(table.ask(TxnId(2), row(1), Mode::Exclusive, NOW), Asked::Deadlock);
}
