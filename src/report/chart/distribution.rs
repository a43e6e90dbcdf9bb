//! The distribution of a time for each variant: what share is over after how long.
//!
//! Time runs on a logarithmic axis. Shares run in nines, so that the tail, which is what patterns
//! differ in, takes as much room as the bulk. What never ends is missing at the right: a line that
//! stops at 99.1 % has 0.9 % "never", drawn as a stop at the end of the axis and written beside it.

use super::frame::{self, Entry, LINE, MARGIN, RING, TOP};
use super::picture::{Align, Ink, Picture, Point, dash};
use super::scale::{Kind, Scale, time_label};
use crate::report::human;
use crate::stats::Curve;

/// One line of the chart.
pub struct Series<'a> {
    /// Position of the variant, which gives colour and dash.
    pub variant: usize,
    /// What the legend calls it.
    pub name: String,
    /// The distribution.
    pub curve: &'a Curve,
    /// Notes of the legend, below the name.
    pub notes: Vec<String>,
    /// True if to mark the line with rings.
    pub ringed: bool,
}

/// What the chart says beside the lines.
pub struct Words<'a> {
    /// The message.
    pub title: &'a str,
    /// What is drawn.
    pub subtitle: &'a str,
    /// The name of the end mass, e.g. `never`.
    pub never: &'a str,
}

const HEIGHT: f64 = 500.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 634.0;
const BOTTOM: f64 = HEIGHT - 60.0;
/// Width of the strip for times of zero.
const ZERO: f64 = 44.0;
/// Width of the strip for what never ends.
const NEVER: f64 = 74.0;

/// Where everything lies.
struct Plot {
    x: Scale,
    y: Scale,
    /// Left end of the lines: the axis, or the strip of zeros.
    left: f64,
}

/// Draws one line for each series that has any value; the legend names them all.
pub fn draw(words: &Words, series: &[Series]) -> Picture {
    let mut picture = frame::titled(HEIGHT, words.title, words.subtitle);
    let shown: Vec<&Series> = series.iter().filter(|series| series.curve.n > 0).collect();
    let plot = plot(&shown);
    axes(&mut picture, &plot, words, shown.iter().any(|series| series.curve.never > 0));
    for series in &shown {
        line(&mut picture, &plot, series);
    }
    ends(&mut picture, &plot, &shown);
    let entries: Vec<Entry> = series.iter().map(entry).collect();
    let x = RIGHT + NEVER + 22.0;
    frame::legend(&mut picture, (x, TOP + 12.0), (frame::WIDTH - MARGIN, HEIGHT - 12.0), &entries);
    picture
}

fn plot(shown: &[&Series]) -> Plot {
    let zeros = shown.iter().any(|series| series.curve.points.first().is_some_and(|p| p.0 == 0));
    let times = shown.iter().flat_map(|series| series.curve.points.iter().map(|p| p.0 as f64));
    let start = if zeros { LEFT + ZERO } else { LEFT };
    let x = Scale::decades(times, start, RIGHT);
    let n = shown.iter().map(|series| series.curve.n).max().unwrap_or(1);
    let high = [0.99, 0.999, 0.9999].into_iter().find(|share| (1.0 - share) * n as f64 <= 10.0);
    let y = Scale {
        kind: Kind::Nines,
        low: 0.0,
        high: high.unwrap_or(0.9999),
        start: BOTTOM,
        end: TOP + 26.0,
    };
    Plot { x, y, left: LEFT }
}

fn axes(picture: &mut Picture, plot: &Plot, words: &Words, any_never: bool) {
    let all = TOP + 8.0;
    for share in plot.y.ticks() {
        let y = plot.y.at(share);
        picture.line(vec![(LEFT, y), (RIGHT, y)], Ink::Grid, 1.0, &[]);
        let label = format!("{} %", percent(share));
        picture.small((LEFT - 8.0, y + 4.0), label, Ink::Quiet, Align::End);
    }
    picture.line(vec![(LEFT, all), (RIGHT, all)], Ink::Grid, 1.0, &[]);
    picture.small((LEFT - 8.0, all + 4.0), "all", Ink::Quiet, Align::End);
    for time in plot.x.ticks() {
        let x = plot.x.at(time);
        picture.line(vec![(x, all), (x, BOTTOM)], Ink::Grid, 1.0, &[]);
        picture.line(vec![(x, BOTTOM), (x, BOTTOM + 5.0)], Ink::Quiet, 1.0, &[]);
        picture.small((x, BOTTOM + 20.0), time_label(time), Ink::Quiet, Align::Middle);
    }
    if plot.x.start > LEFT {
        picture.small((LEFT + 8.0, BOTTOM + 20.0), "0", Ink::Quiet, Align::Middle);
    }
    picture.line(vec![(LEFT, BOTTOM), (RIGHT, BOTTOM)], Ink::Quiet, 1.0, &[]);
    if any_never {
        picture.small((RIGHT + 30.0, BOTTOM + 20.0), words.never, Ink::Quiet, Align::Start);
        picture.line(vec![(RIGHT + 20.0, BOTTOM), (RIGHT + NEVER, BOTTOM)], Ink::Quiet, 1.0, &[]);
    }
}

/// A share of the vertical axis in per cent, without digits that say nothing.
fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// The position of a share; all is above every number of nines.
fn height(plot: &Plot, share: f64) -> f64 {
    if share >= 1.0 { TOP + 8.0 } else { plot.y.at(share) }
}

fn line(picture: &mut Picture, plot: &Plot, series: &Series) {
    let mut points: Vec<Point> = Vec::new();
    let mut below = BOTTOM;
    for (value, share) in series.curve.shares() {
        let x = if value == 0 { plot.left + 8.0 } else { plot.x.at(value as f64) };
        points.push((x, below));
        below = height(plot, share);
        points.push((x, below));
    }
    if series.curve.never > 0 {
        points.push((RIGHT, below));
    }
    let ink = Ink::Series(series.variant);
    picture.line(simplified(&points), ink, LINE, dash(series.variant));
    if series.ringed {
        for share in [0.25, 0.5, 0.75, 0.9, 0.97, 0.99] {
            if let Some(value) = series.curve.shares().find(|point| point.1 >= share) {
                picture.ring((plot.x.at(value.0 as f64), height(plot, value.1)), RING, ink);
            }
        }
    }
}

/// Points closer than a third of a unit to their predecessor say nothing on paper.
fn simplified(points: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for &(x, y) in points {
        let near = |&(left, top): &Point| (x - left).abs() < 0.34 && (y - top).abs() < 0.34;
        if !kept.last().is_some_and(near) {
            kept.push((x, y));
        }
    }
    kept
}

/// In the strip at the right, for each line that does not reach all: a stop at its height, and
/// what is missing.
fn ends(picture: &mut Picture, plot: &Plot, shown: &[&Series]) {
    let open: Vec<(&Series, f64)> = shown
        .iter()
        .filter(|series| series.curve.never > 0)
        .map(|series| (*series, height(plot, 1.0 - series.curve.never_share())))
        .collect();
    let wanted: Vec<f64> = open.iter().map(|(_, y)| *y).collect();
    let labels = frame::spread(&wanted, 15.0, TOP + 12.0, BOTTOM - 4.0);
    for ((series, y), label) in open.iter().zip(labels) {
        let ink = Ink::Series(series.variant);
        picture.line(vec![(RIGHT, *y), (RIGHT + 14.0, label)], ink, 1.2, &[]);
        picture.disc((RIGHT, *y), 3.4, ink);
        let share = human::share(series.curve.never_share());
        picture.small((RIGHT + 18.0, label + 4.0), share, Ink::Text, Align::Start);
    }
}

fn entry(series: &Series) -> Entry {
    Entry {
        series: series.variant,
        name: series.name.clone(),
        notes: series.notes.clone(),
        ringed: series.ringed,
    }
}
