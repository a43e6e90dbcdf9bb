//! M6: time in doubt, and who waits behind it.

use super::{MS, distribution, quantity};
use crate::checks::measures::Quantity;
use crate::kernel::NodeId;
use crate::model::record::{AbortCause, Kind};
use crate::tests::history::History;

const ROW: u64 = 77;

fn prepare(history: &mut History, transaction: u64) {
    history.note(Kind::Prepared, |r| r.a = transaction);
    history.note(Kind::PreparedRow, |r| (r.a, r.b) = (transaction, ROW));
}

fn resolve(history: &mut History, transaction: u64, how: u64) {
    history.note(Kind::Resolved, |r| (r.a, r.b) = (transaction, how));
}

fn lock(history: &mut History, kind: Kind, transaction: u64) {
    history.note(kind, |r| (r.a, r.b) = (transaction, ROW));
}

#[test]
fn a_victim_waits_behind_a_branch_only_while_it_is_in_doubt() {
    let mut history = History::new();
    lock(history.at(20_000), Kind::LockWait, 2);
    prepare(history.at(20_100), 1);
    lock(history.at(20_200), Kind::LockWait, 3);
    resolve(history.at(20_500), 1, 0);
    lock(history.at(20_600), Kind::LockGranted, 2);
    lock(history.at(20_700), Kind::LockFailed, 3);
    let report = history.rest();
    assert_eq!(distribution(&report, "m6.in-doubt.each").values, [400 * MS]);
    assert_eq!(distribution(&report, "m6.blocked.each").values, [300 * MS, 400 * MS]);
    assert_eq!(quantity(&report, "m6.blocked"), Quantity::total(700 * MS));
    assert_eq!(quantity(&report, "m6.blocked.max"), Quantity::total(400 * MS));
}

#[test]
fn an_ordinary_wait_has_no_victim() {
    let mut history = History::new();
    lock(history.at(20_000), Kind::LockWait, 2);
    lock(history.at(21_000), Kind::LockGranted, 2);
    let report = history.rest();
    let blocked = distribution(&report, "m6.blocked.each");
    assert_eq!((blocked.offered, blocked.len()), (1, 0));
}

#[test]
fn a_wait_ends_with_the_transaction_that_waits() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    lock(history.at(20_000), Kind::LockWait, 2);
    history.at(20_300).note(Kind::Aborted, |r| (r.a, r.b) = (2, AbortCause::Crash as u64));
    resolve(history.at(25_000), 1, 1);
    assert_eq!(distribution(&history.rest(), "m6.blocked.each").values, [300 * MS]);
}

#[test]
fn a_wait_ends_with_the_node_where_it_waits() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    history.note(Kind::LockWait, |r| (r.a, r.b, r.node) = (2, ROW, NodeId(4)));
    history.at(20_100).note(Kind::Crashed, |r| r.node = NodeId(5));
    history.at(20_200).note(Kind::Crashed, |r| r.node = NodeId(4));
    history.at(30_000).note(Kind::Aborted, |r| (r.a, r.b) = (2, AbortCause::Crash as u64));
    assert_eq!(distribution(&history.rest(), "m6.blocked.each").values, [200 * MS]);
}

#[test]
fn a_branch_that_is_never_decided_is_known_only_so_far() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    lock(history.at(21_000), Kind::LockWait, 2);
    history.at(120_000);
    let report = history.give_up();
    assert_eq!(distribution(&report, "m6.in-doubt.each").censored, [100_000 * MS]);
    assert_eq!(distribution(&report, "m6.blocked.each").censored, [99_000 * MS]);
}

#[test]
fn recovery_says_prepared_again_and_changes_nothing() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    history.at(22_000).note(Kind::Prepared, |r| r.a = 1);
    history.note(Kind::PreparedRow, |r| (r.a, r.b) = (1, ROW));
    resolve(history.at(23_000), 1, 3);
    lock(history.at(24_000), Kind::LockWait, 2);
    lock(history.at(25_000), Kind::LockGranted, 2);
    let report = history.rest();
    assert_eq!(distribution(&report, "m6.in-doubt.each").values, [3_000 * MS]);
    assert!(distribution(&report, "m6.blocked.each").is_empty());
    assert_eq!(quantity(&report, "m6.heuristic"), Quantity::total(1_u64));
}

#[test]
fn warm_up_does_not_count() {
    let mut history = History::new();
    prepare(history.at(5_000), 1);
    resolve(history.at(15_000), 1, 0);
    assert!(distribution(&history.rest(), "m6.in-doubt.each").is_empty());
}
