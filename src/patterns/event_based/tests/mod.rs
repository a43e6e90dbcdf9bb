//! Whole runs whose every delay is constant. Where a fault must fall between two events, a first
//! run without it says when these are: a run is a pure function, so the second is the same until
//! then.

mod delivery;
mod instances;
mod lag;
mod refusal;

use std::collections::BTreeMap;

use crate::checks::OperationRow;
use crate::checks::census::{Headline, State};
use crate::kernel::{Span, Time};
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, LabelId, OpId, Record};
use crate::model::system::{ColumnRef, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// Every message takes a millisecond, every statement, request and publication works for one,
/// every forced write takes two. A customer buys, and her orders are counted elsewhere.
const WORLD: &str = r#"
[scenario]
name = "buy"
warm-up = "1ms"
load = "60s"
settle = "120s"

[retry]
jitter = 0.0

[clients]
attempts = 1

[services.shop]
work = "1ms"
recovery = "100ms"
[services.billing]
work = "1ms"
recovery = "100ms"
[services.depot]
work = "1ms"
recovery = "100ms"
[services.van]
work = "1ms"
recovery = "100ms"

[databases.shop-db]
work = "1ms"
force = "2ms"
[databases.billing-db]
work = "1ms"
force = "2ms"
[databases.depot-db]
work = "1ms"
force = "2ms"
[databases.van-db]
work = "1ms"
force = "2ms"

[broker]
work = "1ms"
force = "2ms"
recovery = "100ms"

[drivers]
work = "0s"
recovery = "100ms"

[links]
default = { delay = "1ms" }
database = { delay = "1ms" }
client = { delay = "1ms" }

[tables.order]
owner = "shop"
database = "shop-db"
columns = { customer = 0 }
[tables.customer]
owner = "billing"
database = "billing-db"
columns = { orders = 0 }
rows = 1
[tables.parcel]
owner = "depot"
database = "depot-db"
columns = { state = "none" }
[tables.trip]
owner = "van"
database = "van-db"
columns = { state = "none" }

[operations.buy]
keys = { order = "new", customer = { rows-of = "customer" } }
[[operations.buy.steps]]
name = "order"
by = "shop"
table = "order"
key = "order"
effect = { insert = { customer = "{customer}" } }
[[operations.buy.steps]]
name = "count"
by = "billing"
table = "customer"
key = "customer"
effect = { add = { orders = 1 } }
"#;

/// The parcel is packed beside that, its trip follows.
const SHIP: &str = r#"
[[operations.buy.steps]]
name = "pack"
by = "depot"
table = "parcel"
key = "order"
after = ["order"]
effect = { insert = { state = "packed" } }
[[operations.buy.steps]]
name = "trip"
by = "van"
table = "trip"
key = "order"
after = ["pack"]
effect = { insert = { state = "planned" } }
"#;

/// One purchase every so often.
fn every(span: &str) -> String {
    format!("[load.buy]\noperation = \"buy\"\nconstant = \"{span}\"\n")
}

/// Independent purchases.
fn poisson(rate: f64) -> String {
    format!("[load.buy]\noperation = \"buy\"\npoisson = {rate:?}\n")
}

/// A crash of a target from an instant on.
fn crash(target: &str, at: Time, length: Span) -> String {
    let (at, length) = (at.as_nanos(), length.as_nanos());
    format!(
        "[[faults]]\nkind = \"crash\"\ntarget = \"{target}\"\n\
         at = \"{at}ns\"\nfor = \"{length}ns\"\n"
    )
}

/// Runs the parts as events with these settings.
fn run(parts: &[&str], settings: &str) -> RecordedRun {
    let variant =
        format!("[variants.events]\npattern = \"event-based\"\nsettings = {{ {settings} }}\n");
    record_text(&[&[WORLD], parts, &[&variant]].concat().join("\n"), "events", 1)
}

/// How many operations have each headline.
fn headlines(told: &RecordedRun) -> BTreeMap<Headline, u64> {
    let counts = Headline::ALL.into_iter().map(|h| (h, told.report.census.of(h)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Everything is done, and nothing is held any more.
fn assert_all_committed(told: &RecordedRun) {
    let offered = told.report.census.total();
    assert!(offered > 0 && told.report.settled);
    assert_eq!(headlines(told), BTreeMap::from([(Headline::Committed, offered)]));
    assert_eq!(held(told), 0);
}

/// The holds that are open in the end; the count was never negative.
fn held(told: &RecordedRun) -> i64 {
    let mut held: BTreeMap<(OpId, LabelId), i64> = BTreeMap::new();
    for record in &told.records {
        let Event::Holds { label, change } = record.event else { continue };
        let count = held.entry((record.op, label)).or_default();
        *count += change;
        assert!(*count >= 0, "at {} {count} are held of {:?}", record.time, record.op);
    }
    held.values().sum()
}

/// An operation's row.
fn row(told: &RecordedRun, op: u32) -> &OperationRow {
    &told.report.operations[op as usize]
}

/// The last value of the count.
fn counted(told: &RecordedRun) -> i64 {
    let cell = ColumnRef { table: TableId(1), column: 0 };
    let values = told.pick(pick!(Event::Value { column, value, .. } if column == cell => value));
    values.last().expect("somebody was counted")
}

/// When something first happened to an operation.
fn when(told: &RecordedRun, op: u32, happened: impl Fn(&Record) -> bool) -> Time {
    told.of(op).find(|record| happened(record)).expect("it happened").time
}

/// When a step's effect first showed.
fn shown_at(told: &RecordedRun, op: u32, step: u8) -> Time {
    when(told, op, |record| record.kind() == Kind::Shown && record.step.0 == step)
}

/// How often a step's effect showed, or with `undone` its compensation.
fn shown(told: &RecordedRun, op: u32, step: u8, undone: bool) -> i64 {
    let wanted = if undone { Direction::Undo } else { Direction::Forward };
    let changes = pick!(record: Event::Shown { direction, change, .. }
        if (record.op, record.step.0, direction) == (OpId(op), step, wanted) => change);
    told.pick(changes).sum()
}

fn handed(told: &RecordedRun, op: u32) -> usize {
    told.of(op).filter(|record| record.kind() == Kind::Handed).count()
}

/// So long before an instant.
fn before(at: Time, span: Span) -> Time {
    Time::from_nanos(at.as_nanos() - span.as_nanos())
}

fn secs(seconds: u64) -> Time {
    Time::ZERO + Span::from_secs(seconds)
}
