//! Tests of what is counted one by one.

use super::{amount, quantity, share};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::counters::{GROUP_LAG, GROUP_LAG_MAX};
use crate::checks::measures::{Quantity, Scope};
use crate::kernel::NodeId;
use crate::model::record::*;
use crate::tests::events::{aborted, circuit, discarded, group_lag, handed};
use crate::tests::history::{History, RENAME};

const SECOND: u64 = 1_000_000_000;

/// A history in which the first measured operation arrives at 20 s.
fn measured() -> History {
    let mut history = History::new();
    history.at(20_000).offer(0, RENAME, 1);
    history
}

#[test]
fn a_breaker_is_open_from_its_opening_to_the_first_call_or_a_crash() {
    let mut history = measured();
    let mut on = |at: u64, node: u16, event: Event| {
        history.at(at).note_with(event, |record| record.node = NodeId(node));
    };
    on(21_000, 7, circuit(Circuit::Closed));
    on(22_000, 7, circuit(Circuit::Open));
    on(23_000, 8, circuit(Circuit::Open)); // Another caller's.
    on(27_000, 7, circuit(Circuit::HalfOpen));
    on(28_000, 7, circuit(Circuit::Open));
    on(30_000, 7, Event::Crashed { processes: 1 });
    on(40_000, 7, circuit(Circuit::Closed));
    let mut history = history;
    history.at(50_000);
    let report = history.rest();
    assert_eq!(quantity(&report, OPENINGS), Quantity::total(3_u64));
    let open = (5 + 2 + (50 - 23)) * SECOND;
    assert_eq!(quantity(&report, OPEN_TIME), Quantity::total(open));
}

#[test]
fn a_breaker_that_never_opened_is_not_the_same_as_none() {
    let mut history = measured();
    history.note(circuit(Circuit::Closed));
    assert_eq!(quantity(&history.rest(), OPENINGS), Quantity::total(0_u64));
    let without = measured().rest();
    assert!(matches!(quantity(&without, OPENINGS), Quantity::Missing { .. }));
}

#[test]
fn events_count_from_the_first_measured_arrival_on() {
    let tell = |history: &mut History| {
        history.note(handed(1)).note(handed(2));
        history.note(discarded(Discard::DeadLetter)).note(discarded(Discard::Lost));
        history.note(aborted(1, AbortCause::Deadlock)).note(aborted(2, AbortCause::LockTimeout));
        history.note(Event::Alerted { label: LabelId(0) });
        history.note(Event::Intervention { label: LabelId(0) });
    };
    let mut early = History::new();
    tell(early.at(5_000));
    let mut late = measured();
    tell(&mut late);
    let counts = |history: History| {
        let report = history.rest();
        [DELIVERIES, DEAD_LETTERS, DEADLOCKS, ALERTS, INTERVENTIONS]
            .map(|measure| quantity(&report, measure))
    };
    assert_eq!(counts(early), [share(0, 1); 5]);
    assert_eq!(counts(late), [share(2, 1), share(1, 1), share(1, 1), share(1, 1), share(1, 1)]);
}

#[test]
fn the_lag_of_a_group_is_averaged_over_the_window() {
    let mut history = History::new();
    history.at(0).note(group_lag(0));
    history.at(9_000).note(group_lag(4)); // Counts from the end of the warm-up at 10 s.
    history.at(21_000).note(group_lag(2));
    history.at(32_000).note(group_lag(0));
    let report = history.rest();
    let group = Scope::Group("desk".into());
    let number = |measure: &'static crate::checks::measures::Measure| {
        report.measures.number(measure.of(&group))
    };
    let (weighted, window) = (4 * 11 + 2 * 11, 110);
    let second = u128::from(SECOND);
    assert_eq!(number(GROUP_LAG), amount(weighted * second, window * second));
    assert_eq!(number(GROUP_LAG_MAX), Quantity::total(4_u64));
    assert_eq!(GROUP_LAG.of(&group).to_string(), "groups.desk.lag");
}
