//! The chart of a figure over two swept values, or over variants and a value that is no number,
//! such as the kind of a fault: fields of cells, the darker the greater, with the number in each.

use plotters::prelude::*;

use super::chart::{heading, how};
use super::labels;
use crate::experiment::result::Figure;
use crate::experiment::sweep::Swept;
use crate::report::chart::sheet::{Area, Drawn, PX, mesh};
use crate::report::chart::{Chart, axis, chart, font, ink};
use crate::report::human;

const CAPTION: &str = "One field for each variant, on the same scale: the darker, the greater. A \
    cell is one point, with the estimate over its seeds; all points and variants use the same \
    random numbers.";
/// The heights of a title, of a row of cells and of an axis.
const TITLE: i32 = 38 * PX;
const ROW: i32 = 30 * PX;
const AXIS: i32 = 52 * PX;
/// The darkest cell still lets a reader read its number.
const DARKEST: f64 = 0.75;

/// The chart.
pub fn heat<'a>(swept: &'a Swept, figure: &'a Figure) -> Chart<'a> {
    let [down, across] = &swept.axes[..] else {
        return chart("", CAPTION, String::new(), "", 1, |_| Ok(()));
    };
    let subtitle = format!("Down: {}, across: {}; {}.", down.key, across.key, how(figure));
    let field = TITLE + down.values.len() as i32 * ROW + AXIS;
    let height = field * swept.variants().len() as i32 / PX;
    chart("", CAPTION, heading(figure), &subtitle, height, move |area| {
        let mut rest = area.clone();
        for (at, name) in swept.variants().iter().enumerate() {
            let (top, below) = rest.split_vertically(field);
            draw(&top, swept, figure, at, name)?;
            rest = below;
        }
        Ok(())
    })
}

/// The value of a variant at a point of two axes, if it was finished and has one.
fn value(swept: &Swept, figure: &Figure, variant: usize, at: [usize; 2]) -> Option<f64> {
    let estimate = figure.estimate(swept.point(&at)?.variants.get(variant)?)?;
    Some(estimate.value)
}

/// The least and the greatest finite value of all fields; zero is apart from the others.
fn range(swept: &Swept, figure: &Figure) -> (f64, f64) {
    let variants = swept.points.iter().flat_map(|point| &point.comparison.variants);
    let values = variants.filter_map(|variant| figure.estimate(variant)).map(|it| it.value);
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    values.fold((f64::INFINITY, 0.0), |(low, high), at| (low.min(at), high.max(at)))
}

/// How dark a value is: by ratio where values are far apart, else by difference.
fn darkness(value: f64, (low, high): (f64, f64)) -> f64 {
    let share = match value {
        never if never.is_infinite() => 1.0,
        nothing if nothing <= 0.0 => 0.0,
        _ if low >= high => 0.5,
        some if high > 20.0 * low => libm::log10(some / low) / libm::log10(high / low),
        some => (some - low) / (high - low),
    };
    0.04 + (DARKEST - 0.04) * share
}

fn draw(area: &Area, swept: &Swept, figure: &Figure, variant: usize, name: &str) -> Drawn {
    let [down, across] = &swept.axes[..] else { return Ok(()) };
    area.draw_text(name, &font::bold(), (0, 18 * PX))?;
    let (rows, columns) = (labels(down), labels(across));
    let small = font::small(ink::TEXT);
    let count = columns.len();
    let width = count.max(1) as f64;
    let ticks =
        (0..count).map(|at| at as f64 + 0.5).zip(columns).step_by(count.div_ceil(12).max(1));
    let mut plot = ChartBuilder::on(area)
        .margin_top(TITLE)
        .margin_bottom(8 * PX)
        .margin_right(16 * PX)
        .x_label_area_size(AXIS - 6 * PX)
        .y_label_area_size(font::widest(&rows, &small) + 12 * PX)
        .build_cartesian_2d(
            axis::Axis::linear(0.0..width, ticks.collect()),
            axis::Axis::rows(rows),
        )?;
    mesh(&mut plot).disable_mesh().x_desc(across.key.as_str()).draw()?;
    let range = range(swept, figure);
    let room = (plot.plotting_area().dim_in_pixel().0 as i32) / count.max(1) as i32 - 6 * PX;
    for (y, x) in (0..down.values.len()).flat_map(|y| (0..count).map(move |x| (y, x))) {
        let Some(value) = value(swept, figure, variant, [y, x]) else { continue };
        let (left, top) = (x as f64, y as f64);
        let colour = ink::series(0).mix(darkness(value, range));
        plot.draw_series([Rectangle::new(
            [(left, top), (left + 1.0, top + 1.0)],
            colour.filled(),
        )])?;
        let text = human::value(figure.unit(), value);
        let wide = font::width(&text, &small);
        if wide <= room {
            let text = Text::new(text, (-wide / 2, 0), small.clone());
            plot.draw_series([EmptyElement::at((left + 0.5, top + 0.5)) + text])?;
        }
    }
    Ok(())
}
