//! Availability: which operations are served while nodes are down.
//!
//! Outages are planned so that they neither follow nor avoid each other: by the Chinese remainder
//! theorem one second in 10, one in 7 and one in 11 meet in every combination exactly once in 770
//! seconds, so that the shares of time in which all are up multiply exactly.

use driftlab::model::record::Answer;
use driftlab::model::system::OperationKind;
use driftlab::scenario::Scenario;

use super::coupling;
use crate::whole::{RecordedRun, scenario, tell, variant};

/// Three services, of which a request may need one, two or all. Nothing takes any time.
const SERVICES: &str = r#"
    [scenario]
    name = "outages"
    warm-up = "WARM-UPs"
    load = "ENDs"
    settle = "30s"

    [clients]
    deadline = "400ms"

    [retry]
    attempts = 1
    step-deadline = "300ms"

    [services]
    east = { work = "0ns", recovery = "0s" }
    west = { work = "0ns", recovery = "0s" }
    north = { work = "0ns", recovery = "0s" }

    [databases]
    east-db = { work = "0ns", force = "0ns" }
    west-db = { work = "0ns", force = "0ns" }
    north-db = { work = "0ns", force = "0ns" }

    [drivers]
    force = "0ns"
    work = "0s"

    [links]
    default = { delay = "0ns" }
    database = { delay = "0ns" }
    client = { delay = "0ns" }
"#;

/// Both `east` and `west` write the same table.
const JOINT: &str = r#"
    [tables.stock]
    owner = "east"
    database = "east-db"
    columns = { bought = 0, sold = 0 }
    rows = 1000000

    [operations.buy]
    keys = { stock = { rows-of = "stock" } }
    steps = [
        { name = "buy", by = "east", table = "stock", key = "stock",
          effect = { add = { bought = 1 } } },
    ]

    [operations.sell]
    keys = { stock = { rows-of = "stock" } }
    steps = [
        { name = "sell", by = "west", table = "stock", key = "stock",
          effect = { add = { sold = 1 } } },
    ]

    [load] # in the middle of seconds
    buying = { operation = "buy", constant = "1s", from = "500ms" }
    selling = { operation = "sell", constant = "1s", from = "500ms" }

    [variants.direct]
    technique = "shared-database"
    pattern = "local-transaction"

    [variants.delegated]
    technique = { name = "delegate", owner = "east" }
    pattern = "local-transaction"

    [variants.consolidated]
    technique = { name = "consolidation", services = ["east", "west"] }
    pattern = "local-transaction"
"#;

const CYCLE: u64 = 10 * 7 * 11;
/// The load begins with a second in which none of the outages begins.
const WARM_UP: u64 = 1;

/// One second without a service every so often, from the first such second on.
fn outages(service: &str, every: usize) -> String {
    let fault = |at| {
        format!("[[faults]]\nkind = 'crash'\nat = '{at}s'\nfor = '1s'\ntarget = '{service}'\n")
    };
    (every as u64..=CYCLE).step_by(every).map(fault).collect()
}

/// One second in which messages between `east` and `west` are lost every so often.
fn partitions(every: usize) -> String {
    let fault = |at| {
        format!(
            "[[faults]]\nkind = 'partition'\nat = '{at}s'\nfor = '1s'\nfrom = ['east']\n\
             to = ['west']\n"
        )
    };
    (every as u64..=CYCLE).step_by(every).map(fault).collect()
}

fn system(rest: &str) -> Scenario {
    let text = SERVICES.replace("WARM-UP", &WARM_UP.to_string());
    let end = (WARM_UP + CYCLE).to_string();
    scenario(&format!("{}{rest}", text.replace("END", &end)))
}

/// How many of an operation were offered, and how many of them done.
fn done(told: &RecordedRun, kind: u16) -> [u64; 2] {
    let rows = told.report.operations.iter().filter(|row| row.measured);
    rows.filter(|row| row.kind == OperationKind(kind)).fold([0, 0], |[offered, done], row| {
        [offered + 1, done + u64::from(row.answer == Answer::Done)]
    })
}

#[test]
fn who_delegates_needs_itself_the_owner_and_the_link_and_who_consolidates_shares_every_fault() {
    let faults = format!("{}{}{}", outages("east", 10), outages("west", 7), partitions(11));
    let scenario = system(&format!("{JOINT}{faults}"));
    let run = |name: &str| {
        let told = tell(&scenario, variant(&scenario, name), 1);
        let [[bought, buy], [sold, sell]] = [0, 1].map(|kind| done(&told, kind));
        assert_eq!([bought, sold], [CYCLE; 2]);
        (buy, sell)
    };
    assert_eq!(run("direct"), (CYCLE / 10 * 9, CYCLE / 7 * 6), "each needs itself");
    assert_eq!(run("delegated"), (CYCLE / 10 * 9, 9 * 6 * 10), "a_self a_owner a_link");
    // One node, which the outages of both parts strike; no link is left between them.
    assert_eq!(run("consolidated"), (9 * 6 * 11, 9 * 6 * 11));
    // The same that the layout says before anything runs; it does not count links.
    let up = |name: &str| match name {
        "east" => 0.9,
        "west" => 6.0 / 7.0,
        _ => 1.0,
    };
    let said = coupling(variant(&scenario, "delegated"));
    let shares = said.chains.iter().map(|chain| chain.availability(up));
    let times = shares.map(|share| (share * CYCLE as f64).round() as u64).collect::<Vec<_>>();
    assert_eq!(times, [CYCLE / 10 * 9, 9 * 6 * 11]);
}

/// A chain of three services that each write a table of their own, and one service alone.
const CHAIN: &str = r#"
    [tables]
    order = { owner = "east", database = "east-db", columns = { state = 0 } }
    payment = { owner = "west", database = "west-db", columns = { state = 0 } }
    parcel = { owner = "north", database = "north-db", columns = { state = 0 } }

    [operations.order]
    keys = { order = "new" }
    steps = [
        { name = "order", by = "east", table = "order", key = "order",
          effect = { insert = { state = 1 } } },
        { name = "pay", by = "west", table = "payment", key = "order",
          effect = { insert = { state = 1 } } },
        { name = "send", by = "north", table = "parcel", key = "order",
          effect = { insert = { state = 1 } } },
    ]

    [operations.send]
    keys = { parcel = "new" }
    steps = [
        { name = "send", by = "north", table = "parcel", key = "parcel",
          effect = { insert = { state = 1 } } },
    ]

    [load]
    ordering = { operation = "order", poisson = 5.0 }
    sending = { operation = "send", poisson = 1.0 }

    [variants]
    two-phase-commit = { pattern = "two-phase-commit" }
    orchestrated = { pattern = "orchestrated" }

    [variants.consolidated]
    technique = { name = "consolidation", services = ["east", "west", "north"] }
    pattern = "orchestrated"
"#;

#[test]
fn a_synchronous_chain_is_available_for_the_product_of_its_parts() {
    let faults = format!("{}{}", outages("east", 10), outages("west", 7));
    let scenario = system(&format!("{CHAIN}{faults}"));
    let up = |name: &str| match name {
        "east" => 0.9,
        "west" => 6.0 / 7.0,
        _ => 1.0,
    };
    for name in ["two-phase-commit", "orchestrated", "consolidated"] {
        let variant = variant(&scenario, name);
        let told = tell(&scenario, variant, 1);
        let [[ordered, order], [sent, send]] = [0, 1].map(|kind| done(&told, kind));
        let available = order as f64 / ordered as f64;
        // Who arrives at random sees what is true at any time (Wolff, 1982), give or take chance:
        // 99.9 % of a binomial distribution.
        let product: f64 = 0.9 * 6.0 / 7.0;
        let chance = 3.29 * (product * (1.0 - product) / ordered as f64).sqrt();
        assert!(chance < 0.03, "{chance} tells nothing");
        assert!((available - product).abs() < chance, "{name}: {available}, not {product}");
        // The chain that the layout says is what it takes, and its product what comes of it.
        let said = coupling(variant).chains[0].availability(up);
        if name != "consolidated" {
            assert!((said - product).abs() < 1e-12, "{name}: {said}");
            assert_eq!(send, sent, "{name}: `north` is never down");
            continue;
        }
        // The parts of one node go down with each other: that with the faults of all.
        let alone = send as f64 / sent as f64;
        let chance = 3.29 * (product * (1.0 - product) / sent as f64).sqrt();
        assert!((alone - product).abs() < chance, "{alone}, not {product}");
    }
}
