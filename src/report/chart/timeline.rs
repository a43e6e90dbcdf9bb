//! Lag and partial operations over time, with the faults and the end of the load.

use super::font;
use super::frame::{self, Entry, LINE, MARGIN, TOP};
use super::picture::{Align, Ink, Picture, Point, SMALL, dash};
use super::scale::{Kind, Scale, time_label, time_ticks};
use crate::experiment::result::{Comparison, FaultWindow, Phase, SeriesPoint};
use crate::report::human;

const HEIGHT: f64 = 620.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 740.0;
/// Rows for the names of faults, above the panels.
const NAMES: f64 = 34.0;
const UPPER: (f64, f64) = (TOP + NAMES + 22.0, 318.0);
const LOWER: (f64, f64) = (362.0, HEIGHT - 58.0);

/// Draws the chart.
pub fn draw(comparison: &Comparison, title: &str) -> Picture {
    let subtitle = "Above: median lag of the operations that arrived then. Below: operations \
                    partly visible at that time. All seeds.";
    let mut picture = frame::titled(HEIGHT, title, subtitle);
    let end = end(comparison);
    let x = Scale { kind: Kind::Linear, low: 0.0, high: end, start: LEFT, end: RIGHT };
    let points = || comparison.variants.iter().flat_map(|variant| &variant.series.points);
    let lags = points().filter_map(|point| point.lag?.finite()).map(|lag| lag as f64);
    let lag = Scale::decades(lags, UPPER.1, UPPER.0 + 16.0);
    let most = points().map(|point| point.partial).fold(0.0, f64::max);
    let partial = Scale::counts(most, LOWER.1, LOWER.0);

    faults(&mut picture, comparison, &x);
    let any_never = points().any(|point| point.lag.is_some_and(|lag| lag.finite().is_none()));
    axes(&mut picture, &x, &lag, &partial, any_never);
    end_of_load(&mut picture, comparison, &x);
    for (at, variant) in comparison.variants.iter().enumerate() {
        let time = |index: usize| x.at((index as f64 + 0.5) * variant.series.step as f64);
        for run in lag_runs(&variant.series.points, &lag, time) {
            picture.line(run, Ink::Series(at), LINE * 0.8, dash(at));
        }
        let line = variant.series.points.iter().enumerate();
        let line = line.map(|(index, point)| (time(index), partial.at(point.partial)));
        picture.line(line.collect(), Ink::Series(at), LINE * 0.8, dash(at));
    }
    legend(&mut picture, comparison);
    picture
}

/// The last instant that anything was recorded.
fn end(comparison: &Comparison) -> f64 {
    let ends = comparison.variants.iter().map(|v| v.series.step * v.series.points.len() as u64);
    ends.max().unwrap_or(0).max(1_000_000_000) as f64
}

/// Shades each fault in both panels and names it above them, on two rows if names would touch.
fn faults(picture: &mut Picture, comparison: &Comparison, x: &Scale) {
    let mut ends = [LEFT - 6.0; 2];
    for fault in &comparison.faults {
        let (from, to) =
            (x.at(fault.from as f64), x.at(fault.to as f64).max(x.at(fault.from as f64) + 1.5));
        for (top, bottom) in [(UPPER.0 - 14.0, UPPER.1), LOWER] {
            picture.rect((from, top), (to, bottom), Ink::Shade);
        }
        let name = name(fault);
        let width = font::width(&name, SMALL, false);
        let start = (f64::midpoint(from, to) - width / 2.0).clamp(LEFT, RIGHT - width);
        let Some(row) = ends.iter().position(|end| start > end + 6.0) else { continue };
        ends[row] = start + width;
        let baseline = UPPER.0 - 20.0 - 15.0 * row as f64;
        picture.small((start, baseline), name, Ink::Text, Align::Start);
    }
}

fn name(fault: &FaultWindow) -> String {
    format!("{} {}", fault.name, fault.target)
}

fn axes(picture: &mut Picture, x: &Scale, lag: &Scale, partial: &Scale, any_never: bool) {
    for value in lag.ticks() {
        let y = lag.at(value);
        picture.line(vec![(LEFT, y), (RIGHT, y)], Ink::Grid, 1.0, &[]);
        picture.small((LEFT - 8.0, y + 4.0), time_label(value), Ink::Quiet, Align::End);
    }
    if any_never {
        let y = UPPER.0 - 4.0;
        picture.line(vec![(LEFT, y), (RIGHT, y)], Ink::Grid, 1.0, &[]);
        picture.small((LEFT - 8.0, y + 4.0), "never", Ink::Quiet, Align::End);
    }
    for value in partial.ticks() {
        let y = partial.at(value);
        picture.line(vec![(LEFT, y), (RIGHT, y)], Ink::Grid, 1.0, &[]);
        picture.small((LEFT - 8.0, y + 4.0), human::count(value as u64), Ink::Quiet, Align::End);
    }
    for time in time_ticks(x.high) {
        let at = x.at(time);
        for bottom in [UPPER.1, LOWER.1] {
            picture.line(vec![(at, bottom), (at, bottom + 5.0)], Ink::Quiet, 1.0, &[]);
        }
        picture.small((at, LOWER.1 + 20.0), time_label(time), Ink::Quiet, Align::Middle);
    }
    for (top, text) in [(UPPER.1, "lag"), (LOWER.1, "partial operations")] {
        picture.line(vec![(LEFT, top), (RIGHT, top)], Ink::Quiet, 1.0, &[]);
        let above = if text == "lag" { UPPER.0 - 20.0 } else { LOWER.0 - 12.0 };
        picture.bold((MARGIN, above), text, SMALL);
    }
    let below = "simulated time since the start of the run";
    picture.small((f64::midpoint(LEFT, RIGHT), LOWER.1 + 40.0), below, Ink::Quiet, Align::Middle);
}

fn end_of_load(picture: &mut Picture, comparison: &Comparison, x: &Scale) {
    let Some(end) = comparison.phase_end(Phase::Load).filter(|end| (*end as f64) < x.high) else {
        return;
    };
    let at = x.at(end as f64);
    for (top, bottom) in [(UPPER.0 - 14.0, UPPER.1), LOWER] {
        picture.line(vec![(at, top), (at, bottom)], Ink::Quiet, 1.2, &[4.0, 3.0]);
    }
    picture.small((at + 6.0, UPPER.1 - 8.0), "end of load", Ink::Quiet, Align::Start);
}

/// The lag as runs of neighbouring steps: a step without operations interrupts the line.
fn lag_runs(points: &[SeriesPoint], lag: &Scale, time: impl Fn(usize) -> f64) -> Vec<Vec<Point>> {
    let mut runs = vec![Vec::new()];
    for (index, point) in points.iter().enumerate() {
        match point.lag {
            None => runs.push(Vec::new()),
            Some(value) => {
                let y = value.finite().map_or(UPPER.0 - 4.0, |value| lag.at(value.max(1) as f64));
                runs.last_mut().expect("there is one").push((time(index), y));
            }
        }
    }
    runs
}

fn legend(picture: &mut Picture, comparison: &Comparison) {
    let entries: Vec<Entry> = comparison
        .variants
        .iter()
        .enumerate()
        .map(|(series, variant)| {
            let most = variant.series.points.iter().map(|point| point.partial).fold(0.0, f64::max);
            Entry {
                series,
                name: variant.name.clone(),
                notes: vec![format!("at most {} partial", human::number(most))],
                ringed: false,
            }
        })
        .collect();
    let x = RIGHT + 26.0;
    frame::legend(picture, (x, UPPER.0 + 4.0), (frame::WIDTH - MARGIN, HEIGHT - 12.0), &entries);
}
