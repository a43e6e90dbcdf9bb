//! Triggered faults in whole runs, and what every kind does there.

mod columns;
mod kinds;
mod places;
mod replicas;
mod roles;
mod schema;
mod shrinking;
mod stores;

use crate::faults::budget::{self, Excess};
use crate::faults::plan::PlannedFault;
use crate::faults::target::Site;
use crate::model::contract::{Budget, label};
use crate::model::record::{Event, Kind, MessageClass, Record};
use crate::tests::runs::{RecordedRun, record_text, scenario};

/// One order over two services under two-phase commit, every duration constant, and one fault.
fn order(fault: &str) -> RecordedRun {
    order_under("xa", fault)
}

/// The same order under another pattern.
fn order_under(variant: &str, fault: &str) -> RecordedRun {
    record_text(&text(fault), variant, 1)
}

/// Judges a plan by a budget in the scenario of [`order`], under two-phase commit.
pub(super) fn inside(plan: &[PlannedFault], budget: &Budget) -> Result<(), Excess> {
    let scenario = scenario(&text("kind = 'pause'\nat = '1s'\ntarget = 'stock'"));
    let drivers = scenario.variants[0].pattern.drivers();
    budget::inside(plan, budget, &Site { system: &scenario.system, drivers: &drivers })
}

/// The scenario of [`order`].
fn text(fault: &str) -> String {
    format!(
        r#"
        [scenario]
        name = "points"
        warm-up = "0s"
        load = "15s"
        settle = "30s"

        [services]
        order = {{ work = "1ms", zone = "left" }}
        stock = {{ work = "1ms", zone = "left" }}

        [databases]
        order-db = {{ work = "1ms", force = "2ms", recovery = "100ms", stream = "old-db" }}
        stock-db = {{ work = "1ms", force = "2ms", recovery = "100ms" }}

        [links]
        default = {{ delay = "1ms" }}
        database = {{ delay = "1ms" }}
        client = {{ delay = "1ms" }}

        [drivers]
        force = "2ms"
        work = "0s"
        recovery = "1s"

        [tables]
        order = {{ owner = "order", database = "order-db", columns = {{ product = 0 }} }}
        product = {{ owner = "stock", database = "stock-db", columns = {{ left = 9 }}, rows = 1 }}

        [operations.buy]
        keys = {{ order = "new", product = {{ rows-of = "product" }} }}
        steps = [
            {{ name = "place", by = "order", table = "order", key = "order",
              effect = {{ insert = {{ product = "{{product}}" }} }} }},
            {{ name = "take", by = "stock", table = "product", key = "product",
              effect = {{ add = {{ left = -1 }} }} }},
        ]

        [load.shoppers]
        operation = "buy"
        constant = "10s"

        [variants.xa]
        pattern = "two-phase-commit"
        [variants.saga]
        pattern = "orchestrated"
        [variants.forgetful-saga]
        pattern = "orchestrated"
        settings = {{ idempotency-keys = false }}
        [variants.events]
        pattern = "event-based"
        settings = {{ max-deliveries = 3 }}

        [[faults]]
        {fault}
        "#
    )
}

fn first(told: &RecordedRun, kind: Kind, fits: impl Fn(&Record) -> bool) -> Option<Record> {
    told.all(kind).find(|record| fits(record)).copied()
}

/// A crash right behind a forced record comes at its very instant, and nothing follows it.
#[test]
fn after_a_forced_record_it_is_durable_and_nothing_behind_it_has_happened() {
    let told = order(
        r#"kind = "crash"
        target = "coordinator"
        for = "1s"
        on = { who = "coordinator", what = "force decision" }"#,
    );
    let node = told.node("coordinator");
    let crashed = first(&told, Kind::Crashed, |record| record.node == node).expect("it fired");
    let logged =
        |record: &Record| record.node == node && record.event.label() == Some(label::DECISION);
    let logged = first(&told, Kind::Logged, logged).expect("a decision");
    assert_eq!(crashed.time - logged.time, crate::kernel::Span::from_millis(2));
    let told_branch =
        |record: &Record| record.event.label() == Some(label::COMMIT) && record.node == node;
    let commit = first(&told, Kind::Sent, told_branch).expect("it is told after the restart");
    let outage_and_recovery = crate::kernel::Span::from_secs(2);
    assert_eq!(commit.time - crashed.time, outage_and_recovery);
    assert_eq!(told.report.faults.len(), 1);
}

/// Before a record is forced nothing of it exists: the branch was never prepared.
#[test]
fn before_a_forced_record_nothing_of_it_has_happened() {
    let told = order(
        r#"kind = "crash"
        target = "stock-db"
        for = "200ms"
        on = { who = "stock-db", what = "force prepare", when = "before" }"#,
    );
    let node = told.node("stock-db");
    let crashed = first(&told, Kind::Crashed, |record| record.node == node).expect("it fired");
    let prepared =
        |record: &Record| record.node == node && record.event.label() == Some(label::PREPARE);
    let logged = first(&told, Kind::Logged, prepared).expect("the retry is prepared");
    assert!(logged.time > crashed.time, "the first one was not even logged");
}

/// The second of two votes is lost, doubled or late, and only that one.
#[test]
fn one_message_is_lost_doubled_or_late() {
    let votes = |told: &RecordedRun, kind| {
        let at_services = |record: &&Record| match record.event {
            Event::Sent { label, class, .. }
            | Event::Delivered { label, class, .. }
            | Event::Lost { label, class, .. } => {
                (label, class, record.attempt) == (label::PREPARE, MessageClass::Service, 0)
            }
            _ => false,
        };
        told.all(kind).filter(at_services).copied().collect::<Vec<Record>>()
    };
    let on = r#"on = { what = "reply prepare", nth = 2 }"#;
    let lost = order(&format!("kind = 'lose-message'\n{on}"));
    assert_eq!(votes(&lost, Kind::Lost).len(), 1);
    let doubled = order(&format!("kind = 'duplicate-message'\n{on}"));
    assert_eq!(doubled.count(Kind::Duplicated), 1);
    let late = order(&format!("kind = 'delay-message'\nby = '700ms'\n{on}"));
    let (sent, heard) = (votes(&late, Kind::Sent), votes(&late, Kind::Delivered));
    let millis = |nanos: u64| crate::kernel::Span::from_nanos(nanos * 1_000_000);
    let longest = heard.iter().map(|arrival| {
        let sent = sent.iter().find(|sent| sent.message == arrival.message).expect("it was sent");
        arrival.time - sent.time
    });
    let mut spans: Vec<_> = longest.collect();
    spans.sort_unstable();
    assert_eq!(spans, [millis(1), millis(1), millis(1), millis(701)]);
}

/// RandomStreams names stay when a thing is renamed, so they name it in triggers and targets, too.
#[test]
fn a_thing_is_also_known_by_its_lasting_name() {
    let told = order(
        r#"kind = "crash"
        target = "old-db"
        for = "1s"
        on = { who = "old-db", what = "apply", of = "shoppers#0" }"#,
    );
    let node = told.node("order-db");
    assert!(first(&told, Kind::Crashed, |record| record.node == node).is_some());
}

/// A trigger whose point never comes never fires, and everybody can see that.
#[test]
fn what_never_comes_never_fires() {
    let told = order(
        r#"kind = "crash"
        target = "stock"
        on = { what = "send nonsense" }"#,
    );
    assert!(told.report.faults.is_empty());
    assert_eq!(told.count(Kind::Crashed), 0);
}
