//! Random faults in whole runs.

use super::*;
use crate::faults::plan::Start;
use crate::scenario::Scenario;
use crate::tests::runs::{SHOP, record_text, scenario};

const NEMESIS: &str = r#"
    [[faults]]
    kind = "random"
    at = "10s"
    for = "20s"
    count = 5
    kinds = ["crash", "partition"]
    longest = "2s"
"#;

fn drawn(scenario: &Scenario, seed: u64) -> Vec<String> {
    scenario.plan(seed).iter().map(PlannedFault::to_string).collect()
}

#[test]
fn as_many_as_asked_for_begin_within_the_window() {
    let shop = format!("{SHOP}{NEMESIS}");
    let scenario = scenario(&shop);
    for seed in 0..20 {
        let plan = scenario.plan(seed);
        assert_eq!(plan.len(), 5);
        for fault in plan.iter() {
            let Start::At(at) = fault.start else { panic!("no point is known before the run") };
            assert!((Span::from_secs(10)..Span::from_secs(30)).contains(&at), "{fault}");
            assert!(fault.length.is_some_and(|length| length <= Span::from_secs(2)), "{fault}");
            assert!(["crash", "partition"].contains(&fault.fault.name()));
        }
    }
    assert_eq!(record_text(&shop, "saga", 1).report.faults.len(), 5, "and all of them strike");
}

/// Every variant of a seed suffers the same faults; another seed, and a second nemesis, others.
#[test]
fn the_seed_and_the_name_decide_and_nothing_else() {
    let scenario = scenario(&format!("{SHOP}{NEMESIS}{NEMESIS}"));
    let (one, other) = (drawn(&scenario, 1), drawn(&scenario, 2));
    assert_ne!(one, other);
    assert_ne!(one[..5], one[5..]);
    assert_eq!(one, drawn(&scenario, 1));
    let windows = |variant: &str| {
        let told = record_text(&format!("{SHOP}{NEMESIS}"), variant, 1);
        told.report.faults.iter().map(|fault| (fault.fault, fault.began)).collect::<Vec<_>>()
    };
    assert_eq!(windows("saga"), windows("keyless"));
}

/// All else that is random in the run stays as it was: a nemesis draws from a stream of its own.
#[test]
fn a_nemesis_that_draws_nothing_changes_nothing() {
    let none = NEMESIS.replace("count = 5", "count = 0");
    let with = record_text(&format!("{SHOP}{none}"), "saga", 1);
    assert_eq!(with.ran.fingerprint, record_text(SHOP, "saga", 1).ran.fingerprint);
}
