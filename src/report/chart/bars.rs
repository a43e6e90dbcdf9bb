//! Horizontal stacked bars, one a variant: how operations ended, and what they cost.

use super::font;
use super::frame::{self, MARGIN, TOP};
use super::picture::{Align, Ink, Picture, SMALL, TEXT};
use super::scale::Scale;
use crate::checks::census::Headline;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Measure, Unit};
use crate::experiment::result::{Census, Comparison, MeasureResult, Statistic, VariantResult};
use crate::report::{human, view};

/// A panel of bars on one scale.
struct Panel {
    title: String,
    /// What the colours mean, in the order of the parts.
    parts: Vec<(Ink, String)>,
    rows: Vec<Row>,
    /// Where the scale ends in picture units.
    right: f64,
    unit: Unit,
    /// The value at the end of the scale, if it is given.
    full: Option<f64>,
}

struct Row {
    name: String,
    /// One value a part of the panel.
    values: Vec<f64>,
    /// What is written behind the bar.
    label: String,
}

const LEFT: f64 = 190.0;
const ROW: f64 = 25.0;
const BAR: f64 = 15.0;
/// Space for the title of a panel, for its key if it has one, and for its axis.
const HEAD: f64 = 28.0;
const KEY: f64 = 24.0;
const FOOT: f64 = 44.0;

/// Returns whether an operation of any variant ended as none should.
pub fn is_any_wrong(comparison: &Comparison) -> bool {
    comparison.variants.iter().any(|variant| variant.census.wrong() > 0)
}

/// How operations ended: all of them, and, if there are any, those that ended wrong on a scale of
/// their own.
pub fn outcomes(comparison: &Comparison, title: &str) -> Picture {
    let all = all_outcomes(comparison);
    let wrong = is_any_wrong(comparison).then(|| wrong_outcomes(comparison));
    let subtitle = "Share of the offered operations of all seeds, by what the stores hold and the \
                    clients were told.";
    let panels: Vec<Panel> = std::iter::once(all).chain(wrong).collect();
    stacked(title, subtitle, &panels)
}

/// What an operation costs: messages, trips to databases, forced writes.
pub fn cost(comparison: &Comparison, title: &str) -> Picture {
    let subtitle = "Per offered operation, idle polls and inquiries included; mean over seeds with \
                    its 95 % interval.";
    let messages = [
        (Ink::Series(0), "between services and drivers", SERVICE_MESSAGES),
        (Ink::Series(1), "to and from the broker", BROKER_MESSAGES),
    ];
    let trips = [(Ink::Series(2), "", DATABASE_MESSAGES)];
    let forced = [(Ink::Series(4), "", FORCED_WRITES)];
    let panels = [
        costs(comparison, "Messages", MESSAGES, &messages),
        costs(comparison, "Messages between services and their databases", trips[0].2, &trips),
        costs(comparison, "Forced writes", FORCED_WRITES, &forced),
    ];
    stacked(title, subtitle, &panels)
}

impl Panel {
    /// Space above the bars.
    fn head(&self) -> f64 {
        HEAD + if self.parts.len() > 1 { KEY } else { 0.0 }
    }
}

fn stacked(title: &str, subtitle: &str, panels: &[Panel]) -> Picture {
    let tall = |panel: &Panel| panel.head() + panel.rows.len() as f64 * ROW + FOOT;
    let height = TOP + panels.iter().map(tall).sum::<f64>();
    let mut picture = frame::titled(libm::ceil(height), title, subtitle);
    let mut top = TOP;
    for panel in panels {
        draw(&mut picture, panel, top);
        top += tall(panel);
    }
    picture
}

fn draw(picture: &mut Picture, panel: &Panel, top: f64) {
    picture.bold((MARGIN, top + 6.0), &panel.title, TEXT);
    if panel.parts.len() > 1 {
        frame::key(picture, (LEFT, top + 30.0), frame::WIDTH - MARGIN, &panel.parts);
    }
    let sums = panel.rows.iter().map(|row| row.values.iter().sum::<f64>());
    let most = panel.full.unwrap_or_else(|| sums.fold(0.0, f64::max));
    let scale = Scale::linear(0.0, most, LEFT, panel.right);
    let first = top + panel.head();
    let last = first + panel.rows.len() as f64 * ROW;
    for tick in scale.ticks() {
        let x = scale.at(tick);
        picture.line(vec![(x, first - 8.0), (x, last)], Ink::Grid, 1.0, &[]);
        let label = match panel.unit {
            Unit::Share => format!("{} %", human::number(tick * 100.0)),
            unit => human::value(unit, tick),
        };
        picture.small((x, last + 17.0), label, Ink::Quiet, Align::Middle);
    }
    for (at, row) in panel.rows.iter().enumerate() {
        let y = first + at as f64 * ROW + 2.0;
        let name = frame::fitted(&row.name, TEXT, false, LEFT - MARGIN - 12.0);
        picture.text((LEFT - 10.0, y + 12.0), name, Ink::Text, Align::End);
        let mut sum = 0.0;
        for (value, (ink, _)) in row.values.iter().zip(&panel.parts) {
            if *value > 0.0 {
                let from = scale.at(sum);
                sum += value;
                let to = scale.at(sum).max(from + 0.75);
                picture.rect((from, y), (to, y + BAR), *ink);
            }
        }
        let start = scale.at(sum) + 9.0;
        let label = frame::fitted(&row.label, SMALL, false, frame::WIDTH - 8.0 - start);
        let width = font::width(&label, SMALL, false);
        picture.rect((start - 4.0, y), (start + width + 3.0, y + BAR), Ink::Paper);
        picture.small((start, y + 12.0), label, Ink::Text, Align::Start);
    }
}

/// The outcomes that are as they should be, in the order in which they are drawn.
const RIGHT: [(Ink, Headline); 5] = [
    (Ink::Series(0), Headline::Committed),
    (Ink::Series(5), Headline::Compensated),
    (Ink::Pale, Headline::Refused),
    (Ink::Series(4), Headline::Rejected),
    (Ink::Quiet, Headline::AbortedCleanly),
];

/// The outcomes that no pattern should have.
const WRONG: [(Ink, Headline); 6] = [
    (Ink::Series(3), Headline::Duplicated),
    (Ink::Text, Headline::Mixed),
    (Ink::Series(4), Headline::Stranded),
    (Ink::Bad, Headline::Lost),
    (Ink::Series(2), Headline::Phantom),
    (Ink::Series(5), Headline::Retracted),
];

/// Every outcome that occurs; the wrong ones together, last.
fn all_outcomes(comparison: &Comparison) -> Panel {
    let present = view::headlines_present(comparison);
    let shown: Vec<(Ink, Headline)> =
        RIGHT.into_iter().filter(|(_, headline)| present.contains(headline)).collect();
    let mut parts: Vec<(Ink, String)> =
        shown.iter().map(|(ink, headline)| (*ink, headline.name().to_owned())).collect();
    parts.push((Ink::Bad, "wrong".into()));
    let rows = comparison.variants.iter().map(|variant| {
        let census = &variant.census;
        let right = shown.iter().map(|(_, headline)| census.of(*headline));
        let values = right.chain([census.wrong()]).map(|count| share(count, census));
        let label = match shown.iter().any(|(_, headline)| *headline == Headline::Committed) {
            true => {
                let committed = share(census.of(Headline::Committed), census);
                format!("{} committed", human::share(committed))
            }
            false => String::new(),
        };
        Row { name: variant.name.clone(), values: values.collect(), label }
    });
    Panel {
        title: "All".into(),
        rows: rows.collect(),
        parts,
        right: 760.0,
        unit: Unit::Share,
        full: Some(1.0),
    }
}

/// The outcomes that no pattern should have, each by itself.
fn wrong_outcomes(comparison: &Comparison) -> Panel {
    let present = view::headlines_present(comparison);
    let kinds: Vec<(Ink, Headline)> =
        WRONG.into_iter().filter(|(_, headline)| present.contains(headline)).collect();
    let rows = comparison.variants.iter().map(|variant| {
        let census = &variant.census;
        let counts = kinds.iter().map(|(_, it)| (it.name(), census.of(*it)));
        let listed: Vec<String> = counts
            .clone()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{} {name}", human::count(count)))
            .collect();
        let label = if listed.is_empty() {
            "none".into()
        } else {
            format!("{}: {}", human::share(share(census.wrong(), census)), listed.join(", "))
        };
        let values = counts.map(|(_, count)| share(count, census)).collect();
        Row { name: variant.name.clone(), values, label }
    });
    Panel {
        title: "Wrong".into(),
        rows: rows.collect(),
        parts: kinds.iter().map(|(ink, it)| (*ink, it.name().to_owned())).collect(),
        right: 620.0,
        unit: Unit::Share,
        full: None,
    }
}

fn share(count: u64, census: &Census) -> f64 {
    match census.total() {
        0 => 0.0,
        total => count as f64 / total as f64,
    }
}

/// A measure and the measures that are its parts, as (colour, name, measure).
fn costs(
    comparison: &Comparison,
    title: &str,
    total: &'static Measure,
    parts: &[(Ink, &str, &'static Measure)],
) -> Panel {
    let value = |variant: &VariantResult, measure| {
        Some(variant.measure(measure)?.estimate(Statistic::Value)?.value)
    };
    let rows = comparison.variants.iter().map(|variant| Row {
        name: variant.name.clone(),
        values: parts.iter().map(|part| value(variant, part.2).unwrap_or(0.0)).collect(),
        label: variant.measure(total).map_or_else(String::new, label),
    });
    Panel {
        title: title.into(),
        rows: rows.collect(),
        parts: parts.iter().map(|(ink, name, _)| (*ink, (*name).to_string())).collect(),
        right: 760.0,
        unit: Unit::PerOperation,
        full: None,
    }
}

fn label(result: &MeasureResult) -> String {
    let unit = result.measure.unit;
    let Some(estimate) = result.estimate(Statistic::Value) else { return "–".into() };
    let interval = human::interval(unit, &estimate);
    let value = human::value(unit, estimate.value);
    if interval.is_empty() { value } else { format!("{value}  ({interval})") }
}
