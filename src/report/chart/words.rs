//! The words that titles and legends of several charts share.

use crate::checks::measures::{Measure, Unit};
use crate::experiment::result::{Comparison, Quantiles, Statistic, VariantResult};
use crate::report::{human, view};

/// The least and the greatest of some numbers as text, each with a variant that has it.
pub struct Range {
    /// The least number.
    pub low: String,
    /// The variant that has it.
    pub of_low: String,
    /// The greatest number.
    pub high: String,
    /// The variant that has it.
    pub of_high: String,
}

/// The name of a variant, behind `~` if its curves are not final; in tables the numbers themselves
/// have that sign.
pub fn name(variant: &VariantResult) -> String {
    if view::has_settled(variant) { variant.name.clone() } else { format!("~{}", variant.name) }
}

/// A subtitle, with the explanation of `~` if it is needed.
pub fn subtitle(comparison: &Comparison, text: &str) -> String {
    text.to_owned() + view::unsettled(comparison)
}

/// The least and the greatest estimate of a measure over variants.
pub fn range(comparison: &Comparison, measure: &'static Measure, of: Statistic) -> Option<Range> {
    let number = |variant: &VariantResult| Some(variant.measure(measure)?.estimate(of)?.value);
    let mut found: Vec<_> =
        comparison.variants.iter().filter_map(|v| Some((number(v)?, name(v)))).collect();
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let text = |(value, name): &(f64, String)| (human::value(measure.unit, *value), name.clone());
    let ((low, of_low), (high, of_high)) = (text(found.first()?), text(found.last()?));
    Some(Range { low, of_low, high, of_high })
}

/// Returns whether the two ends of a range have different texts.
pub fn differ(range: &Range) -> bool {
    range.low != range.high
}

/// A range in words: `from 2 ms (one) to 3 s (other)`.
pub fn from_to(Range { low, of_low, high, of_high }: Range) -> String {
    if of_low == of_high {
        format!("{low} ({of_low})")
    } else if low == high {
        format!("{low} in all variants")
    } else {
        format!("from {low} ({of_low}) to {high} ({of_high})")
    }
}

/// Quantiles in words: `p50 2 ms, p99 3 s`.
pub fn quantiles(found: &Quantiles) -> String {
    let text = |of| {
        let value = found.statistic(of).map(|estimate| estimate.value);
        value.map_or("–".into(), |value| human::value(Unit::Nanoseconds, value))
    };
    format!("p50 {}, p99 {}", text(Statistic::P50), text(Statistic::P99))
}
