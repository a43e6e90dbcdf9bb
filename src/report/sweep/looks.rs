//! The tables of a search: the difference at each value that was looked at, and the crossings.

use crate::experiment::crossing::{Crossing, Look};
use crate::experiment::sought::{Searched, Sides, Sought};
use crate::report::csv::{scalar, table};
use crate::scenario::sweep::{Axis, number, shown};

/// The name of the file with the differences.
pub const LOOKS: &str = "differences.csv";
/// The name of the file with the crossings.
pub const CROSSINGS: &str = "crossings.csv";

/// The bytes of [`LOOKS`]: a row for each value that a search looked at. Durations are nanoseconds.
pub fn looks(searches: &[Searched]) -> Vec<u8> {
    let heads = [
        "place",
        "value",
        "measure",
        "unit",
        "minuend",
        "subtrahend",
        "seeds",
        "difference",
        "low",
        "high",
        "verdict",
    ];
    let rows = searches.iter().flat_map(|searched| {
        let row = |look: &Look| {
            let Sought { axis, figure, .. } = &searched.sought;
            let number = |number: f64| scalar(figure.unit(), number);
            let found = look.found;
            let interval = found.and_then(|found| found.interval);
            let mut row = vec![axis.key.clone(), value(axis, &look.value)];
            row.extend(subject(&searched.sought));
            row.extend([
                found.map(|found| found.seeds.to_string()).unwrap_or_default(),
                found.map(|found| number(found.difference)).unwrap_or_default(),
                interval.map(|(low, _)| number(low)).unwrap_or_default(),
                interval.map(|(_, high)| number(high)).unwrap_or_default(),
                found.map(|found| found.verdict.name().to_owned()).unwrap_or_default(),
            ]);
            row
        };
        searched.found.looks.iter().map(row).collect::<Vec<_>>()
    });
    table(&heads, rows)
}

/// The bytes of [`CROSSINGS`]: a row for each crossing. An empty end of an interval is open.
pub fn crossings(searches: &[Searched]) -> Vec<u8> {
    let heads = [
        "place",
        "measure",
        "unit",
        "minuend",
        "subtrahend",
        "from_sign",
        "before",
        "behind",
        "low",
        "high",
    ];
    let rows = searches.iter().flat_map(|searched| {
        let row = |crossing: &Crossing| {
            let axis = &searched.sought.axis;
            let end = |end: &Option<toml::Value>| {
                end.as_ref().map(|end| value(axis, end)).unwrap_or_default()
            };
            let mut row = vec![axis.key.clone()];
            row.extend(subject(&searched.sought));
            row.extend([
                if crossing.falls { "above" } else { "below" }.to_owned(),
                value(axis, &crossing.before),
                value(axis, &crossing.behind),
                end(&crossing.from),
                end(&crossing.to),
            ]);
            row
        };
        searched.found.crossings.iter().map(row).collect::<Vec<_>>()
    });
    table(&heads, rows)
}

/// Measure, unit, and the two sides.
fn subject(sought: &Sought) -> [String; 4] {
    let figure = &sought.figure;
    let unit = figure.unit();
    let (first, second) = match &sought.sides {
        Sides::Between([first, second]) => (first.clone(), second.clone()),
        Sides::Limit { variant, limit, .. } => (variant.clone(), scalar(unit, *limit)),
    };
    [figure.to_string(), unit.name().into(), first, second]
}

/// A value of the axis: a duration in nanoseconds.
pub fn value(axis: &Axis, value: &toml::Value) -> String {
    match (axis.is_time(), number(value)) {
        (true, Some(nanos)) => format!("{nanos:.0}"),
        _ => shown(value),
    }
}
