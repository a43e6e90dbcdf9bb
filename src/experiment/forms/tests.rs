//! Closed forms before small systems, and verdicts on numbers.

use super::*;
use crate::checks::measures::catalogue::{DEADLOCKS, IN_FLIGHT, LAG};
use crate::experiment::compare::Study;
use crate::experiment::result::Comparison;
use crate::scenario::Registries;

/// A shop without faults whose stock is told in different ways; `STEP` and `MORE` are filled in.
const SHOP: &str = r#"
    [scenario]
    name = "shop"
    warm-up = "10s"
    load = "70s"
    [services]
    order = {}
    stock = {}
    [databases]
    order-db = {}
    stock-db = {}
    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    parcel = { owner = "stock", database = "stock-db", columns = { state = 0 } }
    price = { owner = "stock", database = "stock-db", columns = { amount = 0 }, rows = 20 }
    [operations.buy]
    keys = { order = "new" }
    [[operations.buy.steps]]
    name = "place"
    by = "order"
    table = "order"
    key = "order"
    effect = { insert = { product = 1 } }
    [[operations.buy.steps]]
    name = "pack"
    by = "stock"
    table = "parcel"
    key = "order"
    effect = { insert = { state = 1 } }
    derive = { row-per = "order" }
    STEP
    [operations.change]
    keys = { price = { rows-of = "price" } }
    steps = [{ name = "change", by = "stock", table = "price", key = "price",
               effect = { set = { amount = "{ordinal}" } } }]
    [load.shoppers]
    operation = "buy"
    poisson = 10.0
    [load.market]
    operation = "change"
    poisson = 4.0
    [reads.tag]
    by = "order"
    table = "price"
    column = "amount"
    key = { rows-of = "price" }
    rate = 20.0
    [variants.two-phase-commit]
    pattern = "two-phase-commit"
    technique = { name = "replicate", tables = ["price"], feed = "periodic", every = "5s" }
    [variants.paxos]
    pattern = "paxos-commit"
    settings = { tolerated-faults = 2 }
    [variants.sync]
    pattern = "background-sync"
    settings = { interval = "5s" }
    [variants.events]
    pattern = "event-based"
    settings = { poll-interval = "1s" }
    MORE
"#;

fn compared(step: &str, more: &str) -> Comparison {
    compare(&SHOP.replace("STEP", step).replace("MORE", more))
}

fn compare(text: &str) -> Comparison {
    let scenario = Scenario::from_text(text, &Registries::builtin()).expect("it is sound");
    Study::of(&scenario, 1..=6).compare().expect("variants and seeds")
}

/// The names of what is predicted of a variant.
fn names(comparison: &Comparison, variant: &str) -> Vec<String> {
    let found = comparison.variant(variant).expect("it was compared");
    found.predicted.iter().map(|it| it.prediction.key.to_string()).collect()
}

#[test]
fn forms_apply_where_the_scenario_is_as_simple_as_they_assume_and_hold_there() {
    let comparison = compared("", "");
    let pools = ["pools.order.utilisation", "pools.stock.utilisation"];
    let commit = ["operations.buy.m12.messages.service", "operations.buy.m12.forced-writes"];
    let flight = ["operations.buy.m14.in-flight", "operations.change.m14.in-flight"];
    let busy = ["pools.coordinator.utilisation"];
    let expected = [&["reads.tag.stale"], &commit[..], &flight, &busy, &pools];
    assert_eq!(names(&comparison, "two-phase-commit"), expected.concat());
    let expected = [&commit[..], &flight, &busy, &pools];
    assert_eq!(names(&comparison, "paxos"), expected.concat());
    let synchronized = [&["operations.buy.m1"], &flight[..], &pools].concat();
    assert_eq!(names(&comparison, "sync"), synchronized);
    let busy = ["pools.broker.utilisation"];
    let told = [&["operations.buy.m1"], &flight[..], &busy, &pools].concat();
    assert_eq!(names(&comparison, "events"), told);
    for variant in &comparison.variants {
        for it in &variant.predicted {
            let measured = &variant.measures[&it.prediction.key];
            let held = it.held(measured);
            let value = measured.estimate(it.prediction.of).expect("a number").value;
            let near = (value - it.prediction.value).abs() < 0.1 * it.prediction.value;
            assert!(held != Held::Broken, "{}: {it:?}", variant.name);
            assert!(held == Held::Kept || near, "{}: {value}, {it:?}", variant.name);
        }
    }
}

/// The names of what is predicted of a variant, without a run.
fn foreseen(text: &str, variant: &str) -> Vec<String> {
    let scenario = Scenario::from_text(text, &Registries::builtin()).expect("it is sound");
    let variant = scenario.variant(variant).expect("it is there");
    let measured = &BTreeMap::new();
    let all = predicted(&Case { scenario: &scenario, variant, measured }, |_, _| true);
    all.iter().map(|it| it.prediction.key.to_string()).collect()
}

/// A prediction of a variant, and what was measured of it.
fn beside(comparison: &Comparison, variant: &str, key: &str) -> (f64, f64, Held) {
    let found = comparison.variant(variant).expect("it was compared");
    let it = found.predicted.iter().find(|it| it.prediction.key.to_string() == key);
    let it = it.unwrap_or_else(|| panic!("{key} of {variant} is predicted"));
    let measured = &found.measures[&it.prediction.key];
    let value = measured.estimate(it.prediction.of).expect("a number").value;
    (it.prediction.value, value, it.held(measured))
}

/// Two participants, one of whom is asked for work after the other, and five acceptors.
#[test]
fn a_paxos_commit_costs_what_gray_and_lamport_count() {
    let comparison = compared("", "");
    let price = |what| beside(&comparison, "paxos", &format!("operations.buy.m12.{what}"));
    let (messages, forced) = (price("messages.service"), price("forced-writes"));
    assert_eq!((messages.0, messages.2), (2.0 * 2.0 + 8.0 * 2.0 + 8.0, Held::Kept));
    assert_eq!((forced.0, forced.2), (2.0 * 2.0 + 5.0, Held::Kept));
    assert!(messages.1 < messages.0 * 1.01 && forced.1 > forced.0 * 0.9, "{messages:?} {forced:?}");
}

/// A minute has two runs, of which the first comes for twenty seconds' arrivals only.
#[test]
fn a_job_that_runs_seldom_is_not_held_to_half_its_interval() {
    let text = SHOP.replace("STEP", "").replace("MORE", "").replace("70s", "60s");
    let comparison = compare(&text.replace("interval = \"5s\"", "interval = \"30s\""));
    let (predicted, measured, held) = beside(&comparison, "sync", "operations.buy.m1");
    assert_eq!((predicted, held), (13e9, Held::Kept), "{measured}");
    assert!(measured < 15e9, "the form would be broken: {measured}");
}

/// One worker that is at work for six tenths of the time, at a service and at a driver.
#[test]
fn the_line_before_busy_workers_is_that_of_erlang_and_little() {
    let busy = "[drivers.coordinator]\nworkers = 1\nwork = { exponential = '15ms' }";
    let text = SHOP
        .replace("order = {}", "order = { workers = 1, work = { exponential = '60ms' } }")
        .replace("-db = {}", "-db = { work = '0ns', force = '0ns' }")
        .replace("rate = 20.0", "rate = 0.1")
        .replace("STEP", "")
        .replace("MORE", busy);
    let comparison = compare(&text);
    // A service that has a part in an atomic commit is asked three times.
    for (variant, pool) in [("events", "order"), ("paxos", "coordinator")] {
        let key = format!("pools.{pool}.waiting");
        let (predicted, measured, held) = beside(&comparison, variant, &key);
        assert!(matches!(held, Held::Inside | Held::Kept), "{key}: {measured}, not {predicted}");
        assert!((predicted / measured - 1.0).abs() < 0.25, "{key}: {measured}, not {predicted}");
    }
    for (from, to) in [
        ("poisson = 10.0", "constant = '100ms'"),
        ("{ exponential = '60ms' }", "'60ms'"),
        ("workers = 1, work", "workers = 16, work"),
        ("workers = 1, work", "instances = 2, workers = 1, work"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        let names = foreseen(&changed, "events");
        assert!(!names.contains(&"pools.order.waiting".into()), "{to}: {names:?}");
    }
}

/// Five clients who think for a second do less than five operations per second, and nearly so much
/// if answers are quick.
#[test]
fn a_closed_loop_does_no_more_than_its_clients_can_ask_for() {
    let closed = "closed = { clients = 5, think = { exponential = '1s' } }";
    let text = SHOP.replace("STEP", "").replace("MORE", "").replace("poisson = 10.0", closed);
    let comparison = compare(&text);
    for variant in ["two-phase-commit", "paxos", "sync", "events"] {
        let (predicted, measured, held) = beside(&comparison, variant, "operations.buy.m14");
        assert_eq!(held, Held::Kept, "{variant}");
        assert!(predicted < 5.0 && measured > 0.9 * predicted, "{variant}: {measured}");
    }
    let names = foreseen(&text, "sync");
    assert!(!names.contains(&"operations.change.m14".into()), "an open loop: {names:?}");
    let short = text.replace("poisson = 4.0", &format!("until = '30s'\n{closed}"));
    let names = foreseen(&short, "sync");
    assert!(!names.contains(&"operations.change.m14".into()), "it ends before: {names:?}");
}

/// Half of the answers are refusals, which take another time than the others; in an unsteady or a
/// closed load nobody knows the rate beforehand.
#[test]
fn as_many_are_in_flight_as_arrive_while_one_is_there() {
    let comparison = compared("refuse = { probability = 0.5 }", "");
    for variant in ["two-phase-commit", "paxos", "sync", "events"] {
        for operation in ["buy", "change"] {
            let key = format!("operations.{operation}.m14.in-flight");
            let (predicted, measured, held) = beside(&comparison, variant, &key);
            assert_eq!(held, Held::Inside, "{variant}, {key}: {measured}, not {predicted}");
            let off = (measured / predicted - 1.0).abs();
            assert!(off < 0.1, "{variant}, {key}: {measured}, not {predicted}");
        }
    }
    let text = SHOP.replace("STEP", "").replace("MORE", "");
    for arrivals in ["closed = { clients = 5, think = '1s' }", "until = '30s'\npoisson = 10.0"] {
        let text = text.replacen("poisson = 10.0", arrivals, 1);
        let comparison = compare(&text);
        let names = names(&comparison, "sync");
        assert!(!names.iter().any(|it| it.ends_with("in-flight")), "{arrivals}: {names:?}");
    }
}

#[test]
fn a_rule_that_refuses_leaves_only_the_form_about_refusals() {
    let comparison = compared("refuse = { probability = 0.2 }", "");
    for variant in ["two-phase-commit", "sync", "events"] {
        let is_own = |it: &String| !it.starts_with("reads") && !it.ends_with("in-flight");
        let own: Vec<_> = names(&comparison, variant).into_iter().filter(is_own).collect();
        assert_eq!(own, ["operations.buy.m7.committed"], "{variant}");
        let found = comparison.variant(variant).expect("it was compared");
        let mut all = found.predicted.iter();
        assert!(all.all(|it| it.prediction.value < 0.81 || it.prediction.key.measure == IN_FLIGHT));
    }
}

#[test]
fn no_form_applies_where_something_goes_wrong_by_plan() {
    let fault = "[[faults]]\nkind = 'crash'\ntarget = 'stock'\nat = '20s'\nfor = '5s'";
    for more in [fault, "[links.default]\nloss = 0.01"] {
        let comparison = compared("", more);
        assert!(comparison.variants.iter().all(|it| it.predicted.is_empty()), "{more}");
    }
}

#[test]
fn bounds_and_intervals_are_told_apart() {
    static EXACT: Form = form(Bound::Exactly);
    static LEAST: Form = form(Bound::AtLeast);
    static MOST: Form = form(Bound::AtMost);
    let values = [9.0, 11.0, 10.0, 9.5, 10.5, 10.0].map(Some).to_vec();
    let key = DEADLOCKS;
    let measured = MeasureResult::mean(key, values.clone());
    let held = |form: &'static Form, value| {
        let prediction = Prediction { key: key.into(), of: Statistic::Value, value };
        Predicted { form, prediction }.held(&measured)
    };
    assert_eq!(
        [8.0, 10.1, 12.0].map(|it| held(&EXACT, it)),
        [Held::Outside, Held::Inside, Held::Outside]
    );
    assert_eq!(
        [8.0, 10.1, 12.0].map(|it| held(&LEAST, it)),
        [Held::Kept, Held::Kept, Held::Broken]
    );
    assert_eq!([8.0, 10.1, 12.0].map(|it| held(&MOST, it)), [Held::Broken, Held::Kept, Held::Kept]);
    let few = MeasureResult::mean(key, values[..3].to_vec());
    let prediction = Prediction { key: key.into(), of: Statistic::Value, value: 10.0 };
    assert_eq!(Predicted { form: &EXACT, prediction }.held(&few), Held::Open);
    assert!(LAG.is_many(), "its forms speak of a mean");
}

const fn form(bound: Bound) -> Form {
    Form { formula: "x", meaning: "x", source: "x", bound, predict: |_| Vec::new() }
}
