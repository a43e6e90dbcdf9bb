//! Operations of one store are local transactions under every pattern.

use super::chain::Chain;
use crate::model::contract::WaitsFor;
use crate::model::record::{Answer, MessageClass};
use crate::model::system::OperationKind;
use crate::tests::runs::{RecordedRun, record_text, scenario};

const PATTERNS: [&str; 4] = ["two-phase-commit", "orchestrated", "event-based", "background-sync"];

/// An operation of two services and one of a single one, in turns, while all drivers are down for
/// two of each.
fn mixed(pattern: &'static str, through: &str) -> RecordedRun {
    let chain = Chain { steps: 2, others: 1, pattern, ..Chain::default() };
    let text = chain.crash("role:driver", "9s", "17s").text();
    let single_store = format!("single-store = '{through}'");
    record_text(&text.replace("single-store = 'through-driver'", &single_store), "it", 1)
}

/// The answers to the operations of one kind.
fn answers(told: &RecordedRun, kind: u16) -> Vec<Answer> {
    let rows = told.report.operations.iter().filter(|row| row.kind.0 == kind);
    rows.map(|row| row.answer).collect()
}

#[test]
fn a_local_operation_is_available_while_the_drivers_are_down() {
    for pattern in PATTERNS {
        let told = mixed(pattern, "local");
        assert_eq!(answers(&told, 1), [Answer::Done; 6], "{pattern}");
        let driven = mixed(pattern, "through-driver");
        assert_eq!(
            answers(&told, 0),
            answers(&driven, 0),
            "{pattern}: the others are as they were"
        );
        let detour = match pattern {
            "two-phase-commit" | "orchestrated" => {
                assert!(answers(&driven, 0).contains(&Answer::TechnicalNo));
                assert!(answers(&driven, 1).contains(&Answer::TechnicalNo), "by the driver");
                true
            }
            _ => {
                assert_eq!(answers(&driven, 1), [Answer::Accepted; 6], "{pattern}");
                false
            }
        };
        let messages = |told: &RecordedRun| told.sent("work", MessageClass::Service);
        assert!(!detour || pattern != "two-phase-commit" || messages(&told) < messages(&driven));
    }
}

#[test]
fn what_a_technique_leaves_in_one_place_is_local_too() {
    let chain = Chain { steps: 2, pattern: "two-phase-commit", ..Chain::default() };
    let text = chain.text().replace("single-store = 'through-driver'\n", "");
    let waits = |technique: &str| {
        let scenario = scenario(&(text.clone() + technique));
        scenario.variants[0].pattern.waits(OperationKind(0))
    };
    assert_eq!(waits("").steps, WaitsFor::All);
    let consolidated = waits("technique = { name = 'consolidation', services = ['s1', 's2'] }\n");
    assert_eq!((consolidated.steps, consolidated.drivers.len()), (WaitsFor::InOnePlace, 0));
    // Steps of two services are none, though their tables share a database.
    assert_eq!(waits("technique = 'shared-database'\n").steps, WaitsFor::All);
}

#[test]
fn the_promises_are_those_of_the_pattern() {
    for pattern in PATTERNS {
        let chain = Chain { steps: 2, others: 1, pattern, ..Chain::default() };
        let driven = scenario(&chain.text());
        let local = scenario(&chain.text().replace("single-store = 'through-driver'\n", ""));
        let promises = |it: &crate::scenario::Scenario| {
            it.variants[0].pattern.promises(&it.variants[0].system)
        };
        assert_eq!(promises(&local).guarantees, promises(&driven).guarantees, "{pattern}");
        assert_eq!(promises(&local).budget, promises(&driven).budget, "{pattern}");
        assert_eq!(local.variants[0].pattern.name(), pattern);
        assert!(local.variants[0].pattern.summary().ends_with("and so local: play"));
    }
}
