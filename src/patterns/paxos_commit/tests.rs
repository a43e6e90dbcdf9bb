//! Paxos Commit on three services whose every delay is constant.

mod faults;
mod price;
mod takeover;

use crate::patterns::atomic_commit::tests::*;

/// The scenario under Paxos Commit with these settings.
fn paxos(settings: &str, seconds: u64, more: &str) -> String {
    scenario_of("paxos-commit", settings, seconds, more)
}

/// One transfer under Paxos Commit.
fn single_paxos(settings: &str, more: &str) -> RecordedRun {
    run(&single_of("paxos-commit", settings, more))
}
