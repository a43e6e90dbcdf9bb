//! M4 and M5: probes of operations, and readers of a column.

use super::{MS, distribution, quantity, share};
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::model::record::Sight::{Effect, Nothing, Other};
use crate::model::record::{Answer, OpId, ProbeEnd, Sight};
use crate::tests::history::{CUSTOMERS, History, OPEN, RENAME};

/// A ticket that arrives at 20 s and whose client hears `answer`, if anything, at 20.1 s.
fn ticket(answer: Option<Answer>) -> History {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3);
    history.at(20_100);
    if let Some(answer) = answer {
        history.answer(0, answer);
    }
    history.at(21_000);
    history
}

/// The shares of M4 of one probe that is read at once: right, wrong.
fn one_probe(answer: Option<Answer>, cells: &[Sight]) -> (Quantity, Quantity) {
    let mut history = ticket(answer);
    history.probe(0, cells, 10);
    let report = history.rest();
    (quantity(&report, RIGHT_50MS), quantity(&report, WRONG_50MS))
}

#[test]
fn after_a_yes_everything_must_be_there_and_after_a_no_nothing() {
    let (right, wrong) = ((share(1, 1), share(0, 1)), (share(0, 1), share(1, 1)));
    for yes in [Answer::Done, Answer::Accepted] {
        assert_eq!(one_probe(Some(yes), &[Effect, Effect]), right);
        assert_eq!(one_probe(Some(yes), &[Effect, Nothing]), wrong);
        assert_eq!(one_probe(Some(yes), &[Nothing, Nothing]), wrong);
        assert_eq!(one_probe(Some(yes), &[Effect, Other]), wrong);
    }
    for no in [Answer::RefusedByRule, Answer::TechnicalNo] {
        assert_eq!(one_probe(Some(no), &[Nothing, Nothing]), right);
        assert_eq!(one_probe(Some(no), &[Effect, Nothing]), wrong);
        assert_eq!(one_probe(Some(no), &[Effect, Effect]), wrong);
    }
    for open in [Some(Answer::Unknown), None] {
        assert_eq!(one_probe(open, &[Nothing, Nothing]), right);
        assert_eq!(one_probe(open, &[Effect, Effect]), right);
        assert_eq!(one_probe(open, &[Effect, Nothing]), wrong);
        assert_eq!(one_probe(open, &[Other, Other]), wrong);
    }
}

#[test]
fn an_answer_during_the_read_does_not_change_what_is_right() {
    let mut history = ticket(None);
    let probe = history.begin_probe(OpId(0));
    history.at(21_010).answer(0, Answer::Done).end_probe(probe, ProbeEnd::Complete);
    assert_eq!(quantity(&history.rest(), RIGHT_50MS), share(1, 1));
}

#[test]
fn blocked_and_wrong_compare_within_the_same_time() {
    let mut history = ticket(Some(Answer::Done));
    history.probe(0, &[Effect, Effect], 100);
    history.probe(0, &[Nothing, Nothing], 1_000);
    let (slow, broken) = (history.begin_probe(OpId(0)), history.begin_probe(OpId(0)));
    history.end_probe(broken, ProbeEnd::Error);
    history.at(30_000).end_probe(slow, ProbeEnd::TimedOut);
    history.begin_probe(OpId(0));
    let report = history.rest();
    let within = |id| quantity(&report, id);
    assert_eq!(within(RIGHT_50MS), share(0, 5));
    assert_eq!((within(WRONG_50MS), within(BLOCKED_50MS)), (share(0, 5), share(4, 5)));
    assert_eq!((within(RIGHT_500MS), within(BLOCKED_500MS)), (share(1, 5), share(3, 5)));
    assert_eq!((within(WRONG_5S), within(BLOCKED_5S)), (share(1, 5), share(2, 5)));
    assert_eq!(within(READ_ERRORS), share(1, 5));
    assert_eq!(within(STALE), share(1, 2), "only what came back can be stale");
    let [first, _, last] = report.operation_probes.within;
    assert_eq!((first.right, first.blocked), (0, 4));
    assert_eq!((last.right, last.stale, last.torn, last.blocked), (1, 1, 0, 2));
}

#[test]
fn an_operation_is_useful_if_it_was_answered_committed_and_always_read_right() {
    let right = [Effect, Effect];
    let mut history = History::new();
    history.at(20_000);
    for op in 0..6 {
        history.offer(op, OPEN, 3);
    }
    for op in [0, 1, 2, 5] {
        history.answer(op, Answer::Done).apply(op, 0).apply(op, 1);
    }
    history.answer(4, Answer::Done); // It is done, and no read looks at it.
    for op in [0, 1, 2, 4] {
        history.apply(op, 2); // One step of operation 5 is lost.
    }
    history.at(21_000).probe(0, &right, 1).probe(1, &right, 1).probe(1, &[Effect, Nothing], 1);
    history.begin_probe(OpId(2));
    history.probe(3, &[Nothing, Nothing], 1).probe(5, &right, 1);
    let report = history.rest();
    assert_eq!(quantity(&report, USEFUL), share(1, 5));
}

#[test]
fn without_a_read_nobody_can_say_what_was_useful() {
    let mut history = History::new();
    history.at(20_000).offer(0, RENAME, 3).answer(0, Answer::Done).apply(0, 0);
    let report = history.rest();
    let found = quantity(&report, USEFUL);
    assert!(
        matches!(found, Quantity::Missing { why } if why.contains("no read looked")),
        "{found:?}"
    );
}

#[test]
fn a_stale_probe_is_as_old_as_the_answer() {
    let mut history = ticket(Some(Answer::Accepted));
    history.probe(0, &[Effect, Nothing], 500);
    let report = history.rest();
    assert_eq!(distribution(&report, STALE_AGE).values, [900 * MS], "when the cell was read");
    assert_eq!(distribution(&report, VERSIONS_BEHIND).values, [1]);
}

#[test]
fn a_reader_misses_what_was_promised_before_it_began() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).offer(1, OPEN, 3).offer(2, OPEN, 4).offer(3, RENAME, 3);
    history.at(20_100).answer(0, Answer::Accepted).answer(3, Answer::Done);
    history.at(20_200).answer(1, Answer::Accepted).answer(2, Answer::Accepted).reader(3);
    history.at(20_300).reader(3).reader(5);
    history.at(20_400).apply(0, 1).reader(3);
    history.at(20_500).apply(1, 1).reader(3);
    history.at(20_600).overwrite(0, 1).reader(3);
    let report = history.rest();
    let tally = report.readers;
    assert_eq!((tally.scheduled, tally.read, tally.stale), (6, 6, 4));
    assert_eq!(distribution(&report, VERSIONS_BEHIND).values, [1, 1, 1, 2]);
    let ages = [100 * MS, 200 * MS, 200 * MS, 500 * MS];
    assert_eq!(distribution(&report, STALE_AGE).values, ages);
}

#[test]
fn what_was_taken_back_is_no_longer_owed() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).answer(0, Answer::Accepted);
    history.at(20_100).reader(3);
    history.at(20_200).undo(0, 0).reader(3);
    assert_eq!(history.rest().readers.stale, 1);
}

#[test]
fn readers_outside_the_load_do_not_count() {
    let mut history = History::new();
    history.at(9_999).reader(3);
    history.at(10_000).reader(3);
    history.at(100_000).reader(3);
    assert_eq!(history.rest().readers.scheduled, 1);
}

#[test]
fn owed_effects_agree_with_a_recount_of_all_operations() {
    // Operations come, are applied and overwritten in an order that a small generator mixes.
    let (mut history, mut state) = (History::new(), 1_u64);
    let mut shown = [0_i32; 40];
    history.at(20_000);
    for op in 0..40 {
        history.offer(op, OPEN, u64::from(op) % 2);
    }
    history.at(20_100);
    for op in 0..40 {
        history.answer(op, Answer::Accepted);
    }
    let mut behind = Vec::new();
    for round in 0..500 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let op = (state >> 33) as usize % 40;
        history.at(20_200 + round);
        if shown[op] == 0 {
            history.apply(op as u32, 1);
        } else {
            history.overwrite(op as u32, 1);
        }
        shown[op] = 1 - shown[op];
        let row = state >> 40 & 1;
        history.reader(row);
        let missing = (0..40).filter(|op| op % 2 == row && shown[*op as usize] == 0).count() as u64;
        behind.extend((missing > 0).then_some(missing));
    }
    behind.sort_unstable();
    let report = history.rest();
    assert_eq!(distribution(&report, VERSIONS_BEHIND).values, behind);
    assert_eq!(report.operations[0].keys[1], 0, "the row of {CUSTOMERS:?} that it touches");
}
