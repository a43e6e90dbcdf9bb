//! Whole runs whose every delay is constant, so that each number can be computed.

mod faults;
mod instances;
mod lag;
mod writes;

use std::collections::BTreeMap;

use crate::checks::OperationRow;
use crate::checks::census::{Headline, State};
use crate::kernel::{Span, Time};
use crate::model::record::{Event, Kind};
use crate::model::system::{ColumnRef, RowKey, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// Every message takes a millisecond, every statement and request works for one, every forced
/// write takes two. A customer buys; the bill follows from the order, and so does the number of
/// the customer's orders.
const WORLD: &str = r#"
[scenario]
name = "buy"
warm-up = "1ms"
load = "60s"
settle = "60s"

[retry]
jitter = 0.0

[clients]
attempts = 1

[services.shop]
work = "1ms"
recovery = "100ms"
instances = 2
[services.billing]
work = "1ms"
recovery = "100ms"

[databases.shop-db]
work = "1ms"
force = "2ms"
[databases.billing-db]
work = "1ms"
force = "2ms"

[links]
default = { delay = "1ms" }
database = { delay = "1ms" }
client = { delay = "1ms" }

[drivers]
force = "2ms"
work = "0s"
recovery = "100ms"

[tables.order]
owner = "shop"
database = "shop-db"
columns = { customer = 0, status = "none" }

[tables.bill]
owner = "billing"
database = "billing-db"
columns = { state = "none" }

[tables.customer]
owner = "billing"
database = "billing-db"
columns = { orders = 0, contact = 0 }
rows = 1

[operations.buy]
keys = { order = "new", customer = { rows-of = "customer" } }
[[operations.buy.steps]]
name = "order"
by = "shop"
table = "order"
key = "order"
effect = { insert = { customer = "{customer}", status = "open" } }
"#;

/// The bill of an order.
const BILL: &str = r#"
[[operations.buy.steps]]
name = "bill"
by = "billing"
table = "bill"
key = "order"
effect = { insert = { state = "sent" } }
derive = { row-per = "order" }
"#;

/// The number of a customer's orders.
const COUNT: &str = r#"
[[operations.buy.steps]]
name = "count"
by = "billing"
table = "customer"
key = "customer"
after = ["order"]
effect = { add = { orders = 1 } }
derive = { count = "order", by = "customer", to = "orders" }
[[invariants]]
name = "every order is counted"
count-equal = { table = "customer", column = "orders", of = "order", by = "customer" }
"#;

/// One purchase every so often.
fn every(span: &str) -> String {
    format!("[load.buy]\noperation = \"buy\"\nconstant = \"{span}\"\n")
}

/// Independent purchases.
fn poisson(rate: f64) -> String {
    format!("[load.buy]\noperation = \"buy\"\npoisson = {rate:?}\n")
}

/// A crash of a target from `at` on.
fn crash(target: &str, at: &str, length: &str) -> String {
    format!(
        "[[faults]]\nkind = \"crash\"\ntarget = \"{target}\"\nat = \"{at}\"\nfor = \"{length}\"\n"
    )
}

/// Runs the parts under background synchronization with these settings.
fn run(parts: &[&str], settings: &str) -> RecordedRun {
    let variant =
        format!("[variants.sync]\npattern = \"background-sync\"\nsettings = {{ {settings} }}\n");
    record_text(&[&[WORLD], parts, &[&variant]].concat().join("\n"), "sync", 1)
}

/// How many operations have each headline.
fn headlines(told: &RecordedRun) -> BTreeMap<Headline, u64> {
    let counts = Headline::ALL.into_iter().map(|h| (h, told.report.census.of(h)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// How many operations there were, all of which are done.
fn all_committed(told: &RecordedRun) -> u64 {
    let offered = told.report.census.total();
    assert!(offered > 0);
    assert_eq!(headlines(told), BTreeMap::from([(Headline::Committed, offered)]));
    offered
}

/// The last value of a cell, if the row is there.
fn value(told: &RecordedRun, table: &str, column: u8, row: u64) -> Option<i64> {
    let at = told.system.tables.iter().position(|spec| &*spec.name.shown == table);
    let table = TableId(at.expect("a table of this name") as u16);
    let cell = (ColumnRef { table, column }, RowKey(row));
    let values = told.pick(|record| match record.event {
        Event::Value { column, row, value } if (column, row) == cell => Some(Some(value)),
        Event::RowDeleted { table: of, row } if (of, row) == (table, cell.1) => Some(None),
        _ => None,
    });
    values.last().flatten()
}

/// When an operation first showed, and until when it showed in part.
fn window(row: &OperationRow) -> (Time, Time) {
    assert_eq!(row.state, State::All);
    let first = row.first_visible.expect("it showed");
    (first, row.last_partial.expect("it is whole"))
}

/// The consistency lag of an operation, s.
fn lag(row: &OperationRow) -> f64 {
    let (first, last) = window(row);
    seconds(last - first)
}

fn seconds(span: Span) -> f64 {
    span.as_nanos() as f64 / 1e9
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (count, sum) = values.into_iter().fold((0, 0.0), |(n, sum), x| (n + 1, sum + x));
    assert!(count > 0);
    sum / f64::from(count)
}
