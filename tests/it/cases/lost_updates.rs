//! Two services that read, compute and write one row lose updates, unless they lock or compare.

use driftlab::checks::census::Headline;
use driftlab::checks::measures::catalogue::{BLIND_WRITES, LOST_UPDATES};
use driftlab::model::record::Event;

use super::count;
use crate::whole::{RecordedRun, scenario, tell, variant};

const TEXT: &str = include_str!("lost-updates.toml");

fn run(read: &str, seed: u64) -> RecordedRun {
    let scenario = scenario(&TEXT.replace("\"plain\"", &format!("{read:?}")));
    tell(&scenario, variant(&scenario, "shared"), seed)
}

/// The balance of the account in the end.
fn balance(run: &RecordedRun) -> u64 {
    let values = run.pick(|record| match record.event {
        Event::Value { value, .. } => Some(value as u64),
        _ => None,
    });
    values.last().expect("somebody has written it")
}

#[test]
fn two_plain_writers_of_one_row_lose_as_many_updates_as_they_overlap() {
    // A write destroys another if one is committed between its read and its commit, for which it
    // takes 80 ms; two are offered a second.
    let share = 1.0 - libm::exp(-2.0 * 0.08);
    let (mut lost, mut written) = (0, 0);
    for seed in 1..=5 {
        let run = run("plain", seed);
        lost += count(&run.report, LOST_UPDATES);
        written += run.report.census.total();
        assert_eq!(count(&run.report, BLIND_WRITES), 0, "each has read what it writes over");
        let missing = run.report.census.total() - balance(&run);
        assert!(missing > 0 && missing <= count(&run.report, LOST_UPDATES) as u64);
        assert!(run.report.census.of(Headline::Lost) > 0, "and each was answered yes");
    }
    let expected = share * written as f64;
    let deviation = (expected * (1.0 - share)).sqrt();
    assert!((lost as f64 - expected).abs() < 4.0 * deviation, "{lost} of {written}: {expected}");
}

#[test]
fn who_locks_or_compares_loses_none() {
    for read in ["for-update", "version"] {
        let run = run(read, 1);
        assert_eq!(count(&run.report, LOST_UPDATES), 0, "{read}");
        let committed = run.report.census.of(Headline::Committed);
        assert_eq!(balance(&run), committed, "{read}");
        assert!(committed > 500 && committed + 3 >= run.report.census.total(), "{read}");
    }
}
