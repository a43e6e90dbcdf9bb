//! # operations.csv
//!
//! A row for each variant and operation of the first seed.
//!
//! - `variant`, `operation`, `kind`: the variant, the number of the operation, and its name in the
//!   scenario.
//! - `arrived`, `first_visible`: nanoseconds since the start of the run.
//! - `answer`, `latency`: what its client heard, and how long after the arrival.
//! - `lag`, `lag_after_answer`: M1 and M2 in nanoseconds; `never` if it never became consistent.
//! - `state`, `outcome`: the state of its effects in the stores at the end, and its headline in
//!   the census.

use super::{optional, quantile, table};
use crate::checks::measures::lag::Lag;
use crate::experiment::result::Comparison;
use crate::kernel::{Span, Time};
use crate::report::export::{Export, File, Results};

/// The table `operations.csv`.
pub struct OperationsTable;

impl Export for OperationsTable {
    const NAME: &'static str = "operations.csv";
    const SUMMARY: &'static str = "a row for each variant and operation of the first seed";
    const MANUAL: &'static str = include_str!("operations.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, operations(results.comparison))]
    }
}

/// The bytes of `operations.csv`.
pub fn operations(comparison: &Comparison) -> Vec<u8> {
    let heads = [
        "variant",
        "operation",
        "kind",
        "arrived",
        "answer",
        "latency",
        "first_visible",
        "lag",
        "lag_after_answer",
        "state",
        "outcome",
    ];
    let rows = comparison.variants.iter().flat_map(|variant| {
        variant.operations.iter().map(|row| {
            vec![
                variant.name.clone(),
                row.op.0.to_string(),
                variant.kinds[row.kind.index()].to_string(),
                row.arrived.as_nanos().to_string(),
                row.answer.name().into(),
                optional(row.answered_after.map(Span::as_nanos)),
                optional(row.first_visible.map(Time::as_nanos)),
                quantile(row.lag.quantile()),
                quantile(row.lag_after_answer.and_then(Lag::quantile)),
                row.state.name().into(),
                row.headline.name().into(),
            ]
        })
    });
    table(&heads, rows)
}
