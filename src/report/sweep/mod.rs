//! A sweep to bytes: charts over the swept value, tables, sentences, a page and a long table.

mod chart;
mod csv;
mod heat;
mod looks;
mod page;
mod tell;

pub use csv::table;
pub use looks::looks;
pub use tell::render;

use super::chart::Chart;
use super::export::File;
use super::{human, terminal};
use crate::checks::measures::Unit;
use crate::experiment::result::Figure;
use crate::experiment::sought::Sides;
use crate::experiment::sweep::Swept;
use crate::scenario::sweep::{Axis, Scale, number, shown};

/// The files of a folder of a sweep, sorted by path: they are to be written all or none.
pub fn files(swept: &Swept) -> Vec<File> {
    let charts = charts(swept);
    let mut files = vec![
        File::new(csv::NAME, table(swept)),
        File::new("index.html", page::page(swept, &charts)),
        File::new("README.md", readme(swept)),
    ];
    if !swept.searches.is_empty() {
        files.push(File::new(looks::LOOKS, looks(&swept.searches)));
        files.push(File::new(looks::CROSSINGS, looks::crossings(&swept.searches)));
    }
    for (name, chart) in names(swept).iter().zip(&charts) {
        files.push(File::new(format!("charts/{name}.svg"), chart.picture.svg()));
        files.push(File::new(format!("charts/{name}.png"), chart.picture.png()));
    }
    let inputs = swept.inputs.files().into_iter();
    files.extend(inputs.map(|(path, bytes)| File::new(path, bytes)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The chart of each figure: lines over an axis of numbers, fields over two, or over one of names.
fn charts(swept: &Swept) -> Vec<Chart<'_>> {
    let chart = |figure| match &swept.axes[..] {
        [axis] if axis.scale != Scale::Names => chart::lines(swept, figure),
        _ => heat::heat(swept, figure),
    };
    swept.figures.iter().map(chart).collect()
}

/// The name of the file of each chart: that of its figure.
fn names(swept: &Swept) -> Vec<String> {
    let name = |figure: &Figure| figure.to_string().replace('@', "-at-");
    swept.figures.iter().map(name).collect()
}

/// A value of an axis for people.
pub fn label(axis: &Axis, value: &toml::Value) -> String {
    match (axis.is_time(), number(value)) {
        (true, Some(nanos)) => human::value(Unit::Nanoseconds, nanos),
        _ => shown(value),
    }
}

/// The values of an axis as labels say them.
fn labels(axis: &Axis) -> Vec<String> {
    axis.values.iter().map(|value| label(axis, value)).collect()
}

/// `5 points: load.requests.poisson from 10 to 1000`.
fn about(swept: &Swept) -> String {
    let axis = |axis: &Axis| {
        let labels = labels(axis);
        match labels.as_slice() {
            [first, .., last] => format!("{} from {first} to {last}", axis.key),
            _ => format!("{} = {}", axis.key, labels.join(", ")),
        }
    };
    let axes: Vec<String> = swept.axes.iter().map(axis).collect();
    format!("{}: {}", human::some(swept.points.len(), "point"), human::list(&axes))
}

/// The sort of results: a sweep, or a search whose values the points are.
fn what(swept: &Swept) -> &'static str {
    match swept.searches.first().map(|searched| &searched.sought.sides) {
        None => "sweep",
        Some(Sides::Between(_)) => "crossover",
        Some(Sides::Limit { .. }) => "capacity",
    }
}

/// The rows of `README.md` about the tables of a search.
const SEARCHED: &str = "| `differences.csv` | the paired difference at each value that was looked \
                        at |\n| `crossings.csv` | where it changes its sign, with an interval |\n";

/// The text of `README.md`.
fn readme(swept: &Swept) -> String {
    let Some(first) = swept.first() else { return String::new() };
    let scenario = &first.scenario;
    format!(
        "# {name}: a {what}\n\n{about}\n\nMade by {engine} from scenario `{hash}` with {seeds}, \
         the same ones at every point. {axes}. The same bytes again, in this folder:\n\n\
         ```sh\n{command}\n```\n\n\
         | file | what it is |\n|---|---|\n\
         | `index.html` | charts and tables; opens from disk and fetches nothing |\n\
         | `charts/*` | a chart of each figure over the swept value, as SVG and PNG |\n\
         | `{table}` | a row for each point, variant, seed and measure, with its unit |\n\
         {searched}\
         | `scenario/*` | the scenario and the data that it names, to run it again |\n\n\
         Times are whole nanoseconds of simulated time. Never is larger than every number: `inf`.\n\
         An empty field means that there is no number.\n",
        name = scenario.name,
        what = what(swept),
        searched = if swept.searches.is_empty() { "" } else { SEARCHED },
        // Markdown passes HTML on.
        about = scenario.about.replace('&', "&amp;").replace('<', "&lt;"),
        engine = first.engine,
        hash = scenario.hash,
        seeds = terminal::seeds(&first.seeds),
        axes = about(swept),
        command = swept.command,
        table = csv::NAME,
    )
}

#[cfg(test)]
mod tests;
