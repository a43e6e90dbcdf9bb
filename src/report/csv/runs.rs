//! # runs.csv
//!
//! A row for each variant, seed and measure. The columns are those of `summary.csv` without the
//! intervals, which single runs do not have. The outcomes of the census are measures named
//! `census.` with the headline. Measures of one operation or read are named as in `summary.csv`.

use super::{arrivals, counts, quantile, scalar, table};
use crate::checks::census::Headline;
use crate::checks::measures::Unit;
use crate::experiment::result::{Comparison, MeasureResult, SeedQuantiles, Summary};
use crate::report::export::{Export, File, Results};

/// The table `runs.csv`.
pub struct RunsTable;

impl Export for RunsTable {
    const NAME: &'static str = "runs.csv";
    const SUMMARY: &'static str = "a row for each variant, seed and measure, outcomes included";
    const MANUAL: &'static str = include_str!("runs.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, runs(results.comparison))]
    }
}

/// The columns.
pub const HEADS: [&str; 13] = [
    "variant", "seed", "measure", "unit", "offered", "n", "never", "mean", "p50", "p99", "max",
    "value", "arrivals",
];

/// The bytes of `runs.csv`.
pub fn runs(comparison: &Comparison) -> Vec<u8> {
    table(&HEADS, rows(comparison))
}

/// The rows, below [`HEADS`].
pub fn rows(comparison: &Comparison) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for variant in &comparison.variants {
        for (at, seed) in comparison.seeds.iter().enumerate() {
            let start = |measure: &str, unit: Unit| {
                [variant.name.clone(), seed.to_string(), measure.into(), unit.name().into()]
            };
            for headline in Headline::ALL {
                let census = variant.census.per_seed.get(at);
                let count = census.map(|census| census.of(headline).to_string());
                let empty = std::iter::repeat_n(String::new(), 7);
                let arrivals = arrivals(comparison, &headline.measure().into());
                let numbers = empty.chain([count.unwrap_or_default(), arrivals.into()]);
                let measure = format!("census.{}", headline.name());
                rows.push(start(&measure, Unit::Count).into_iter().chain(numbers).collect());
            }
            let all = variant.measures.iter();
            for (key, result) in all.filter(|(key, result)| result.is_worth_a_line(key)) {
                if let Some(numbers) = run_numbers(result, at) {
                    let start = start(&key.to_string(), key.measure.unit);
                    let numbers = numbers.into_iter().chain([arrivals(comparison, key).into()]);
                    rows.push(start.into_iter().chain(numbers).collect());
                }
            }
        }
    }
    rows
}

/// Seven columns of a distribution, then one of a single number; `None` if the seed has neither.
fn run_numbers(result: &MeasureResult, seed: usize) -> Option<Vec<String>> {
    match &result.value {
        Summary::Quantiles(found) => {
            let SeedQuantiles { offered, n, never, mean, p50, p99, max, .. } =
                *found.per_seed.get(seed)?;
            let mut row = counts(offered, n, never);
            let mean = mean.map(|mean| scalar(result.measure.unit, mean)).unwrap_or_default();
            row.extend([mean, quantile(p50), quantile(p99), quantile(max), String::new()]);
            Some(row)
        }
        Summary::Mean(found) => {
            let mut row = vec![String::new(); 7];
            row.push(scalar(result.measure.unit, (*found.per_seed.get(seed)?)?));
            Some(row)
        }
        Summary::Missing(_) => None,
    }
}
