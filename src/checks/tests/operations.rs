//! Measures of each operation and of each read by itself, and what headlines pool.

use std::collections::BTreeSet;

use super::{MS, distribution, quantity, share};
use crate::checks::RunReport;
use crate::checks::census::Headline;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure, Quantity, Scope, reads};
use crate::kernel::Span;
use crate::model::record::Sight::{Effect, Nothing};
use crate::model::record::*;
use crate::model::system::{OperationKind, ReadWhat, StepId, System};
use crate::tests::events::sent;
use crate::tests::history::{self, History, OPEN, RENAME};

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
        let declared = CATALOGUE.iter().filter(|measure| measure.by_operation);
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
    let a_second = |answers: u128| share(answers * 1_000_000_000, 90_000_000_000);
    assert_eq!(quantity(&report, THROUGHPUT), a_second(3));
    assert_eq!(of(&report, THROUGHPUT, "rename"), a_second(3));
    assert_eq!(of(&report, THROUGHPUT, "open"), a_second(0));
}

/// Reads of a kind of operation after 200 ms and after 2 s.
fn read_twice(kind: OperationKind) -> System {
    let mut system = mixed();
    let at = [200, 2_000].map(Span::from_millis).into();
    let steps = vec![StepId(0), StepId(1)];
    let what = ReadWhat::Operation { kind, steps, at, share: 1.0 };
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
    let at = |ms| Scope::ReadAt("mine".into(), Span::from_millis(ms));
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
