//! The cost of asking the owner of a table to write.

use driftlab::kernel::Span;
use driftlab::model::record::{Event, Record, Station};
use driftlab::model::system::OperationKind;
use driftlab::scenario::Scenario;

use super::service;
use crate::whole::{RecordedRun, scenario, tell, variant};

/// The catalogue makes and names books, the inventory counts their copies in the same table. Only
/// the way between services and their own work take time, always the same.
const LIBRARY: &str = r#"
    [scenario]
    name = "library"
    warm-up = "1s"
    load = "61s"
    settle = "10s"

    [services]
    catalog = { work = "3ms" }
    inventory = { work = "3ms" }

    [databases]
    catalog-db = { work = "0ns", force = "0ns" }
    inventory-db = { work = "0ns", force = "0ns" }

    [links]
    default = { delay = "1ms" }
    database = { delay = "0ns" }
    client = { delay = "0ns" }

    [tables.book]
    owner = "catalog"
    database = "catalog-db"
    columns = { title = 0, copies = 0 }
    rows = 1000

    [operations.name]
    keys = { book = { rows-of = "book" } }
    steps = [
        { name = "name", by = "catalog", table = "book", key = "book",
          effect = { set = { title = "{ordinal}" } } },
    ]

    [operations.add]
    keys = { book = "new" }
    steps = [
        { name = "add", by = "catalog", table = "book", key = "book",
          effect = { insert = { title = "{ordinal}" } } },
    ]

    [operations.count]
    keys = { book = { rows-of = "book" } }
    steps = [
        { name = "count", by = "inventory", table = "book", key = "book",
          effect = { add = { copies = 1 } } },
    ]

    [load]
    naming = { operation = "name", constant = "NAMING" }
    counting = { operation = "count", constant = "COUNTING" }

    [variants.direct]
    technique = "shared-database"
    pattern = "local-transaction"

    [variants.by-domain]
    technique = { name = "delegate", owner = "domain-priority" }
    pattern = "local-transaction"

    [variants.by-rate]
    technique = { name = "delegate", owner = "operational-need" }
    pattern = "local-transaction"
"#;

const COUNT: OperationKind = OperationKind(2);

/// The library with so many books named and counted a second.
fn library(named: u64, counted: u64) -> Scenario {
    let every = |rate: u64| format!("{}ms", 1000 / rate);
    scenario(&LIBRARY.replace("NAMING", &every(named)).replace("COUNTING", &every(counted)))
}

fn answered(told: &RecordedRun) -> impl Iterator<Item = (OperationKind, Span)> {
    let rows = told.report.operations.iter().filter(|row| row.measured);
    rows.map(|row| (row.kind, row.answered_after.expect("an answer")))
}

/// Mean time to the answer, in ns; everything in it is constant, so that it is a whole number.
fn mean(told: &RecordedRun) -> u64 {
    let (sum, count) = answered(told).fold((0, 0), |(sum, count), (_, after)| {
        assert!(after > Span::ZERO);
        (sum + after.as_nanos(), count + 1)
    });
    assert_eq!(sum % count, 0);
    sum / count
}

/// How many requests each service served: the catalogue and the inventory.
fn served(scenario: &Scenario, told: &RecordedRun) -> [usize; 2] {
    ["catalog", "inventory"].map(|name| {
        let wanted = service(scenario, name);
        let at_it = |record: &&Record| {
            matches!(record.event, Event::Started { at: Station::Service(it), .. } if it == wanted)
        };
        told.records.iter().filter(at_it).count()
    })
}

#[test]
fn delegation_costs_those_who_do_not_own_a_hop_and_the_owner_the_load_of_all() {
    // A message there, one back, and the work of the service that only asks.
    const HOP: u64 = 1_000_000 + 1_000_000 + 3_000_000;
    for (named, counted) in [(2, 8), (8, 2), (5, 5)] {
        let scenario = library(named, counted);
        let run = |name: &str| tell(&scenario, variant(&scenario, name), 1);
        let [direct, by_domain, by_rate] = ["direct", "by-domain", "by-rate"].map(run);
        let asked =
            |told: &RecordedRun| answered(told).filter(|(kind, _)| *kind == COUNT).count() as u64;
        assert_eq!((answered(&direct).count() as u64, asked(&direct)), (60 * 10, 60 * counted));

        // The catalogue does more kinds of things with a book, however seldom.
        assert_eq!(mean(&by_domain) - mean(&direct), HOP * counted / 10);
        let [catalog, inventory] = served(&scenario, &direct);
        assert_eq!(served(&scenario, &by_domain), [catalog + inventory, inventory]);

        // Whoever writes the most does not ask; the catalogue is declared, so a tie is its own.
        let asking = counted.min(named);
        assert_eq!(mean(&by_rate) - mean(&direct), HOP * asking / 10);
        let all = catalog + inventory;
        let owner_is_catalog = named >= counted;
        let expected = if owner_is_catalog { [all, inventory] } else { [catalog, all] };
        assert_eq!(served(&scenario, &by_rate), expected);

        // It pays if the one that the choice by domain sends on a detour is the more frequent.
        assert_eq!(mean(&by_rate) < mean(&by_domain), counted > named);
    }
}
