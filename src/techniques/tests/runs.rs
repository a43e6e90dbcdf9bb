//! Tests of whole runs: one set of operations on a jointly written table, laid out in every way.

use crate::checks::census::State;
use crate::checks::verdict::Verdict;
use crate::model::record::{Event, Kind};
use crate::model::system::DatabaseId;
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// Books are registered and placed, listed without a place, restocked, and struck again.
const BOOKS: &str = r#"
    [scenario]
    name = "books"
    warm-up = "0s"
    load = "60s"
    settle = "60s"

    [services]
    catalog = { work = "1ms" }
    inventory = { work = "1ms" }

    [databases]
    catalog-db = { work = "1ms", force = "2ms" }
    inventory-db = { work = "1ms", force = "2ms" }

    [links]
    default = { delay = "1ms" }
    database = { delay = "1ms" }
    client = { delay = "1ms" }

    [tables]
    book = { owner = "catalog", database = "catalog-db", columns = { price = 10, copies = 3 },
             rows = 20 }
    shelf = { owner = "inventory", database = "inventory-db", columns = { used = 0 } }

    [operations.add]
    keys = { book = "new" }
    steps = [
        { name = "register", by = "catalog", table = "book", key = "book",
          effect = { insert = { price = 12 } } },
        { name = "place", by = "inventory", table = "book", key = "book",
          effect = { set = { copies = 1 } } },
    ]

    [operations.list]
    keys = { book = "new" }
    steps = [
        { name = "enter", by = "catalog", table = "book", key = "book",
          effect = { insert = { price = 20 } } },
    ]

    [operations.restock]
    keys = { book = { rows-of = "book" } }
    steps = [
        { name = "count", by = "inventory", table = "book", key = "book",
          effect = { add = { copies = 1 } } },
    ]

    [operations.strike]
    keys = { book = "followed" }
    steps = [
        { name = "strike", by = "catalog", table = "book", key = "book",
          effect = { delete = true } },
    ]

    [load]
    adding = { operation = "add", constant = "4s" }
    listing = { operation = "list", constant = "3s", until = "30s" }
    restocking = { operation = "restock", constant = "2s" }
    striking = { operation = "strike", follows = { load = "listing", delay = "20s", share = 1.0 } }

    [reads]
    fresh = { operation = "list", at = ["1s"] }
    stock = { table = "book", column = "copies", key = { rows-of = "book" }, rate = 1.0 }

    [[invariants]]
    name = "no negative stock"
    bound = { table = "book", column = "copies", least = 1 }

    [variants]
    split-commit = { pattern = "two-phase-commit" }
    split-saga = { pattern = "orchestrated" }
    split-events = { pattern = "event-based" }
    shared-local = { technique = "shared-database", pattern = "local-transaction" }
    microlith-saga = { technique = "microlith", pattern = "orchestrated" }
    domain-saga = { technique = { name = "data-domain", services = ["catalog", "inventory"] },
                    pattern = "orchestrated" }
    delegate-saga = { technique = "delegate", pattern = "orchestrated" }
    needed-saga = { technique = { name = "delegate", owner = "operational-need" },
                    pattern = "orchestrated" }
    monolith-local = { technique = "monolith", pattern = "local-transaction" }
"#;

fn run(variant: &str) -> RecordedRun {
    let told = record_text(BOOKS, variant, 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{variant}: {failed:?}");
    assert!(told.ran.settled, "{variant}");
    told
}

#[test]
fn every_layout_carries_out_the_same_operations() {
    let variants = crate::tests::runs::scenario(BOOKS).variants;
    let mut counts = Vec::new();
    for variant in &variants {
        let name = &*variant.name.shown;
        let told = run(name);
        let rows = &told.report.operations;
        assert!(rows.iter().all(|row| row.answer.is_yes()), "{name}");
        assert!(rows.iter().all(|row| row.state == State::All), "{name}");
        let broken = told.verify(&["all-or-nothing", "client-contract"], None);
        assert!(
            broken.iter().all(|finding| finding.judgement.verdict != Verdict::Violated),
            "{name}: {broken:?}"
        );
        counts.push(rows.len());
    }
    assert_eq!(variants.len(), 9);
    // Arrivals at 4 s, 8 s ... 56 s; 3 s ... 27 s; 2 s ... 58 s; and what follows the second.
    assert_eq!(counts, vec![14 + 9 + 29 + 9; 9]);
}

#[test]
fn over_one_database_an_operation_is_one_transaction() {
    for variant in ["shared-local", "monolith-local"] {
        assert_eq!(run(variant).count(Kind::Committed), 61, "{variant}");
    }
}

#[test]
fn a_split_row_is_made_and_deleted_in_both_databases() {
    let told = run("split-saga");
    let commits = |at: u16| {
        let at = DatabaseId(at);
        told.pick(pick!(Event::Committed { database, .. } if database == at => ())).count()
    };
    assert_eq!(commits(0), 14 + 9 + 9, "added, listed, struck at the catalogue");
    assert_eq!(commits(1), 14 + 9 + 29 + 9, "and restocked at the inventory");
}

#[test]
fn what_one_part_of_a_split_row_has_lost_the_other_loses_behind_any_outage() {
    let fault = "[[faults]]\nkind = 'crash'\nat = '25s'\nfor = '10s'\ntarget = 'inventory'";
    let told = record_text(&format!("{BOOKS}\n{fault}"), "split-saga", 1);
    let struck = told.report.operations.iter().filter(|row| row.kind.0 == 3);
    let states: Vec<State> = struck.map(|row| row.state).collect();
    // The last one finds nothing: its row was listed into the outage, and taken back.
    let mut expected = vec![State::All; 9];
    expected[8] = State::None;
    assert_eq!(states, expected, "nothing takes a deleted row back");
    // And what it cannot take back, it does not promise to end well where rows are not there yet.
    let scenario = crate::tests::runs::scenario(BOOKS);
    let saga = scenario.variants.iter().find(|variant| &*variant.name.shown == "split-saga");
    let saga = saga.expect("it is a variant");
    let guarantees = |system| saga.pattern.promises(system).guarantees.contains(&"all-or-nothing");
    assert_eq!((guarantees(&scenario.system), guarantees(&saga.system)), (true, false));
}
