//! The chart of the latency: the time until clients have their answers.

use super::distribution::{self, Series};
use super::legend::Entry;
use super::words::{differ, name, quantiles, range, subtitle};
use super::{Chart, chart};
use crate::checks::measures::catalogue::{ACCEPTED, DONE};
use crate::experiment::result::{Comparison, Statistic};

const CAPTION: &str = "Time from arrival to the client's answer, retries included, for operations \
    answered yes. Lines with rings answer accepted: the rest of the work is only promised. Compare \
    them with other accepted lines, not with done.";
const SUBTITLE: &str = "Share of operations answered yes within this time after their arrival; all \
    seeds.";

/// The chart.
pub fn latency(comparison: &Comparison) -> Chart<'_> {
    let mut series = Series { curves: vec![], entries: vec![], never: "no answer" };
    for (at, variant) in comparison.variants.iter().enumerate() {
        let kinds =
            [(&variant.done, DONE, "done", false), (&variant.accepted, ACCEPTED, "accepted", true)];
        for (curve, measure, answer, ringed) in kinds.into_iter().filter(|kind| kind.0.n > 0) {
            let found = variant.measure(measure).and_then(|found| found.as_quantiles());
            let notes = found.map(quantiles).into_iter().chain([answer.into()]).collect();
            series.curves.push(curve);
            let name = name(variant);
            series.entries.push(Entry { series: at, name, notes, ringed });
        }
    }
    chart(
        "latency",
        CAPTION,
        title(comparison),
        &subtitle(comparison, SUBTITLE),
        series.height(),
        move |area| distribution::draw(area, &series),
    )
}

/// The title: "done" and "accepted" promise different things, so each has a range of its own.
fn title(comparison: &Comparison) -> String {
    let of = |measure, answer| {
        let range = range(comparison, measure, Statistic::P50)?;
        let (low, high) = (&range.low, &range.high);
        let numbers = if differ(&range) { format!("{low} to {high}") } else { low.clone() };
        Some(format!("{answer} after {numbers}"))
    };
    let said: Vec<String> =
        [of(DONE, "done"), of(ACCEPTED, "accepted")].into_iter().flatten().collect();
    match said.as_slice() {
        [] => "No operation was answered yes".into(),
        said => format!("Median answer: {}", said.join(", ")),
    }
}
