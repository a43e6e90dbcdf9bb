//! Limits: where something is too much, and by how much they can be moved.

use super::*;
use crate::tests::runs::scenario;

/// Orders and their stock, with room for changes.
const SHOP: &str = r#"
    [scenario]
    name = "shop"
    warm-up = "0s"
    load = "100s"
    settle = "200s"
    [services]
    order = {}
    stock = {}
    [databases]
    order-db = {}
    stock-db = {}
    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { left = 9 }, rows = 100 }
    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { left = -1 } } },
    ]
    [load.shoppers]
    operation = "buy"
    poisson = 10.0
    [reads.later]
    operation = "buy"
    at = ["1s"]
    [reads.looks]
    table = "product"
    column = "left"
    key = { rows-of = "product" }
    rate = 10.0
    [variants.saga]
    pattern = "orchestrated"
    [variants.events]
    technique = { name = "replicate", tables = ["product"], to = ["order"], every = "10s" }
    pattern = "event-based"
    settings = { poll-interval = "1s" }
    [[faults]]
    kind = "random"
    at = "10s"
    for = "10s"
    count = 1
    [[faults]]
    kind = "flapping"
    at = "10s"
    for = "50s"
    from = ["order"]
    period = "1s"
    up = 0.5
"#;

/// The text that is pointed at and the help, if a scenario is refused within these bounds.
fn refused(text: &str, bounds: Bounds, runs: u64) -> Option<(String, String)> {
    let scenario = scenario(text);
    let found = |variant| bounds.refuse(&scenario, variant, runs);
    let problem = scenario.variants.iter().find_map(found)?;
    Some((text[problem.place()].to_owned(), problem.help.unwrap_or_default()))
}

#[test]
fn the_largest_cause_is_pointed_at() {
    assert_eq!(refused(SHOP, Bounds::default(), 1), None, "nothing is too much");
    let bounds = Bounds { events: 1_000_000, ..Bounds::default() };
    assert_eq!(refused(SHOP, bounds, 1), None);
    for (now, then, at) in [
        ("poisson = 10.0", "poisson = 1000.0", "1000.0"),
        ("poisson = 10.0", "constant = \"1ms\"", "\"1ms\""),
        ("poisson = 10.0", "closed = { clients = 1000, think = \"1ms\" }", "closed"),
        ("at = [\"1s\"]", "at = [\"1s\", \"2s\"]\n    share = 1.0", ""),
        ("rate = 10.0", "rate = 1000.0", "1000.0"),
        ("poll-interval = \"1s\"", "poll-interval = \"1ms\"", "settings"),
        ("every = \"10s\"", "every = \"1ms\"", "technique"),
        ("period = \"1s\"", "period = \"100us\"", "\"100us\""),
    ] {
        let text = SHOP.replacen(now, then, 1);
        assert_ne!(text, SHOP, "{now}");
        let found = refused(&text, bounds, 1);
        assert_eq!(found.as_ref().map_or("", |found| &found.0), at, "{then}");
        if let Some((_, help)) = found {
            assert!(help.contains("--limit-events"), "{help}");
        }
    }
}

#[test]
fn memory_counts_what_results_keep_of_all_runs() {
    let bounds = Bounds { memory: 50_000_000, ..Bounds::default() };
    assert_eq!(refused(SHOP, bounds, 10), None);
    let (at, help) = refused(SHOP, bounds, 1_000).expect("a thousand runs are too many");
    assert_eq!(at, "10.0");
    assert!(help.contains("--limit-memory"), "{help}");
    let rows = SHOP.replacen("rows = 100", "rows = 9000000", 1);
    assert_eq!(refused(&rows, bounds, 1).map(|found| found.0), Some("9000000".into()));
}

#[test]
fn a_burst_of_load_counts() {
    let events = |text: &str| scenario(text).variants[0].estimate.events();
    let burst = "[[faults]]\n    kind = \"load-burst\"\n    at = \"0s\"\n    for = \"50s\"\n    \
                 target = \"load:shoppers\"\n    factor = 101.0\n";
    let (calm, busy) = (events(SHOP), events(&format!("{SHOP}\n    {burst}")));
    assert!((20 * calm..60 * calm).contains(&busy), "{calm} and {busy}");
}

#[test]
fn numbers_and_sizes_are_short() {
    let numbers = [3.25, 96.0, 12_345.0, 96e6, 2.5e9].map(number);
    assert_eq!(numbers, ["3.2", "96", "12345", "96.0 million", "2.5 billion"]);
    assert_eq!([size(1_500_000), size(4_000_000_000)], ["1.5 MB", "4.0 GB"]);
}
