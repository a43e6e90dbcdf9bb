//! The chart of lag and partial operations over time, with the faults and the end of the load.

use plotters::prelude::*;

use super::axis::Axis;
use super::legend::{self, Entry};
use super::line::{dashed, variant};
use super::sheet::{Area, Drawn, PX, Plot, mesh};
use super::words::{name, subtitle};
use super::{Chart, chart, font, ink};
use crate::experiment::result::{Comparison, Phase, SeriesPoint, VariantResult};
use crate::report::human;

const CAPTION: &str = "Shaded: a fault, named above where there is room. The upper panel shows \
    when an operation had to arrive to be inconsistent for long; a line on the topmost rule means \
    never. The lower panel shows how many operations are partly visible at that time, on an axis \
    that starts at zero and grows by factors of ten.";
const SUBTITLE: &str = "Above: median lag of the operations that arrived then. Below: operations \
    partly visible at that time. All seeds.";
const HEIGHT: i32 = 552;
/// The width of the lines.
const LINE: u32 = 7;

/// The chart.
pub fn timeline(comparison: &Comparison) -> Chart<'_> {
    let numbered = comparison.variants.iter().enumerate();
    let entries: Vec<Entry> = numbered.map(|(series, variant)| entry(series, variant)).collect();
    let height = HEIGHT.max(legend::height(&entries) + 66);
    chart(
        "timeline",
        CAPTION,
        title(comparison),
        &subtitle(comparison, SUBTITLE),
        height,
        move |area| draw(area, comparison, &entries),
    )
}

fn title(comparison: &Comparison) -> String {
    let peak = |variant: &VariantResult| {
        let points = variant.series.points.iter().enumerate();
        let (at, point) = points.max_by(|(_, a), (_, b)| a.partial.total_cmp(&b.partial))?;
        Some((point.partial, at as u64 * variant.series.step, name(variant)))
    };
    let peaks = comparison.variants.iter().filter_map(peak);
    match peaks.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((partial, at, name)) if partial > 0.0 => format!(
            "Partial operations peak at {} after {} ({name})",
            human::number(partial),
            human::nanos(at as f64)
        ),
        _ => "No operation was ever partly visible".into(),
    }
}

fn draw(area: &Area, comparison: &Comparison, entries: &[Entry]) -> Drawn {
    let (width, height) = area.dim_in_pixel();
    let (left, right) = area.split_horizontally(width as i32 - legend::WIDTH);
    let (upper, lower) = left.split_vertically(height as i32 / 2);
    let points = || comparison.variants.iter().flat_map(|variant| &variant.series.points);
    let mut lags = Axis::decades(points().filter_map(lag));
    if points().filter_map(lag).any(f64::is_infinite) {
        lags = lags.with_far(f64::INFINITY, "never", 20 * PX);
    }
    let mut plot = panel(&upper.margin(26 * PX, 0, 0, 24 * PX), comparison, "lag", "", lags, lag)?;
    names(&mut plot, comparison)?;
    let most = points().map(|point| point.partial).fold(0.0, f64::max);
    let (title, below) = ("partial operations", "simulated time since the start of the run");
    let lower = lower.margin(0, 0, 0, 24 * PX);
    panel(&lower, comparison, title, below, Axis::counts(most), |point| Some(point.partial))?;
    legend::draw(&right.margin(66 * PX, 0, 0, 0), entries)
}

fn entry(series: usize, variant: &VariantResult) -> Entry {
    let most = variant.series.points.iter().map(|point| point.partial).fold(0.0, f64::max);
    let notes = vec![format!("at most {} partial", human::number(most))];
    Entry { series, name: name(variant), notes, ringed: false }
}

/// The median lag of the operations that arrived in a step, if there are any.
fn lag(point: &SeriesPoint) -> Option<f64> {
    point.lag.map(|lag| lag.finite().map_or(f64::INFINITY, |lag| lag.max(1) as f64))
}

/// The last instant for which anything was recorded.
fn end(comparison: &Comparison) -> f64 {
    let ends = comparison.variants.iter().map(|v| v.series.step * v.series.points.len() as u64);
    ends.max().unwrap_or(0).max(1_000_000_000) as f64
}

/// Draws a value of every variant over time, below a title and above a description. A step without
/// a value interrupts the line.
fn panel<'a>(
    area: &Area<'a>,
    comparison: &Comparison,
    title: &str,
    below: &str,
    values: Axis,
    value: fn(&SeriesPoint) -> Option<f64>,
) -> Drawn<Plot<'a>> {
    area.draw_text(title, &font::bold(), (0, 18 * PX))?;
    let end = end(comparison);
    let mut plot = ChartBuilder::on(area)
        .margin_top(36 * PX)
        .x_label_area_size(if below.is_empty() { 26 } else { 40 } * PX)
        .y_label_area_size(56 * PX)
        .build_cartesian_2d(Axis::time(end), values)?;
    plot.draw_series(comparison.faults.iter().map(|fault| {
        // Even the shortest fault is wide enough to be seen.
        let (from, to) =
            (fault.from as f64, (fault.to as f64).max(fault.from as f64 + end / 450.0));
        Rectangle::new([(from, 0.0), (to, f64::INFINITY)], ink::SHADE.filled())
    }))?;
    mesh(&mut plot).disable_x_mesh().x_desc(below).draw()?;
    let load = comparison.phase_end(Phase::Load).map(|load| load as f64);
    if let Some(load) = load.filter(|load| *load < end) {
        let line = [(load, 0.0), (load, f64::INFINITY)];
        dashed(plot.plotting_area(), line, ink::QUIET.stroke_width(5), &[16.0, 12.0])?;
        if below.is_empty() {
            let text = Text::new("end of load", (6 * PX, -12 * PX), font::small(ink::QUIET));
            plot.draw_series([EmptyElement::at((load, 0.0)) + text])?;
        }
    }
    for (at, of) in comparison.variants.iter().enumerate() {
        let middle = |index: usize| (index as f64 + 0.5) * of.series.step as f64;
        let points = of.series.points.iter().enumerate();
        let points: Vec<_> = points.map(|(at, point)| (middle(at), value(point))).collect();
        for run in points.split(|(_, value)| value.is_none()) {
            let run = run.iter().filter_map(|(time, value)| Some((*time, (*value)?)));
            variant(plot.plotting_area(), at, LINE, run)?;
        }
    }
    Ok(plot)
}

/// Writes the names of faults above their bands, on two rows if names would touch.
fn names(plot: &mut Plot, comparison: &Comparison) -> Drawn {
    let style = font::small(ink::TEXT);
    let (across, _) = plot.plotting_area().get_pixel_range();
    let mut ends = [i32::MIN; 2];
    for fault in &comparison.faults {
        let name = format!("{} {}", fault.name, fault.target);
        let width = font::width(&name, &style);
        let middle = f64::midpoint(fault.from as f64, fault.to as f64);
        let (middle, _) = plot.plotting_area().map_coordinate(&(middle, f64::INFINITY));
        let start = (middle - width / 2).min(across.end - width).max(across.start);
        let Some(row) = ends.iter().position(|end| start > *end) else { continue };
        ends[row] = start + width + 6 * PX;
        let place = (start - across.start, -(10 + 15 * row as i32) * PX);
        let text = Text::new(name, place, style.clone());
        plot.draw_series([EmptyElement::at((0.0, f64::INFINITY)) + text])?;
    }
    Ok(())
}
