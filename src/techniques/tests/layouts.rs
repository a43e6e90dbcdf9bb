//! For tests: a small system with a jointly written table, laid out by what a scenario says.

use std::io;
use std::sync::Arc;

use crate::model::system::System;
use crate::scenario::{Registries, Source, load, render};

/// A library: the catalogue makes books, prices and withdraws them; the inventory keeps their
/// copies in the same table; the desk lends them.
pub const LIBRARY: &str = r#"
    [scenario]
    name = "library"
    load = "60s"

    [services]
    catalog = { workers = 8, queue = 100, recovery = "2s" }
    inventory = { workers = 24, queue = 300, instances = 2, recovery = "7s" }
    desk = {}
    report = {}

    [databases]
    catalog-db = {}
    inventory-db = {}
    desk-db = {}

    [tables.book]
    owner = "catalog"
    database = "catalog-db"
    columns = { title = 0, price = 10, copies = 3, place = 0, lent = 0 }
    rows = 50

    [tables.shelf]
    owner = "inventory"
    database = "inventory-db"
    columns = { used = 0 }
    rows = 10

    [tables.loan]
    owner = "desk"
    database = "desk-db"
    columns = { book = 0, open = "yes" }

    [operations.add]
    keys = { book = "new" }
    steps = [
        { name = "register", by = "catalog", table = "book", key = "book",
          effect = { insert = { title = "{ordinal}", price = 12 } } },
        { name = "place", by = "inventory", table = "book", key = "book",
          effect = { set = { copies = 1, place = 7 } } },
    ]

    [operations.restock]
    keys = { book = { rows-of = "book" }, shelf = { rows-of = "shelf" } }
    steps = [
        { name = "count", by = "inventory", table = "book", key = "book",
          effect = { add = { copies = 1 } }, lookup = { table = "book", key = "book" } },
        { name = "stow", by = "inventory", table = "shelf", key = "shelf",
          effect = { add = { used = 1 } } },
    ]

    [operations.announce]
    keys = { book = "new" }
    steps = [
        { name = "list", by = "catalog", table = "book", key = "book",
          effect = { insert = { title = "{ordinal}" } } },
        { name = "price", by = "catalog", table = "book", key = "book",
          effect = { set = { price = 20 } } },
    ]

    [operations.withdraw]
    keys = { book = { rows-of = "book" } }
    steps = [
        { name = "strike", by = "catalog", table = "book", key = "book",
          effect = { delete = true } },
    ]

    [operations.lend]
    keys = { loan = "new", book = { rows-of = "book" } }
    steps = [
        { name = "hand-out", by = "desk", table = "loan", key = "loan",
          effect = { insert = { book = "{book}" } },
          lookup = { table = "book", key = "book",
                     refuse = { below = { column = "copies", bound = 1 } } } },
        { name = "note", by = "inventory", table = "book", key = "book",
          effect = { add = { lent = 1 } },
          derive = { count = "loan", by = "book", to = "lent", where = { open = "yes" } } },
    ]

    [load]
    buying = { operation = "add", poisson = 1.0 }
    restocking = { operation = "restock", poisson = 20.0 }
    announcing = { operation = "announce", poisson = 1.0 }
    withdrawing = { operation = "withdraw", constant = "10s" }
    lending = { operation = "lend", poisson = 1.0 }

    [reads]
    prices = { table = "book", column = "price", key = { rows-of = "book" }, rate = 1.0 }
    copies = { by = "inventory", table = "book", column = "copies", key = { rows-of = "book" },
               rate = 1.0 }
    fresh = { operation = "announce", at = ["1s"] }

    [[invariants]]
    name = "as many are lent as there are loans"
    count-equal = { table = "book", column = "lent", of = "loan", by = "book",
                    where = { open = "yes" } }

    [[invariants]]
    name = "no negative stock"
    bound = { table = "book", column = "copies", least = 0 }

    [[invariants]]
    name = "nothing stands nowhere"
    references = { table = "book", where = { copies = 3 }, to = "book", to-where = { price = 10 } }
"#;

/// A system before and after a technique.
pub struct Laid {
    /// As the file lays it out.
    pub before: Arc<System>,
    /// As the variant's techniques do.
    pub after: Arc<System>,
}

/// The library, laid out by the value of the key `technique`.
pub fn laid(technique: &str) -> Laid {
    laid_in(LIBRARY, technique)
}

/// A system of one's own, laid out by the value of the key `technique`.
pub fn laid_in(text: &str, technique: &str) -> Laid {
    let (scenario, problems) = outcome(text, technique);
    let scenario = scenario.unwrap_or_else(|| panic!("{problems}"));
    Laid { before: scenario.system, after: Arc::clone(&scenario.variants[0].system) }
}

/// The problem with the library if it is laid out so.
pub fn refused(technique: &str) -> String {
    refused_in(LIBRARY, technique)
}

/// The problem with a given system if it is laid out so.
pub fn refused_in(text: &str, technique: &str) -> String {
    let (scenario, problems) = outcome(text, technique);
    assert!(scenario.is_none(), "{technique} was not refused");
    problems
}

fn outcome(text: &str, technique: &str) -> (Option<crate::scenario::Scenario>, String) {
    let variant = format!("[variants.x]\npattern = 'orchestrated'\ntechnique = {technique}\n");
    let source = Source { name: "test.toml".into(), text: format!("{text}\n{variant}") };
    let (scenario, problems) =
        load(&source, &|_| Err(io::Error::other("no file")), &Registries::builtin());
    (scenario, render(&source, &problems, false))
}
