//! The coupling of each layout of the same system, before anything runs.

use driftlab::checks::coupling::{Coupling, Ownership};

use super::coupling;
use crate::whole::{scenario, variant};

/// A library of four services: the catalogue and the inventory write the same books, of which the
/// desk and the report know as much as they are told.
const LIBRARY: &str = r#"
    [scenario]
    name = "library"
    load = "60s"

    [services]
    catalog = {}
    inventory = {}
    desk = {}
    report = {}

    [databases]
    catalog-db = {}
    inventory-db = {}
    desk-db = {}

    [tables]
    book = { owner = "catalog", database = "catalog-db", columns = { title = 0, copies = 0 },
             rows = 50 }
    shelf = { owner = "inventory", database = "inventory-db", columns = { used = 0 }, rows = 10 }
    loan = { owner = "desk", database = "desk-db", columns = { book = 0 } }

    [operations.name]
    keys = { book = { rows-of = "book" } }
    steps = [
        { name = "name", by = "catalog", table = "book", key = "book",
          effect = { set = { title = "{ordinal}" } } },
    ]

    [operations.restock]
    keys = { book = { rows-of = "book" }, shelf = { rows-of = "shelf" } }
    steps = [
        { name = "count", by = "inventory", table = "book", key = "book",
          effect = { add = { copies = 1 } } },
        { name = "stow", by = "inventory", table = "shelf", key = "shelf",
          effect = { add = { used = 1 } } },
    ]

    [operations.lend]
    keys = { loan = "new", book = { rows-of = "book" } }
    steps = [
        { name = "lend", by = "desk", table = "loan", key = "loan",
          effect = { insert = { book = "{book}" } }, lookup = { table = "book", key = "book" } },
    ]

    [load]
    naming = { operation = "name", poisson = 1.0 }
    restocking = { operation = "restock", poisson = 1.0 }
    lending = { operation = "lend", poisson = 1.0 }

    [reads.titles]
    by = "report"
    table = "book"
    column = "title"
    key = { rows-of = "book" }
    rate = 1.0

    [variants]
    shared = { technique = "shared-database", pattern = "orchestrated" }
    split = { technique = "table-split", pattern = "orchestrated" }
    delegate = { technique = "delegate", pattern = "orchestrated" }
    consolidation = { technique = "consolidation", pattern = "orchestrated" }

    [variants.domain]
    technique = { name = "data-domain", services = ["catalog", "inventory"] }
    pattern = "orchestrated"
"#;

/// The facts of a layout: how many write each table, how many break when its schema changes, how
/// many services are deployed together, and how many tables have one writer which owns them.
#[derive(PartialEq, Eq, Debug)]
struct Said {
    writers: Vec<usize>,
    broken: Vec<usize>,
    together: usize,
    single: usize,
}

fn said(coupling: &Coupling) -> Said {
    let tables = || coupling.tables.iter();
    Said {
        writers: tables().map(|table| table.writers.len()).collect(),
        broken: tables().map(|table| table.schema_users.len()).collect(),
        together: coupling.largest_deployment(),
        single: tables().filter(|table| table.ownership == Ownership::Single).count(),
    }
}

#[test]
fn each_technique_couples_as_many_as_it_says() {
    let scenario = scenario(LIBRARY);
    let of = |name: &str| coupling(variant(&scenario, name));
    let expect = |name: &str, writers: &[usize], broken: &[usize], together, single| {
        let (writers, broken) = (writers.to_vec(), broken.to_vec());
        assert_eq!(said(&of(name)), Said { writers, broken, together, single }, "{name}");
    };
    // Books, shelves, loans. All four may touch every table, and are deployed together.
    expect("shared", &[2, 1, 1], &[4, 4, 4], 4, 2);
    // The two of the domain share what they write; the desk has its own, and the report asks.
    expect("domain", &[2, 1, 1], &[2, 2, 1], 2, 2);
    // The inventory's part of a book is a table of its own: one writer each, and nobody else's
    // schema to rely on.
    expect("split", &[1, 1, 1, 1], &[1, 1, 1, 1], 1, 4);
    expect("delegate", &[1, 1, 1], &[1, 1, 1], 1, 3);
    // One writer and one schema, because two services are one, and are deployed as one.
    expect("consolidation", &[1, 1, 1], &[1, 1, 1], 2, 3);
    assert_eq!(of("consolidation").together, [["catalog", "inventory"]]);

    // Without a shared schema the other's table has to be asked for: what then must be up.
    let needs = |name: &str| {
        let chains = of(name).chains;
        chains.into_iter().map(|chain| chain.needs.len()).collect::<Vec<_>>()
    };
    // Naming, restocking, lending, and the report's read. Each operation is a matter of one store,
    // and needs its service and the database.
    assert_eq!(needs("shared"), [2, 2, 2, 2]);
    // Restocking now spans two databases; lending and the report ask the catalogue.
    let [catalog, db] = ["catalog", "catalog-db"].map(str::to_owned);
    for name in ["split", "delegate", "domain", "consolidation"] {
        let of = of(name);
        for chain in &of.chains[2..] {
            assert!(chain.needs.contains(&catalog) && chain.needs.contains(&db), "{name}");
        }
    }
    // Who delegates needs the owner as well.
    let restock = &of("delegate").chains[1].needs;
    assert!(restock.contains(&catalog), "{restock:?}");
    assert!(!of("split").chains[1].needs.contains(&catalog));
}
