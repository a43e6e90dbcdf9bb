//! Crossings in words: where two variants change places, and where one passes a limit.

use super::human;
use super::sweep::label;
use super::terminal::{grids, indented, title};
use super::text::Terminal;
use super::view::{Cell, Table};
use crate::experiment::crossing::{Crossing, Crossings};
use crate::experiment::result::Figure;
use crate::scenario::sweep::Axis;
use crate::stats::Verdict;

/// A figure with a limit.
pub struct Wanted {
    /// The figure.
    pub figure: Figure,
    /// The limit, in the unit of the figure.
    pub limit: f64,
    /// True if the figure must not be greater.
    pub is_upper: bool,
    /// The positions of the variants that are meant; all, if it names none.
    pub variants: Vec<usize>,
}

/// Where two variants change places in a figure.
pub fn crossover(
    axis: &Axis,
    figure: &Figure,
    [first, second]: [&str; 2],
    found: &Crossings,
    terminal: Terminal,
) -> String {
    let heading = format!("{}: {first} minus {second}", figure.title());
    let mut text = title(terminal, &heading);
    text += &grids(&looks(axis, figure, found), terminal);
    for crossing in &found.crossings {
        let (lower, higher) = if crossing.falls { (second, first) } else { (first, second) };
        let said =
            format!("{lower} is lower up to {}, {higher} from there on.", place(axis, crossing));
        text += &indented(terminal, &said);
    }
    if found.crossings.is_empty() {
        text += &indented(terminal, &constant(axis, found, [first, second]));
    }
    text
}

/// Where a variant passes a limit.
pub fn capacity(
    axis: &Axis,
    wanted: &Wanted,
    variant: &str,
    found: &Crossings,
    terminal: Terminal,
) -> String {
    let Wanted { figure, limit, is_upper, .. } = wanted;
    let side = if *is_upper { "below" } else { "at least" };
    let limit = human::value(figure.unit(), *limit);
    let mut text = title(terminal, &format!("{variant}: {} {side} {limit}", figure.title()));
    text += &grids(&looks(axis, figure, found), terminal);
    let breaks = found.crossings.iter().find(|crossing| crossing.falls != *is_upper);
    let holds_first = found
        .looks
        .iter()
        .find_map(|look| look.found)
        .map(|first| if *is_upper { first.difference < 0.0 } else { first.difference >= 0.0 });
    let (first, last) = ends(axis);
    let said = match (breaks, holds_first) {
        (_, None) => "there is no number at any value".to_owned(),
        (_, Some(false)) => format!("it breaks that at {first} already"),
        (Some(crossing), _) => format!("it keeps that up to {}", place(axis, crossing)),
        (None, Some(true)) => format!("it keeps that up to {last} at least"),
    };
    text + &indented(terminal, &format!("{variant}: {said}."))
}

/// The first and the last value of an axis.
fn ends(axis: &Axis) -> (String, String) {
    let end =
        |value: Option<&toml::Value>| value.map(|value| label(axis, value)).unwrap_or_default();
    (end(axis.values.first()), end(axis.values.last()))
}

/// `load.all.poisson = 218 (95 %: 200 to 240)`.
fn place(axis: &Axis, crossing: &Crossing) -> String {
    let (first, last) = ends(axis);
    let end = |value: &Option<toml::Value>, open: String| {
        value.as_ref().map_or(open, |value| label(axis, value))
    };
    let from = end(&crossing.from, format!("{first} or less"));
    let to = end(&crossing.to, format!("{last} or more"));
    format!("{} = {} (95 %: {from} to {to})", axis.key, label(axis, &crossing.before))
}

/// The sentence where two variants do not change places.
fn constant(axis: &Axis, found: &Crossings, [first, second]: [&str; 2]) -> String {
    let pairs: Vec<_> = found.looks.iter().filter_map(|look| look.found).collect();
    let (low, high) = ends(axis);
    let range = format!("between {low} and {high}");
    let Some(sum) = pairs.iter().map(|pair| pair.difference).reduce(|sum, it| sum + it) else {
        return "there is no number at any value.".into();
    };
    let lower = if sum < 0.0 { first } else { second };
    let shown = pairs.iter().filter(|pair| pair.verdict != Verdict::NoDifferenceShown).count();
    match (sum == 0.0, shown) {
        (true, _) | (_, 0) => format!("no difference is shown {range}."),
        (false, shown) => format!(
            "they do not change places {range}: {lower} is lower, which is shown at {shown} of {} \
             values.",
            pairs.len()
        ),
    }
}

/// A row for each value that was looked at.
fn looks(axis: &Axis, figure: &Figure, found: &Crossings) -> Table {
    let unit = figure.unit();
    let row = |look: &crate::experiment::crossing::Look| {
        let cells = look.found.map_or_else(
            || vec![super::view::nothing(), super::view::nothing()],
            |pair| {
                let difference = human::difference(unit, pair.difference);
                let interval = pair.interval.map(|(low, high)| {
                    format!("{} to {}", human::difference(unit, low), human::difference(unit, high))
                });
                [difference, interval.unwrap_or_default()]
                    .map(|main| Cell { main, ..Cell::default() })
                    .to_vec()
            },
        );
        (label(axis, &look.value), cells)
    };
    Table {
        title: figure.title().into(),
        note: String::new(),
        heads: [axis.key.as_str(), "difference", "95 % interval"].map(String::from).to_vec(),
        rows: found.looks.iter().map(row).collect(),
    }
}
