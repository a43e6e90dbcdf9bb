//! M11: back to normal, or never.

use super::quantity;
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::model::record::Answer;
use crate::tests::events::{fault_began, fault_ended};
use crate::tests::history::{History, OPEN, RENAME};

const SECOND: u64 = 1_000_000_000;

/// One operation a second from the start to 100 s, each done at once, but for those that `hit`
/// says; a fault from 50 s to 60 s.
fn run(hit: impl Fn(u64) -> bool) -> Quantity {
    let mut history = History::new();
    for second in 0..100 {
        let op = second as u32;
        history.at(second * 1_000);
        match second {
            50 => history.note(fault_began(0)),
            60 => history.note(fault_ended(0)),
            _ => &mut history,
        };
        history.offer(op, RENAME, 3);
        if !hit(second) {
            history.apply(op, 0).answer(op, Answer::Done);
        }
    }
    quantity(&history.rest(), RECOVERY)
}

#[test]
fn a_run_that_is_well_at_once_recovers_at_once() {
    assert_eq!(run(|second| (50..60).contains(&second)), Quantity::total(0_u64));
}

#[test]
fn recovery_waits_for_throughput() {
    assert_eq!(run(|second| (50..73).contains(&second)), Quantity::total(13 * SECOND));
}

#[test]
fn a_run_that_stays_down_never_recovers() {
    assert_eq!(run(|second| second >= 50), Quantity::Never);
    assert_eq!(
        run(|second| (50..98).contains(&second)),
        Quantity::Never,
        "two buckets show nothing"
    );
}

#[test]
fn one_bad_bucket_in_twenty_is_what_quiet_times_have_too() {
    assert_eq!(run(|second| second == 80), Quantity::total(0_u64));
    assert_eq!(run(|second| (80..84).contains(&second)), Quantity::total(24 * SECOND));
}

#[test]
fn operations_that_stay_partial_prevent_recovery() {
    let mut history = History::new();
    history.at(50_000).note(fault_began(0));
    history.offer(0, OPEN, 3).apply(0, 0);
    history.at(60_000).note(fault_ended(0));
    history.at(120_000);
    assert_eq!(quantity(&history.rest(), RECOVERY), Quantity::Never);
}

#[test]
fn a_fault_that_lasts_to_the_end_of_the_load_is_healed_there() {
    let mut history = History::new();
    history.at(50_000).note(fault_began(0));
    history.offer(0, OPEN, 3).apply(0, 0);
    history.at(104_000).apply(0, 1).apply(0, 2);
    assert_eq!(quantity(&history.rest(), RECOVERY), Quantity::total(4 * SECOND));
}

#[test]
fn without_a_quiet_phase_nobody_knows_what_normal_is() {
    let mut history = History::new();
    history.at(12_000).note(fault_began(0));
    history.at(13_000).note(fault_ended(0));
    assert!(matches!(quantity(&history.rest(), RECOVERY), Quantity::Missing { .. }));
}

#[test]
fn fault_windows_are_paired_by_fault_and_target() {
    let mut history = History::new();
    history.at(50_000).note(fault_began(1));
    history.note(fault_began(2));
    history.at(55_000).note(fault_ended(1));
    let report = history.rest();
    assert_eq!(report.faults[0].ended.map(|at| at.as_nanos()), Some(55 * SECOND));
    assert_eq!(report.faults[1].ended, None);
}
