//! The page of what a comparison hangs on: one HTML file that opens from disk and fetches nothing.

use minijinja::{Value, context};

use super::{heading, moving, names, tell};
use crate::experiment::result::Comparison;
use crate::experiment::sensitivity::Sensitivity;
use crate::report::chart::Chart;
use crate::report::html::{STYLE, list, render, table};
use crate::report::terminal;

/// The name of the file.
pub const NAME: &str = "sensitivity.html";
const TEMPLATE: &str = include_str!("sensitivity.html");

/// The text of the page, with a tornado of each stated difference.
pub fn page(found: &Sensitivity, comparison: &Comparison, charts: &[Chart]) -> String {
    render(TEMPLATE, content(found, comparison, charts))
}

fn content(found: &Sensitivity, comparison: &Comparison, charts: &[Chart]) -> Value {
    let files = names(found);
    let figures = moving(found).zip(charts).zip(&files).map(|((at, chart), name)| {
        context! {
            name,
            title => heading(&found.stated[at]),
            caption => chart.caption,
            svg => chart.picture.inline(),
        }
    });
    let own = |at: usize| tell::of_difference(found, at, usize::MAX);
    let tables = std::iter::once(tell::all(found, usize::MAX)).chain(moving(found).map(own));
    let tables = tables.chain(tell::screened(found, usize::MAX));
    context! {
        style => STYLE,
        name => &comparison.scenario.name,
        about => &comparison.scenario.about,
        moved => tell::about(found),
        profile => &comparison.scenario.profile,
        hash => &comparison.scenario.hash,
        engine => &comparison.engine,
        seeds => terminal::seeds(&found.seeds),
        command => &comparison.command,
        tables => list(tables, table),
        left => tell::left(found),
        figures => figures.collect::<Vec<_>>(),
    }
}
