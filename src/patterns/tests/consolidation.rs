//! A service within another: one process, one fate.

use std::sync::Arc;

use super::chain::Chain;
use crate::checks::census::Headline;
use crate::experiment::compare::setup;
use crate::model::record::{Answer, Event, Kind, MessageClass, Station};
use crate::model::system::{DatabaseId, ServiceId, System, TableId};
use crate::patterns::single_store::locally;
use crate::techniques::consolidation::merge;
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_run, scenario};

/// Runs a scenario in which `s2` and `s3` were consolidated into `s1`, one way or the other of
/// saying so, with one database for all that they own.
fn consolidated(chain: &Chain, directly: bool) -> RecordedRun {
    consolidated_text(&chain.text(), directly)
}

fn consolidated_text(text: &str, directly: bool) -> RecordedRun {
    let scenario = scenario(text);
    let mut setup = setup(&scenario, &scenario.variants[0]);
    let mut system = System::clone(&setup.system);
    for table in [TableId(1), TableId(2)] {
        system.tables[table.index()].database = DatabaseId(0);
    }
    if directly {
        merge(&mut system, ServiceId(0), &[ServiceId(1), ServiceId(2)]);
    } else {
        merge(&mut system, ServiceId(1), &[ServiceId(2)]);
        merge(&mut system, ServiceId(0), &[ServiceId(1)]);
    }
    setup.system = Arc::new(system);
    if !text.contains("through-driver") {
        setup.pattern = locally(setup.pattern, &setup.system);
    }
    let told = record_run(&setup, 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    told
}

fn three(pattern: &'static str) -> Chain {
    Chain { steps: 3, pattern, ..Chain::default() }
}

#[test]
fn what_was_consolidated_is_one_participant_and_one_consumer() {
    let apart = |pattern| crate::tests::runs::record_text(&three(pattern).text(), "it", 1);
    let messages = |told: &RecordedRun, label| told.sent(label, MessageClass::Service);
    for directly in [true, false] {
        let together = consolidated(&three("two-phase-commit"), directly);
        assert_eq!(together.report.census.of(Headline::Committed), 6);
        assert_eq!(messages(&apart("two-phase-commit"), "prepare"), 2 * 3 * 6);
        assert_eq!(messages(&together, "prepare"), 2 * 6, "one participant");

        let together = consolidated(&three("event-based"), directly);
        assert_eq!(together.report.census.of(Headline::Committed), 6);
        let handed = |told: &RecordedRun| told.count(Kind::Handed);
        assert_eq!(handed(&together), handed(&apart("event-based")), "an event a step behind");

        let together = consolidated(&three("orchestrated"), directly);
        assert_eq!(together.report.census.of(Headline::Committed), 6);
        let served =
            together.pick(pick!(Event::Started { at: Station::Service(service), .. } => service));
        let served: Vec<ServiceId> = served.collect();
        assert_eq!(served, [ServiceId(0); 3 * 6], "all work is done by one pool");
    }
}

#[test]
fn what_strikes_one_strikes_all_under_whatever_name() {
    for (target, down) in [("s1", 1), ("s2", 1), ("s3", 1), ("s2#1", 1), ("s4", 1)] {
        let told = consolidated(&three("orchestrated").crash(target, "15s", "10s"), true);
        let crashed: Vec<_> = told.all(Kind::Crashed).map(|record| record.node).collect();
        let node = if target == "s4" { "s4" } else { "s1" };
        assert_eq!(crashed, vec![told.node(node); down], "{target}");
        let struck = told.report.operations.iter().filter(|row| row.answer != Answer::Done);
        let expected = u64::from(node == "s1");
        assert_eq!(struck.count() as u64, expected, "the one that arrives at 20 s: {target}");
    }
}

#[test]
fn a_deployment_of_one_stops_all_that_are_in_it() {
    let deployment = "[[faults]]\nkind = 'deployment'\nat = '19s'\n\
                      targets = ['s1', 's2', 's3']\ndown = '2s'\n";
    let chain = Chain { faults: deployment.into(), ..three("event-based") };
    let together = consolidated(&chain, true);
    assert_eq!(together.count(Kind::Crashed), 1, "there is one process to replace");
    let refused = together.report.operations.iter().filter(|row| row.answer != Answer::Accepted);
    assert_eq!(refused.count(), 1);
}

/// The work of the requests to the host, in ms, in the order in which they ended.
fn work(told: &RecordedRun) -> Vec<u64> {
    let work = told.pick(pick!(Event::Finished { at: Station::Service(_), work, .. } => work));
    work.map(|work| work.as_nanos() / 1_000_000).filter(|work| *work > 0).collect()
}

#[test]
fn a_part_costs_what_it_cost_before() {
    let with = |text: &str| {
        let own = |text: String, (service, work): (&str, u64)| {
            let head = format!("[services.{service}]\nwork = ");
            assert!(text.contains(&head));
            text.replace(&format!("{head}'1ms'"), &format!("{head}'{work}ms'"))
        };
        [("s1", 7), ("s2", 2), ("s3", 3)].into_iter().fold(text.to_owned(), own)
    };
    for directly in [true, false] {
        for pattern in ["orchestrated", "event-based", "two-phase-commit"] {
            let text = with(&three(pattern).text());
            let mut together = work(&consolidated_text(&text, directly));
            let mut apart = work(&crate::tests::runs::record_text(&text, "it", 1));
            together.sort_unstable();
            apart.sort_unstable();
            assert_eq!(together, apart, "{pattern}: a request for each step");
            assert_eq!(together.len(), 3 * 6, "{pattern}");
        }
        // One local transaction does the work of all three, and nobody waits for a network.
        let local = three("orchestrated").text().replace("single-store = 'through-driver'\n", "");
        let told = consolidated_text(&with(&local), directly);
        assert_eq!(work(&told), [7 + 2 + 3; 6]);
        let waited = |told: &RecordedRun| told.report.operations[0].answered_after;
        let even = waited(&consolidated_text(&local, directly)).expect("an answer");
        let more = (7 + 2 + 3) - 3;
        assert_eq!(waited(&told), Some(even + crate::kernel::Span::from_millis(more)));
    }
}
