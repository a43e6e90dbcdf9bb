//! The distribution of a time for each variant: the share of values up to each time.
//!
//! The time axis is logarithmic. Shares are on a scale of nines, so that the tail, in which
//! patterns differ, has as much room as the bulk. Values that never occur are missing at the right:
//! a line that stops at 99.1 % has 0.9 % "never", drawn as a stop at the end of the axis and
//! labelled.

use plotters::prelude::*;

use super::axis::Axis;
use super::legend::{self, Entry, LINE, RING};
use super::line::{ring, variant};
use super::sheet::{Area, Drawn, PX, Plot, mesh};
use super::{font, ink};
use crate::report::human;
use crate::stats::Curve;

/// The lines of the chart.
pub struct Series<'a> {
    /// The distributions.
    pub curves: Vec<&'a Curve>,
    /// Their entries in the legend.
    pub entries: Vec<Entry>,
    /// The label of the end of the time axis.
    pub never: &'static str,
}

impl Series<'_> {
    /// The height of the chart in pixels of the page, with room for the legend.
    pub fn height(&self) -> i32 {
        (legend::height(&self.entries) + 20).max(440)
    }
}

/// Draws one line for each distribution that has any value; the legend names them all.
pub fn draw(area: &Area, series: &Series) -> Drawn {
    let lines = series.curves.iter().zip(&series.entries);
    let shown: Vec<_> = lines.filter(|(curve, _)| curve.n > 0).collect();
    let points = || shown.iter().flat_map(|(curve, _)| &curve.points);
    let mut times = Axis::decades(points().map(|(time, _)| *time as f64));
    if points().any(|(time, _)| *time == 0) {
        times = times.with_far(0.0, "0", 40 * PX);
    }
    let is_open = shown.iter().any(|(curve, _)| curve.never > 0);
    if is_open {
        times = times.with_far(f64::INFINITY, series.never, 54 * PX);
    }
    let n = shown.iter().map(|(curve, _)| curve.n).max().unwrap_or(1);
    let shares = Axis::nines(n).with_far(1.0, "all", 18 * PX);

    let (left, right) = area.split_horizontally(area.dim_in_pixel().0 as i32 - legend::WIDTH);
    let mut plot = ChartBuilder::on(&left)
        .margin_top(26 * PX)
        .margin_right(if is_open { 76 * PX } else { 34 * PX })
        .x_label_area_size(46 * PX)
        .y_label_area_size(58 * PX)
        .build_cartesian_2d(times, shares)?;
    mesh(&mut plot).draw()?;
    for (curve, entry) in &shown {
        variant(plot.plotting_area(), entry.series, LINE, steps(curve))?;
    }
    for (curve, entry) in shown.iter().filter(|(_, entry)| entry.ringed) {
        for share in [0.25, 0.5, 0.75, 0.9, 0.97, 0.99] {
            if let Some((time, share)) = curve.shares().find(|point| point.1 >= share) {
                let at = (time as f64, share);
                ring(plot.plotting_area(), at, RING, ink::series(entry.series))?;
            }
        }
    }
    ends(&mut plot, &shown)?;
    legend::draw(&right.margin(20 * PX, 0, 0, 0), &series.entries)
}

/// The distribution as a line that rises at each value.
fn steps(curve: &Curve) -> Vec<(f64, f64)> {
    let mut below = 0.0;
    let mut points = Vec::new();
    for (time, share) in curve.shares() {
        points.extend([(time as f64, below), (time as f64, share)]);
        below = share;
    }
    if curve.never > 0 {
        points.push((f64::INFINITY, below));
    }
    points
}

/// Draws the end of each line that does not reach all: a stop, and the missing share beside it.
fn ends(plot: &mut Plot, shown: &[(&&Curve, &Entry)]) -> Drawn {
    let open: Vec<_> = shown.iter().filter(|(curve, _)| curve.never > 0).collect();
    let end = |curve: &Curve| (f64::INFINITY, 1.0 - curve.never_share());
    let area = plot.plotting_area();
    let heights = open.iter().map(|(curve, _)| area.map_coordinate(&end(curve)).1);
    let heights: Vec<i32> = heights.collect();
    let within = area.get_pixel_range().1;
    let labels = legend::spread(&heights, 15 * PX, (within.start, within.end));
    let moved = labels.into_iter().zip(heights).map(|(label, height)| label - height);
    plot.draw_series(open.into_iter().zip(moved).map(|((curve, entry), moved)| {
        let colour = ink::series(entry.series);
        let missing = human::share(curve.never_share());
        EmptyElement::at(end(curve))
            + PathElement::new([(0, 0), (14 * PX, moved)], colour.stroke_width(5))
            + Circle::new((0, 0), 14, colour.filled())
            + Text::new(missing, (18 * PX, moved), font::small(ink::TEXT))
    }))?;
    Ok(())
}
