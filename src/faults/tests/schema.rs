//! A schema changes under its owner and under who reads rows through it, every duration constant.

use std::sync::Arc;

use crate::checks::measures::catalogue::{BROKEN, NOTICED, SCHEMA_BREAKS};
use crate::checks::measures::{Measure, Quantity};
use crate::experiment::compare::setup;
use crate::kernel::{Span, Time};
use crate::model::record::{Event, Kind, Record};
use crate::model::system::{Api, Arrivals, DatabaseId, Grant, Lookup, ServiceId, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, SHOP, record_run, scenario};

pub(super) const ORDER: ServiceId = ServiceId(0);
const STOCK: ServiceId = ServiceId(1);
pub(super) const PRODUCTS: TableId = TableId(1);

/// An order every second, each of which first asks the stock service for its product, whose table
/// changes at 20 s. `knows` says how the order service gets at the rows.
fn run(knows: impl Fn(&mut crate::model::system::TableSpec), settings: &str) -> RecordedRun {
    let fault = format!(
        "\n[[faults]]\nkind = 'schema-change'\nat = '20s'\nfor = '35s'\ntable = 'product'\n\
         column = 'left'\nredeploy = '2s'\nfix = '5s'\n{settings}\n"
    );
    let scenario = scenario(&(SHOP.to_owned() + &fault));
    let mut setup = setup(&scenario, &scenario.variants[0]);
    let system = Arc::make_mut(&mut setup.system);
    system.loads[0].arrivals = Arrivals::Constant(Span::from_secs(1));
    system.operations[0].steps[0].lookup = Some(Lookup { table: PRODUCTS, key: 1, refuse: None });
    knows(&mut system.tables[PRODUCTS.index()]);
    let told = record_run(&setup, 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    told
}

pub(super) fn rows(table: &mut crate::model::system::TableSpec) {
    table.api = Api::Rows;
}

pub(super) fn total(told: &RecordedRun, measure: &'static Measure) -> u128 {
    match told.report.measures.number(measure) {
        Quantity::Ratio { part, .. } => part,
        other => panic!("{measure}: {other:?}"),
    }
}

pub(super) fn at(seconds: u64) -> Time {
    Time::ZERO + Span::from_secs(seconds)
}

/// When a service was started again, in order.
pub(super) fn deployed(told: &RecordedRun, service: &str) -> Vec<Time> {
    let node = told.node(service);
    let back = told.all(Kind::Restarted).filter(|record| record.node == node);
    back.map(|record| record.time).collect()
}

#[test]
fn with_a_contract_only_the_owner_is_deployed_and_nobody_breaks() {
    let told = run(|_| (), "");
    assert_eq!((total(&told, BROKEN), total(&told, SCHEMA_BREAKS)), (0, 0));
    assert_eq!(deployed(&told, "stock"), [at(22)]);
    assert_eq!(deployed(&told, "order"), []);
    assert_eq!(told.count(Kind::SchemaChanged), 1);
}

#[test]
fn who_reads_rows_and_was_not_told_breaks_at_first_use_until_it_is_fixed_and_deployed() {
    let told = run(rows, "");
    let schema_breaks: Vec<&Record> = told.all(Kind::SchemaBreak).collect();
    let mut services = told.pick(pick!(Event::SchemaBreak { service, .. } => service));
    assert!(services.all(|service| service == ORDER));
    let first = schema_breaks[0].time;
    assert!(first >= at(22), "the owner is away until then, and answers nothing");
    assert_eq!(total(&told, NOTICED), u128::from((first - at(20)).as_nanos()));
    let broken = Span::from_secs(5 + 2);
    assert_eq!(total(&told, BROKEN), u128::from(broken.as_nanos()));
    assert_eq!(deployed(&told, "order"), [first + broken]);
    assert!(schema_breaks.last().is_some_and(|last| last.time <= first + Span::from_secs(5)));
    assert_eq!(total(&told, SCHEMA_BREAKS), schema_breaks.len() as u128);
    let contract = run(|_| (), "");
    assert!(told.report.census.wrong() >= contract.report.census.wrong());
    let done =
        |told: &RecordedRun| told.report.census.of(crate::checks::census::Headline::Committed);
    assert!(done(&told) < done(&contract), "orders are lost while it is broken");
}

#[test]
fn a_grant_breaks_where_the_table_itself_is_reached() {
    let granted = |table: &mut crate::model::system::TableSpec| {
        table.grants = vec![Grant { service: ORDER, write: false }];
    };
    let system_users = |told: &RecordedRun| told.system.schema_users(PRODUCTS);
    let told = run(granted, "told = ['order']");
    assert_eq!(system_users(&told).into_iter().collect::<Vec<_>>(), [ORDER, STOCK]);
    assert_eq!(total(&told, BROKEN), 0);
    assert_eq!((deployed(&told, "order"), deployed(&told, "stock")), (vec![at(22)], vec![at(22)]));
}

#[test]
fn expanding_first_deploys_in_turn_and_costs_a_second_statement_for_each_write() {
    let told = run(rows, "told = ['order']\nhow = 'expand-contract'\nwindow = '20s'");
    assert_eq!(total(&told, BROKEN), 0);
    // Each has half of the window for itself.
    assert_eq!((deployed(&told, "order"), deployed(&told, "stock")), (vec![at(22)], vec![at(32)]));
    let plain = run(rows, "told = ['order']");
    // Looked at where nobody is away in either run.
    let worked = |told: &RecordedRun| {
        let there = |record: &Record| (at(24)..at(29)).contains(&record.time);
        told.pick(
            pick!(record: Event::Worked { database: DatabaseId(1), .. } if there(record) => ()),
        )
        .count()
    };
    // Five seconds with an order and a return each: the order takes, with its key and its row.
    assert!(worked(&told) > worked(&plain), "{} and {}", worked(&told), worked(&plain));
}

#[test]
fn who_was_not_told_breaks_at_the_contraction() {
    let told = run(rows, "how = 'expand-contract'\nwindow = '15s'");
    let first = told.all(Kind::SchemaBreak).next().expect("it breaks");
    assert!((at(35)..at(37)).contains(&first.time), "{}", first.time);
    assert_eq!(total(&told, BROKEN), 7_000_000_000);
    assert_eq!(deployed(&told, "stock"), [at(22)]);
}
