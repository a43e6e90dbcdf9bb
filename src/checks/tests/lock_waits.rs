//! Lock waits, and circles of waiting that no database sees.

use super::{quantity, share};
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::kernel::Span;
use crate::model::record::*;
use crate::model::system::{DatabaseId, RowKey};
use crate::tests::events::{aborted, committed, lock_granted, lock_wait};
use crate::tests::history::{CUSTOMERS, History, OPEN};

const ROW: u64 = 5;

/// The transaction of an operation at a database: every operation has one at each.
fn txn(op: u32, database: u16) -> TxnId {
    TxnId(u64::from(op) * 10 + u64::from(database))
}

/// An operation's branch at a database begins to wait for the row there.
fn waits(history: &mut History, op: u32, database: u16) {
    let (txn, database) = (txn(op, database), DatabaseId(database));
    history.note_of(op, Event::LockWait { database, txn, table: CUSTOMERS, row: RowKey(ROW) });
}

/// An operation's branch at a database waits no more.
fn fails(history: &mut History, op: u32, database: u16, failure: LockFailure) {
    let (txn, database) = (txn(op, database), DatabaseId(database));
    let (table, row) = (CUSTOMERS, RowKey(ROW));
    history.note_of(op, Event::LockFailed { database, txn, table, row, failure });
}

/// An operation's branch at a database gives the row there back, which it has held since then.
fn held(history: &mut History, op: u32, database: u16, since: u64, now: u64) {
    let (database, held) = (DatabaseId(database), Span::from_millis(now - since));
    let given = Event::LockHeld { database, table: CUSTOMERS, row: RowKey(ROW), held };
    history.at(now).note_of(op, given);
}

/// Two operations, each of which has the row at one database from 20 s on and soon wants the other.
fn crossing() -> History {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 1).offer(1, OPEN, 1);
    waits(history.at(20_010), 0, 1);
    waits(history.at(20_020), 1, 0);
    history
}

fn deadlocks(history: History) -> Quantity {
    quantity(&history.rest(), DISTRIBUTED_DEADLOCKS)
}

#[test]
fn a_timeout_that_ends_a_circle_is_a_distributed_deadlock() {
    let mut history = crossing();
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    held(&mut history, 0, 0, 20_000, 21_030);
    held(&mut history, 1, 0, 21_030, 21_050);
    held(&mut history, 1, 1, 20_000, 21_050);
    assert_eq!(deadlocks(history), Quantity::total(1_u64));
}

#[test]
fn a_circle_of_three_counts_once_though_a_second_timeout_follows() {
    let mut history = History::new();
    history.at(20_000);
    for op in 0..3 {
        history.offer(op, OPEN, 1);
    }
    for op in 0..3_u16 {
        waits(history.at(20_010), op.into(), (op + 1) % 3);
    }
    // The first timeout breaks the circle; the second, in the same instant, is of a mere chain.
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    fails(&mut history, 1, 2, LockFailure::Timeout);
    for op in 0..3_u16 {
        held(&mut history, op.into(), op, 20_000, 21_030);
    }
    assert_eq!(deadlocks(history), Quantity::total(1_u64));
}

#[test]
fn a_timeout_behind_a_slow_holder_is_none() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 1).offer(1, OPEN, 1);
    waits(history.at(20_010), 0, 1);
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    held(&mut history, 0, 0, 20_000, 21_030);
    held(&mut history, 1, 1, 20_000, 30_000);
    assert_eq!(deadlocks(history), Quantity::total(0_u64));
}

#[test]
fn a_circle_that_something_else_ends_is_none() {
    let mut history = crossing();
    fails(history.at(20_500), 1, 0, LockFailure::Cancelled);
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    held(&mut history, 0, 0, 20_000, 21_030);
    held(&mut history, 1, 1, 20_000, 21_050);
    assert_eq!(deadlocks(history), Quantity::total(0_u64));
}

#[test]
fn who_had_the_row_before_or_after_the_timeout_does_not_close_a_circle() {
    let mut history = crossing();
    held(&mut history, 1, 1, 20_000, 20_900); // Somebody else has it at the timeout.
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    held(&mut history, 0, 0, 20_000, 21_030);
    held(&mut history, 2, 1, 20_900, 21_040);
    held(&mut history, 1, 1, 21_040, 21_050);
    assert_eq!(deadlocks(history), Quantity::total(0_u64));
}

/// The steps of a saga that go on in parallel are transactions by themselves: one of them commits
/// though the other has failed, so that nobody waits for it for good.
#[test]
fn transactions_that_commit_apart_close_no_circle() {
    let mut history = crossing();
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    history.at(21_030).note_of(0, Event::Committed { database: DatabaseId(0), txn: txn(0, 0) });
    held(&mut history, 0, 0, 20_000, 21_030);
    held(&mut history, 1, 1, 20_000, 21_050);
    assert_eq!(deadlocks(history), Quantity::total(0_u64));
}

#[test]
fn another_attempt_is_another_transaction() {
    let mut history = crossing();
    fails(history.at(21_010), 0, 1, LockFailure::Timeout);
    // What the other waits for is left over from an earlier attempt, and goes whatever this does.
    let (database, held_for) = (DatabaseId(0), Span::from_millis(1_030));
    let given = Event::LockHeld { database, table: CUSTOMERS, row: RowKey(ROW), held: held_for };
    history.at(21_030).note_with(given, |record| (record.op, record.attempt) = (OpId(0), 1));
    held(&mut history, 1, 1, 20_000, 21_050);
    assert_eq!(deadlocks(history), Quantity::total(0_u64));
}

#[test]
fn lock_waits_are_per_transaction_that_ended() {
    let mut history = History::new();
    history.at(5_000).note(lock_wait(9, ROW)); // Before anything is measured.
    history.at(20_000).offer(0, OPEN, 1);
    history.note(lock_granted(9, ROW)).note(committed(9));
    history.note(lock_wait(1, ROW)).note(lock_granted(1, ROW)).note(lock_wait(1, ROW + 1));
    history.note(aborted(1, AbortCause::LockTimeout)).note(committed(2)).note(committed(3));
    assert_eq!(quantity(&history.rest(), LOCK_WAITS), share(2, 4));
    assert!(matches!(quantity(&History::new().rest(), LOCK_WAITS), Quantity::Missing { .. }));
}
