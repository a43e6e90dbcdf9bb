//! Policies of writing: what a correction destroys, refuses, deletes.

use super::*;
use crate::model::database::Direction;

/// A purely local write to the row that holds the count.
const UPDATE: &str = r#"
[operations.update]
keys = { customer = { rows-of = "customer" } }
[[operations.update.steps]]
name = "update"
by = "billing"
table = "customer"
key = "customer"
effect = { set = { contact = "{ordinal}" } }
[load.update]
operation = "update"
constant = "37ms"
"#;

/// Services write the customer while the job corrects her count, once a second.
fn race(write: &str) -> RecordedRun {
    let settings = format!(r#"interval = "1s", write = "{write}""#);
    run(&[COUNT, UPDATE, &every("900ms")], &settings)
}

#[test]
fn a_blind_overwrite_destroys_what_a_service_wrote_meanwhile() {
    let told = race("blind");
    let lost = told.report.census_of_all().of(Headline::Lost);
    assert!(lost > 0);
    let updates = told.report.operations.iter().filter(|row| row.headline == Headline::Lost);
    let name = |row: &OperationRow| told.system.operation(row.kind).name.shown.to_string();
    assert!(updates.clone().all(|row| name(row) == "update" && row.state == State::None));
    assert_eq!(updates.count() as u64, lost);
    let counted = value(&told, "customer", 0, 0).expect("she is there");
    let orders = told.report.operations.iter().filter(|row| name(row) == "buy").count();
    assert_eq!(counted, orders as i64, "the count itself is right in the end");
}

#[test]
fn neither_compare_and_set_nor_a_delta_loses_an_update() {
    for write in ["compare-and-set", "delta"] {
        let told = race(write);
        all_committed(&told);
        assert_eq!(told.report.verdict(), crate::checks::Verdict::Held, "{write}");
    }
}

/// Every fifth order or so is not billed.
pub(super) const REFUSE: &str = "refuse = { probability = 0.2 }\n";

#[test]
fn a_refused_correction_is_taken_back_or_waits_for_ever() {
    let parts = [COUNT, BILL, REFUSE, &every("250ms")];
    let compensate = run(&parts, r#"interval = "5s", on-refusal = "compensate""#);
    let withdrawn = compensate.report.census.of(Headline::Withdrawn);
    let committed = compensate.report.census.of(Headline::Committed);
    assert!(withdrawn > 0 && committed > 0);
    assert_eq!(withdrawn + committed, compensate.report.census.total());
    assert_eq!(value(&compensate, "customer", 0, 0), Some(committed as i64));
    assert!(compensate.report.settled);
    // What was taken back was shown for one interval and one run, not until the next.
    let back = compensate.report.operations.iter().filter(|r| r.headline == Headline::Withdrawn);
    for row in back {
        let (first, last) = (row.first_visible.unwrap(), row.last_partial.unwrap());
        assert!(last - first < Span::from_secs(6), "{}", last - first);
    }
    let retry = run(&parts, r#"interval = "5s", on-refusal = "retry""#);
    assert_eq!(retry.report.census.of(Headline::Mixed), withdrawn, "the same ones are refused");
    assert_eq!(retry.report.census.of(Headline::Committed), committed);
    let refusals = |told: &RecordedRun| told.count(Kind::RefusedByRule);
    assert!(refusals(&retry) > 5 * refusals(&compensate), "it tries again in every run");
}

#[test]
fn of_rows_that_are_added_up_those_are_taken_back_to_which_the_owner_objects() {
    let count = COUNT.replace("[[invariants]]", &format!("{REFUSE}[[invariants]]"));
    let told = run(&[&count, &every("250ms")], r#"interval = "5s""#);
    let census = &told.report.census;
    let (withdrawn, committed) = (census.of(Headline::Withdrawn), census.of(Headline::Committed));
    assert!(withdrawn > 0 && withdrawn + committed == census.total());
    // 0.2 of 239 by chance: within four standard deviations.
    assert!((23..=73).contains(&withdrawn), "{withdrawn} were refused, nobody else was taken back");
    assert_eq!(value(&told, "customer", 0, 0), Some(committed as i64));
}

/// Orders take from a stock of a hundred, of which there are two kinds.
const STOCK: &str = r#"
[tables.product]
owner = "billing"
database = "billing-db"
columns = { left = 100 }
rows = 2
[operations.take]
keys = { order = "new", product = { rows-of = "product" } }
[[operations.take.steps]]
name = "take"
by = "shop"
table = "order"
key = "order"
effect = { insert = { customer = "{product}", status = "open" } }
[[operations.take.steps]]
name = "reserve"
by = "billing"
table = "product"
key = "product"
effect = { add = { left = -1 } }
derive = { count = "order", by = "customer", to = "left" }
refuse = { below = { column = "left", bound = 0 } }
[load.take]
operation = "take"
constant = "100ms"
"#;

#[test]
fn all_that_the_stock_does_not_cover_is_taken_back_in_one_run() {
    let stock = STOCK.replace(
        r#"count = "order", by = "customer", to = "left""#,
        r#"sum = "order", of = "amount", by = "customer", to = "left", times = -1"#,
    );
    let world = WORLD.replace(r#"status = "none" }"#, r#"status = "none", amount = 1 }"#);
    let variant = "[variants.sync]\npattern = \"background-sync\"\n\
                   settings = { interval = \"50s\" }\n";
    let told = record_text(&[&*world, &stock, variant].join("\n"), "sync", 1);
    assert_eq!([0, 1].map(|row| value(&told, "product", 0, row)), [Some(0), Some(0)]);
    let rows = &told.report.operations;
    for row in rows {
        let (first, last) = (row.first_visible.unwrap(), row.last_partial.unwrap());
        let run = Span::from_secs(52); // One interval and one run.
        assert!(last - first < run, "{:?} after {}", row.op, last - first);
    }
    // The oldest are served: of each product, none is withdrawn that is older than one that stays.
    let withdrawn = |row: &&OperationRow| row.headline == Headline::Withdrawn;
    assert_eq!(rows.iter().filter(withdrawn).count(), rows.len() - 200);
    let product = |row: &&OperationRow| {
        told.of(row.op.0).find_map(|record| match record.event {
            Event::Touches { table, row } if table.0 == 3 => Some(row),
            _ => None,
        })
    };
    for which in [0, 1] {
        let of = |row: &&OperationRow| product(row) == Some(RowKey(which));
        let sold_out = rows.iter().filter(of).position(|row| withdrawn(&row));
        let kept = rows.iter().filter(of).take_while(|row| !withdrawn(row)).count();
        assert_eq!((sold_out, kept), (Some(100), 100));
    }
}

/// Orders are cancelled: the bill goes when the order has.
pub(super) const CANCEL: &str = r#"
[operations.cancel]
keys = { order = "followed" }
[[operations.cancel.steps]]
name = "cancel"
by = "shop"
table = "order"
key = "order"
effect = { delete = true }
undo = { insert = { status = "open" } }
[[operations.cancel.steps]]
name = "void"
by = "billing"
table = "bill"
key = "order"
effect = { delete = true }
undo = { insert = { state = "sent" } }
derive = { row-per = "order" }
[load.cancel]
operation = "cancel"
follows = { load = "buy", delay = "12s", share = 0.5 }
"#;

#[test]
fn deletes_are_propagated_unless_they_are_not() {
    let parts = [BILL, CANCEL, &every("400ms")];
    let told = run(&parts, r#"interval = "5s""#);
    all_committed(&told);
    let cancelled = |told: &RecordedRun| {
        let is_cancel = |row: &&OperationRow| row.kind.0 == 1 && row.measured;
        told.report.operations.iter().filter(is_cancel).count() as u64
    };
    assert!(cancelled(&told) > 20);
    let told = run(&parts, r#"interval = "5s", propagate-deletes = false"#);
    let lost = told.report.census.of(Headline::Lost);
    assert_eq!(lost, cancelled(&told), "every bill outlives its order");
    assert_eq!(told.report.census.of(Headline::Committed), told.report.census.total() - lost);
}

#[test]
fn what_cancels_out_between_two_runs_is_not_lost() {
    // A cancellation 1 s behind its order: most pairs fall between two runs.
    let soon = CANCEL.replace("12s", "1s");
    let told = run(&[BILL, &soon, &every("400ms")], r#"interval = "5s""#);
    all_committed(&told);
    let bills = pick!(record: Event::Shown { direction: Direction::Forward, change: 1, .. }
        if record.step.0 == 1 => ());
    assert_eq!(told.pick(bills).count() as u64, told.report.offered, "each second step shows once");
}
