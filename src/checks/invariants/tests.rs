//! Invariants over hand-written changes, and against a naive recount.

use proptest::prelude::*;

use super::rows::initial_cells;
use crate::checks::RunReport;
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::VIOLATION;
use crate::checks::verdict::Verdict;
use crate::kernel::{Span, Time};
use crate::model::system::{ColumnRef, InvariantRule, InvariantSpec, TableId, When};
use crate::tests::history::{ASSIGNMENTS, CUSTOMERS, History, OPEN, TICKETS, system};

const SECOND: u128 = 1_000_000_000;
const STATUS: u8 = 0;
const CUSTOMER: u8 = 1;

fn declared(when: When, rule: InvariantRule) -> InvariantSpec {
    InvariantSpec { name: "it".into(), when, rule, follows_from: None }
}

fn history(rule: InvariantRule, when: When) -> History {
    let mut system = system();
    system.invariants.push(declared(when, rule));
    History::of(system)
}

fn column(table: TableId, column: u8) -> ColumnRef {
    ColumnRef { table, column }
}

/// Each customer counts its tickets whose status is 1.
fn counted() -> InvariantRule {
    InvariantRule::CountEqual {
        column: column(CUSTOMERS, 0),
        of: TICKETS,
        by: CUSTOMER,
        filter: vec![(STATUS, 1)],
    }
}

/// Every assignment belongs to a ticket whose status is 1.
fn belongs() -> InvariantRule {
    InvariantRule::References {
        table: ASSIGNMENTS,
        by: None,
        filter: Vec::new(),
        to: TICKETS,
        to_filter: vec![(STATUS, 1)],
    }
}

fn bound() -> InvariantRule {
    InvariantRule::Bound { column: column(CUSTOMERS, 0), least: Some(0), most: Some(5) }
}

/// The customer that a ticket names holds what the ticket's status is.
fn equal() -> InvariantRule {
    InvariantRule::Equal {
        column: column(TICKETS, STATUS),
        by: Some(CUSTOMER),
        to: column(CUSTOMERS, 0),
    }
}

/// A customer's number of tickets is the status of the ticket with the same key.
fn equal_by_key() -> InvariantRule {
    InvariantRule::Equal { column: column(CUSTOMERS, 0), by: None, to: column(TICKETS, STATUS) }
}

fn verdict(report: &RunReport) -> Verdict {
    report.invariants[0].judgement.verdict
}

fn ticket(history: &mut History, key: u64, customer: i64) {
    history.value(TICKETS, CUSTOMER, key, customer).value(TICKETS, STATUS, key, 1);
}

#[test]
fn a_late_count_violates_for_as_long_as_it_is_late() {
    let mut history = history(counted(), When::AtRest);
    history.at(20_000).offer(0, OPEN, 3);
    ticket(&mut history, 100, 3);
    history.at(23_000).value(CUSTOMERS, 0, 3, 1);
    let report = history.rest();
    let invariant = &report.invariants[0];
    assert_eq!(verdict(&report), Verdict::Held);
    assert_eq!((invariant.entity_ns, invariant.worst, invariant.at_end), (3 * SECOND, 1, 0));
    assert_eq!(invariant.violated_for, Span::from_secs(3));
    assert_eq!(invariant.first, Some(Time::ZERO + Span::from_secs(20)));
    let rate = report.measures.number(VIOLATION);
    assert_eq!(rate, Quantity::Ratio { part: 3_000 * SECOND, whole: 1 });
    assert_eq!(report.series.violations[21].area, 1_000_000_000);
}

#[test]
fn what_lasts_to_the_end_lasts_to_the_end_of_the_window() {
    let mut history = history(counted(), When::AtRest);
    history.at(90_000);
    ticket(&mut history, 100, 3);
    let report = history.rest();
    assert_eq!(report.invariants[0].entity_ns, 30 * SECOND, "the cap is at 120 s");
    assert_eq!(verdict(&report), Verdict::Violated);
}

#[test]
fn an_instant_is_judged_when_it_is_over() {
    let mut history = history(counted(), When::Always);
    history.at(20_000).value(CUSTOMERS, 0, 3, 1);
    ticket(&mut history, 100, 3);
    let report = history.rest();
    assert_eq!((verdict(&report), report.invariants[0].worst), (Verdict::Held, 0));
}

#[test]
fn always_is_violated_even_if_it_heals() {
    let mut history = history(bound(), When::Always);
    history.at(20_000).value(CUSTOMERS, 0, 3, -1);
    history.at(20_001).value(CUSTOMERS, 0, 3, 0);
    let report = history.rest();
    assert_eq!(verdict(&report), Verdict::Violated);
    assert!(report.invariants[0].judgement.why.contains("first at 20s"));
}

#[test]
fn what_never_changed_could_not_fail_and_is_undecided() {
    for rule in [counted(), belongs(), bound(), equal(), equal_by_key()] {
        for when in [When::AtRest, When::Always] {
            let mut history = history(rule.clone(), when);
            history.at(20_000).offer(0, OPEN, 3);
            assert_eq!(verdict(&history.rest()), Verdict::Undecided, "{rule:?}");
        }
    }
}

#[test]
fn a_column_that_no_rule_speaks_of_touches_nothing() {
    let mut history = history(bound(), When::AtRest);
    history.at(20_000).value(CUSTOMERS, 1, 3, 7);
    assert_eq!(verdict(&history.rest()), Verdict::Undecided);
}

#[test]
fn convergence_is_undecided_when_the_cap_ends_the_run() {
    for last in [0, 1] {
        let mut history = history(counted(), When::AtRest);
        history.at(20_000);
        ticket(&mut history, 100, 3);
        history.value(CUSTOMERS, 0, 3, last);
        assert_eq!(verdict(&history.give_up()), Verdict::Undecided);
    }
}

#[test]
fn a_reference_dangles_until_its_row_is_there_and_when_it_goes() {
    let mut history = history(belongs(), When::AtRest);
    history.at(20_000).value(ASSIGNMENTS, 0, 100, 1);
    history.at(21_000).value(TICKETS, STATUS, 100, 2);
    history.at(22_000).value(TICKETS, STATUS, 100, 1);
    history.at(30_000);
    history.delete(TICKETS, 100);
    history.at(31_000);
    history.delete(ASSIGNMENTS, 100);
    let report = history.rest();
    assert_eq!(report.invariants[0].entity_ns, 3 * SECOND);
    assert_eq!(verdict(&report), Verdict::Held);
}

#[test]
fn a_sum_is_constant_over_tables_and_rows() {
    let rule = InvariantRule::SumConstant(vec![column(CUSTOMERS, 0), column(ASSIGNMENTS, 0)]);
    let mut history = history(rule, When::AtRest);
    history.at(20_000).value(CUSTOMERS, 0, 3, -4);
    history.at(22_000).value(ASSIGNMENTS, 0, 100, 4);
    let report = history.rest();
    assert_eq!(report.invariants[0].entity_ns, 2 * SECOND);
    assert_eq!(verdict(&report), Verdict::Held);
}

#[test]
fn a_copy_is_unequal_while_it_is_late_and_where_there_is_nothing_to_compare_it_is_not() {
    let mut history = history(equal_by_key(), When::AtRest);
    history.at(20_000).value(CUSTOMERS, 0, 3, 7);
    history.at(21_000).value(TICKETS, STATUS, 3, 6);
    history.at(24_000).value(TICKETS, STATUS, 3, 7);
    history.at(30_000).value(TICKETS, STATUS, 3, 8);
    history.at(32_000);
    history.delete(TICKETS, 3);
    let report = history.rest();
    assert_eq!(report.invariants[0].entity_ns, 5 * SECOND);
    assert_eq!((verdict(&report), report.invariants[0].begun), (Verdict::Held, 2));
}

#[test]
fn every_row_that_names_another_equals_it() {
    let mut history = history(equal(), When::Always);
    history.at(20_000).value(CUSTOMERS, 0, 3, 1);
    ticket(&mut history, 100, 3);
    ticket(&mut history, 101, 3);
    history.at(21_000).value(CUSTOMERS, 0, 3, 2);
    let report = history.rest();
    assert_eq!((verdict(&report), report.invariants[0].at_end), (Verdict::Violated, 2));
}

/// A naive recount of the rows as they are.
#[derive(Default)]
struct Naive {
    tickets: std::collections::BTreeMap<u64, [i64; 2]>,
    assignments: std::collections::BTreeSet<u64>,
    customers: [i64; 10],
}

impl Naive {
    fn miscounted(&self) -> u64 {
        let truth = |customer: usize| {
            self.tickets.values().filter(|row| **row == [1, customer as i64]).count() as i64
        };
        (0..10).filter(|customer| self.customers[*customer] != truth(*customer)).count() as u64
    }

    fn dangling(&self) -> u64 {
        let good = |key: &u64| self.tickets.get(key).is_some_and(|row| row[0] == 1);
        self.assignments.iter().filter(|key| !good(key)).count() as u64
    }
}

proptest! {
    #[test]
    fn incremental_rules_agree_with_a_recount(
        changes in prop::collection::vec((0..5_u8, 100..106_u64, 0..10_i64), 0..60),
    ) {
        let mut system = system();
        for rule in [counted(), belongs()] {
            system.invariants.push(declared(When::AtRest, rule));
        }
        let (mut history, mut naive) = (History::of(system), Naive::default());
        for (what, key, value) in changes {
            match what {
                0 => {
                    naive.tickets.entry(key).or_default()[0] = value % 3;
                    history.value(TICKETS, STATUS, key, value % 3);
                }
                1 => {
                    naive.tickets.entry(key).or_default()[1] = value;
                    history.value(TICKETS, CUSTOMER, key, value);
                }
                2 => {
                    naive.tickets.remove(&key);
                    history.delete(TICKETS, key);
                }
                3 => {
                    naive.assignments.insert(key);
                    history.value(ASSIGNMENTS, 0, key, value);
                }
                _ => {
                    naive.customers[value as usize] = (key - 100) as i64;
                    history.value(CUSTOMERS, 0, value as u64, (key - 100) as i64);
                }
            }
        }
        let report = history.rest();
        prop_assert_eq!(report.invariants[0].at_end, naive.miscounted());
        prop_assert_eq!(report.invariants[1].at_end, naive.dangling());
    }
}

/// The rows of all tables, one by one.
type All = std::collections::BTreeMap<(TableId, u64), Vec<i64>>;

/// For how many entities a rule is false of these rows. The sum was once `sum`.
fn recounted(rule: &InvariantRule, all: &All, sum: i64) -> u64 {
    let rows = |table| all.iter().filter(move |((of, _), _)| *of == table);
    let passes = |row: &[i64], filter: &[(u8, i64)]| {
        filter.iter().all(|(column, value)| row[usize::from(*column)] == *value)
    };
    let cells = |column: &ColumnRef| {
        let at = usize::from(column.column);
        rows(column.table).map(move |((_, key), row)| (*key, row[at])).collect::<Vec<_>>()
    };
    let wrong = match rule {
        InvariantRule::CountEqual { column, of, by, filter } => {
            let counted = |key: u64| {
                let names = |row: &[i64]| row[usize::from(*by)] as u64 == key;
                rows(*of).filter(|(_, row)| passes(row, filter) && names(row)).count() as i64
            };
            cells(column).into_iter().filter(|(key, says)| *says != counted(*key)).count()
        }
        InvariantRule::References { table, by, filter, to, to_filter } => {
            let exists = |key: u64| all.get(&(*to, key)).is_some_and(|row| passes(row, to_filter));
            let named = rows(*table).filter(|(_, row)| passes(row, filter));
            let named =
                named.map(|((_, key), row)| by.map_or(*key, |by| row[usize::from(by)] as u64));
            named.filter(|key| !exists(*key)).count()
        }
        InvariantRule::SumConstant(columns) => {
            let now: i64 = columns.iter().flat_map(&cells).map(|cell| cell.1).sum();
            usize::from(now != sum)
        }
        InvariantRule::Equal { column, by, to } => {
            let truth = |row: &[i64], key| {
                let key = by.map_or(key, |by| row[usize::from(by)] as u64);
                all.get(&(to.table, key)).map(|row| row[usize::from(to.column)])
            };
            let says = |row: &[i64]| row[usize::from(column.column)];
            let wrong = |row: &[i64], key| truth(row, key).is_some_and(|it| it != says(row));
            rows(column.table).filter(|((_, key), row)| wrong(row, *key)).count()
        }
        InvariantRule::Bound { column, least, most } => {
            let within =
                |value| least.is_none_or(|it| it <= value) && most.is_none_or(|it| value <= it);
            cells(column).iter().filter(|cell| !within(cell.1)).count()
        }
    };
    wrong as u64
}

/// A rule of each form over rows that are there from the start.
fn rules() -> Vec<InvariantRule> {
    let named = InvariantRule::References {
        table: TICKETS,
        by: Some(CUSTOMER),
        filter: vec![(STATUS, 1)],
        to: CUSTOMERS,
        to_filter: Vec::new(),
    };
    let sum = InvariantRule::SumConstant(vec![column(CUSTOMERS, 0), column(TICKETS, STATUS)]);
    let bound =
        InvariantRule::Bound { column: column(TICKETS, CUSTOMER), least: Some(1), most: None };
    vec![counted(), belongs(), named, sum, bound, equal(), equal_by_key()]
}

proptest! {
    #[test]
    fn initial_rows_count_as_if_each_had_been_written(
        rows in prop::collection::vec(0..5_u64, 3),
        initial in prop::collection::vec(0..3_i64, 5),
        changes in prop::collection::vec((0..3_u16, 0..2_u8, 0..7_u64, -1..3_i64), 0..40),
    ) {
        let mut system = system();
        let mut all = All::new();
        let mut values = initial.into_iter();
        for (at, table) in system.tables.iter_mut().enumerate() {
            table.rows = rows[at];
            for (column, value) in table.columns.iter_mut().zip(&mut values) {
                column.initial = value;
            }
            let cells = initial_cells(table).into_vec();
            all.extend((0..table.rows).map(|key| ((TableId(at as u16), key), cells.clone())));
        }
        let columns = |table: TableId| system.table(table).columns.len() as u8;
        let fresh = |table| initial_cells(system.table(table)).into_vec();
        let first: i64 = all.iter().map(|((table, _), row)| match *table {
            CUSTOMERS | TICKETS => row[0],
            _ => 0,
        }).sum();
        let told: Vec<_> = changes.into_iter().map(|(table, column, key, value)| {
            let table = TableId(table);
            let column = column % columns(table);
            if value < 0 {
                all.remove(&(table, key));
            } else {
                let row: &mut Vec<i64> = all.entry((table, key)).or_insert_with(|| fresh(table));
                row[usize::from(column)] = value;
            }
            (table, column, key, value)
        }).collect();
        for rule in rules() {
            system.invariants.push(declared(When::AtRest, rule));
        }
        let mut history = History::of(system);
        for (table, column, key, value) in told {
            if value < 0 {
                history.delete(table, key);
            } else {
                history.value(table, column, key, value);
            }
        }
        let report = history.rest();
        for (rule, found) in rules().iter().zip(&report.invariants) {
            prop_assert_eq!(found.at_end, recounted(rule, &all, first), "{:?}", rule);
        }
    }
}

/// Rows that nobody writes take neither time nor memory: a thousand million of them are judged.
#[test]
fn a_rule_knows_more_rows_than_fit_into_memory() {
    const MANY: u64 = 1_000_000_000;
    let mut system = system();
    system.tables.iter_mut().for_each(|table| table.rows = MANY);
    for rule in rules() {
        system.invariants.push(declared(When::AtRest, rule));
    }
    let mut history = History::of(system);
    history.at(20_000).value(TICKETS, STATUS, 7, 1).value(CUSTOMERS, 0, 0, 1);
    let at_end: Vec<u64> = history.rest().invariants.iter().map(|found| found.at_end).collect();
    assert_eq!(at_end, [0, MANY - 1, 0, 1, MANY, MANY - 1, 2]);
}
