//! The words that titles and legends of several charts share.

use crate::checks::measures::{Measure, Unit};
use crate::experiment::result::{Comparison, Quantiles, Statistic, VariantResult};
use crate::report::human;

/// A number as text, and the variant that has it.
pub type Extreme = (String, String);

/// The least and the greatest estimate of a measure over variants.
pub fn range(
    comparison: &Comparison,
    measure: &'static Measure,
    of: Statistic,
) -> Option<(Extreme, Extreme)> {
    let number = |variant: &VariantResult| Some(variant.measure(measure)?.estimate(of)?.value);
    let mut found: Vec<_> =
        comparison.variants.iter().filter_map(|v| Some((number(v)?, &v.name))).collect();
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let text =
        |(value, name): &(f64, &String)| (human::value(measure.unit, *value), (*name).clone());
    Some((text(found.first()?), text(found.last()?)))
}

/// Returns whether the ends of a range read differently.
pub fn differ(((low, _), (high, _)): &(Extreme, Extreme)) -> bool {
    low != high
}

/// `from 2 ms (one) to 3 s (other)`.
pub fn from_to(((low, of_low), (high, of_high)): (Extreme, Extreme)) -> String {
    if of_low == of_high {
        format!("{low} ({of_low})")
    } else if low == high {
        format!("{low} in all variants")
    } else {
        format!("from {low} ({of_low}) to {high} ({of_high})")
    }
}

/// `p50 2 ms, p99 3 s`.
pub fn quantiles(found: &Quantiles) -> String {
    let text = |of| {
        let value = found.statistic(of).map(|estimate| estimate.value.as_f64());
        value.map_or("–".into(), |value| human::value(Unit::Nanoseconds, value))
    };
    format!("p50 {}, p99 {}", text(Statistic::P50), text(Statistic::P99))
}
