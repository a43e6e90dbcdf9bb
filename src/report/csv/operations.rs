//! # operations.csv
//!
//! A row for each variant, seed and operation.
//!
//! - `variant`, `seed`, `operation`: the variant, the seed, and the number of the operation in that
//!   run.
//! - `kind`, `load`: its name in the scenario, and that of the load that offered it.
//! - `warm_up`: `true` if it arrived during the warm-up, so that no measure counts it.
//! - `arrived_s`, `first_visible_s`: seconds since the start of the run, to the nanosecond.
//! - `answer`, `latency_s`: the answer that its client received, and the seconds since the arrival;
//!   empty if it received none.
//! - `lag_s`, `lag_after_answer_s`: M1 and M2 in seconds; `inf` if it never became consistent,
//!   empty if no effect of it was ever visible or, after the answer, if the answer was not yes.
//! - `state`, `outcome`: the state of its effects in the stores at the end, and its headline in
//!   the census, by which `driftlab trace --outcome` finds it.
//! - `anomalies`: the anomalies that it met, separated by blanks, by which `driftlab trace --first`
//!   finds it: `dirty-read` (a read saw an effect that was compensated later), `lost-update` (its
//!   version was destroyed by an older one), `blind-write`, `out-of-order`, `delivered-again`,
//!   `applied-again`, `wrong-read` (a read of it came back stale, torn, with an error or not at
//!   all).

use std::io::{self, Write};
use std::sync::Arc;

use super::{NEVER, write};
use crate::checks::anomaly::Anomaly;
use crate::checks::measures::lag::Lag;
use crate::experiment::result::{Comparison, ListedOperation};
use crate::kernel::{Span, Time};
use crate::report::export::{Export, File, Results};
use crate::stats::Quantile;

/// The table `operations.csv`.
pub struct OperationsTable;

impl Export for OperationsTable {
    const NAME: &'static str = "operations.csv";
    const SUMMARY: &'static str = "a row for each variant, seed and operation";
    const MANUAL: &'static str = include_str!("operations.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![operations(results.comparison)]
    }
}

const HEADS: [&str; 15] = [
    "variant",
    "seed",
    "operation",
    "kind",
    "load",
    "warm_up",
    "arrived_s",
    "answer",
    "latency_s",
    "first_visible_s",
    "lag_s",
    "lag_after_answer_s",
    "state",
    "outcome",
    "anomalies",
];

/// The runs of a variant, with the names that rows need.
struct Runs {
    variant: String,
    kinds: Vec<Arc<str>>,
    loads: Vec<Arc<str>>,
    operations: Arc<[Vec<ListedOperation>]>,
}

/// The file `operations.csv`. Its rows are made while it is written, because there may be millions.
pub fn operations(comparison: &Comparison) -> File {
    let seeds = comparison.seeds.clone();
    let variants = comparison.variants.iter().map(|variant| Runs {
        variant: variant.name.clone(),
        kinds: variant.kinds.clone(),
        loads: variant.loads.clone(),
        operations: Arc::clone(&variant.operations),
    });
    let variants: Vec<Runs> = variants.collect();
    File::written(OperationsTable::NAME, move |into| rows(&seeds, &variants, into))
}

fn rows(seeds: &[u64], variants: &[Runs], into: &mut dyn Write) -> io::Result<()> {
    let runs = variants.iter().flat_map(|runs| {
        let seeds = seeds.iter().zip(&*runs.operations);
        seeds.flat_map(move |(seed, run)| run.iter().map(move |row| runs.row(*seed, row)))
    });
    write(into, &HEADS, runs)
}

impl Runs {
    fn row(&self, seed: u64, row: &ListedOperation) -> Vec<String> {
        let load = row.load.map(|load| self.loads[load.index()].to_string());
        let instant = |at: Time| seconds(at.as_nanos());
        vec![
            self.variant.clone(),
            seed.to_string(),
            row.op.0.to_string(),
            self.kinds[row.kind.index()].to_string(),
            load.unwrap_or_default(),
            (!row.measured).to_string(),
            instant(row.arrived),
            row.answer.name().into(),
            row.answered_after.map(Span::as_nanos).map(seconds).unwrap_or_default(),
            row.first_visible.map(instant).unwrap_or_default(),
            lag(row.lag),
            row.lag_after_answer.map(lag).unwrap_or_default(),
            row.state.name().into(),
            row.headline.name().into(),
            row.anomalies.iter().map(Anomaly::name).collect::<Vec<_>>().join(" "),
        ]
    }
}

fn lag(lag: Lag) -> String {
    match lag.quantile() {
        None => String::new(),
        Some(Quantile::Value(nanos)) => seconds(nanos),
        Some(Quantile::Never) => NEVER.into(),
    }
}

/// Nanoseconds as seconds, exactly.
fn seconds(nanos: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let exact = format!("{}.{:09}", nanos / SECOND, nanos % SECOND);
    exact.trim_end_matches('0').trim_end_matches('.').to_owned()
}
