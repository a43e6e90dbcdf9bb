//! The chart of the cost of an operation: messages, round trips to databases, forced writes.

use plotters::style::RGBColor;

use super::bars::{self, Panel, Row};
use super::words::{from_to, name, range, subtitle};
use super::{Chart, chart, ink};
use crate::checks::measures::catalogue::{
    BROKER_MESSAGES, DATABASE_MESSAGES, FORCED_WRITES, MESSAGES, SERVICE_MESSAGES,
};
use crate::checks::measures::{Measure, Unit};
use crate::experiment::result::{Comparison, MeasureResult, Statistic, VariantResult};
use crate::report::human;

const CAPTION: &str = "What an offered operation costs until the end of the settle cap, by kind.";
const SUBTITLE: &str = "Per offered operation, idle polls and inquiries included; mean over seeds \
    with its 95 % interval.";

/// The chart of the cost of an operation.
pub fn cost(comparison: &Comparison) -> Chart<'_> {
    let messages = [
        (ink::series(0), "between services and drivers", SERVICE_MESSAGES),
        (ink::series(1), "to and from the broker", BROKER_MESSAGES),
    ];
    let trips = [(ink::series(2), "", DATABASE_MESSAGES)];
    let forced = [(ink::series(4), "", FORCED_WRITES)];
    let between = "Messages between services and their databases";
    let panels = [
        panel(comparison, "Messages", MESSAGES, &messages),
        panel(comparison, between, DATABASE_MESSAGES, &trips),
        panel(comparison, "Forced writes", FORCED_WRITES, &forced),
    ];
    let height = bars::height(&panels);
    chart(
        "cost",
        CAPTION,
        title(comparison),
        &subtitle(comparison, SUBTITLE),
        height,
        move |area| bars::draw(area, &panels),
    )
}

fn title(comparison: &Comparison) -> String {
    match range(comparison, MESSAGES, Statistic::Value) {
        Some(found) => format!("Messages per operation: {}", from_to(found)),
        None => "Messages and forced writes per operation".into(),
    }
}

/// A panel of a measure with its parts, each a (colour, name, measure).
fn panel(
    comparison: &Comparison,
    title: &'static str,
    total: &'static Measure,
    parts: &[(RGBColor, &str, &'static Measure)],
) -> Panel {
    let value = |variant: &VariantResult, measure| {
        Some(variant.measure(measure)?.estimate(Statistic::Value)?.value)
    };
    let rows = comparison.variants.iter().map(|variant| Row {
        name: name(variant),
        values: parts.iter().map(|part| value(variant, part.2).unwrap_or(0.0)).collect(),
        label: variant.measure(total).map_or_else(String::new, label),
    });
    let rows = rows.collect();
    let parts = parts.iter().map(|(colour, name, _)| (*colour, (*name).to_string())).collect();
    Panel { title, parts, rows, tick: |value| human::value(Unit::PerOperation, value) }
}

fn label(result: &MeasureResult) -> String {
    let unit = result.measure.unit;
    let Some(estimate) = result.estimate(Statistic::Value) else { return "–".into() };
    let interval = human::interval(unit, &estimate);
    let value = human::value(unit, estimate.value);
    if interval.is_empty() { value } else { format!("{value}  ({interval})") }
}
