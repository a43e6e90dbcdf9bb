//! The page of a sweep: one HTML file that opens from disk and fetches nothing.

use minijinja::{Value, context};

use super::{about, names, tell, what};
use crate::experiment::sweep::Swept;
use crate::report::chart::Chart;
use crate::report::crossing;
use crate::report::html::{STYLE, list, render, table};
use crate::report::terminal;

const TEMPLATE: &str = include_str!("sweep.html");

/// The text of the page, with a chart of each figure.
pub fn page(swept: &Swept, charts: &[Chart]) -> String {
    render(TEMPLATE, content(swept, charts))
}

fn content(swept: &Swept, charts: &[Chart]) -> Value {
    let Some(first) = swept.first() else { return Value::UNDEFINED };
    let files = names(swept);
    let figures = swept.figures.iter().zip(charts).zip(&files).map(|((figure, chart), name)| {
        context! {
            name,
            title => figure.title(),
            caption => chart.caption,
            svg => chart.picture.inline(),
            places => tell::places(swept, figure),
            tables => list(tell::tables(swept, figure), table),
        }
    });
    context! {
        style => STYLE,
        name => &first.scenario.name,
        about => &first.scenario.about,
        swept => about(swept),
        profile => &first.scenario.profile,
        hash => &first.scenario.hash,
        engine => &first.engine,
        seeds => terminal::seeds(&first.seeds),
        command => &swept.command,
        what => what(swept),
        searches => list(&swept.searches, |searched| context! {
            title => crossing::heading(searched),
            lines => crossing::sentences(searched),
            table => table(crossing::table(searched)),
        }),
        warnings => &swept.warnings,
        figures => figures.collect::<Vec<_>>(),
    }
}
