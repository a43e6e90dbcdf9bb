//! The chart of a figure over one swept value: a line for each variant, with its interval as a
//! band.

use plotters::prelude::*;

use crate::experiment::crossing::Crossing;
use crate::experiment::result::{Estimate, Figure};
use crate::experiment::sweep::Swept;
use crate::report::chart::legend::{self, Entry, LINE};
use crate::report::chart::line::variant;
use crate::report::chart::sheet::{Area, Drawn, PX, mesh};
use crate::report::chart::{Chart, axis, chart, ink};
use crate::report::human;
use crate::scenario::sweep::{Axis, Scale, number};

const CAPTION: &str = "One line for each variant; the band around it is the 95 % interval over \
    seeds. All points and variants use the same random numbers. Where bands overlap, the paired \
    differences below may still tell variants apart.";
const HEIGHT: i32 = 400;
/// The opacity of a band.
const BAND: f64 = 0.2;

/// A mark of a variant: the place of a point on the axis, and the estimate there.
type Mark = (f64, Estimate<f64>);

/// The chart of a figure over one swept value.
pub fn lines<'a>(swept: &'a Swept, figure: &'a Figure) -> Chart<'a> {
    let entries: Vec<Entry> = swept.variants().iter().enumerate().map(entry).collect();
    let subtitle = swept
        .axes
        .first()
        .map_or(String::new(), |axis| format!("Over {}; {}.", axis.key, how(figure)));
    let height = HEIGHT.max(legend::height(&entries) + 40);
    chart("", CAPTION, title(swept, figure), &subtitle, height, move |area| {
        draw(area, swept, figure, &entries)
    })
}

/// The way in which a figure is estimated over seeds.
pub fn how(figure: &Figure) -> &'static str {
    if figure.key.measure.is_many() { "the median over seeds" } else { "the mean over seeds" }
}

fn entry((series, name): (usize, &&str)) -> Entry {
    Entry { series, name: (*name).to_owned(), notes: Vec::new(), ringed: false }
}

/// The title: the figure, and its first and last value in each variant.
fn title(swept: &Swept, figure: &Figure) -> String {
    let said = swept.variants().into_iter().enumerate().filter_map(|(at, name)| {
        let marks = marks(swept, figure, at);
        let text = |mark: &Mark| human::value(figure.unit(), mark.1.value);
        let (first, last) = (text(marks.first()?), text(marks.last()?));
        Some(if first == last {
            format!("{name} {first}")
        } else {
            format!("{name} {first} to {last}")
        })
    });
    let said: Vec<String> = said.take(3).collect();
    let title = heading(figure);
    if said.is_empty() { title } else { format!("{title}: {}", said.join(", ")) }
}

/// The name of a figure at the beginning of a title.
pub fn heading(figure: &Figure) -> String {
    let mut title = figure.title();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// The estimates of a variant, by their place on the axis.
fn marks(swept: &Swept, figure: &Figure, variant: usize) -> Vec<Mark> {
    let marks = swept.points.iter().filter_map(|point| {
        let (axis, at) = (swept.axes.first()?, *point.at.first()?);
        let estimate = figure.estimate(point.comparison.variants.get(variant)?)?;
        Some((place(axis, at), estimate))
    });
    marks.collect()
}

/// The position of a value on the axis: its number or, if the values are no numbers, its position
/// among them.
fn place(axis: &Axis, at: usize) -> f64 {
    let value = number(&axis.values[at]).filter(|_| axis.scale != Scale::Names);
    value.unwrap_or(at as f64 + 0.5)
}

/// The positions of the values whose labels stand apart on the axis: the first, and each that is at
/// least a tenth of the axis behind the one before it. A search looks at values that are close to
/// each other.
fn labelled(axis: &Axis, places: &[f64]) -> Vec<usize> {
    let on_axis = |place: f64| match axis.scale {
        Scale::Logarithmic => libm::log10(place),
        _ => place,
    };
    let distance = |one: usize, other: usize| (on_axis(places[one]) - on_axis(places[other])).abs();
    let Some(last) = places.len().checked_sub(1) else { return Vec::new() };
    let apart = 0.999 * distance(0, last) / 10.0;
    let mut kept: Vec<usize> = Vec::new();
    for at in 0..places.len() {
        if kept.last().is_none_or(|before| distance(at, *before) >= apart) {
            kept.push(at);
        }
    }
    kept
}

/// The axis of the swept value, with ticks at values that are far enough from each other.
fn swept_axis(axis: &Axis) -> axis::Axis {
    let places: Vec<f64> = (0..axis.values.len()).map(|at| place(axis, at)).collect();
    let labels = super::labels(axis);
    let ticks = labelled(axis, &places).into_iter().map(|at| (places[at], labels[at].clone()));
    let ticks = ticks.collect();
    let low = places.iter().copied().fold(f64::INFINITY, f64::min);
    let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = match axis.scale {
        Scale::Names => 0.0..axis.values.len().max(1) as f64,
        _ if low < high => low..high,
        _ => low - 1.0..low + 1.0,
    };
    match axis.scale {
        Scale::Logarithmic => axis::Axis::ratios(range, ticks),
        _ => axis::Axis::linear(range, ticks),
    }
}

/// The axis of the figure, which contains the ends of all intervals.
fn value_axis(figure: &Figure, marks: &[Vec<Mark>]) -> axis::Axis {
    let ends = marks.iter().flatten().flat_map(|(_, estimate)| {
        let (low, high) = estimate.interval.unwrap_or((estimate.value, estimate.value));
        [low, estimate.value, high]
    });
    let ends: Vec<f64> = ends.collect();
    let finite = || ends.iter().copied().filter(|end| end.is_finite());
    let least = finite().filter(|end| *end > 0.0).fold(f64::INFINITY, f64::min);
    let most = finite().fold(0.0, f64::max);
    let unit = figure.unit();
    let is_wide = unit == crate::checks::measures::Unit::Nanoseconds && most > 20.0 * least;
    let mut found = match is_wide {
        true => axis::Axis::decades(finite()),
        false => axis::Axis::from_zero(most, move |value| human::value(unit, value)),
    };
    if is_wide && ends.contains(&0.0) {
        found = found.with_far(0.0, "0", 20 * PX);
    }
    if ends.iter().any(|end| end.is_infinite()) {
        found = found.with_far(f64::INFINITY, "never", 20 * PX);
    }
    found
}

/// The stretches of the axis in which crossings of the figure lie, by their intervals.
fn shades(swept: &Swept, figure: &Figure) -> Vec<(f64, f64)> {
    let of_figure = swept.searches.iter().filter(|it| it.sought.figure == *figure);
    let crossings = of_figure.flat_map(|searched| &searched.found.crossings);
    let end = |value: &Option<toml::Value>, open: f64| value.as_ref().map_or(Some(open), number);
    let shade = |crossing: &Crossing| {
        Some((end(&crossing.from, f64::NEG_INFINITY)?, end(&crossing.to, f64::INFINITY)?))
    };
    crossings.filter_map(shade).collect()
}

fn draw(area: &Area, swept: &Swept, figure: &Figure, entries: &[Entry]) -> Drawn {
    let Some(over) = swept.axes.first() else { return Ok(()) };
    let marks: Vec<Vec<Mark>> =
        (0..entries.len()).map(|variant| marks(swept, figure, variant)).collect();
    let (left, right) = area.split_horizontally(area.dim_in_pixel().0 as i32 - legend::WIDTH);
    let mut plot = ChartBuilder::on(&left)
        .margin_top(16 * PX)
        .margin_bottom(8 * PX)
        .margin_right(34 * PX)
        .x_label_area_size(46 * PX)
        .y_label_area_size(68 * PX)
        .build_cartesian_2d(swept_axis(over), value_axis(figure, &marks))?;
    let shades = shades(swept, figure).into_iter();
    plot.draw_series(shades.map(|(from, to)| {
        Rectangle::new([(from, 0.0), (to, f64::INFINITY)], ink::SHADE.filled())
    }))?;
    mesh(&mut plot).x_desc(over.key.as_str()).draw()?;
    for (at, marks) in marks.iter().enumerate() {
        let bands = marks.iter().filter_map(|(x, estimate)| Some((*x, estimate.interval?)));
        let bands: Vec<(f64, (f64, f64))> = bands.collect();
        let lower = bands.iter().map(|(x, (low, _))| (*x, *low));
        let upper = bands.iter().rev().map(|(x, (_, high))| (*x, *high));
        let outline: Vec<(f64, f64)> = lower.chain(upper).collect();
        if bands.len() > 1 {
            plot.draw_series([Polygon::new(outline, ink::series(at).mix(BAND))])?;
        }
    }
    for (at, marks) in marks.iter().enumerate() {
        let points = || marks.iter().map(|(x, estimate)| (*x, estimate.value));
        variant(plot.plotting_area(), at, LINE, points())?;
        plot.draw_series(
            points().map(|at_point| Circle::new(at_point, 12, ink::series(at).filled())),
        )?;
    }
    legend::draw(&right.margin(20 * PX, 0, 0, 0), entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_values_that_are_close_to_each_other_do_not_lie_upon_each_other() {
        let searched = [20, 40, 80, 113, 123, 128, 129, 130, 160, 320];
        let axis = Axis::new("load.all.poisson", searched.map(toml::Value::Integer).to_vec());
        let places: Vec<f64> = (0..axis.values.len()).map(|at| place(&axis, at)).collect();
        let kept: Vec<f64> = labelled(&axis, &places).into_iter().map(|at| places[at]).collect();
        assert_eq!(kept, [20.0, 40.0, 80.0, 113.0, 160.0, 320.0]);
        let even = Axis::new("retry.attempts", (10..=20).map(toml::Value::Integer).collect());
        let places: Vec<f64> = (0..11).map(|at| place(&even, at)).collect();
        assert_eq!(labelled(&even, &places).len(), 11, "all have room");
        assert_eq!(labelled(&even, &[]), [0; 0]);
    }
}
