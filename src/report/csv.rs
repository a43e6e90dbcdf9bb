//! The tables for other tools: one header line, one fact a line, numbers without units.

use super::coupling::facts;
use crate::checks::census::Headline;
use crate::checks::measures::Unit;
use crate::checks::measures::lag::Lag;
use crate::experiment::result::{
    Comparison, Estimate, MeasureResult, Quantiles, SeedQuantiles, Summary,
};
use crate::kernel::{Span, Time};
use crate::stats::Quantile;

/// `summary.csv`: a row for each variant and measure.
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
    ];
    let mut rows = Vec::new();
    for variant in &comparison.variants {
        for (key, result) in &variant.measures {
            let mut row = vec![
                variant.name.clone(),
                variant.pattern.clone(),
                key.to_string(),
                key.title(),
                key.measure.unit.name().into(),
            ];
            row.extend(summary_numbers(result));
            row.push(result.why().unwrap_or_default().into());
            rows.push(row);
        }
    }
    table(&heads, rows)
}

/// `runs.csv`: a row for each variant, seed and measure; outcomes are measures named `census.`
/// and the headline.
pub fn runs(comparison: &Comparison) -> Vec<u8> {
    let heads = [
        "variant", "seed", "measure", "unit", "offered", "n", "never", "p50", "p99", "max", "value",
    ];
    let mut rows = Vec::new();
    for variant in &comparison.variants {
        for (at, seed) in comparison.seeds.iter().enumerate() {
            let start = |measure: &str, unit: Unit| {
                [variant.name.clone(), seed.to_string(), measure.into(), unit.name().into()]
            };
            for headline in Headline::ALL {
                let census = variant.census.per_seed.get(at);
                let count = census.map(|census| census.of(headline).to_string());
                let empty = std::iter::repeat_n(String::new(), 6);
                let numbers = empty.chain([count.unwrap_or_default()]);
                let measure = format!("census.{}", headline.name());
                rows.push(start(&measure, Unit::Count).into_iter().chain(numbers).collect());
            }
            for (key, result) in &variant.measures {
                if let Some(numbers) = run_numbers(result, at) {
                    let start = start(&key.to_string(), key.measure.unit);
                    rows.push(start.into_iter().chain(numbers).collect());
                }
            }
        }
    }
    table(&heads, rows)
}

/// `operations.csv`: a row for each variant and operation of the first seed; times in nanoseconds
/// since the start of the run, lengths in nanoseconds.
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

/// `coupling.csv`: a row for each variant and fact of M13; numbers are exact, times in nanoseconds.
pub fn coupling(comparison: &Comparison) -> Vec<u8> {
    let heads = ["variant", "fact", "subject", "who", "of", "unit", "value"];
    let rows = comparison.variants.iter().flat_map(|variant| {
        let facts = facts(variant, comparison.seeds.len()).into_iter();
        facts.map(|fact| {
            let (unit, value) = fact.number.map_or_else(Default::default, |(unit, value)| {
                (unit.name().to_owned(), scalar(unit, value))
            });
            vec![
                variant.name.clone(),
                fact.fact.into(),
                fact.subject,
                fact.who,
                fact.of,
                unit,
                value,
            ]
        })
    });
    table(&heads, rows)
}

/// Twelve distribution columns, then three of a scalar.
fn summary_numbers(result: &MeasureResult) -> Vec<String> {
    match &result.value {
        Summary::Quantiles(found) => {
            let mut row = counts(found.offered, found.n, found.never);
            row.extend(bounds(found));
            row.extend(std::iter::repeat_n(String::new(), 3));
            row
        }
        Summary::Mean(found) => {
            let mut row = vec![String::new(); 12];
            row.extend(match found.estimate {
                Some(Estimate { value, interval }) => {
                    let write = |value| scalar(result.measure.unit, value);
                    let (low, high) = interval
                        .map_or_else(Default::default, |(low, high)| (write(low), write(high)));
                    [write(value), low, high]
                }
                None => Default::default(),
            });
            row
        }
        Summary::Missing(_) => vec![String::new(); 15],
    }
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

/// Six distribution columns, then one of a scalar; `None` if the seed has nothing.
fn run_numbers(result: &MeasureResult, seed: usize) -> Option<Vec<String>> {
    match &result.value {
        Summary::Quantiles(found) => {
            let SeedQuantiles { offered, n, never, p50, p99, max, .. } =
                *found.per_seed.get(seed)?;
            let mut row = counts(offered, n, never);
            row.extend([quantile(p50), quantile(p99), quantile(max), String::new()]);
            Some(row)
        }
        Summary::Mean(found) => {
            let mut row = vec![String::new(); 6];
            row.push(scalar(result.measure.unit, (*found.per_seed.get(seed)?)?));
            Some(row)
        }
        Summary::Missing(_) => None,
    }
}

fn counts(offered: u64, n: u64, never: u64) -> Vec<String> {
    vec![offered.to_string(), n.to_string(), never.to_string()]
}

/// Nanoseconds are whole; everything else is written so that it reads back exactly.
fn scalar(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds => format!("{value:.0}"),
        _ => value.to_string(),
    }
}

fn quantile(quantile: Option<Quantile>) -> String {
    match quantile {
        None => String::new(),
        Some(Quantile::Value(value)) => value.to_string(),
        Some(Quantile::Never) => "never".into(),
    }
}

fn optional(value: Option<u64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let written = writer
        .write_record(heads)
        .and_then(|()| rows.into_iter().try_for_each(|row| writer.write_record(&row)));
    written.expect("every row has a field a head, and memory does not fail");
    writer.into_inner().expect("memory does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    /// Two variants and two seeds, so that a reader of the snapshot sees every kind of row.
    fn small() -> Comparison {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        comparison
    }

    #[test]
    fn the_summary_has_a_row_for_each_variant_and_measure() {
        insta::assert_snapshot!(String::from_utf8(summary(&small())).unwrap());
    }

    #[test]
    fn runs_hold_each_seed() {
        let mut comparison = small();
        comparison.variants.truncate(1);
        comparison.seeds.truncate(2);
        insta::assert_snapshot!(String::from_utf8(runs(&comparison)).unwrap());
    }

    #[test]
    fn operations_are_those_of_the_first_seed() {
        insta::assert_snapshot!(String::from_utf8(operations(&small())).unwrap());
    }
}
