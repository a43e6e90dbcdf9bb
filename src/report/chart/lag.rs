//! The chart of the consistency lag.

use super::distribution::{self, Series};
use super::legend::Entry;
use super::words::{differ, from_to, name, quantiles, range, subtitle};
use super::{Chart, chart};
use crate::checks::measures::catalogue::LAG;
use crate::experiment::result::{Comparison, Statistic, VariantResult};
use crate::report::human;

const CAPTION: &str = "Each line says what share of the operations that exposed anything is wholly \
    visible, or wholly undone, within the time below. Further left is better. The vertical axis \
    runs in nines, because patterns differ in the tail. A line that ends at the right with a dot \
    and a percentage does not reach all: that share never became consistent.";
const SUBTITLE: &str = "Share of operations that are wholly visible within this time after their \
    first effect; all seeds.";

/// The chart.
pub fn lag(comparison: &Comparison) -> Chart<'_> {
    let variants = comparison.variants.iter();
    let entries = variants.clone().enumerate().map(|(series, variant)| {
        let (name, notes) = (name(variant), notes(variant));
        Entry { series, name, notes, ringed: false }
    });
    let (curves, entries) = (variants.map(|variant| &variant.lag).collect(), entries.collect());
    let series = Series { curves, entries, never: "never" };
    chart(
        "lag",
        CAPTION,
        title(comparison),
        &subtitle(comparison, SUBTITLE),
        series.height(),
        move |area| distribution::draw(area, &series),
    )
}

fn notes(variant: &VariantResult) -> Vec<String> {
    let lag = variant.measure(LAG).and_then(|lag| lag.as_quantiles());
    let Some(lag) = lag else { return Vec::new() };
    if lag.n == 0 {
        return vec!["exposed nothing".into()];
    }
    let mut notes = vec![quantiles(lag)];
    if lag.offered > lag.n {
        let hidden = (lag.offered - lag.n) as f64 / lag.offered as f64;
        notes.push(format!("{} exposed nothing", human::share(hidden)));
    }
    notes
}

/// The title: about the median, or about the tail if all medians are similar.
pub(super) fn title(comparison: &Comparison) -> String {
    let median = range(comparison, LAG, Statistic::P50);
    let tail = range(comparison, LAG, Statistic::P99).filter(differ);
    match (median, tail) {
        (Some(median), Some(tail)) if !differ(&median) => {
            format!("Consistency lag, p99: {}", from_to(tail))
        }
        (Some(median), _) => format!("Median consistency lag: {}", from_to(median)),
        (None, _) => "No operation exposed anything".into(),
    }
}
