//! A declined card never ships, whatever is delivered twice.

use driftlab::kernel::Span;
use driftlab::search::explore::Exploration;
use driftlab::search::trial::Trial;

use super::report;
use crate::whole::{scenario, variant};

const CASE: &str = include_str!("declined-card.toml");

const SHIPS: &str = "nothing ships that is not paid";

#[test]
fn a_second_delivery_ships_nothing_that_was_not_paid() {
    for name in ["outbox", "dual-write"] {
        let report = report(CASE, name, 1);
        let [ships] = &report.invariants[..] else { panic!("one invariant") };
        assert!(&*ships.name == SHIPS && ships.worst == 0, "{name}: {ships:?}");
    }
}

/// Every plan with one fault on three purchases, crashes of the broker among them.
#[test]
fn no_single_fault_makes_a_declined_card_ship() {
    let scenario = scenario(CASE);
    let trial = Trial::new(&scenario, variant(&scenario, "dual-write"));
    let operations = trial.offers(1, 3);
    let outage = Span::from_secs(1);
    let exploration = Exploration { trial, seed: 1, operations, depth: 1, outage, cap: None };
    let explored = exploration.run(&());
    let broken = explored.plans.iter().flat_map(|plan| plan.broken());
    let broken: Vec<&str> = broken.map(|at| &*explored.properties[at]).collect();
    assert!(explored.plans.len() > 100, "{}", explored.plans.len());
    assert!(explored.properties.iter().any(|property| property.contains(SHIPS)));
    assert!(!broken.iter().any(|property| property.contains(SHIPS)), "{broken:?}");
    assert!(!broken.contains(&"no-phantom-event"), "{broken:?}");
}
