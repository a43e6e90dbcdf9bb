//! M8 and what M13 says of faults.

use super::{amount, quantity, total};
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::kernel::Span;
use crate::model::record::{Answer, Event, Resource, Sight};
use crate::model::system::{
    ColumnRef, DatabaseId, InvariantRule, InvariantSpec, Name, OperationKind, ServiceId, System,
    TableId, When,
};
use crate::tests::events;
use crate::tests::history::{ASSIGNMENTS, CUSTOMERS, History, OPEN, RENAME, TICKETS, system};

#[test]
fn what_vanishes_is_lost_and_what_shows_twice_was_applied_again() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).apply(0, 1);
    history.at(21_000).overwrite(0, 1);
    history.at(22_000).apply(0, 1);
    history.at(23_000).apply(0, 1);
    // A database that recovers takes back what was never durable: nobody overwrote it.
    history.at(24_000).recover(0, 0, -1);
    let report = history.rest();
    assert_eq!(total(&report, LOST_UPDATES), 1);
    assert_eq!(total(&report, APPLIED_AGAIN), 1, "the second time it came back");
}

#[test]
fn reads_are_dirty_that_saw_what_was_compensated_later() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0);
    history.at(20_100).probe(0, &[Sight::Effect, Sight::Nothing], 0);
    history.at(20_200).probe(0, &[Sight::Effect, Sight::Nothing], 0);
    history.at(20_300).undo(0, 0);
    history.at(20_400).probe(0, &[Sight::Nothing, Sight::Nothing], 0);
    history.at(30_000).offer(1, OPEN, 3).apply(1, 0).apply(1, 1).apply(1, 2);
    history.at(30_100).probe(1, &[Sight::Effect, Sight::Effect, Sight::Effect], 0);
    assert_eq!(total(&history.rest(), DIRTY_READS), 2, "the last one stayed true");
}

/// An operation with a row for each of its three steps.
fn touching(history: &mut History, op: u32, rows: [u64; 3]) {
    history.offer(op, OPEN, 3); // Its own rows, which others take the place of.
    for (step, row) in (0..).zip(rows) {
        history.touch(op, step, TableId(step.into()), row);
    }
}

#[test]
fn an_effect_is_out_of_order_behind_that_of_a_newer_operation_of_both_rows() {
    let mut history = History::new();
    history.at(20_000);
    // The first three begin with the same ticket, and the first two go on to the same customer.
    touching(&mut history, 0, [77, 5, 1]);
    touching(&mut history, 1, [77, 5, 2]);
    touching(&mut history, 2, [77, 6, 3]);
    touching(&mut history, 3, [78, 5, 4]);
    history.at(20_100).apply(0, 0).at(20_200).apply(1, 0).at(20_300).apply(2, 0).apply(3, 0);
    history.at(20_400).apply(3, 1).apply(2, 1).apply(1, 1);
    history.at(20_500).apply(0, 1).apply(0, 2);
    history.at(20_600).apply(1, 2).apply(2, 2).apply(3, 2);
    assert_eq!(total(&history.rest(), OUT_OF_ORDER), 1, "step 1 of operation 0");
}

#[test]
fn messages_come_again_from_the_broker_or_the_network() {
    let mut history = History::new();
    history.at(20_000);
    for count in [1, 2, 3] {
        history.note(events::handed(count));
    }
    history.note(events::duplicated(2));
    assert_eq!(total(&history.rest(), DELIVERED_AGAIN), 3);
}

fn with_rules() -> System {
    let rule = |name: &str, rule| InvariantSpec {
        name: name.into(),
        when: When::AtRest,
        rule,
        follows_from: None,
    };
    let column = ColumnRef { table: CUSTOMERS, column: 0 };
    let bound = InvariantRule::Bound { column, least: Some(0), most: None };
    let references = InvariantRule::References {
        table: ASSIGNMENTS,
        by: None,
        filter: Vec::new(),
        to: TICKETS,
        to_filter: Vec::new(),
    };
    let invariants = vec![rule("never below", bound), rule("has a ticket", references)];
    System { invariants, ..system() }
}

#[test]
fn orphans_and_oversells_are_those_of_declared_invariants() {
    let mut history = History::of(with_rules());
    history.at(20_000).value(CUSTOMERS, 0, 3, -1);
    history.at(21_000).value(CUSTOMERS, 0, 3, 0);
    history.at(22_000).value(CUSTOMERS, 0, 3, -2).value(CUSTOMERS, 0, 4, -1);
    history.at(30_000).value(ASSIGNMENTS, 0, 5, 1);
    history.at(33_000).value(TICKETS, 0, 5, 1);
    history.at(110_000).value(ASSIGNMENTS, 0, 6, 1);
    let report = history.rest();
    assert_eq!(total(&report, OVERSELLS), 3, "one, and then two at once");
    assert_eq!(total(&report, ORPHANS), 1);
    assert_eq!(total(&report, ORPHAN_TIME), 13_000_000_000, "3 s, and 10 s to the cap");
    let none = History::new().rest();
    let missing = |id| matches!(quantity(&none, id), Quantity::Missing { .. });
    assert!(missing(OVERSELLS) && missing(ORPHANS) && missing(TOUCHED));
}

/// A ticket opened at the desk and a customer renamed at the shop every second, each answered as
/// `answer` says (how many ms later, what); a fault from 50 s to 60 s.
fn two_services(answer: impl Fn(u64, OperationKind) -> (u64, Answer)) -> crate::checks::RunReport {
    let mut system = system();
    let mut shop = system.services[0].clone();
    shop.name = Name::new("shop");
    system.services.push(shop);
    system.operations[1].steps[0].by = ServiceId(1);
    let mut history = History::of(system);
    for second in 10..90 {
        history.at(second * 1_000);
        match second {
            50 => history.note(events::fault_began(0)),
            60 => history.note(events::fault_ended(0)),
            _ => &mut history,
        };
        let ops = [(2 * second as u32, OPEN), (2 * second as u32 + 1, RENAME)];
        let mut answers = ops.map(|(op, kind)| {
            history.offer(op, kind, 3); // Its own rows, which others take the place of.
            let (after, answer) = answer(second, kind);
            (after, op, answer)
        });
        answers.sort_unstable();
        for (after, op, answer) in answers {
            history.at(second * 1_000 + after).answer(op, answer);
        }
    }
    history.rest()
}

#[test]
fn a_fault_touches_services_whose_operations_fail_or_are_late_while_it_lasts() {
    let usual = |_, kind| if kind == OPEN { (200, Answer::Done) } else { (100, Answer::Done) };
    let touched = |report: &crate::checks::RunReport| report.blast_radii[0].services.clone();
    let calm = two_services(usual);
    assert_eq!((touched(&calm), total(&calm, TOUCHED)), (vec![], 0));
    let late = two_services(|second, kind| match (second, kind) {
        (52..55, OPEN) => (201, Answer::Done),
        _ => usual(second, kind),
    });
    assert_eq!(touched(&late), [ServiceId(0)], "1 ms later than ever without a fault");
    let once = two_services(|second, kind| match (second, kind) {
        (55, OPEN) => (900, Answer::Done),
        _ => usual(second, kind),
    });
    assert_eq!(touched(&once), [], "one is the slowest, and one in eight is under way by then");
    let both = two_services(|second, kind| match second {
        55 => (50, Answer::TechnicalNo),
        _ => usual(second, kind),
    });
    assert_eq!((touched(&both).len(), total(&both, TOUCHED)), (2, 2));
    let always = two_services(|second, kind| match kind {
        RENAME if second % 2 == 0 => (50, Answer::TechnicalNo),
        _ => usual(second, kind),
    });
    assert_eq!(touched(&always), [], "no more often than at other times");
}

#[test]
fn waits_for_others_are_a_share_of_all_waits_and_of_the_time_in_the_database() {
    let mut system = with_rules();
    let mut shop = system.services[0].clone();
    shop.name = Name::new("shop");
    system.services.push(shop);
    system.tables[1].owner = ServiceId(1);
    system
        .databases
        .push(crate::tests::runs::scenario(crate::tests::runs::SHOP).system.databases[0].clone());
    let mut history = History::of(system);
    let contended = |waited: u64, waiter: u16, holder: Option<u16>| Event::Contended {
        database: DatabaseId(0),
        resource: Resource::Core,
        waiter: ServiceId(waiter),
        holder: holder.map(ServiceId),
        waited: Span::from_nanos(waited),
    };
    // Before the end of the warm-up nothing counts.
    history.at(9_000).note(contended(1_000, 0, Some(1)));
    history.at(20_000);
    for (waited, waiter, holder) in
        [(30, 0, Some(1)), (10, 0, Some(0)), (20, 0, None), (5, 1, Some(0)), (15, 1, Some(1))]
    {
        history.note(contended(waited, waiter, holder));
    }
    for (service, busy) in [(0, 40), (1, 5)] {
        let (service, busy) = (ServiceId(service), Span::from_nanos(busy));
        history.note(Event::Served { database: DatabaseId(0), service, busy });
    }
    let report = history.rest();
    assert_eq!(total(&report, WAITED), 35);
    assert_eq!(quantity(&report, WAITED_SHARE), amount(35, 80));
    assert_eq!(quantity(&report, SLOWDOWN), amount(30, 60 + 40), "the desk for the shop");
}
