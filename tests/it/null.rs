//! Comparisons under the null: variants that differ in nothing but their random numbers.

use driftlab::experiment::compare::Study;
use driftlab::experiment::result::Comparison;
use driftlab::scenario::{Registries, Scenario};
use driftlab::stats::Verdict;

const SHOP: &str = r#"
    [scenario]
    name = "null"
    warm-up = "1s"
    load = "6s"
    settle = "20s"

    [services]
    order = {}
    stock = {}

    [databases]
    order-db = {}
    stock-db = {}

    [links]
    default = { loss = 0.02 }

    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { left = 100 }, rows = 50 }

    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { left = -1 } }, refuse = { probability = 0.1 } },
    ]

    [load.shoppers]
    operation = "buy"
    poisson = 8.0

    [variants]
    saga = { pattern = "orchestrated" }
    again = { pattern = "orchestrated" }
    apart = { pattern = "orchestrated", random-numbers = "other" }
    further = { pattern = "orchestrated", random-numbers = "yet another" }
"#;

fn compare(seeds: impl IntoIterator<Item = u64>) -> Comparison {
    let scenario = Scenario::from_text(SHOP, &Registries::builtin()).expect("it is sound");
    Study::of(&scenario, seeds).compare().expect("variants and seeds")
}

#[test]
fn only_a_variant_that_asks_for_them_has_other_random_numbers() {
    let comparison = compare([1, 2]);
    let of = |name: &str| &comparison.variant(name).expect("it was compared").fingerprints;
    assert_eq!(of("saga"), of("again"));
    assert_ne!(of("saga"), of("apart"));
    assert_ne!(of("apart"), of("further"));
    let pairs = comparison.pairs.iter().filter(|it| it.variant == "again" && it.baseline == "saga");
    let differences: Vec<f64> = pairs.map(|pair| pair.difference).collect();
    assert!(differences.len() > 5 && differences.iter().all(|it| *it == 0.0), "{differences:?}");
}

/// A variant compared with itself under other random numbers shows no difference in 95 % of all
/// numbers. At six seeds some 3 % are shown: in as many six signs are all alike by chance.
#[test]
fn other_random_numbers_alone_show_next_to_nothing() {
    let (mut numbers, mut shown) = (0, 0);
    for first in (0..96).step_by(6) {
        let comparison = compare(first..first + 6);
        let under_null = comparison.pairs.iter().filter(|pair| pair.variant != "again");
        let differ = under_null.filter(|pair| pair.difference != 0.0).collect::<Vec<_>>();
        numbers += differ.len();
        shown += differ.iter().filter(|it| it.verdict != Verdict::NoDifferenceShown).count();
    }
    assert!(numbers > 300, "{numbers}");
    assert!(shown * 20 <= numbers, "{shown} of {numbers}: more than 5 %");
}
