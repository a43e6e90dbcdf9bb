//! Properties of compensation and of idempotency keys.

use super::*;
use crate::model::database::Direction::{self, Forward, Undo};
use crate::model::record::AbortCause;

fn keyed(history: &mut History, op: u32, step: u8, direction: Direction) {
    history.note_with(events::keyed(direction), |r| (r.op, r.step.0) = (OpId(op), step));
}

fn committed(history: &mut History, op: u32) {
    history.note_of(op, events::committed(1));
}

#[test]
fn no_suspension() {
    let barred_then_applied = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3);
        keyed(history, 0, 1, Undo);
        history.at(21_000).apply(0, 1);
    };
    let finding = told("no-suspension", barred_then_applied);
    let why = "step 1 of operation 0 took effect after it was taken back";
    assert_eq!((finding.verdict(), &*finding.judgement.why), (Violated, why));
    let in_order = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).apply(0, 1).at(21_000).undo(0, 1);
    };
    assert_eq!(verdict("no-suspension", in_order), Held);
    let recovery = |history: &mut History| {
        in_order(history);
        history.at(22_000).recover(0, 1, 1);
    };
    assert_eq!(verdict("no-suspension", recovery), Held, "what recovery puts back is no effect");
    let forward_only = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).apply(0, 1);
    };
    assert_eq!(verdict("no-suspension", forward_only), Undecided);
}

/// The test system, in which each step of `OPEN` follows the one before.
fn chained() -> History {
    let mut system = system();
    for (at, step) in (0_u8..).zip(&mut system.operations[0].steps).skip(1) {
        step.after = vec![crate::model::system::StepId(at - 1)];
    }
    History::of(system)
}

#[test]
fn reverse_order() {
    let undone = |order: [u8; 2]| {
        let mut history = chained();
        history.at(20_000).offer(0, OPEN, 3).apply(0, 0).apply(0, 1);
        history.at(21_000).undo(0, order[0]).at(22_000).undo(0, order[1]);
        history.found("reverse-order", true)
    };
    assert_eq!(undone([1, 0]).verdict(), Held);
    let finding = undone([0, 1]);
    assert_eq!(finding.judgement.why, "operation 0: step 0 was taken back before step 1");
    assert_eq!(finding.at.map(Time::as_nanos), Some(21_000_000_000));
    let mut at_once = chained();
    at_once.at(20_000).offer(0, OPEN, 3).apply(0, 0).apply(0, 1);
    at_once.at(21_000).undo(0, 0).undo(0, 1);
    assert_eq!(at_once.found("reverse-order", true).verdict(), Held, "an instant is seen whole");
    let mut last = chained();
    last.at(20_000).offer(0, OPEN, 3).apply(0, 2).at(21_000).undo(0, 2);
    assert_eq!(last.found("reverse-order", true).verdict(), Undecided, "nothing follows it");
}

#[test]
fn inbox_atomicity() {
    let commit = |with_key: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3).apply(0, 1);
            if with_key {
                keyed(history, 0, 1, Forward);
            }
            committed(history, 0);
        }
    };
    assert_eq!(verdict("inbox-atomicity", commit(true)), Held);
    assert_eq!(verdict("inbox-atomicity", commit(false)), Violated);
    let key_of_another_commit = |history: &mut History| {
        keyed(history, 0, 1, Forward);
        committed(history, 0);
        commit(false)(history);
    };
    assert_eq!(verdict("inbox-atomicity", key_of_another_commit), Violated);
    let only_a_key = |history: &mut History| {
        keyed(history, 0, 1, Undo);
        committed(history, 0);
    };
    assert_eq!(verdict("inbox-atomicity", only_a_key), Undecided);
}

#[test]
fn outbox_atomicity() {
    let commit = |with_event: bool, step: u8| {
        let mut history = chained();
        history.at(20_000).offer(0, OPEN, 3).apply(0, step);
        if with_event {
            hold(&mut history, 0, 1);
        }
        committed(&mut history, 0);
        history.found("outbox-atomicity", true).verdict()
    };
    assert_eq!(commit(true, 0), Held);
    assert_eq!(commit(false, 0), Violated);
    assert_eq!(commit(false, 2), Undecided, "nobody follows the last step");
}

#[test]
fn fencing() {
    let tokens = |tokens: &'static [u64]| {
        move |history: &mut History| {
            for (txn, token) in (0..).zip(tokens) {
                history.note(events::fenced(txn, *token));
            }
            for txn in 0..tokens.len() as u64 {
                history.note(events::committed(txn));
            }
        }
    };
    assert_eq!(verdict("fencing", tokens(&[1, 1, 2])), Held);
    assert_eq!(verdict("fencing", tokens(&[1, 2, 1])), Violated);
    assert_eq!(verdict("fencing", tokens(&[1, 1])), Undecided);
    let refused = |history: &mut History| {
        tokens(&[1, 2])(history);
        history.note(events::fenced(9, 1)).note(events::aborted(9, AbortCause::Fenced));
    };
    assert_eq!(verdict("fencing", refused), Held);
}
