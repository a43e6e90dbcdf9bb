//! Transactions in systems of more services than a word has bits.

use super::*;
use crate::model::record::MessageClass;
use crate::model::system::ServiceId;
use crate::patterns::atomic_commit::Participants;
use crate::tests::estate::Estate;

const ESTATE: Estate = Estate { services: 150, kinds: 150, steps: 4, rows: 50, rate: 0.05 };

/// Every kind has its steps at services that are 37 or 38 apart, and each service has its turn.
#[test]
fn a_transaction_spans_any_of_many_services() {
    let told = record_text(&ESTATE.text(), "xa", 1);
    check_sound(&told, "150 services");
    let committed = told.report.census.of(Headline::Committed) as usize;
    assert!(committed > 100, "{committed} committed");
    let prepared = told.pick(pick!(Event::Prepared { database, .. } => database));
    let mut databases: Vec<DatabaseId> = prepared.collect();
    databases.sort_unstable();
    databases.dedup();
    assert!(databases.len() > 64 && databases.last() > Some(&DatabaseId(127)), "{databases:?}");
    let prepare = told.sent("prepare", MessageClass::Service);
    assert!(prepare >= 2 * 4 * committed, "{prepare} messages for {committed} transactions");
}

#[test]
fn participants_come_in_the_order_of_services() {
    let scenario = crate::tests::runs::scenario(&ESTATE.text());
    let mut operation = scenario.system.operations[0].clone();
    let services = [149, 3, 149, 70];
    for (step, service) in operation.steps.iter_mut().zip(services) {
        step.by = ServiceId(service);
    }
    let listed =
        |some: Participants| some.iter(&operation).map(|service| service.0).collect::<Vec<_>>();
    let mut some = Participants::of(&operation);
    assert_eq!(listed(some), [3, 70, 149]);
    some.remove(&operation, ServiceId(70));
    assert_eq!(listed(some), [3, 149]);
    some.add(&operation, ServiceId(70));
    assert_eq!(some, Participants::of(&operation));
    for service in services {
        some.remove(&operation, ServiceId(service));
    }
    assert!(some.is_empty() && listed(some).is_empty());
}
