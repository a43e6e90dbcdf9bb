//! Crossings in words: where two variants change places, and where one passes a limit.

use super::human;
use super::sweep::label;
use super::terminal::{grids, indented, title};
use super::text::Terminal;
use super::view::{Cell, Table};
use crate::experiment::crossing::{Crossing, Crossings, Look};
use crate::experiment::sought::{Searched, Sides, Sought};
use crate::scenario::sweep::Axis;
use crate::stats::Verdict;

/// The heading of a search: the difference that it follows.
pub fn heading(searched: &Searched) -> String {
    let Sought { figure, sides, .. } = &searched.sought;
    match sides {
        Sides::Between([first, second]) => format!("{}: {first} minus {second}", figure.title()),
        Sides::Limit { variant, limit, is_upper } => {
            let side = if *is_upper { "below" } else { "at least" };
            let limit = human::value(figure.unit(), *limit);
            format!("{variant}: {} {side} {limit}", figure.title())
        }
    }
}

/// The outcome of a search, a sentence for each crossing.
pub fn sentences(searched: &Searched) -> Vec<String> {
    let Searched { sought: Sought { axis, sides, .. }, found } = searched;
    match sides {
        Sides::Between([first, second]) if found.crossings.is_empty() => {
            vec![constant(axis, found, [first, second])]
        }
        Sides::Between([first, second]) => {
            let said = |crossing: &Crossing| {
                let (lower, higher) =
                    if crossing.falls { (second, first) } else { (first, second) };
                let place = place(axis, crossing);
                format!("{lower} is lower up to {place}, {higher} from there on.")
            };
            found.crossings.iter().map(said).collect()
        }
        Sides::Limit { variant, .. } => vec![format!("{variant}: {}.", kept(searched))],
    }
}

/// How far a variant keeps to a limit.
fn kept(searched: &Searched) -> String {
    let axis = &searched.sought.axis;
    let (first, last) = ends(axis);
    match (searched.breaks(), searched.holds_first()) {
        (_, None) => "there is no number at any value".to_owned(),
        (_, Some(false)) => format!("it breaks that at {first} already"),
        (Some(crossing), _) => format!("it keeps that up to {}", place(axis, crossing)),
        (None, Some(true)) => format!("it keeps that up to {last} at least"),
    }
}

/// Searches for the terminal.
pub fn render(searches: &[Searched], terminal: Terminal) -> String {
    let mut text = String::new();
    for searched in searches {
        text += &title(terminal, &heading(searched));
        text += &grids(&table(searched), terminal);
        for line in sentences(searched) {
            text += &indented(terminal, &line);
        }
    }
    text
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
        return "There is no number at any value.".into();
    };
    let lower = if sum < 0.0 { first } else { second };
    let shown = pairs.iter().filter(|pair| pair.verdict != Verdict::NoDifferenceShown).count();
    match (sum == 0.0, shown) {
        (true, _) | (_, 0) => format!("No difference is shown {range}."),
        (false, shown) => format!(
            "They do not change places {range}: {lower} is lower, which is shown at {shown} of {} \
             values.",
            pairs.len()
        ),
    }
}

/// A row for each value that was looked at.
pub fn table(searched: &Searched) -> Table {
    let Searched { sought: Sought { axis, figure, .. }, found } = searched;
    let unit = figure.unit();
    let row = |look: &Look| {
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
