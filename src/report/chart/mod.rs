//! # Charts
//!
//! The charts of a comparison, each as `charts/NAME.svg` and `charts/NAME.png`.
//!
//! Plotters draws each of them, from a file of its own, on a sheet that is written both as SVG and
//! as PNG. The SVG keeps the roles of colours as classes, so that a page can show it in a dark
//! style; the PNG is painted with a built-in font. Titles state the main result and are made from
//! the same numbers as the tables.

pub(super) mod axis;
mod bars;
mod cost;
mod differences;
mod distribution;
pub(crate) mod font;
pub(crate) mod ink;
mod lag;
mod latency;
pub(super) mod legend;
pub(super) mod line;
mod outcomes;
pub mod picture;
pub(super) mod sheet;
mod timeline;
mod words;

use picture::{MARGIN, Picture};
use sheet::{Area, Drawn};

use crate::experiment::result::Comparison;
use crate::report::export::{Export, File, Results};

/// The width of every chart in pixels of the page.
pub(super) const WIDTH: i32 = 960;

/// A chart with its explanation.
pub struct Chart<'a> {
    /// The name of its files, without ending.
    pub name: &'static str,
    /// The explanation of the chart, in full sentences.
    pub caption: &'static str,
    /// The picture itself.
    pub picture: Picture<'a>,
}

/// The charts as SVG, for pages and documents.
pub struct Vectors;

impl Export for Vectors {
    const NAME: &'static str = "charts/*.svg";
    const SUMMARY: &'static str = "its charts, for documents and pages, sharp at every size";
    const MANUAL: &'static str = include_str!("mod.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        let path = |chart: &Chart<'_>| format!("charts/{}.svg", chart.name);
        results.charts.iter().map(|chart| File::new(path(chart), chart.picture.svg())).collect()
    }
}

/// The charts as PNG, for slides.
pub struct Bitmaps;

impl Export for Bitmaps {
    const NAME: &'static str = "charts/*.png";
    const SUMMARY: &'static str = "the same charts as pictures, for slides";
    const MANUAL: &'static str = include_str!("mod.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        let path = |chart: &Chart<'_>| format!("charts/{}.png", chart.name);
        results.charts.iter().map(|chart| File::new(path(chart), chart.picture.png())).collect()
    }
}

/// The charts for which the results have data, in reading order.
pub fn charts(comparison: &Comparison) -> Vec<Chart<'_>> {
    let charts = [
        lag::lag(comparison),
        timeline::timeline(comparison),
        outcomes::outcomes(comparison),
        latency::latency(comparison),
        cost::cost(comparison),
    ];
    charts.into_iter().chain(differences::differences(comparison)).collect()
}

/// A chart with its title, its subtitle and the height of the drawing below them.
pub(super) fn chart<'a>(
    name: &'static str,
    caption: &'static str,
    title: String,
    subtitle: &str,
    height: i32,
    draw: impl Fn(&Area) -> Drawn + 'a,
) -> Chart<'a> {
    let picture = Picture::new(title, subtitle, (WIDTH, height), move |area| {
        draw(&area.margin(0, 0, MARGIN, MARGIN))
    });
    Chart { name, caption, picture }
}

#[cfg(test)]
mod tests;
