//! M6: time in doubt, and who waits behind it.

use super::{MS, distribution, quantity};
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::kernel::NodeId;
use crate::model::record::{AbortCause, Decision, Event};
use crate::tests::events::{self, lock_failed, lock_granted, lock_wait};
use crate::tests::history::History;

const ROW: u64 = 77;

fn prepare(history: &mut History, transaction: u64) {
    history.note(events::prepared(transaction, 7));
    history.note(events::prepared_row(transaction, ROW));
}

fn resolve(history: &mut History, transaction: u64, decision: Decision) {
    history.note(events::resolved(transaction, decision));
}

#[test]
fn a_victim_waits_behind_a_branch_only_while_it_is_in_doubt() {
    let mut history = History::new();
    history.at(20_000).note(lock_wait(2, ROW));
    prepare(history.at(20_100), 1);
    history.at(20_200).note(lock_wait(3, ROW));
    resolve(history.at(20_500), 1, Decision::Commit);
    history.at(20_600).note(lock_granted(2, ROW));
    history.at(20_700).note(lock_failed(3, ROW));
    let report = history.rest();
    assert_eq!(distribution(&report, IN_DOUBT_EACH).values, [400 * MS]);
    assert_eq!(distribution(&report, BLOCKED_EACH).values, [300 * MS, 400 * MS]);
    assert_eq!(quantity(&report, BLOCKED), Quantity::total(700 * MS));
    assert_eq!(quantity(&report, BLOCKED_MAX), Quantity::total(400 * MS));
}

#[test]
fn an_ordinary_wait_has_no_victim() {
    let mut history = History::new();
    history.at(20_000).note(lock_wait(2, ROW));
    history.at(21_000).note(lock_granted(2, ROW));
    let report = history.rest();
    let blocked = distribution(&report, BLOCKED_EACH);
    assert_eq!((blocked.offered, blocked.len()), (1, 0));
}

#[test]
fn a_wait_ends_with_the_transaction_that_waits() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    history.at(20_000).note(lock_wait(2, ROW));
    history.at(20_300).note(events::aborted(2, AbortCause::Crash));
    resolve(history.at(25_000), 1, Decision::Abort);
    assert_eq!(distribution(&history.rest(), BLOCKED_EACH).values, [300 * MS]);
}

#[test]
fn a_wait_ends_with_the_node_where_it_waits() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    history.note_with(events::lock_wait(2, ROW), |r| r.node = NodeId(4));
    history.at(20_100).note_with(Event::Crashed { processes: 0 }, |r| r.node = NodeId(5));
    history.at(20_200).note_with(Event::Crashed { processes: 0 }, |r| r.node = NodeId(4));
    history.at(30_000).note(events::aborted(2, AbortCause::Crash));
    assert_eq!(distribution(&history.rest(), BLOCKED_EACH).values, [200 * MS]);
}

#[test]
fn a_branch_that_is_never_decided_is_known_only_so_far() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    history.at(21_000).note(lock_wait(2, ROW));
    history.at(120_000);
    let report = history.give_up();
    assert_eq!(distribution(&report, IN_DOUBT_EACH).censored, [100_000 * MS]);
    assert_eq!(distribution(&report, BLOCKED_EACH).censored, [99_000 * MS]);
}

#[test]
fn recovery_says_prepared_again_and_changes_nothing() {
    let mut history = History::new();
    prepare(history.at(20_000), 1);
    prepare(history.at(22_000), 1);
    history.at(23_000).note(events::resolved_alone(1, Decision::Abort));
    history.at(24_000).note(lock_wait(2, ROW));
    history.at(25_000).note(lock_granted(2, ROW));
    let report = history.rest();
    assert_eq!(distribution(&report, IN_DOUBT_EACH).values, [3_000 * MS]);
    assert!(distribution(&report, BLOCKED_EACH).is_empty());
    assert_eq!(quantity(&report, HEURISTIC), Quantity::total(1_u64));
}

#[test]
fn warm_up_does_not_count() {
    let mut history = History::new();
    prepare(history.at(5_000), 1);
    resolve(history.at(15_000), 1, Decision::Commit);
    assert!(distribution(&history.rest(), IN_DOUBT_EACH).is_empty());
}
