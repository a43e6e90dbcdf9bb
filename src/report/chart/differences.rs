//! The chart of the paired differences of every variant to the first one, measure by measure.

use plotters::prelude::*;

use super::axis::Axis;
use super::sheet::{Area, Drawn, PX, mesh};
use super::words::name;
use super::{Chart, chart, font, ink, legend};
use crate::checks::measures::Measure;
use crate::experiment::result::{COMPARED, Comparison, Pair, Statistic};
use crate::report::{human, sentence, view};
use crate::stats::{MIN_SEEDS, Verdict};

const CAPTION: &str = "Each row takes the same seeds under two variants and shows the median \
    difference with its 95 % interval. Only intervals that exclude zero show a \
    difference. No correction is made for looking at many of them. A dot at an edge with +∞ or \
    −∞ says that one of the two is never.";
/// The numbers in which the baseline is compared, as positions in [`COMPARED`].
const SHOWN: [usize; 10] = [0, 1, 3, 4, 6, 7, 8, 9, 12, 13];

/// The heights of the key, of a panel's title, of a row and of the space below a panel.
const KEY: i32 = 26 * PX;
const TITLE: i32 = 24 * PX;
const ROW: i32 = 20 * PX;
const SPACE: i32 = 22 * PX;
/// The most room for names, and the most where two panels stand beside each other.
const NAMES: (i32, i32) = (420 * PX, 190 * PX);
/// The room for numbers.
const NUMBERS: i32 = 110 * PX;

/// The pairs of one number.
struct Panel {
    title: String,
    pairs: Vec<Pair>,
    /// The names of their variants.
    names: Vec<String>,
}

/// The chart: a panel for each number in which any variant can be compared with the first one;
/// `None` if there is none, or if there are too few seeds.
pub fn differences(comparison: &Comparison) -> Option<Chart<'_>> {
    let baseline = &*comparison.variants.first()?.name;
    let panels = panels(comparison, baseline);
    if comparison.seeds.len() < MIN_SEEDS || panels.is_empty() {
        return None;
    }
    let subtitle = format!(
        "Difference to {baseline}, seed by seed: median and 95 % interval. Grey: no difference \
         shown.{}",
        view::unsettled(comparison)
    );
    let style = font::small(ink::TEXT);
    let names = comparison.variants.iter().map(|it| font::width(&name(it), &style));
    let names = names.max().unwrap_or(0).min(NAMES.0);
    let columns = if names <= NAMES.1 { 2 } else { 1 };
    let height = KEY + panels.chunks(columns).map(height).sum::<i32>();
    let title = title(comparison, baseline);
    Some(chart("differences", CAPTION, title, &subtitle, height / PX, move |area| {
        let (top, mut rest) = area.split_vertically(KEY);
        let key = [(ink::GOOD, "better"), (ink::BAD, "worse"), (ink::QUIET, "no difference shown")];
        legend::key(&top, &key)?;
        for row in panels.chunks(columns) {
            let (this, below) = rest.split_vertically(self::height(row) - SPACE);
            for (panel, area) in row.iter().zip(this.split_evenly((1, columns))) {
                panel.draw(&area, names)?;
            }
            rest = below.margin(SPACE, 0, 0, 0);
        }
        Ok(())
    }))
}

fn title(comparison: &Comparison, baseline: &str) -> String {
    let involved = |pair: &&Pair| pair.baseline == baseline || pair.variant == baseline;
    let pairs = comparison.pairs.iter().filter(involved);
    let shown = pairs.clone().filter(|pair| pair.verdict != Verdict::NoDifferenceShown).count();
    format!("{shown} of {} differences to {baseline} are shown", pairs.count())
}

fn panels(comparison: &Comparison, baseline: &str) -> Vec<Panel> {
    let of = |(measure, of): (&'static Measure, Statistic)| {
        let key = measure.into();
        let others = comparison.variants.iter().filter(|variant| variant.name != baseline);
        let pairs =
            others.filter_map(|v| Some((comparison.pair(&key, of, &v.name, baseline)?, name(v))));
        let (pairs, names) = pairs.unzip();
        Panel { title: sentence::title(&key, of), pairs, names }
    };
    SHOWN.into_iter().map(|at| of(COMPARED[at])).filter(|panel| !panel.pairs.is_empty()).collect()
}

/// The height of panels beside each other.
fn height(row: &[Panel]) -> i32 {
    let most = row.iter().map(|panel| panel.pairs.len()).max().unwrap_or(0);
    TITLE + most as i32 * ROW + SPACE
}

impl Panel {
    fn draw(&self, area: &Area, names: i32) -> Drawn {
        let style = font::small(ink::TEXT);
        let fitted = self.names.iter().map(|name| font::fitted(name, &style, names));
        let rows: Vec<String> = fitted.collect();
        let (reach, bottom) = (reach(&self.pairs), rows.len() as f64);
        let (area, _) = area.split_vertically(TITLE + ROW * rows.len() as i32);
        area.draw_text(&self.title, &font::bold(), (0, 8 * PX))?;
        let mut plot = ChartBuilder::on(&area)
            .margin_top(TITLE)
            .margin_right(NUMBERS)
            .y_label_area_size(names + 12 * PX)
            .build_cartesian_2d(Axis::linear(-reach..reach, Vec::new()), Axis::rows(rows))?;
        mesh(&mut plot)
            .disable_mesh()
            .axis_style(ink::GRID.stroke_width(4))
            .y_label_style(style.clone())
            .draw()?;
        for (at, colour) in [(0.0, ink::QUIET), (reach, ink::GRID)] {
            let line = [(at, 0.0), (at, bottom)];
            plot.draw_series([PathElement::new(line, colour.stroke_width(4))])?;
        }
        for (row, pair) in self.pairs.iter().enumerate() {
            let (y, colour) = (row as f64 + 0.5, colour(pair));
            let (low, high) = pair.interval.unwrap_or((pair.difference, pair.difference));
            plot.draw_series([PathElement::new([(low, y), (high, y)], colour.stroke_width(8))])?;
            plot.draw_series([Circle::new((pair.difference, y), 16, colour.filled())])?;
            let number = match pair.verdict {
                Verdict::NoDifferenceShown => {
                    plot.draw_series([Circle::new((pair.difference, y), 8, ink::PAPER.filled())])?;
                    "not shown".into()
                }
                _ => human::difference(pair.key.measure.unit, pair.difference),
            };
            let text = Text::new(number, (12 * PX, 0), style.clone());
            plot.draw_series([EmptyElement::at((reach, y)) + text])?;
        }
        Ok(())
    }
}

fn colour(pair: &Pair) -> RGBColor {
    match pair.verdict {
        Verdict::NoDifferenceShown => ink::QUIET,
        _ if pair.is_better() => ink::GOOD,
        _ if pair.is_worse() => ink::BAD,
        _ => ink::TEXT,
    }
}

/// The length of the axis on either side of zero: a little more than the largest finite bound.
fn reach(pairs: &[Pair]) -> f64 {
    let bounds = pairs.iter().flat_map(|pair| {
        let (low, high) = pair.interval.unwrap_or((pair.difference, pair.difference));
        [low, high, pair.difference]
    });
    let most = bounds.filter(|bound| bound.is_finite()).map(f64::abs).fold(0.0, f64::max);
    if most > 0.0 { most * 1.05 } else { 1.0 }
}
