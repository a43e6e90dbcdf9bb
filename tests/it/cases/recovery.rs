//! Recovery against the fault-free twin, and the word for a run that never comes back.

use driftlab::checks::measures::catalogue::{AVAILABILITY, DONE, RECOVERY};
use driftlab::checks::measures::recovery::{NO_EFFECT, NO_FAULT, NO_TWIN};
use driftlab::experiment::compare::Study;
use driftlab::experiment::result::{Comparison, Statistic, VariantResult};
use driftlab::report::sentence::sentences;

use crate::whole::scenario;

const NOTHING: &str = include_str!("recovery-of-nothing.toml");
const STORM: &str = include_str!("retry-storm.toml");
const CALLER: &str = include_str!("caller-coordinates.toml");

const SECOND: f64 = 1e9;

fn compare(text: &str, seeds: u64) -> Comparison {
    Study::of(&scenario(text), 1..=seeds).compare().expect("variants and seeds")
}

/// Recovery in each seed, ns; infinite where it never came.
fn recoveries(variant: &VariantResult) -> Vec<f64> {
    let found = variant.measure(RECOVERY).expect("every run has it");
    found.per_seed(Statistic::P50).into_iter().flatten().collect()
}

/// The sentences about faults from which a variant never came back.
fn said(comparison: &Comparison, variant: &str) -> Vec<String> {
    let said = sentences(comparison).into_iter();
    said.filter(|(name, text)| name == variant && text.starts_with("never came back"))
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn a_fault_that_does_nothing_has_no_effect_in_any_seed() {
    let comparison = compare(NOTHING, 4);
    assert_eq!(comparison.variants.len(), 3);
    for variant in &comparison.variants {
        let why = variant.measure(RECOVERY).expect("every run has it").why();
        assert_eq!(why, Some(NO_EFFECT), "{}", variant.name);
        assert_eq!(said(&comparison, &variant.name), [""; 0]);
        let lost = variant.faults_cost.iter().find(|pair| pair.key == AVAILABILITY.into());
        assert_eq!(lost.expect("it is compared").difference, 0.0);
    }
}

#[test]
fn a_queue_is_served_seconds_after_the_heal_and_with_retries_never() {
    let once = compare(STORM, 3);
    // 100/s arrive and 16/s are served for 5 s, then 160/s are: it takes 7 s until nobody waits of
    // those 420, and a while longer until it is as if they had never been there.
    for recovery in recoveries(&once.variants[0]) {
        assert!((5.0 * SECOND..=25.0 * SECOND).contains(&recovery), "{recovery}");
    }
    assert_eq!(recoveries(&once.variants[0]).len(), 3);
    assert_eq!(said(&once, "local"), [""; 0]);

    let again = STORM.replace("attempts = 1", "attempts = 5\nattempt-deadline = '500ms'");
    let again = compare(&again, 3);
    assert_eq!(recoveries(&again.variants[0]), [f64::INFINITY; 3]);
    let [said] = &said(&again, "local")[..] else { panic!("one sentence") };
    assert!(said.contains("in 3 of 3 seeds"), "{said}");
    assert!(said.contains("answers and latency"), "{said}");
    assert!(said.ends_with("the workers of `web` stay full."), "{said}");
    let costs = &again.variants[0].faults_cost;
    let cost = |measure| costs.iter().find(|pair| pair.key == measure).map(|pair| pair.difference);
    assert!(cost(AVAILABILITY.into()) < Some(-0.3), "answers are lost");
    assert_eq!(cost(DONE.into()), Some(f64::INFINITY), "and of the last ones none comes");
}

#[test]
fn connections_and_drivers_that_stay_full_are_named() {
    let again = STORM.replace("attempts = 1", "attempts = 5\nattempt-deadline = '500ms'");
    let store = again
        .replace(
            "web = { work = { exponential = \"25ms\" }, workers = 4 }",
            "web = { work = '0ns', workers = 10000, queue = 10000 }",
        )
        .replace(
            "web-db = {}",
            "web-db = { work = { exponential = '25ms' }, cores = 64, connections = 6 }",
        )
        .replace("target = \"web\"", "target = \"web-db\"")
        .replace("attempts = 5", "attempts = 8")
        .replace("for = \"5s\"", "for = \"20s\"");
    let of_store = said(&compare(&store, 2), "local");
    let of_store = of_store.first().expect("a sentence");
    assert!(of_store.ends_with("the connections of `web-db` stay full."), "{of_store}");

    let driver = again
        .replace(
            "web = { work = { exponential = \"25ms\" }, workers = 4 }",
            "web = { work = '0ns', workers = 10000, queue = 10000 }",
        )
        .replace(
            "pattern = \"local-transaction\"",
            "pattern = 'orchestrated'\nsingle-store = 'through-driver'\n\
             drivers.orchestrator = { work = { exponential = '12500us' }, workers = 4, \
                                      queue = 10000 }",
        )
        .replace("target = \"web\"", "target = \"role:driver\"");
    let of_driver = said(&compare(&driver, 2), "local");
    let of_driver = of_driver.first().expect("a sentence");
    assert!(of_driver.ends_with("the workers of `orchestrator` stay full."), "{of_driver}");
}

#[test]
fn workers_that_wait_for_each_other_are_named() {
    let comparison = compare(CALLER, 3);
    let [own, caller] = &comparison.variants[..] else { panic!("two variants") };
    assert!(recoveries(own).iter().all(|it| *it < 40.0 * SECOND), "{:?}", recoveries(own));
    assert_eq!(recoveries(caller), [f64::INFINITY; 3]);
    let [said] = &said(&comparison, "caller")[..] else { panic!("one sentence") };
    assert!(said.contains("the workers of `ticket`") && said.ends_with("stay full."), "{said}");
}

#[test]
fn without_a_twin_or_a_fault_there_is_no_recovery_and_a_reason() {
    let why = |comparison: &Comparison| {
        let variant = &comparison.variants[0];
        assert_eq!(variant.faults_cost, []);
        variant.measure(RECOVERY).and_then(|found| found.why())
    };
    let struck = scenario(STORM);
    let alone = Study { twins: false, ..Study::of(&struck, [1]) };
    assert_eq!((alone.runs(), Study::of(&struck, [1]).runs()), (1, 2));
    assert_eq!(why(&alone.compare().expect("a run")), Some(NO_TWIN));
    let calm = &STORM[..STORM.find("[[faults]]").expect("a fault")];
    assert_eq!(why(&compare(calm, 1)), Some(NO_FAULT));
}
