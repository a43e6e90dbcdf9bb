//! Self-checks must hold for an honest history and fail for a dishonest one.

use crate::checks::RunReport;
use crate::model::record::MessageClass::Service;
use crate::tests::events::{delivered, dropped, duplicated, finished, lost, queued, sent, started};
use crate::tests::history::History;

const MS: u64 = 1_000_000;

fn failed(report: &RunReport) -> usize {
    report.failed_self_checks().count()
}

/// Two requests, one behind the other; the second waits 5 ms and ends after 20 ms.
fn two_requests(second_stayed: u64) -> History {
    let mut history = History::new();
    history.at(1_000).note(queued(0)).note(started(0));
    history.at(1_005).note(queued(0));
    history.at(1_010).note(finished(8 * MS, 10 * MS));
    history.note(started(5 * MS));
    history.at(1_025).note(finished(15 * MS, second_stayed * MS));
    history
}

#[test]
fn areas_equal_sums() {
    let report = two_requests(20).rest();
    assert_eq!(failed(&report), 0);
    let area = report.self_checks.iter().find(|check| check.name.contains("inside")).unwrap();
    assert_eq!((area.left, area.right), (30 * 1_000_000, 30 * 1_000_000));
}

#[test]
fn a_stay_that_is_wrong_by_a_nanosecond_is_found() {
    let report = two_requests(19).rest();
    assert!(failed(&report) >= 2, "the sum is wrong, and so is when it must have begun");
}

#[test]
fn a_crash_takes_what_waits_and_what_is_served() {
    let mut history = History::new();
    history.at(1_000).note(queued(0)).note(started(0));
    history.at(1_004).note(queued(0));
    history.at(1_010).note(dropped(2, 16 * MS));
    history.at(1_020).note(queued(0));
    history.at(1_030);
    let report = history.give_up();
    assert_eq!(failed(&report), 0, "{:?}", report.self_checks);
    let area = report.self_checks.iter().find(|check| check.name.contains("inside")).unwrap();
    assert_eq!(area.left, 26 * i128::from(MS), "the one that is still inside counts so far");
}

#[test]
fn more_drawn_work_than_busy_time_is_found() {
    let mut history = History::new();
    history.at(1_000).note(queued(0)).note(started(0));
    history.at(1_010).note(finished(11 * MS, 10 * MS));
    assert_eq!(failed(&history.rest()), 1);
}

#[test]
fn messages_are_delivered_lost_or_in_flight() {
    let mut history = History::new();
    history.at(1_000);
    for message in 1..=4 {
        history.note_with(sent(Service), |r| r.message = message);
    }
    history.note_with(duplicated(5), |r| r.message = 2);
    history.at(1_001);
    for message in [1, 2, 5] {
        history.note_with(delivered(Service), |r| r.message = message);
    }
    history.note_with(lost(), |r| r.message = 3);
    assert_eq!(failed(&history.give_up()), 0, "number 4 is in flight");
}

#[test]
fn a_message_that_vanished_is_found_at_rest() {
    let mut history = History::new();
    history.at(1_000).note_with(sent(Service), |r| r.message = 1);
    history.at(110_000).note_with(sent(Service), |r| r.message = 2);
    let report = history.rest();
    let forgotten = report.failed_self_checks().next().unwrap();
    assert_eq!((forgotten.left, forgotten.right), (1, 0), "an idle poll of late is none");
}

#[test]
fn a_message_that_arrives_twice_without_a_copy_is_found() {
    let mut history = History::new();
    history.at(1_000).note_with(sent(Service), |r| r.message = 1);
    history.at(1_001).note_with(delivered(Service), |r| r.message = 1);
    history.at(1_002).note_with(delivered(Service), |r| r.message = 1);
    assert_eq!(failed(&history.rest()), 1);
}

#[test]
fn very_many_messages_do_not_hide_an_old_one() {
    let mut history = History::new();
    history.at(1_000).note_with(sent(Service), |r| r.message = 1);
    for message in 2..200_000 {
        history.note_with(sent(Service), |r| r.message = message);
        history.note_with(delivered(Service), |r| r.message = message);
    }
    history.at(1_001).note_with(delivered(Service), |r| r.message = 1);
    assert_eq!(failed(&history.rest()), 0);
}
