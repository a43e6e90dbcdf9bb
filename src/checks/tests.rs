//! Histories that try to deceive the judge.

mod anomalies;
mod copies;
mod counters;
mod in_doubt;
mod lock_waits;
mod naive;
mod operations;
mod overwrites;
mod reads;
mod recovery;

use std::collections::BTreeSet;

use super::census::{Headline, State};
use super::measures::catalogue::*;
use super::measures::{Distribution, Found, Key, Measure, Quantity, Scope};
use super::*;
use crate::kernel::{NodeId, Span};
use crate::model::contract::label;
use crate::model::record::*;
use crate::model::system::{DatabaseId, RowKey};
use crate::tests::events;
use crate::tests::history::{CUSTOMERS, History, OPEN, RENAME, TICKETS};

const MS: u64 = 1_000_000;

fn distribution<'a>(report: &'a RunReport, measure: &'static Measure) -> &'a Distribution {
    report.measures.values(measure)
}

fn total(report: &RunReport, measure: &'static Measure) -> u128 {
    match quantity(report, measure) {
        Quantity::Ratio { part, whole: 1 } | Quantity::Amount { part, whole: 1 } => part,
        other => panic!("{measure}: {other:?}"),
    }
}

fn quantity(report: &RunReport, measure: &'static Measure) -> Quantity {
    report.measures.number(measure)
}

fn share(part: u128, whole: u128) -> Quantity {
    Quantity::Ratio { part, whole }
}

fn amount(part: u128, whole: u128) -> Quantity {
    Quantity::Amount { part, whole }
}

/// A ticket that is made at 20.0 s, answered at 20.1 s, counted at 20.3 s, assigned at 20.5 s.
fn slow_ticket() -> History {
    let mut history = History::new();
    history.at(19_900).offer(0, OPEN, 3);
    history.at(20_000).apply(0, 0);
    history.at(20_100).answer(0, Answer::Accepted);
    history.at(20_300).apply(0, 1);
    history.at(20_500).apply(0, 2);
    history
}

#[test]
fn every_number_is_in_the_catalogue_and_every_entry_is_computed() {
    let report = slow_ticket().rest();
    let of_run: Vec<&Key> = report.measures.keys().filter(|key| key.scope == Scope::Run).collect();
    let computed = of_run.iter().map(|key| key.measure);
    // Recovery takes two runs.
    let computed: BTreeSet<&Measure> = computed.chain([RECOVERY]).collect();
    let listed: BTreeSet<&Measure> = CATALOGUE.iter().copied().collect();
    assert_eq!(computed, listed);
    for key in of_run {
        let is_many = matches!(report.measures.get(key), Some(Found::Many(_)));
        assert_eq!(is_many, key.measure.is_many(), "{key}");
    }
}

#[test]
fn lag_runs_from_the_first_commit_not_from_the_answer() {
    let report = slow_ticket().rest();
    assert_eq!(distribution(&report, LAG).values, [500 * MS]);
    assert_eq!(distribution(&report, AFTER_ANSWER).values, [400 * MS]);
    assert_eq!(quantity(&report, PARTIAL), amount(500 * u128::from(MS), 110_000_000_000));
    assert_eq!(report.census.of(Headline::Committed), 1);
}

#[test]
fn what_one_instant_makes_whole_was_never_partial() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3);
    history.at(20_200).apply(0, 0).apply(0, 1).apply(0, 2).answer(0, Answer::Done);
    let report = history.rest();
    assert_eq!(distribution(&report, LAG).values, [0]);
    assert_eq!(quantity(&report, PARTIAL_MAX), Quantity::total(0_u64));
}

#[test]
fn at_rest_a_partial_operation_never_ends_and_otherwise_it_is_censored() {
    let tell = || {
        let mut history = History::new();
        history.at(20_000).offer(0, OPEN, 3).apply(0, 0).answer(0, Answer::Accepted);
        history.at(120_000);
        history
    };
    let settled = tell().rest();
    for id in [LAG, AFTER_ANSWER] {
        assert_eq!((distribution(&settled, id).never, distribution(&settled, id).len()), (1, 1));
    }
    assert_eq!(settled.operations[0].lag, measures::lag::Lag::Never);
    let unsettled = tell().give_up();
    for id in [LAG, AFTER_ANSWER] {
        let values = distribution(&unsettled, id);
        assert_eq!((values.never, &values.censored[..]), (0, &[100_000 * MS][..]));
    }
}

#[test]
fn an_operation_that_exposed_nothing_is_a_share_and_not_a_lag() {
    let mut history = slow_ticket();
    history.at(30_000).offer(1, OPEN, 3).answer(1, Answer::RefusedByRule);
    let report = history.rest();
    assert_eq!(distribution(&report, LAG).len(), 1);
    assert_eq!(quantity(&report, HIDDEN), share(1, 2));
}

#[test]
fn a_yes_of_which_nothing_ever_shows_lags_forever() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).answer(0, Answer::Accepted);
    let report = history.rest();
    assert_eq!(distribution(&report, AFTER_ANSWER).never, 1);
    assert_eq!(report.census.of(Headline::Lost), 1);
}

#[test]
fn only_measured_operations_count_but_the_window_sees_all() {
    let mut history = History::new();
    history.at(5_000).offer(0, OPEN, 3).apply(0, 0);
    history.at(10_000).offer(1, RENAME, 3).apply(1, 0).answer(1, Answer::Done);
    history.at(12_000).apply(0, 1).apply(0, 2);
    let report = history.rest();
    assert_eq!((report.offered, report.measured), (2, 1));
    assert_eq!(distribution(&report, LAG).values, [0]);
    assert_eq!(quantity(&report, PARTIAL), amount(2_000 * u128::from(MS), 110_000_000_000));
}

#[test]
fn a_lost_update_is_a_relapse_and_extends_the_lag() {
    let mut history = slow_ticket();
    history.at(40_000).overwrite(0, 1);
    history.at(41_000).apply(0, 1);
    let report = history.rest();
    assert_eq!(distribution(&report, LAG).values, [21_000 * MS]);
    assert_eq!(quantity(&report, RELAPSES), Quantity::total(1_u64));
}

#[test]
fn a_compensated_operation_ends_with_its_last_compensation() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0);
    history.at(20_100).apply(0, 1);
    let refused = Event::RefusedByRule { table: TICKETS, reason: RefusalReason::Chance };
    history.at(20_200).note_of(0, refused);
    history.at(20_300).undo(0, 1);
    history.at(20_400).undo(0, 0);
    history.at(20_500).answer(0, Answer::RefusedByRule);
    let report = history.rest();
    assert_eq!(distribution(&report, LAG).values, [400 * MS]);
    assert_eq!(report.census.cell(State::Reversed, Answer::RefusedByRule), 1);
    assert_eq!(report.census.of(Headline::Compensated), 1);
    assert_eq!(quantity(&report, AVAILABILITY), share(1, 1));
}

#[test]
fn a_duplicate_is_reported_though_everything_else_is_well() {
    let mut history = slow_ticket();
    history.at(50_000).apply(0, 1);
    let report = history.rest();
    assert_eq!(report.census.of(Headline::Duplicated), 1);
    assert_eq!(quantity(&report, DUPLICATED), share(1, 1));
    assert_eq!(quantity(&report, COMMITTED), share(0, 1));
}

#[test]
fn partial_operations_are_told_apart_by_who_could_still_move_them() {
    let mut history = History::new();
    history.at(20_000);
    for op in 0..5 {
        history.offer(op, OPEN, 3).apply(op, 0);
    }
    history.note_of(4, events::resolved_alone(1, Decision::Abort));
    history.note_of(0, events::aborted(2, AbortCause::Rule));
    history.hold(1, label::WORKFLOW, 1);
    history.answer(0, Answer::Done).answer(1, Answer::Accepted);
    history.hold(2, label::WORKFLOW, 1);
    history.at(21_000).hold(2, label::WORKFLOW, -1);
    history.answer(2, Answer::Accepted);
    let report = history.rest();
    let headlines: Vec<Headline> = report.operations.iter().map(|row| row.headline).collect();
    use Headline::{Lost, Mixed, Stranded};
    assert_eq!(headlines[..3], [Mixed, Stranded, Lost]);
    assert_eq!(headlines[3..], [Stranded, Mixed], "no answer; a heuristic abort");
}

#[test]
fn an_answer_behind_the_deadline_is_no_answer() {
    let mut history = History::new();
    history.at(20_000).offer(0, RENAME, 3).apply(0, 0);
    history.at(25_001).answer(0, Answer::Done);
    let report = history.rest();
    assert_eq!(quantity(&report, AVAILABILITY), share(0, 1));
    assert_eq!(quantity(&report, UNKNOWN), share(1, 1));
    assert_eq!(distribution(&report, DONE).censored, [5_000 * MS]);
    assert_eq!(report.operations[0].answered_after, None);
}

/// Four operations are refused: by a rule; because of a row that comes later; because of one that
/// never comes, and because of one that was taken back. A fifth, which follows nothing that
/// happened either, is answered yes.
fn refusals() -> History {
    let mut history = History::new();
    history.at(20_000);
    for op in 0..8 {
        history.offer(op, RENAME, u64::from(op));
    }
    history.refuse(0, RefusalReason::Bound);
    history.follow(1, 5).refuse(1, RefusalReason::NoRow);
    history.apply(5, 0).answer(5, Answer::Done);
    history.follow(2, 6).refuse(2, RefusalReason::NoRow).answer(6, Answer::TechnicalNo);
    history.apply(7, 0).undo(7, 0).answer(7, Answer::Accepted);
    history.follow(3, 7).refuse(3, RefusalReason::NoRow);
    history.follow(4, 6).apply(4, 0).answer(4, Answer::Done);
    history
}

#[test]
fn refusals_are_by_rule_too_early_or_moot() {
    let report = refusals().rest();
    let headlines: Vec<Headline> = report.operations.iter().map(|row| row.headline).collect();
    use Headline::{Committed, Moot, Refused, Rejected, TooEarly, Withdrawn};
    let expected = [Refused, TooEarly, Moot, Moot, Committed, Committed, Rejected, Withdrawn];
    assert_eq!(headlines, expected);
    assert_eq!(quantity(&report, WRONG), share(0, 8), "withdrawn is what eventual patterns do");
}

#[test]
fn a_refusal_for_want_of_a_row_is_not_available_and_a_moot_operation_is_left_out() {
    let report = refusals().rest();
    assert_eq!(quantity(&report, AVAILABILITY), share(4, 6), "0, 4, 5 and 7 of all but 2 and 3");
    assert_eq!(quantity(&report, AVAILABILITY_OF_ALL), share(4, 8));
    let a_second = amount(5 * 1_000_000_000, 90_000_000_000);
    assert_eq!(quantity(&report, THROUGHPUT), a_second, "0, 1, 4, 5 and 7: too early is an answer");
    assert_eq!(quantity(&report, ANSWERED_TOO_EARLY), share(1, 8));
    let ops = |all: &[u32]| all.iter().map(|op| OpId(*op)).collect::<Vec<_>>();
    assert_eq!(report.availability[0].1.moot, ops(&[2, 3]));
    assert_eq!(report.availability[0].1.failed, ops(&[1, 6]));
    let common = report.availability[0].1.without(&ops(&[0, 2, 3, 6]));
    assert_eq!(common, share(3, 4), "of 1, 4, 5 and 7");
}

#[test]
fn the_last_refusal_says_why() {
    for (first, last, expected) in [
        (RefusalReason::NoRow, RefusalReason::Chance, Headline::Refused),
        (RefusalReason::Chance, RefusalReason::NoRow, Headline::TooEarly),
    ] {
        let mut history = History::new();
        history.at(20_000).offer(0, RENAME, 3);
        history.note_of(0, Event::RefusedByRule { table: CUSTOMERS, reason: first });
        history.refuse(0, last);
        assert_eq!(history.rest().census.of(expected), 1);
    }
}

#[test]
fn done_and_accepted_are_never_pooled() {
    let mut history = History::new();
    history.at(20_000).offer(0, RENAME, 3).offer(1, OPEN, 3).offer(2, OPEN, 3).offer(3, OPEN, 3);
    history.at(20_010).answer(0, Answer::Done);
    history.at(20_020).answer(1, Answer::Accepted);
    history.at(20_030).answer(2, Answer::TechnicalNo);
    let report = history.rest();
    assert_eq!(distribution(&report, DONE).values, [10 * MS]);
    assert_eq!(distribution(&report, ACCEPTED).values, [20 * MS]);
    assert_eq!(distribution(&report, ACCEPTED).censored, [5_000 * MS], "the silent fourth");
    assert_eq!(distribution(&report, ANSWERED_NO).values, [30 * MS]);
    assert_eq!(quantity(&report, TECHNICAL_NO), share(1, 4));
}

#[test]
fn costs_count_from_the_first_measured_arrival() {
    let mut history = History::new();
    let spend = |history: &mut History| {
        let (label, class, to) = (label::PREPARE, MessageClass::Service, NodeId::WORLD);
        history.note_with(Event::Sent { label, to, class }, |r| r.message = 9);
        history.note_with(events::delivered(class), |r| r.message = 9);
        let (log, took, held) = (LogId(4), Span::from_nanos(7), Span::from_nanos(11));
        history.note(Event::Forced { log, records: 1, took });
        let (database, table, row) = (DatabaseId(0), CUSTOMERS, RowKey(3));
        history.note(Event::LockHeld { database, table, row, held });
    };
    history.at(5_000).offer(0, RENAME, 3);
    spend(&mut history);
    history.at(20_000).offer(1, RENAME, 3);
    spend(&mut history);
    spend(&mut history);
    history.offer(2, RENAME, 3).apply(2, 0).answer(2, Answer::Done);
    let report = history.rest();
    assert_eq!(report.cost.messages, [0, 2, 0, 0, 0]);
    assert_eq!((report.cost.forced, report.cost.forced_ns), (2, 14));
    assert_eq!(quantity(&report, MESSAGES), share(2, 2));
    assert_eq!(quantity(&report, FORCED_WRITES_COMMITTED), share(2, 1));
    assert_eq!(quantity(&report, LOCKS), share(22, 2));
}

#[test]
fn nothing_offered_is_missing_with_a_reason_and_not_zero() {
    let report = History::new().rest();
    assert!(matches!(quantity(&report, AVAILABILITY), Quantity::Missing { .. }));
    assert!(matches!(quantity(&report, VIOLATION), Quantity::Missing { .. }));
    assert_eq!(quantity(&report, AVAILABILITY).value(), None);
}

#[test]
fn the_series_shows_partial_operations_answers_and_lag_where_they_were() {
    let report = slow_ticket().rest();
    assert_eq!(report.series.width, Span::from_secs(1));
    assert_eq!(report.series.partial.len(), 120);
    assert_eq!(report.series.partial[20].area, 500 * MS);
    assert_eq!(report.series.partial[20].peak, 1);
    assert_eq!(report.series.answers[20].yes, 1);
    assert_eq!(report.series.lag[19].median, Some(500 * MS));
    assert_eq!(report.series.lag[20].median, None);
}

#[test]
fn a_median_with_too_many_that_never_end_is_infinite() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).offer(1, OPEN, 3).apply(1, 0);
    history.offer(2, RENAME, 3).apply(2, 0);
    let report = history.rest();
    let lag = report.series.lag[20];
    assert_eq!((lag.median, lag.max, lag.open), (None, Some(0), 2));
}

#[test]
fn the_same_history_gives_the_same_report() {
    assert_eq!(slow_ticket().rest(), slow_ticket().rest());
    assert_ne!(slow_ticket().rest(), slow_ticket().give_up());
}
