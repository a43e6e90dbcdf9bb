//! # summary.csv
//!
//! A row for each variant and measure, over all seeds.
//!
//! - `variant`, `pattern`: the variant, and the pattern of its operations.
//! - `measure`, `name`, `unit`: the measure by its name in scenarios, its name for people, and its
//!   unit. One operation alone has `operations.NAME.`, one read `reads.NAME.` and, at one of its
//!   times, `reads.NAME@200ms.` before it.
//! - `offered`, `n`, `never`: of a measure with many values a run: how many could have had a
//!   value, have one, and never will.
//! - `mean`, `p50`, `p99`, `max`, and each with `_low` and `_high`: its mean over what ended, which
//!   leaves out what `never` counts, its quantiles, and their 95 % intervals over seeds. A maximum
//!   is that of all seeds and has no interval.
//! - `value`, `value_low`, `value_high`: of a measure with one value a run: the mean over seeds
//!   and its 95 % interval.
//! - `why`: why there is no number, if there is none.
//! - `arrivals`: `closed loop` where clients wait for an answer before they ask again, so that the
//!   offered load is a result, too; else `open loop`.
//!
//! Times are whole nanoseconds of simulated time; a quantile that is never reached is `inf`.

use super::{arrivals, counts, interval, quantile, scalar, table};
use crate::checks::measures::Unit;
use crate::experiment::result::{Comparison, Estimate, MeasureResult, Quantiles, Summary};
use crate::report::export::{Export, File, Results};

/// The table `summary.csv`.
pub struct SummaryTable;

impl Export for SummaryTable {
    const NAME: &'static str = "summary.csv";
    const SUMMARY: &'static str =
        "a row for each variant and measure: the number and its 95 % interval over seeds";
    const MANUAL: &'static str = include_str!("summary.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, summary(results.comparison))]
    }
}

/// The bytes of `summary.csv`.
pub fn summary(comparison: &Comparison) -> Vec<u8> {
    let heads = [
        "variant",
        "pattern",
        "measure",
        "name",
        "unit",
        "offered",
        "n",
        "never",
        "mean",
        "mean_low",
        "mean_high",
        "p50",
        "p50_low",
        "p50_high",
        "p99",
        "p99_low",
        "p99_high",
        "max",
        "max_low",
        "max_high",
        "value",
        "value_low",
        "value_high",
        "why",
        "arrivals",
    ];
    let mut rows = Vec::new();
    for variant in &comparison.variants {
        let all = variant.measures.iter();
        for (key, result) in all.filter(|(key, result)| result.is_worth_a_line(key)) {
            let mut row = vec![
                variant.name.clone(),
                variant.pattern.clone(),
                key.to_string(),
                key.title(),
                key.measure.unit.name().into(),
            ];
            row.extend(summary_numbers(result));
            row.push(result.why().unwrap_or_default().into());
            row.push(arrivals(comparison, key).into());
            rows.push(row);
        }
    }
    table(&heads, rows)
}

/// Fifteen columns of a distribution, then three of a single number.
fn summary_numbers(result: &MeasureResult) -> Vec<String> {
    match &result.value {
        Summary::Quantiles(found) => {
            let mut row = counts(found.offered, found.n, found.never);
            row.extend(mean(result.measure.unit, found.mean));
            row.extend(bounds(found));
            row.extend(std::iter::repeat_n(String::new(), 3));
            row
        }
        Summary::Mean(found) => {
            let mut row = vec![String::new(); 15];
            row.extend(mean(result.measure.unit, found.estimate));
            row
        }
        Summary::Missing(_) => vec![String::new(); 18],
    }
}

/// A mean and the bounds of its interval.
fn mean(unit: Unit, estimate: Option<Estimate<f64>>) -> [String; 3] {
    let Some(Estimate { value, interval: ends }) = estimate else { return Default::default() };
    let [low, high] = interval(unit, ends);
    [scalar(unit, value), low, high]
}

fn bounds(found: &Quantiles) -> impl Iterator<Item = String> {
    [found.p50, found.p99, found.max].into_iter().flat_map(|estimate| {
        let interval = estimate.and_then(|estimate| estimate.interval);
        [
            quantile(estimate.map(|estimate| estimate.value)),
            quantile(interval.map(|(low, _)| low)),
            quantile(interval.map(|(_, high)| high)),
        ]
    })
}
