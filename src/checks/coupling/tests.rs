//! The shop of the testbed, and what becomes of its coupling when it is laid out otherwise.

use super::*;
use crate::kernel::Span;
use crate::model::system::{Api, DatabaseId, Grant, ReplicaSpec};
use crate::tests::runs::{SHOP, scenario};

const ORDER: ServiceId = ServiceId(0);
const STOCK: ServiceId = ServiceId(1);
const ORDERS: TableId = TableId(0);
const PRODUCTS: TableId = TableId(1);

/// The shop of the testbed: `order` makes orders, `stock` takes from and gives back to products.
fn shop() -> System {
    System::clone(&scenario(SHOP).system)
}

fn all(drivers: Vec<&'static str>) -> Waits {
    Waits { steps: WaitsFor::All, drivers, publishes: false }
}

fn first() -> Waits {
    Waits { steps: WaitsFor::First, drivers: Vec::new(), publishes: true }
}

fn of(system: &System, waits: &Waits) -> Coupling {
    Coupling::of(system, |_| vec![(Time::ZERO, waits.clone())])
}

#[test]
fn what_is_needed_is_said_again_where_the_pattern_changes() {
    let later = Time::from_nanos(120_000_000_000);
    let turns = |_| vec![(Time::ZERO, first()), (later, all(vec!["orchestrator"]))];
    let coupling = Coupling::of(&shop(), turns);
    let [before, after] = &coupling.chains[..2] else { panic!("two chains") };
    assert_eq!((&*before.name, &*after.name), ("buy", "buy (from 120s)"));
    assert_eq!(before.needs, ["order", "order-db"]);
    assert_eq!(after.needs, of(&shop(), &all(vec!["orchestrator"])).chains[0].needs);
    assert_eq!(coupling.longest().map(|chain| &*chain.name), Some("buy (from 120s)"));
    let same = |_| vec![(Time::ZERO, first()), (later, first())];
    assert_eq!(Coupling::of(&shop(), same), of(&shop(), &first()), "said once");
}

#[test]
fn a_database_per_service_couples_only_along_the_chain() {
    let coupling = of(&shop(), &all(vec!["orchestrator"]));
    assert_eq!(
        coupling.chains[0].needs,
        ["order", "orchestrator", "order-db", "stock", "stock-db"]
    );
    assert_eq!(coupling.chains[1].needs, ["stock", "orchestrator", "stock-db"]);
    assert_eq!(coupling.longest().map(|chain| &*chain.name), Some("buy"));
    assert_eq!((coupling.joint_tables(), coupling.shared_schemas()), (0, 0));
    assert_eq!((coupling.largest_deployment(), coupling.together.len()), (1, 0));
    let buy = &coupling.chains[0];
    assert_eq!(buy.formula(), "a(order) · a(orchestrator) · a(order-db) · a(stock) · a(stock-db)");
    let up = buy.availability(|name| if name.ends_with("-db") { 0.5 } else { 0.9 });
    assert!((up - 0.9 * 0.9 * 0.9 * 0.25).abs() < 1e-12, "{up}");
}

#[test]
fn who_accepts_needs_the_first_step_only_and_publishes_it() {
    let coupling = of(&shop(), &first());
    assert_eq!(coupling.chains[0].needs, ["order", "order-db"]);
    assert_eq!(coupling.tables[0].publishers, ["order"], "`place` is followed by `take`");
    assert!(coupling.tables[1].publishers.is_empty(), "nothing follows what is done to it");
}

#[test]
fn a_shared_database_is_one_node_and_a_database_at_home_is_none() {
    let mut system = shop();
    system.tables[1].database = DatabaseId(0);
    let in_one = Waits { steps: WaitsFor::InOnePlace, drivers: Vec::new(), publishes: false };
    assert_eq!(of(&system, &in_one).chains[0].needs, ["order", "order-db"]);
    assert_eq!(of(&system, &all(Vec::new())).chains[0].needs, ["order", "order-db", "stock"]);
    system.databases[0].node = Some(STOCK);
    assert_eq!(of(&system, &in_one).chains[0].needs, ["order", "stock"]);
}

#[test]
fn a_jointly_written_table_names_its_columns_and_who_has_no_right() {
    let mut system = shop();
    let take = &mut system.operations[0].steps[1];
    take.by = ORDER;
    let coupling = of(&system, &first());
    let products = &coupling.tables[1];
    assert_eq!((products.ownership, &*products.owner), (Ownership::Joint, "stock"));
    assert_eq!(products.writers, ["order", "stock"]);
    let both = vec!["order".to_owned(), "stock".to_owned()];
    assert_eq!(products.joint_columns, [("left".to_owned(), both)]);
    assert_eq!(products.without_right, ["order"]);
    assert!(coupling.together.is_empty(), "without a right it does not know the schema either");
    system.tables[1].grants = vec![Grant { service: ORDER, write: true }];
    let coupling = of(&system, &first());
    assert!(coupling.tables[1].without_right.is_empty());
    assert_eq!(coupling.tables[1].schema_users, ["order", "stock"]);
    assert_eq!(coupling.together, [["order", "stock"]]);
    assert_eq!((coupling.joint_tables(), coupling.joint_columns()), (1, 1));
    system.operations[0].steps.remove(1);
    system.operations[1].steps[0].by = ORDER;
    assert_eq!(of(&system, &first()).tables[1].ownership, Ownership::Foreign);
    system.operations.remove(1);
    assert_eq!(of(&system, &first()).tables[1].ownership, Ownership::Unwritten);
}

#[test]
fn a_delegated_step_needs_who_asks_and_who_does_it() {
    let mut system = shop();
    system.operations[1].steps[0].asked_by = Some(ORDER);
    let coupling = of(&system, &all(Vec::new()));
    assert_eq!(coupling.chains[1].needs, ["order", "stock", "stock-db"]);
}

#[test]
fn consolidated_services_are_one_node_and_are_deployed_together() {
    let mut system = shop();
    crate::techniques::consolidation::merge(&mut system, ORDER, &[ServiceId(1)]);
    let coupling = of(&system, &all(Vec::new()));
    assert_eq!(coupling.chains[0].needs, ["order", "order-db", "stock-db"]);
    assert_eq!(coupling.together, [["order", "stock"]]);
}

#[test]
fn a_look_up_needs_its_path_a_call_a_replica_or_the_table_itself() {
    let mut system = shop();
    let lookup = crate::model::system::Lookup { table: PRODUCTS, key: 1, refuse: None };
    system.operations[0].steps[0].lookup = Some(lookup);
    let needs = |system: &System| of(system, &first()).chains[0].needs.clone();
    assert_eq!(needs(&system), ["order", "stock", "stock-db", "order-db"]);
    assert_eq!(of(&system, &first()).tables[1].readers, ["order"]);
    let mut copy = system.tables[1].clone();
    (copy.owner, copy.database) = (ORDER, DatabaseId(0));
    system.tables.push(copy);
    let feed = Feed::Periodic(Span::from_secs(1));
    system.replicas.push(ReplicaSpec { of: PRODUCTS, copy: TableId(2), feed });
    assert_eq!(needs(&system), ["order", "order-db"]);
    system.replicas[0].feed = Feed::Events;
    assert_eq!(of(&system, &first()).tables[1].publishers, ["stock"]);
    system.tables[1].grants = vec![Grant { service: ORDER, write: false }];
    assert_eq!(needs(&system), ["order", "stock-db", "order-db"]);
}

#[test]
fn an_interface_of_rows_and_conformists_tie_deployments_across_tables() {
    let mut system = shop();
    let lookup = crate::model::system::Lookup { table: ORDERS, key: 1, refuse: None };
    system.operations[1].steps[0].lookup = Some(lookup);
    assert!(of(&system, &first()).together.is_empty(), "a contract of its own hides the rows");
    system.tables[0].api = Api::Rows;
    assert_eq!(of(&system, &first()).together, [["order", "stock"]]);
    let mut third = system.services[0].clone();
    third.name = crate::model::system::Name::new("billing");
    system.services.push(third);
    system.tables[1].conformists = vec![ServiceId(2)];
    let coupling = of(&system, &first());
    assert_eq!(coupling.together, [["order", "stock", "billing"]], "joined through `stock`");
    assert_eq!((coupling.largest_deployment(), coupling.shared_schemas()), (3, 2));
}
