//! Measures of each operation and of each read by itself, and what headlines pool.

use std::collections::BTreeSet;

use super::{MS, amount, distribution, quantity, share};
use crate::checks::RunReport;
use crate::checks::census::Headline;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure, Quantity, Scope, reads};
use crate::kernel::Span;
use crate::model::record::Sight::{Effect, Nothing};
use crate::model::record::*;
use crate::model::system::{
    Anchor, ColumnRef, InvariantRule, InvariantSpec, OperationKind, ReadWhat, RowKey, StepId,
    System, When,
};
use crate::tests::events::{self, sent};
use crate::tests::history::{self, CUSTOMERS, History, OPEN, RENAME};

/// The system of histories, in which a ticket spans stores and a new name does not.
fn mixed() -> System {
    let mut system = history::system();
    system.operations[OPEN.index()].spans_stores = true;
    system
}

/// A ticket with a lag of 500 ms that is lost, and three new names, of which one is answered no.
fn busy(system: System) -> History {
    let mut history = History::of(system);
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0);
    for op in 1..=3 {
        history.offer(op, RENAME, u64::from(op));
        match op {
            3 => history.answer(op, Answer::TechnicalNo),
            _ => history.apply(op, 0).answer(op, Answer::Done),
        };
    }
    history.at(20_500).apply(0, 1).apply(0, 2).answer(0, Answer::Accepted);
    history
}

fn of(report: &RunReport, measure: &'static Measure, operation: &str) -> Quantity {
    report.measures.number(measure.of_operation(operation))
}

#[test]
fn local_operations_are_no_part_of_headlines_and_have_numbers_of_their_own() {
    let report = busy(mixed()).rest();
    assert_eq!(distribution(&report, LAG).values, [500 * MS]);
    assert_eq!(quantity(&report, AVAILABILITY), share(1, 1));
    assert_eq!(report.census.total(), 1);
    assert!(distribution(&report, DONE).is_empty());
    let lags = |name: &str| report.measures.values(LAG.of_operation(name)).values.clone();
    assert_eq!((lags("open"), lags("rename")), (vec![500 * MS], vec![0, 0]));
    assert_eq!(of(&report, AVAILABILITY, "rename"), share(2, 3));
    assert_eq!(of(&report, HIDDEN, "rename"), share(1, 3));
    assert_eq!(of(&report, COMMITTED, "rename"), share(2, 3));
    assert_eq!(of(&report, WRONG, "open"), share(0, 1));
    let rejected = report.censuses.iter().map(|census| census.of(Headline::Rejected));
    assert_eq!(rejected.collect::<Vec<_>>(), [0, 1]);
    assert_eq!(report.measured, 4, "all of them");
}

#[test]
fn where_no_operation_spans_stores_headlines_pool_all() {
    let report = busy(history::system()).rest();
    assert_eq!(distribution(&report, LAG).values, [0, 0, 500 * MS]);
    assert_eq!(quantity(&report, AVAILABILITY), share(3, 4));
    assert_eq!(of(&report, AVAILABILITY, "rename"), share(2, 3));
}

#[test]
fn the_only_operation_is_all_of_the_run() {
    let mut system = history::system();
    system.operations.truncate(1);
    let mut history = History::of(system);
    history.at(20_000).offer(0, OPEN, 3).answer(0, Answer::Done);
    let report = history.rest();
    assert!(report.measures.keys().all(|key| !matches!(key.scope, Scope::Operation(_))));
    assert_eq!(report.censuses.len(), 1);
}

#[test]
fn every_operation_has_the_measures_that_say_so() {
    let report = busy(mixed()).rest();
    for name in ["open", "rename"] {
        let its = |key: &&Key| key.scope == Scope::Operation(name.into());
        let taken: BTreeSet<&str> =
            report.measures.keys().filter(its).map(|it| it.measure.id).collect();
        let declared = CATALOGUE.iter().filter(|measure| measure.is_by_operation());
        assert_eq!(taken, declared.map(|measure| measure.id).collect(), "{name}");
    }
}

#[test]
fn costs_go_to_the_operation_on_whose_behalf_they_arise() {
    let mut history = busy(mixed());
    for (op, messages) in [(0, 3), (1, 2), (u32::MAX, 5)] {
        for _ in 0..messages {
            history.note_of(op, sent(MessageClass::Service));
        }
    }
    let report = history.rest();
    assert_eq!(of(&report, MESSAGES, "open"), share(3, 1));
    assert_eq!(of(&report, MESSAGES, "rename"), share(2, 3));
    assert_eq!(quantity(&report, MESSAGES), share(3 + 5, 1), "idle polls included");
    assert_eq!(report.cost.protocol_messages(), 3 + 2 + 5);
}

#[test]
fn throughput_counts_definite_answers_that_are_heard_under_load() {
    let mut history = History::new();
    history.at(9_000).offer(0, RENAME, 1); // Not measured, but answered under load.
    history.at(10_000).answer(0, Answer::Done);
    for (op, answer) in [
        (1, Answer::Accepted),
        (2, Answer::RefusedByRule),
        (3, Answer::TechnicalNo),
        (4, Answer::Unknown),
    ] {
        history.at(20_000 + u64::from(op)).offer(op, RENAME, 1).answer(op, answer);
    }
    history.at(99_999).offer(5, RENAME, 1);
    history.at(100_000).answer(5, Answer::Done); // The load is over.
    let report = history.rest();
    let a_second = |answers: u128| amount(answers * 1_000_000_000, 90_000_000_000);
    assert_eq!(quantity(&report, THROUGHPUT), a_second(3));
    assert_eq!(of(&report, THROUGHPUT, "rename"), a_second(3));
    assert_eq!(of(&report, THROUGHPUT, "open"), a_second(0));
}

/// Reads of a kind of operation after 200 ms and after 2 s.
fn read_twice(kind: OperationKind) -> System {
    let mut system = mixed();
    let at = [200, 2_000].map(Span::from_millis).into();
    let steps = vec![StepId(0), StepId(1)];
    let what = ReadWhat::Operation { kind, steps, at, after: Anchor::Arrival, share: 1.0 };
    system.reads = vec![history::read("mine", what)];
    system
}

/// A ticket that is answered at once and whole after a second, read before and after.
fn read_before_and_after(system: System) -> RunReport {
    let mut history = History::of(system);
    history.at(20_000).offer(0, OPEN, 3).answer(0, Answer::Accepted);
    for (time, ms, sight) in [(0, 20_200, Nothing), (1, 22_000, Effect)] {
        history.at(ms);
        let probe = history.begin_read_at(0, time, OpId(0));
        for step in [0, 1] {
            let saw = Event::ProbeSaw { table: history::TICKETS, probe, sight };
            history.note_with(saw, |it| (it.op, it.step) = (OpId(0), StepId(step)));
        }
        history.end_probe(probe, ProbeEnd::Complete);
    }
    history.rest()
}

#[test]
fn right_answers_are_told_by_the_time_since_the_arrival() {
    let report = read_before_and_after(read_twice(OPEN));
    let right = |scope| report.measures.number(reads::RIGHT.of(&scope));
    let at = |ms| Scope::ReadAt("mine".into(), Span::from_millis(ms), Anchor::Arrival);
    assert_eq!(right(at(200)), share(0, 1));
    assert_eq!(right(at(2_000)), share(1, 1));
    assert_eq!(right(Scope::Read("mine".into())), share(1, 2));
    assert_eq!(reads::RIGHT.of(&at(200)).to_string(), "reads.mine@200ms.right");
    let latency = |scope| report.measures.values(reads::LATENCY.of(&scope)).values.len();
    assert_eq!((latency(at(200)), latency(Scope::Read("mine".into()))), (1, 2));
    // Each was answered at once: how long a reader waits says nothing of when it came.
    assert_eq!(quantity(&report, RIGHT_50MS), share(1, 2));
}

#[test]
fn reads_of_local_operations_are_no_part_of_headlines() {
    let mut system = read_twice(OPEN);
    system.operations[OPEN.index()].spans_stores = false;
    system.operations[RENAME.index()].spans_stores = true;
    let report = read_before_and_after(system);
    assert!(matches!(quantity(&report, RIGHT_5S), Quantity::Missing { .. }));
    let right = report.measures.number(reads::RIGHT.of_read("mine"));
    assert_eq!(right, share(1, 2), "it has numbers of its own");
}

/// A history of both operations, each with its first step done, op 0 a ticket and op 1 a new name.
fn both(system: System) -> History {
    let mut history = History::of(system);
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).offer(1, RENAME, 3).apply(1, 0);
    history
}

/// A measure of the run, of tickets, and of new names.
fn each(report: &RunReport, measure: &'static Measure) -> [Quantity; 3] {
    [quantity(report, measure), of(report, measure, "open"), of(report, measure, "rename")]
}

#[test]
fn what_happens_one_by_one_counts_for_whom_it_is_done() {
    let mut history = both(mixed());
    for op in [0, 0, 1, u32::MAX] {
        history.note_of(op, events::handed(2)).note_of(op, events::discarded(Discard::DeadLetter));
        history.note_of(op, events::aborted(op.into(), AbortCause::Deadlock));
        history.note_of(op, Event::Intervention { label: LabelId(0) });
    }
    let report = history.rest();
    for measure in [DELIVERIES, DEAD_LETTERS, DEADLOCKS, INTERVENTIONS, DELIVERED_AGAIN] {
        let expected = [4_u64, 2, 1].map(Quantity::total);
        assert_eq!(each(&report, measure), expected, "{measure}: what nobody caused is in the run");
    }
}

#[test]
fn branches_and_waits_are_of_the_operation_whose_transaction_it_is() {
    let mut history = both(mixed());
    history.note_of(0, events::prepared(1, 7)).note_of(0, events::prepared_row(1, 9));
    history.at(20_100).note_of(1, events::lock_wait(2, 9));
    history.at(20_400).note_of(0, events::resolved_alone(1, Decision::Commit));
    history.at(20_450).note_of(1, events::lock_granted(2, 9));
    let report = history.rest();
    let ms = |millis: u64| Quantity::total(millis * MS);
    for measure in [IN_DOUBT, IN_DOUBT_MAX] {
        assert_eq!(each(&report, measure), [ms(400), ms(400), ms(0)]);
    }
    for measure in [BLOCKED, BLOCKED_MAX] {
        assert_eq!(each(&report, measure), [ms(300), ms(0), ms(300)]);
    }
    assert_eq!(each(&report, HEURISTIC), [1_u64, 1, 0].map(Quantity::total));
    let waits = |name| report.measures.values(BLOCKED_EACH.of_operation(name)).offered;
    assert_eq!([waits("open"), waits("rename")], [0, 1]);
}

#[test]
fn anomalies_are_of_the_operation_whose_effect_it_is() {
    let mut history = both(mixed());
    history.at(21_000).apply(1, 0); // The new name again.
    history.at(22_000).overwrite(0, 0); // Somebody destroys the ticket.
    let report = history.rest();
    let counts = |measure| each(&report, measure);
    assert_eq!(counts(APPLIED_AGAIN), [1_u64, 0, 1].map(Quantity::total));
    assert_eq!(counts(LOST_UPDATES), [1_u64, 1, 0].map(Quantity::total));
    let mut read = both(read_twice(OPEN));
    read.at(20_500).probe(0, &[Effect, Nothing], 1);
    read.at(21_000).undo(0, 0);
    let report = read.rest();
    assert_eq!(each(&report, DIRTY_READS), [1_u64, 1, 0].map(Quantity::total));
}

#[test]
fn partial_operations_and_what_they_lag_are_told_apart() {
    let mut history = both(mixed());
    history.at(31_000).apply(0, 1).apply(0, 2);
    let report = history.rest();
    let partial = amount(11_000 * u128::from(MS), 110_000 * u128::from(MS));
    assert_eq!(each(&report, PARTIAL), [partial, partial, amount(0, 110_000 * u128::from(MS))]);
    assert_eq!(each(&report, PARTIAL_MAX), [1_u64, 1, 0].map(Quantity::total));
}

#[test]
fn reads_are_of_the_operation_that_they_look_at() {
    let report = read_before_and_after(read_twice(OPEN));
    let right = |name| of(&report, RIGHT_500MS, name);
    assert_eq!(right("open"), share(1, 2));
    assert!(matches!(right("rename"), Quantity::Missing { .. }), "nobody looks at it");
    assert_eq!(of(&report, STALE, "open"), quantity(&report, STALE));
}

#[test]
fn a_violation_is_of_the_operation_that_began_it_until_somebody_repairs_it() {
    let mut system = mixed();
    let column = ColumnRef { table: CUSTOMERS, column: 0 };
    let rule = InvariantRule::Bound { column, least: Some(0), most: Some(1) };
    let few = InvariantSpec { name: "few".into(), rule, when: When::AtRest, follows_from: None };
    system.invariants = vec![few];
    let mut history = both(system);
    let write = |history: &mut History, op: u32, row: u64, value: i64| {
        let event = Event::Value { column, row: RowKey(row), value };
        history.note_of(op, event);
    };
    write(history.at(30_000), 0, 3, 5);
    write(history.at(31_000), 1, 4, 7);
    write(history.at(32_000), 1, 3, 6); // It stays the ticket's.
    write(history.at(33_000), 1, 3, 1);
    write(history.at(34_000), u32::MAX, 5, 9); // A job, for nobody.
    write(history.at(35_000), u32::MAX, 5, 1);
    let report = history.rest();
    let whole = (3 + 89 + 1) * 1_000 * u128::from(MS) * 1_000;
    let [tickets, names] = [3, 89].map(|seconds| seconds * 1_000 * u128::from(MS) * 1_000);
    assert_eq!(each(&report, VIOLATION), [share(whole, 2), share(tickets, 1), share(names, 1)]);
    assert_eq!(each(&report, OVERSELLS), [3_u64, 1, 1].map(Quantity::total));
    let parts = report.invariants[0].by_kind.iter().map(|(kind, extent)| (*kind, extent.at_end));
    assert_eq!(parts.collect::<Vec<_>>(), [(OPEN, 0), (RENAME, 1)]);
}
