//! Paired differences of every variant against one of them, measure by measure.

use super::frame::{self, MARGIN, TOP};
use super::picture::{Align, Ink, Picture, SMALL};
use super::scale::{Kind, Scale};
use crate::checks::measures::Measure;
use crate::experiment::result::{COMPARED, Comparison, Pair, Statistic};
use crate::report::{human, sentence};
use crate::stats::Verdict;

const ROW: f64 = 20.0;
/// Space above and below the rows of a panel.
const HEAD: f64 = 24.0;
const FOOT: f64 = 22.0;
/// Left edges of the panels' columns.
const COLUMNS: [f64; 2] = [MARGIN, 490.0];
const NAMES: f64 = 132.0;
const PLOT: f64 = 190.0;
/// The numbers in which the baseline is compared, as positions in [`COMPARED`].
const SHOWN: [usize; 10] = [0, 1, 3, 4, 6, 7, 8, 9, 12, 13];

/// The pairs of one number.
struct Panel {
    title: String,
    pairs: Vec<Pair>,
}

/// Draws a panel for each number in which any variant can be compared with `baseline`; `None` if
/// there is none.
pub fn draw(comparison: &Comparison, baseline: &str, title: &str) -> Option<Picture> {
    let panels = panels(comparison, baseline);
    let rows = panels.chunks(COLUMNS.len()).map(|row| {
        let most = row.iter().map(|panel| panel.pairs.len()).max().unwrap_or(0);
        HEAD + most as f64 * ROW + FOOT
    });
    let rows: Vec<f64> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let subtitle = format!(
        "Difference to {baseline}, seed by seed: median and 95 % interval. Grey: no difference \
         shown."
    );
    let height = TOP + 26.0 + rows.iter().sum::<f64>();
    let mut picture = frame::titled(libm::ceil(height), title, &subtitle);
    let colours = [(Ink::Good, "better"), (Ink::Bad, "worse"), (Ink::Quiet, "no difference shown")];
    let colours = colours.map(|(ink, name)| (ink, name.to_string()));
    frame::key(&mut picture, (MARGIN, TOP), frame::WIDTH, &colours);
    let mut top = TOP + 26.0;
    for (row, height) in panels.chunks(COLUMNS.len()).zip(rows) {
        for (panel, left) in row.iter().zip(COLUMNS) {
            draw_panel(&mut picture, panel, (left, top));
        }
        top += height;
    }
    Some(picture)
}

fn panels(comparison: &Comparison, baseline: &str) -> Vec<Panel> {
    let of = |(measure, of): (&'static Measure, Statistic)| {
        let key = measure.into();
        let others = comparison.variants.iter().filter(|variant| variant.name != baseline);
        let pairs = others.filter_map(|v| comparison.pair(&key, of, &v.name, baseline));
        Panel { title: sentence::title(&key, of), pairs: pairs.collect() }
    };
    SHOWN.into_iter().map(|at| of(COMPARED[at])).filter(|panel| !panel.pairs.is_empty()).collect()
}

fn draw_panel(picture: &mut Picture, panel: &Panel, (left, top): (f64, f64)) {
    picture.bold((left, top + 12.0), &panel.title, SMALL);
    let start = left + NAMES;
    let reach = reach(&panel.pairs);
    let scale = Scale { kind: Kind::Linear, low: -reach, high: reach, start, end: start + PLOT };
    let (first, last) = (top + HEAD, top + HEAD + panel.pairs.len() as f64 * ROW);
    picture.line(vec![(scale.at(0.0), first - 3.0), (scale.at(0.0), last)], Ink::Quiet, 1.0, &[]);
    for edge in [scale.start, scale.end] {
        picture.line(vec![(edge, first - 3.0), (edge, last)], Ink::Grid, 1.0, &[]);
    }
    for (at, pair) in panel.pairs.iter().enumerate() {
        draw_pair(picture, pair, &scale, (left, first + (at as f64 + 0.5) * ROW));
    }
}

fn draw_pair(picture: &mut Picture, pair: &Pair, scale: &Scale, (left, y): (f64, f64)) {
    let ink = match pair.verdict {
        Verdict::NoDifferenceShown => Ink::Quiet,
        _ if pair.is_better() => Ink::Good,
        _ if pair.is_worse() => Ink::Bad,
        _ => Ink::Text,
    };
    let name = frame::fitted(&pair.variant, SMALL, false, NAMES - 10.0);
    picture.small((left, y + 4.0), name, Ink::Text, Align::Start);
    if let Some((low, high)) = pair.interval {
        picture.line(vec![(scale.at(low), y), (scale.at(high), y)], ink, 2.0, &[]);
    }
    let at = scale.at(pair.difference);
    if pair.verdict == Verdict::NoDifferenceShown {
        picture.ring((at, y), 3.4, Ink::Quiet);
    } else {
        picture.disc((at, y), 4.0, ink);
    }
    let number = if pair.verdict == Verdict::NoDifferenceShown {
        "not shown".into()
    } else {
        human::difference(pair.key.measure.unit, pair.difference)
    };
    picture.small((scale.end + 12.0, y + 4.0), number, Ink::Text, Align::Start);
}

/// How far the axis reaches on either side of zero: a bit beyond the largest finite bound.
fn reach(pairs: &[Pair]) -> f64 {
    let bounds = pairs.iter().flat_map(|pair| {
        let (low, high) = pair.interval.unwrap_or((pair.difference, pair.difference));
        [low, high, pair.difference]
    });
    let most = bounds.filter(|bound| bound.is_finite()).map(f64::abs).fold(0.0, f64::max);
    if most > 0.0 { most * 1.05 } else { 1.0 }
}
