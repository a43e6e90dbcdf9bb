//! The charts of a comparison.
//!
//! Each is drawn once, as a [`Picture`], and written both as SVG and as PNG. A picture is a list of
//! marks with roles instead of colours; the SVG keeps the roles as classes, so that a page can
//! show it on dark paper, and the PNG is painted by `plotters` with the font that is built in.
//! Titles say the message and are made from the same numbers as the tables.

mod bars;
mod distribution;
pub(super) mod font;
mod forest;
pub(super) mod frame;
pub mod picture;
pub mod png;
mod scale;
pub mod svg;
mod timeline;

use picture::Picture;

use super::human;
use crate::checks::measures::{Measure, Unit, catalogue};
use crate::experiment::result::{Comparison, Quantiles, Statistic, VariantResult};
use crate::stats::{MIN_SEEDS, Verdict};
use distribution::{Series, Words};

/// A chart, and what a page says about it.
pub struct Chart {
    /// The name of its files, without ending.
    pub name: &'static str,
    /// How to read it, in full sentences.
    pub caption: &'static str,
    /// What is drawn.
    pub picture: Picture,
}

impl Chart {
    /// The bytes of its SVG file.
    pub fn svg(&self) -> Vec<u8> {
        svg::file(&self.picture)
    }

    /// The bytes of its PNG file, twice as large as the SVG's nominal size.
    pub fn png(&self) -> Vec<u8> {
        png::file(&self.picture)
    }
}

/// All charts that the results have data for, in reading order.
pub fn charts(comparison: &Comparison) -> Vec<Chart> {
    let chart = |name, caption, picture| Chart { name, caption, picture };
    let mut charts = vec![
        chart("lag", LAG, lag(comparison)),
        chart("timeline", TIMELINE, timeline::draw(comparison, &timeline_title(comparison))),
        chart(
            "outcomes",
            how_outcomes_are_shown(comparison),
            bars::outcomes(comparison, &outcomes_title(comparison)),
        ),
        chart("latency", LATENCY, latency(comparison)),
        chart("cost", COST, bars::cost(comparison, &cost_title(comparison))),
    ];
    let baseline = comparison.variants.first().map_or("", |variant| &*variant.name);
    if comparison.seeds.len() >= MIN_SEEDS {
        let title = differences_title(comparison, baseline);
        let forest = forest::draw(comparison, baseline, &title);
        charts.extend(forest.map(|picture| chart("differences", DIFFERENCES, picture)));
    }
    charts
}

const LAG: &str = "Each line says what share of the operations that exposed anything is wholly \
    visible, or wholly undone, within the time below. Further left is better. The vertical axis \
    runs in nines, because patterns differ in the tail. A line that ends at the right with a dot \
    and a percentage does not reach all: that share never became consistent.";
const TIMELINE: &str = "Shaded: a fault, named above where there is room. The upper panel shows \
    when an operation had to arrive to be inconsistent for long; a line on the topmost rule means \
    never. The lower panel shows how many operations are partly visible at that time, on an axis \
    that starts at zero and grows by factors of ten.";
/// Without wrong outcomes there is nothing to explain of them.
fn how_outcomes_are_shown(comparison: &Comparison) -> &'static str {
    if bars::is_any_wrong(comparison) { OUTCOMES } else { RIGHT_OUTCOMES }
}

const RIGHT_OUTCOMES: &str = "How operations ended, judged from what the stores hold and what the \
    clients were told.";
const OUTCOMES: &str = "How operations ended, judged from what the stores hold and what the \
    clients were told. Wrong outcomes are repeated below on a scale of their own. Duplicated: an \
    effect twice. Mixed: applied here and refused there. Stranded: unfinished, and something still \
    holds it. Lost: answered yes, but not all there. Phantom: answered no, but there. Retracted: \
    answered yes, then undone.";
const LATENCY: &str = "Time from arrival to the client's answer, retries included, for operations \
    answered yes. Lines with rings answer accepted: the rest of the work is only promised. Compare \
    them with other accepted lines, not with done.";
const COST: &str = "What an offered operation costs until the end of the settle cap, by kind.";
const DIFFERENCES: &str = "Each row takes the same seeds under two variants and shows the median \
    difference with its 95 % bootstrap interval. Only intervals that exclude zero show a \
    difference. No correction is made for looking at many of them. A dot at an edge with +∞ or \
    −∞ says that one of the two is never.";

fn lag(comparison: &Comparison) -> Picture {
    let series: Vec<Series> = comparison
        .variants
        .iter()
        .enumerate()
        .map(|(at, variant)| Series {
            variant: at,
            name: variant.name.clone(),
            curve: &variant.lag,
            notes: lag_notes(variant),
            ringed: false,
        })
        .collect();
    let title = lag_title(comparison);
    let words = Words {
        title: &title,
        subtitle: "Share of operations that are wholly visible within this time after their first \
                   effect; all seeds.",
        never: "never",
    };
    distribution::draw(&words, &series)
}

fn lag_notes(variant: &VariantResult) -> Vec<String> {
    let lag = variant.measure(catalogue::LAG).and_then(|measure| measure.as_quantiles());
    let Some(lag) = lag else { return Vec::new() };
    if lag.n == 0 {
        return vec!["exposed nothing".into()];
    }
    let mut notes = quantiles(lag);
    if lag.offered > lag.n {
        let hidden = (lag.offered - lag.n) as f64 / lag.offered as f64;
        notes.push(format!("{} exposed nothing", human::share(hidden)));
    }
    notes
}

fn latency(comparison: &Comparison) -> Picture {
    let mut series = Vec::new();
    for (at, variant) in comparison.variants.iter().enumerate() {
        let kinds = [
            (&variant.done, catalogue::DONE, "done", false),
            (&variant.accepted, catalogue::ACCEPTED, "accepted", true),
        ];
        for (curve, measure, answer, ringed) in kinds.into_iter().filter(|kind| kind.0.n > 0) {
            let found = variant.measure(measure).and_then(|measure| measure.as_quantiles());
            let mut notes = found.map(quantiles).unwrap_or_default();
            notes.push(answer.into());
            series.push(Series { variant: at, name: variant.name.clone(), curve, notes, ringed });
        }
    }
    let title = latency_title(comparison);
    let words = Words {
        title: &title,
        subtitle: "Share of operations answered yes within this time after their arrival; all \
                   seeds.",
        never: "no answer",
    };
    distribution::draw(&words, &series)
}

fn quantiles(found: &Quantiles) -> Vec<String> {
    let text = |of| {
        let value = found.statistic(of).map(|estimate| estimate.value.as_f64());
        value.map_or("–".into(), |value| human::value(Unit::Nanoseconds, value))
    };
    vec![format!("p50 {}, p99 {}", text(Statistic::P50), text(Statistic::P99))]
}

/// A number as text, and the variant that has it.
type Extreme = (String, String);

/// The least and the greatest estimate of a measure over variants.
fn range(
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

/// `from 2 ms (one) to 3 s (other)`.
fn from_to(range: (Extreme, Extreme)) -> String {
    let ((low, of_low), (high, of_high)) = range;
    if of_low == of_high {
        format!("{low} ({of_low})")
    } else if low == high {
        format!("{low} in all variants")
    } else {
        format!("from {low} ({of_low}) to {high} ({of_high})")
    }
}

fn lag_title(comparison: &Comparison) -> String {
    let differ = |((low, _), (high, _)): &(Extreme, Extreme)| low != high;
    let median = range(comparison, catalogue::LAG, Statistic::P50);
    // Where most operations have none, what tells variants apart is the tail.
    let tail = range(comparison, catalogue::LAG, Statistic::P99).filter(differ);
    match (median, tail) {
        (Some(median), Some(tail)) if !differ(&median) => {
            format!("Consistency lag, p99: {}", from_to(tail))
        }
        (Some(median), _) => format!("Median consistency lag: {}", from_to(median)),
        (None, _) => "No operation exposed anything".into(),
    }
}

/// Done and accepted are different promises, so each has a range of its own.
fn latency_title(comparison: &Comparison) -> String {
    let of = |measure, answer| {
        let ((low, _), (high, _)) = range(comparison, measure, Statistic::P50)?;
        let numbers = if low == high { low } else { format!("{low} to {high}") };
        Some(format!("{answer} after {numbers}"))
    };
    let said: Vec<String> = [of(catalogue::DONE, "done"), of(catalogue::ACCEPTED, "accepted")]
        .into_iter()
        .flatten()
        .collect();
    match said.as_slice() {
        [] => "No operation was answered yes".into(),
        said => format!("Median answer: {}", said.join(", ")),
    }
}

fn timeline_title(comparison: &Comparison) -> String {
    let peak = |variant: &VariantResult| {
        let points = variant.series.points.iter().enumerate();
        let (at, point) = points.max_by(|(_, a), (_, b)| a.partial.total_cmp(&b.partial))?;
        Some((point.partial, at as u64 * variant.series.step, variant.name.clone()))
    };
    let peaks = comparison.variants.iter().filter_map(peak);
    match peaks.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((partial, at, name)) if partial > 0.0 => format!(
            "Partial operations peak at {} after {} ({name})",
            human::number(partial),
            human::nanos(at as f64)
        ),
        _ => "No operation was ever partly visible".into(),
    }
}

fn outcomes_title(comparison: &Comparison) -> String {
    let wrong = |variant: &&VariantResult| variant.census.wrong();
    let worst = comparison.variants.iter().max_by_key(wrong);
    match worst.map(|variant| (wrong(&variant), variant)) {
        Some((0, _)) | None => "No operation ended wrong in any variant".into(),
        Some((count, variant)) => format!(
            "Wrong outcomes: at most {} of {} ({})",
            human::count(count),
            human::count(variant.census.total()),
            variant.name
        ),
    }
}

fn cost_title(comparison: &Comparison) -> String {
    match range(comparison, catalogue::MESSAGES, Statistic::Value) {
        Some(found) => format!("Messages per operation: {}", from_to(found)),
        None => "Messages and forced writes per operation".into(),
    }
}

fn differences_title(comparison: &Comparison, baseline: &str) -> String {
    let involved = |pair: &&crate::experiment::result::Pair| {
        pair.baseline == baseline || pair.variant == baseline
    };
    let pairs = comparison.pairs.iter().filter(involved);
    let shown = pairs.clone().filter(|pair| pair.verdict != Verdict::NoDifferenceShown).count();
    format!("{shown} of {} differences to {baseline} are shown", pairs.count())
}

#[cfg(test)]
mod tests;
