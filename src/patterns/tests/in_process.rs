//! Events on a bus within the process: who publishes calls those who follow, and waits.

use std::sync::Arc;

use super::chain::Chain;
use crate::checks::census::{Headline, State};
use crate::experiment::compare::setup;
use crate::kernel::Span;
use crate::model::database::Direction::{Forward, Undo};
use crate::model::record::{Answer, Event, Kind, MessageClass};
use crate::model::system::{DatabaseId, ServiceId, System};
use crate::techniques::consolidation::merge;
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_run, record_text, scenario};

fn bus(steps: usize) -> Chain {
    let settings = "publish = 'in-process'";
    Chain { steps, pattern: "event-based", settings, ..Chain::default() }
}

fn run(chain: &Chain) -> RecordedRun {
    let told = record_text(&chain.text(), "it", 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    told
}

/// The answers that the clients heard, and after how long.
fn answers(told: &RecordedRun) -> Vec<(Answer, Option<Span>)> {
    told.report.operations.iter().map(|row| (row.answer, row.answered_after)).collect()
}

#[test]
fn the_answer_waits_for_every_handler_and_costs_a_round_trip_each() {
    let one = answers(&run(&bus(1)))[0].1.expect("an answer");
    for steps in 1..=4 {
        let told = run(&bus(steps));
        // Each handler is a call like the client's: a round trip, the work, a transaction.
        let expected = (Answer::Done, Some(one.saturating_mul(steps as u64)));
        assert_eq!(answers(&told), [expected; 6]);
        assert_eq!(told.report.census.of(Headline::Committed), 6);
        assert_eq!(told.sent("handle", MessageClass::Service), 2 * (steps - 1) * 6);
        assert_eq!(told.count(Kind::Published), 0, "there is no broker");
        let forced = told.all(Kind::Forced).count();
        assert_eq!(forced, steps * 6, "the commits, and nothing else is stored");
    }
}

#[test]
fn in_one_process_a_handler_is_a_function_call() {
    let scenario = scenario(&bus(3).text());
    let mut setup = setup(&scenario, &scenario.variants[0]);
    let mut system = System::clone(&setup.system);
    for at in [1, 2] {
        system.tables[at].database = DatabaseId(0);
    }
    merge(&mut system, ServiceId(0), &[ServiceId(1), ServiceId(2)]);
    setup.system = Arc::new(system);
    let told = record_run(&setup, 1);
    let one = answers(&run(&bus(1)))[0].1.expect("an answer");
    let call = Span::from_millis(1 + 1 + 1);
    let transaction = one.saturating_sub(call);
    // No way there and back, but each part does the work that it did as a service.
    let work = Span::from_millis(1 + 1);
    let expected = (Answer::Done, Some(call + work + transaction.saturating_mul(3)));
    assert_eq!(answers(&told), [expected; 6]);
    assert_eq!(told.sent("handle", MessageClass::Service), 0);
}

#[test]
fn a_handler_that_fails_fails_the_answer_although_the_commit_stands() {
    let told = run(&bus(3).crash("s2", "15s", "10s"));
    let struck: Vec<_> =
        told.report.operations.iter().filter(|it| it.answer != Answer::Done).collect();
    let [row] = &struck[..] else { panic!("one operation meets the crash") };
    assert_eq!((row.answer, row.state), (Answer::TechnicalNo, State::Partial));
    let shown = told.all(Kind::Shown).filter(|record| record.op == row.op);
    let steps: Vec<u8> = shown.map(|record| record.step.0).collect();
    assert_eq!(steps, [0], "what was committed stays; nobody else ever hears");
    assert_eq!(told.report.census.of(Headline::Committed), 5);
}

#[test]
fn a_publisher_with_attempts_enough_outlasts_an_outage_of_a_handler() {
    let clients = "deadline = '60s'\nattempts = 1";
    let chain = Chain { clients, ..bus(3) }.crash("s2", "15s", "10s");
    let text = chain.text() + "[services.s2.retry]\nattempts = 20\n";
    let told = record_text(&text, "it", 1);
    assert_eq!(told.report.census.of(Headline::Committed), 6);
    let calls = told.all(Kind::Retried).filter(|record| told.is_about(record, "handle"));
    assert!(calls.count() > 3);
}

#[test]
fn a_crash_of_the_publisher_loses_the_rest() {
    let committed = |told: &RecordedRun| {
        let shown = told.all(Kind::Shown).find(|record| record.step.0 == 0);
        shown.expect("the first step").time.as_nanos()
    };
    let quiet = run(&bus(2));
    let at = format!("{}ns", committed(&quiet));
    let told = run(&bus(2).crash("s1", &at, "5s"));
    let row = &told.report.operations[0];
    assert_eq!((row.answer, row.state), (Answer::Unknown, State::Partial));
    assert_eq!(told.report.census.of(Headline::Stranded), 1, "nothing durable knows of it");
    assert_eq!(told.report.census.of(Headline::Committed), 5);
}

#[test]
fn a_refusal_takes_everything_back_and_is_the_answer() {
    let told = run(&Chain { refused_at: Some(3), ..bus(3) });
    assert!(answers(&told).iter().all(|(answer, _)| *answer == Answer::RefusedByRule));
    assert_eq!(told.report.census.of(Headline::Compensated), 6);
    let of_first = pick!(record: Event::Shown { direction, .. } if record.op.0 == 0 => {
        (record.step.0, direction)
    });
    let shown: Vec<_> = told.pick(of_first).collect();
    assert_eq!(shown, [(0, Forward), (1, Forward), (0, Undo), (1, Undo)]);
}

#[test]
fn it_promises_as_little_as_a_dual_write() {
    let system = scenario(&bus(3).text()).system;
    let guarantees = |settings: &str| {
        let chain = bus(3).text().replace("'in-process'", settings);
        scenario(&chain).variants[0].pattern.promises(&system).guarantees
    };
    assert_eq!(guarantees("'in-process'"), guarantees("'dual-write'"));
    assert_ne!(guarantees("'in-process'"), guarantees("'outbox'"));
    let pattern = Arc::clone(&scenario(&bus(3).text()).variants[0].pattern);
    assert!(pattern.drivers().is_empty(), "no relay, no broker");
}
