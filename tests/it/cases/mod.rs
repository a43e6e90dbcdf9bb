//! Small systems whose right result is known, from outside.

mod copied_request;
mod declined_card;
mod drivers;
mod hot_row;
mod hot_rows_measured;
mod instances;
mod lost_updates;
mod older_price;
mod operations;
mod patience;
mod reads_cost;
mod recovery;
mod settle;
mod settles_at_last;
mod undo_overwrites;

use driftlab::checks::RunReport;
use driftlab::checks::measures::{Key, Quantity};

use crate::whole::{scenario, tell, variant};

/// The report of a variant of a scenario on a seed.
fn report(text: &str, name: &str, seed: u64) -> RunReport {
    let scenario = scenario(text);
    tell(&scenario, variant(&scenario, name), seed).report
}

/// A number of a run.
fn number(report: &RunReport, of: impl Into<Key>) -> f64 {
    report.measures.number(of).value().expect("a number")
}

/// A count of a run.
fn count(report: &RunReport, of: impl Into<Key>) -> u128 {
    match report.measures.number(of) {
        Quantity::Ratio { part, whole: 1 } | Quantity::Amount { part, whole: 1 } => part,
        other => panic!("no count: {other:?}"),
    }
}
