//! Properties of copies that are written by quorums.

use super::*;
use crate::model::system::{ColumnRef, QuorumLegs, QuorumSpec, RowKey, System, TableId};
use crate::tests::history::{CUSTOMERS, RENAME};

/// The copies of the customers.
const COPIES: [TableId; 3] = [TableId(3), TableId(4), TableId(5)];

/// The usual system, whose customers are kept in three copies: two acknowledge a write.
fn kept_by_quorums() -> System {
    let mut system = system();
    system.tables.extend(vec![system.table(CUSTOMERS).clone(); COPIES.len()]);
    system.quorums.push(QuorumSpec {
        of: CUSTOMERS,
        copies: COPIES.to_vec(),
        write: 2,
        read: 2,
        legs: QuorumLegs::default(),
        read_repair: false,
        hinted_handoff: false,
    });
    system
}

/// Operation `op` gives customer 3 this name in the store of the coordinator.
fn rename(history: &mut History, op: u32, name: i64) {
    let column = ColumnRef { table: CUSTOMERS, column: 1 };
    history.note_of(op, Event::Value { column, row: RowKey(3), value: name });
}

/// A copy takes this name over.
fn copy(history: &mut History, at: usize, name: i64) {
    history.value(COPIES[at], 1, 3, name);
}

fn judged(story: impl FnOnce(&mut History)) -> Finding {
    let mut history = History::of(kept_by_quorums());
    history.at(20_000).offer(0, RENAME, 3).offer(1, RENAME, 3);
    story(&mut history);
    history.at(30_000).found("write-quorum", true)
}

#[test]
fn write_quorum() {
    let held = judged(|history| {
        rename(history, 0, 7);
        copy(history, 2, 7);
        copy(history, 0, 7);
        history.answer(0, Answer::Done);
    });
    assert_eq!(held.verdict(), Held, "two copies have it");
    let one = judged(|history| {
        rename(history, 0, 7);
        copy(history, 2, 7);
        history.at(21_000).answer(0, Answer::Done);
        copy(history, 0, 7);
    });
    assert_eq!(one.verdict(), Violated, "the second has it after the answer only");
    assert_eq!(one.judgement.why, "1 of 3 copies of `customers` had operation 0, not 2");
    assert_eq!(one.at.map(Time::as_nanos), Some(21_000_000_000));
}

#[test]
fn a_newer_version_stands_for_an_older_one_and_not_the_other_way_round() {
    let newer = judged(|history| {
        rename(history, 0, 7);
        copy(history, 2, 7);
        rename(history, 1, 8);
        copy(history, 0, 8);
        history.answer(0, Answer::Done);
    });
    assert_eq!(newer.verdict(), Held);
    let older = judged(|history| {
        rename(history, 0, 7);
        copy(history, 0, 7);
        copy(history, 2, 7);
        rename(history, 1, 8);
        copy(history, 1, 8);
        history.answer(1, Answer::Done);
    });
    assert_eq!(older.verdict(), Violated, "two have the name before, one has the new one");
    let replaced = judged(|history| {
        rename(history, 0, 7);
        copy(history, 0, 7);
        copy(history, 2, 7);
        copy(history, 2, 6);
        history.answer(0, Answer::Done);
    });
    assert_eq!(replaced.verdict(), Violated, "a copy has lost it again");
}

#[test]
fn only_yes_has_to_be_stored() {
    for answer in [Answer::Unknown, Answer::TechnicalNo, Answer::RefusedByRule] {
        let silent = judged(|history| {
            rename(history, 0, 7);
            history.answer(0, answer);
        });
        assert_eq!(silent.verdict(), Undecided, "{answer:?}");
    }
    let elsewhere = judged(|history| {
        history.answer(0, Answer::Done);
    });
    assert_eq!(elsewhere.verdict(), Undecided, "it has written nothing that copies keep");
}
