//! The promises of patterns with their default settings, against plans of faults drawn from their
//! own budgets: the same generator as `driftlab fuzz`, with a fixed and bounded effort.

use driftlab::checks::Verdict;
use driftlab::faults::fault::Faults;
use driftlab::report::fuzz::case as in_words;
use driftlab::scenario::Scenario;
use driftlab::search::fuzz::Fuzz;
use driftlab::search::shrink::{shrink, violates};
use driftlab::search::trial::Trial;
use proptest::prelude::*;

use crate::whole::scenario;

/// An order that is taken from stock, paid, and sometimes refused, under every pattern's defaults.
const SHOP: &str = r#"
    [scenario]
    name = "promises"
    load = "60s"
    settle = "300s"

    [services]
    order = {}
    stock = {}
    payment = {}

    [databases]
    order-db = {}
    stock-db = {}
    payment-db = {}

    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0, status = "none" } }
    product = { owner = "stock", database = "stock-db", columns = { sold = 0 }, rows = 9 }
    payment = { owner = "payment", database = "payment-db", columns = { state = "none" } }

    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }

    [[operations.buy.steps]]
    name = "place"
    by = "order"
    table = "order"
    key = "order"
    effect = { insert = { product = "{product}", status = "placed" } }

    [[operations.buy.steps]]
    name = "take"
    by = "stock"
    table = "product"
    key = "product"
    effect = { add = { sold = 1 } }
    derive = { count = "order", by = "product", to = "sold", where = { status = "placed" } }

    [[operations.buy.steps]]
    name = "pay"
    by = "payment"
    table = "payment"
    key = "order"
    effect = { insert = { state = "taken" } }
    derive = { row-per = "order", where = { status = "placed" } }
    refuse = { probability = 0.1 }

    [load.shoppers]
    operation = "buy"
    poisson = 5.0

    [[invariants]]
    name = "every order is taken from stock once"
    [invariants.count-equal]
    table = "product"
    column = "sold"
    of = "order"
    by = "product"
    where = { status = "placed" }

    [variants]
    two-phase-commit = { pattern = "two-phase-commit" }
    paxos-commit = { pattern = "paxos-commit" }
    background-sync = { pattern = "background-sync" }
    orchestrated = { pattern = "orchestrated" }
    event-based = { pattern = "event-based" }
"#;

fn fuzz<'a>(scenario: &'a Scenario, faults: &'a Faults, seed: u64) -> Fuzz<'a> {
    let trials = scenario.variants.iter().map(|variant| Trial::new(scenario, variant)).collect();
    Fuzz { trials, faults, seed, operations: 5, most: 3, uniform: false }
}

/// Fails with the simplest plan that breaks the same promise.
fn hold(fuzz: &Fuzz<'_>, variant: usize, run: u64) -> Result<(), TestCaseError> {
    let trial = &fuzz.trials[variant];
    let case = fuzz.case(variant, run);
    let tried = trial.run(&case);
    prop_assert_eq!(&tried.degraded, &None, "plans are drawn inside the budget");
    for finding in &tried.findings {
        if violates(&tried, &finding.property) {
            let least = shrink(trial, &case, &finding.property, &mut |_| ());
            let least = least.map_or_else(String::new, |it| in_words(trial.system(), &it.case));
            let (name, why) = (&finding.property, &finding.judgement.why);
            let variant = &trial.variant().name.shown;
            return Err(TestCaseError::fail(format!("{variant}: {name}: {why}\n{least}")));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_defaults_of_every_pattern_keep_their_promises(
        seed in 0..1_000_u64,
        run in 0..128_u64,
        variant in 0..5_usize,
    ) {
        let (scenario, faults) = (scenario(SHOP), Faults::builtin());
        hold(&fuzz(&scenario, &faults, seed), variant, run)?;
    }
}

/// Promises that have no chance to be broken here: trials have no readers, no two orders have the
/// same key, a transaction that is refused deletes nothing, and a synchronization job neither holds
/// anything durable nor sends a message for an operation.
const IDLE: [(&str, &str); 7] = [
    ("", "read-committed"),
    ("two-phase-commit", "no-resurrection"),
    ("paxos-commit", "no-resurrection"),
    ("background-sync", "no-livelock"),
    ("background-sync", "nothing-held"),
    ("background-sync", "resumes-after-restart"),
    ("event-based", "per-key-order"),
];

/// A promise that nothing puts to the test is worth nothing.
#[test]
fn every_promise_is_put_to_the_test() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let fuzz = fuzz(&scenario, &faults, 1);
    // A batch of runs shares its sizes, and one alone does not take every path.
    let fuzzed = fuzz.run(Some(512), &mut |_| true);
    for (variant, tally) in scenario.variants.iter().zip(&fuzzed.variants) {
        assert!(!tally.properties.is_empty(), "{} promises something", variant.name.shown);
        for (name, standing) in &tally.properties {
            let variant = &*variant.name.shown;
            let idle =
                IDLE.contains(&("", name.as_str())) || IDLE.contains(&(variant, name.as_str()));
            let expected = if idle { Verdict::Undecided } else { Verdict::Held };
            assert_eq!(standing.verdict(), expected, "{variant}: {name}");
        }
    }
}
