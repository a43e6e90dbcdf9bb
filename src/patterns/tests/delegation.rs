//! A step that one service wants and another one, the owner of its table, carries out.

use std::sync::Arc;

use super::chain::Chain;
use crate::checks::census::Headline;
use crate::checks::verdict::Verdict;
use crate::experiment::compare::setup;
use crate::kernel::Span;
use crate::model::record::{Answer, Kind, MessageClass};
use crate::model::system::{ServiceId, System};
use crate::tests::runs::{RecordedRun, record_run, scenario};

/// The extra latency of a request by way of `s3`: there and back, and its work.
const EXTRA: Span = Span::from_millis(1 + 1 + 1);

/// Runs a scenario in which `s3` has delegated this step of the first operation.
pub(super) fn delegated(text: &str, step: Option<usize>) -> RecordedRun {
    let scenario = scenario(text);
    let mut setup = setup(&scenario, &scenario.variants[0]);
    let mut system = System::clone(&setup.system);
    if let Some(step) = step {
        system.operations[0].steps[step].asked_by = Some(ServiceId(2));
    }
    setup.system = Arc::new(system);
    let told = record_run(&setup, 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    told
}

/// By operation: whether it is of the first kind, its answer, and how long that took.
fn answers(told: &RecordedRun) -> Vec<(bool, Answer, Span)> {
    let rows = told.report.operations.iter();
    let known = rows.map(|row| (row.kind.0 == 0, row.answer, row.answered_after.expect("one")));
    known.collect()
}

/// Two operations in turns, the first of which is delegated.
fn chain(pattern: &'static str) -> Chain {
    Chain { steps: 2, others: 2, pattern, ..Chain::default() }
}

#[test]
fn a_delegated_operation_costs_a_round_trip_and_the_work_of_its_front_under_every_pattern() {
    for pattern in ["two-phase-commit", "orchestrated", "event-based", "background-sync"] {
        let text = chain(pattern).text();
        let (plain, by_front) = (delegated(&text, None), delegated(&text, Some(0)));
        assert_eq!((plain.ran.settled, by_front.ran.settled), (true, true));
        let pairs = answers(&plain).into_iter().zip(answers(&by_front));
        let mut kinds = [0, 0];
        for ((first, answer, before), (_, same, after)) in pairs {
            assert_eq!(answer, same);
            let extra = if first { EXTRA } else { Span::ZERO };
            assert_eq!(after, before + extra, "{pattern}");
            kinds[usize::from(first)] += 1;
        }
        assert_eq!(kinds, [6, 6], "half of them are delegated");
        assert_eq!(plain.sent("delegate", MessageClass::Service), 0);
        assert_eq!(by_front.sent("delegate", MessageClass::Service), 2 * 6);
    }
}

#[test]
fn a_front_that_is_down_takes_the_operation_with_it_although_the_owner_is_up() {
    let down = chain("event-based").crash("s3", "25s", "20s");
    let told = delegated(&down.text(), Some(0));
    let refused = told.report.operations.iter().filter(|row| row.answer == Answer::TechnicalNo);
    let refused: Vec<_> = refused.map(|row| (row.kind.0, row.arrived.as_nanos())).collect();
    // One every 10 s from 10 s on; the service is down from 25 s to 46 s, recovery included.
    assert_eq!(refused, [(0, 30_000_000_000), (0, 40_000_000_000)]);
    let committed = told.report.census.of(Headline::Committed);
    assert_eq!((committed, told.report.census.total()), (10, 12), "the others are as they were");
}

#[test]
fn a_client_that_asks_again_by_way_of_a_front_is_still_served_once() {
    let lossy = Chain {
        links: "default = { delay = '1ms', loss = 0.2 }",
        clients: "deadline = '9s'\nattempts = 6\nattempt-deadline = '1s'",
        ..chain("orchestrated")
    };
    let told = delegated(&lossy.text(), Some(0));
    let asked = told.all(Kind::Retried).filter(|record| told.is_about(record, "client"));
    assert!(asked.count() > 0, "requests and answers are lost");
    let ends = told.verify(&["at-most-once", "all-or-nothing", "client-contract"], None);
    for finding in ends {
        assert_eq!(finding.judgement.verdict, Verdict::Held, "{finding:?}");
    }
    let of_delegated = told.report.operations.iter().filter(|row| row.kind.0 == 0);
    assert!(of_delegated.clone().all(|row| row.answer != Answer::TechnicalNo));
    assert!(of_delegated.filter(|row| row.headline == Headline::Committed).count() > 0);
}

#[test]
fn an_orchestrator_goes_to_a_later_step_by_way_of_who_wants_it_there_and_back() {
    let text = Chain { steps: 2, ..Chain::default() }.text();
    let (plain, by_way) = (delegated(&text, None), delegated(&text, Some(1)));
    for (before, after) in answers(&plain).into_iter().zip(answers(&by_way)) {
        assert_eq!(after, (true, Answer::Done, before.2 + EXTRA));
    }
    assert_eq!(by_way.sent("delegate", MessageClass::Service), 2 * 6);

    let refused = Chain { steps: 4, refused_at: Some(4), ..Chain::default() }.text();
    let (plain, by_way) = (delegated(&refused, None), delegated(&refused, Some(1)));
    for (before, after) in answers(&plain).into_iter().zip(answers(&by_way)) {
        assert_eq!(after, (true, Answer::RefusedByRule, before.2 + EXTRA + EXTRA));
    }
    assert_eq!(by_way.sent("compensate", MessageClass::Service), 2 * 3 * 6);
    assert_eq!(by_way.sent("delegate", MessageClass::Service), 2 * 2 * 6, "apply and compensate");
}

#[test]
fn a_service_that_wants_what_it_carries_out_itself_asks_nobody() {
    let text = Chain { steps: 3, ..Chain::default() }.text();
    let told = delegated(&text, Some(2));
    assert_eq!(told.sent("delegate", MessageClass::Service), 0);
    assert_eq!(answers(&told), answers(&delegated(&text, None)));
}
