//! Attempts: who makes them, how many there are, and which operations need no driver for them.

use driftlab::checks::census::{Headline, State};
use driftlab::experiment::compare::Study;
use driftlab::model::record::{Answer, Discard, Event, Kind};
use driftlab::model::system::OperationKind;
use driftlab::scenario::Scenario;

use crate::whole::{RecordedRun, scenario, tell, text, thin, variant};

const SECOND: u64 = 1_000_000_000;

fn kind(scenario: &Scenario, name: &str) -> OperationKind {
    let system = &scenario.system;
    let found = system.kinds().find(|kind| &*system.operation(*kind).name.shown == name);
    found.unwrap_or_else(|| panic!("no operation `{name}`"))
}

/// When each operation of a kind arrived, and its answer.
fn answers(told: &RecordedRun, kind: OperationKind) -> Vec<(u64, Answer)> {
    let rows = told.report.operations.iter().filter(|row| row.kind == kind);
    rows.map(|row| (row.arrived.as_nanos(), row.answer)).collect()
}

/// The rows of the library are split, so that whoever lends, takes back or prices a book writes one
/// table of its own: made local by hand or not, they fare alike.
#[test]
fn local_operations_fare_as_if_they_had_been_made_local_by_hand() {
    let shipped = text("ownership/1-joint-table.toml");
    let by_hand = "pattern = { lend = \"local-transaction\", take-back = \"local-transaction\", \
                   reprice = \"local-transaction\", default = \"two-phase-commit\" }";
    let by_hand = format!("[variants.by-hand]\ntechnique = \"table-split\"\n{by_hand}\n");
    let scenario = thin(scenario(&(shipped + "\n" + &by_hand)));
    let [told, hand] = ["split-two-phase-commit", "by-hand"]
        .map(|name| tell(&scenario, variant(&scenario, name), 1));
    for name in ["lend", "take-back", "reprice", "add-book", "remove-book"] {
        let kind = kind(&scenario, name);
        let answers = answers(&told, kind);
        assert!(!answers.is_empty() && answers == self::answers(&hand, kind), "{name}");
    }
}

/// A customer changes an address while the coordinator, or whoever drives, is down.
#[test]
fn a_purely_local_write_needs_no_driver() {
    let scenario = thin(scenario(&text("sysops-ticket.toml")));
    let update = kind(&scenario, "update-customer");
    for variant in &scenario.variants {
        let told = tell(&scenario, variant, 1);
        let in_the_outage = (150 * SECOND)..(185 * SECOND);
        let answers = answers(&told, update).into_iter();
        let answers: Vec<_> = answers.filter(|it| in_the_outage.contains(&it.0)).collect();
        let name = &variant.name.shown;
        assert!(answers.len() > 5, "{name}");
        assert!(answers.iter().all(|(_, answer)| *answer == Answer::Done), "{name}: {answers:?}");
    }
}

#[test]
fn the_attempts_of_a_handler_and_of_the_broker_do_not_multiply_unless_told_to() {
    let scenario = scenario(include_str!("retries-multiply.toml"));
    for (name, attempts) in [("events", 4), ("multiplied", 12)] {
        let told = tell(&scenario, variant(&scenario, name), 1);
        assert_eq!(told.all(Kind::Aborted).count(), attempts, "{name}");
        assert_eq!(told.all(Kind::Handed).count(), 4, "{name}: delivered again three times");
        let letters = told.pick(|record| match record.event {
            Event::Discarded { discard, .. } => Some(discard),
            _ => None,
        });
        assert_eq!(letters.collect::<Vec<_>>(), [Discard::DeadLetter], "{name}");
    }
    let comparison = Study::of(&scenario, [1]).compare().expect("two variants");
    let [common, events, multiplied] = &comparison.rests_on[..] else { panic!("{comparison:?}") };
    assert!(common.starts_with("retry.attempts = 3, retry.backoff = 500ms"), "{common}");
    assert!(
        events.contains("attempts-per-delivery = 1, ") && events.contains("max-deliveries = 4")
    );
    assert!(multiplied.contains("attempts-per-delivery = 3"), "{multiplied}");
    assert!(!events.contains("session-timeout"), "each service has one instance: {events}");
    assert!(events.contains("poll-interval") && events.contains("visibility-timeout"), "{events}");
}

#[test]
fn deliveries_are_used_up_in_the_first_part_of_an_outage_and_later_ones_arrive() {
    let scenario = scenario(include_str!("retries-used-up.toml"));
    let told = tell(&scenario, variant(&scenario, "events"), 1);
    let half_done: Vec<u64> = (told.report.operations.iter())
        .filter(|row| row.state == State::Partial)
        .map(|row| row.arrived.as_nanos() / SECOND)
        .collect();
    // One message of each of 8 partitions at a time, and ten deliveries of each with pauses of 0.5,
    // 1, 2, 4 and five times 5 s, less up to a third: 22 to 33 s, so some two in a minute. What
    // waits behind them is delivered when the database is back.
    let letters = told.all(Kind::Discarded).count();
    assert!((12..=20).contains(&letters) && half_done.len() == letters, "{letters} dead letters");
    assert!(half_done.iter().all(|at| (19..=32).contains(at)), "{half_done:?}");
    let late = told.report.operations.iter().filter(|row| row.arrived.as_nanos() > 33 * SECOND);
    assert!(late.clone().count() > 300);
    assert!(late.into_iter().all(|row| row.headline == Headline::Committed));
}

#[test]
fn a_comparison_says_how_patient_everybody_was() {
    let patient = "[retry]\nattempts = 12\nbackoff = \"1s\"\n[clients]\ndeadline = \"60s\"\n\
                   [operations.open-ticket.retry]\nattempts = 2\n\
                   [services.survey.retry]\nstep-deadline = \"1s\"\n";
    let scenario = thin(scenario(&(text("sysops-ticket.toml") + "\n" + patient)));
    let comparison = Study::of(&scenario, [1]).compare().expect("variants");
    let expected = "retry.attempts = 12, retry.backoff = 1s, retry.step-deadline = 2s, \
                    clients.deadline = 60s, operations.open-ticket.retry.attempts = 2, \
                    services.survey.retry.step-deadline = 1s";
    assert_eq!(comparison.rests_on[0], expected);
}
