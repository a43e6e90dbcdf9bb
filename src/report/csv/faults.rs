//! # faults.csv
//!
//! The file has a row for each variant and number: the difference between the runs with faults and
//! their fault-free twins, which are the same seeds without the faults. Without faults, and if
//! there are no twins, there are no rows.
//!
//! - `variant`: the variant.
//! - `measure`, `name`, `of`, `unit`: the measure, which of its numbers (`p99`, or `value` of a
//!   measure with one number a run), and its unit.
//! - `seeds`: the number of seeds that have a number in both the run and its twin.
//! - `difference`, `difference_low`, `difference_high`: the median over seeds of the number less
//!   that of the twin, and its 95 % interval. `inf` is never against a number, `-inf` the reverse.
//! - `verdict`: `higher`, `lower` or `no-difference-shown`.

use super::{interval, scalar, table};
use crate::experiment::result::{Comparison, Pair};
use crate::report::export::{Export, File, Results};

/// The table `faults.csv`.
pub struct FaultsTable;

impl Export for FaultsTable {
    const NAME: &'static str = "faults.csv";
    const SUMMARY: &'static str =
        "what the faults cost: differences to the same seeds without them, with intervals";
    const MANUAL: &'static str = include_str!("faults.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, faults(results.comparison))]
    }
}

/// The bytes of `faults.csv`.
pub fn faults(comparison: &Comparison) -> Vec<u8> {
    let heads = [
        "variant",
        "measure",
        "name",
        "of",
        "unit",
        "seeds",
        "difference",
        "difference_low",
        "difference_high",
        "verdict",
    ];
    table(&heads, comparison.variants.iter().flat_map(|variant| &variant.faults_cost).map(row))
}

fn row(pair: &Pair) -> Vec<String> {
    let unit = pair.key.measure.unit;
    let [low, high] = interval(unit, pair.interval);
    vec![
        pair.variant.clone(),
        pair.key.to_string(),
        pair.key.title(),
        pair.of.name().into(),
        unit.name().into(),
        pair.seeds.to_string(),
        scalar(unit, pair.difference),
        low,
        high,
        pair.verdict.name().into(),
    ]
}
