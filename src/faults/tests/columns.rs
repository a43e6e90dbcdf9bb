//! A column changes: who names it breaks, and who names another one of the same table does not.

use std::sync::Arc;

use super::schema::{ORDER, PRODUCTS, at, deployed, rows, total};
use crate::checks::measures::catalogue::{BROKEN, SCHEMA_BREAKS};
use crate::experiment::compare::setup;
use crate::kernel::Span;
use crate::model::record::{Event, Kind, Record};
use crate::model::system::{
    Api, Arrivals, ColumnRef, Columns, DatabaseId, Effect, Grant, KeyChoice, Lookup, Name,
    ReadSpec, ReadWhat, Refuse, System,
};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, SHOP, record_run, scenario};

const LEFT: u8 = 0;
const PRICE: u8 = 1;

/// An order and a return every second; at 20 s something of the products changes.
fn run(change: &str, lay_out: impl Fn(&mut System)) -> RecordedRun {
    let fault = format!(
        "\n[[faults]]\nkind = 'schema-change'\nat = '20s'\nfor = '35s'\ntable = 'product'\n\
         redeploy = '2s'\nfix = '5s'\n{change}\n"
    );
    let shop = SHOP.replace("{ left = 99 }", "{ left = 99, price = 7 }");
    let scenario = scenario(&(shop + &fault));
    let mut setup = setup(&scenario, &scenario.variants[0]);
    let system = Arc::make_mut(&mut setup.system);
    system.loads[0].arrivals = Arrivals::Constant(Span::from_secs(1));
    lay_out(system);
    record_run(&setup, 1)
}

/// The order service reads a column of the products, whose owner shows it rows.
fn reads(column: u8) -> impl Fn(&mut System) {
    move |system: &mut System| {
        rows(&mut system.tables[PRODUCTS.index()]);
        system.reads.push(ReadSpec {
            name: Name::new("shown"),
            by: Some(ORDER),
            part: None,
            work: None,
            what: ReadWhat::Column {
                column: ColumnRef { table: PRODUCTS, column },
                choice: KeyChoice::Uniform(PRODUCTS),
                rate: 5.0,
            },
        });
    }
}

/// The order service takes from the stock itself, by a right to the table.
fn takes(system: &mut System) {
    system.tables[PRODUCTS.index()].grants = vec![Grant { service: ORDER, write: true }];
    system.operations[0].steps[1].by = ORDER;
}

fn broke(told: &RecordedRun) -> bool {
    let schema_breaks = told.count(Kind::SchemaBreak);
    assert_eq!(total(told, SCHEMA_BREAKS), schema_breaks as u128);
    let mut services = told.pick(pick!(Event::SchemaBreak { service, .. } => service));
    assert!(services.all(|service| service == ORDER));
    schema_breaks > 0
}

#[test]
fn a_reader_breaks_with_the_column_that_it_reads() {
    assert!(broke(&run("column = 'left'", reads(LEFT))));
    let other = run("column = 'price'", reads(LEFT));
    assert!(!broke(&other));
    assert_eq!((total(&other, BROKEN), deployed(&other, "order")), (0, vec![]));
    assert_eq!(deployed(&other, "stock"), [at(22)], "the owner is, in any case");
    assert!(broke(&run("", reads(LEFT))), "the whole table is every column");
}

#[test]
fn who_was_told_of_what_it_does_not_use_is_not_deployed() {
    let told = |column: &str| run(&format!("column = '{column}'\ntold = ['order']"), reads(LEFT));
    assert_eq!(deployed(&told("left"), "order"), [at(22)]);
    assert_eq!(deployed(&told("price"), "order"), []);
}

#[test]
fn a_look_up_takes_the_row_as_a_whole() {
    let looks = |system: &mut System| {
        rows(&mut system.tables[PRODUCTS.index()]);
        let lookup = Lookup { table: PRODUCTS, key: 1, refuse: None };
        system.operations[0].steps[0].lookup = Some(lookup);
    };
    assert!(broke(&run("column = 'left'", looks)) && broke(&run("column = 'price'", looks)));
}

#[test]
fn a_step_breaks_with_what_it_writes_and_with_what_its_rule_looks_at() {
    let column = |name: &str| format!("column = '{name}'");
    let breaks = |name: &str, lay_out: fn(&mut System)| broke(&run(&column(name), lay_out));
    assert!(breaks("left", takes) && !breaks("price", takes));
    assert!(breaks("price", |system: &mut System| {
        takes(system);
        let guard = Refuse::Below { column: PRICE, bound: 1 };
        system.operations[0].steps[1].refuse = Some(guard);
    }));
    // A row that goes names no column, and is of the table all the same.
    let deletes = |system: &mut System| {
        takes(system);
        let step = &mut system.operations[0].steps[1];
        (step.effect, step.undo) = (Effect::Delete, Effect::Set(Vec::new()));
    };
    assert!(!breaks("left", deletes) && broke(&run("", deletes)));
}

#[test]
fn what_takes_a_step_back_relies_on_what_it_writes_itself() {
    let shop = scenario(SHOP);
    let mut step = shop.system.operations[0].steps[1].clone();
    assert_eq!((step.forward_columns(), step.undo_columns()), (one(LEFT), one(LEFT)));
    step.refuse = Some(Refuse::Below { column: PRICE, bound: 1 });
    assert_eq!(step.forward_columns(), one(LEFT).union(one(PRICE)));
    step.undo = Effect::Add(vec![(PRICE, 1)]);
    assert_eq!(step.undo_columns(), one(PRICE));
}

fn one(column: u8) -> Columns {
    Columns::from(Some(column))
}

#[test]
fn both_schemas_are_written_where_the_column_is_and_has_a_successor() {
    // What the stock database worked at, and how often a product changed, in ten seconds between
    // the deployment of the owner and the end of the window.
    let seen = |change: &str| {
        let told = run(&format!("how = 'expand-contract'\nwindow = '20s'\n{change}"), |_| ());
        let within = |record: &&Record| (at(24)..at(34)).contains(&record.time);
        let records = || told.records.iter().filter(within);
        let worked = |record: &&Record| {
            matches!(record.event, Event::Worked { database: DatabaseId(1), .. })
        };
        let changed = |record: &&Record| {
            let left = ColumnRef { table: PRODUCTS, column: LEFT };
            matches!(record.event, Event::Value { column, .. } if column == left)
        };
        (records().filter(worked).count(), records().filter(changed).count())
    };
    let (plain, writes) = seen("column = 'price'");
    assert_eq!(plain, 2 * writes, "a key and the row");
    assert!(writes > 10, "{writes}");
    for change in ["rename", "split"] {
        let twice = seen(&format!("column = 'left'\nchange = '{change}'"));
        assert_eq!(twice, (plain + writes, writes), "one more statement each");
    }
    let none = seen("column = 'left'\nchange = 'drop'");
    assert_eq!(none, (plain, writes), "nothing to write twice");
    assert_eq!(seen(""), (plain + writes, writes), "of a whole table every write is");
}

#[test]
fn an_answer_of_a_contract_tells_no_column() {
    let contract = |system: &mut System| {
        reads(LEFT)(system);
        system.tables[PRODUCTS.index()].api = Api::Contract;
    };
    assert!(!broke(&run("column = 'left'", contract)));
}
