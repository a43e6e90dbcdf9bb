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

const BY_VARIANT: &str = "One field for each variant, on the same scale: the darker, the greater. \
    A cell is one point, with the estimate over its seeds; all points and variants use the same \
    random numbers.";
const OF_VARIANTS: &str = "One row for each variant: the darker, the greater. A cell is one \
    point, with the estimate over its seeds; all points and variants use the same random numbers.";
/// The heights of a title, of a row of cells and of an axis.
const TITLE: i32 = 38 * PX;
const ROW: i32 = 30 * PX;
const AXIS: i32 = 52 * PX;
/// The darkest cell still lets a reader read its number.
const DARKEST: f64 = 0.75;

/// A field of cells.
struct Field<'a> {
    title: &'a str,
    rows: Vec<String>,
    columns: Vec<String>,
    /// The value that the columns are of.
    across: &'a str,
    /// The estimates, row by row.
    cells: Vec<Vec<Option<f64>>>,
}

/// The chart.
pub fn heat<'a>(swept: &'a Swept, figure: &'a Figure) -> Chart<'a> {
    let fields = fields(swept, figure);
    let (caption, subtitle) = match &swept.axes[..] {
        [down, across] => {
            (BY_VARIANT, format!("Down: {}, across: {}; {}.", down.key, across.key, how(figure)))
        }
        [across, ..] => (OF_VARIANTS, format!("Across: {}; {}.", across.key, how(figure))),
        [] => (OF_VARIANTS, String::new()),
    };
    let all = fields.iter().map(height).sum::<i32>() / PX;
    chart("", caption, heading(figure), &subtitle, all.max(1), move |area| {
        let range = range(swept, figure);
        let mut rest = area.clone();
        for field in &fields {
            let (top, below) = rest.split_vertically(height(field));
            field.draw(&top, figure, range)?;
            rest = below;
        }
        Ok(())
    })
}

/// The height of a field.
fn height(field: &Field<'_>) -> i32 {
    TITLE + field.rows.len() as i32 * ROW + AXIS
}

/// The fields: one for each variant over two axes, one with a row for each variant over one.
fn fields<'a>(swept: &'a Swept, figure: &Figure) -> Vec<Field<'a>> {
    let value = |variant: usize, at: &[usize]| {
        Some(figure.estimate(swept.point(at)?.variants.get(variant)?)?.value)
    };
    let names = swept.variants();
    match &swept.axes[..] {
        [down, across] => {
            let field = |(variant, name): (usize, &&'a str)| {
                let row = |y| {
                    let cells = (0..across.values.len()).map(|x| value(variant, &[y, x]));
                    cells.collect()
                };
                Field {
                    title: name,
                    rows: labels(down),
                    columns: labels(across),
                    across: &across.key,
                    cells: (0..down.values.len()).map(row).collect(),
                }
            };
            names.iter().enumerate().map(field).collect()
        }
        [across] => {
            let row = |variant| {
                let cells = (0..across.values.len()).map(|x| value(variant, &[x]));
                cells.collect()
            };
            vec![Field {
                title: "",
                rows: names.iter().map(|name| (*name).to_owned()).collect(),
                columns: labels(across),
                across: &across.key,
                cells: (0..names.len()).map(row).collect(),
            }]
        }
        _ => Vec::new(),
    }
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

impl Field<'_> {
    fn draw(&self, area: &Area, figure: &Figure, range: (f64, f64)) -> Drawn {
        area.draw_text(self.title, &font::bold(), (0, 18 * PX))?;
        let small = font::small(ink::TEXT);
        let count = self.columns.len();
        let places = (0..count).map(|at| at as f64 + 0.5);
        let ticks = places.zip(self.columns.iter().cloned());
        let ticks = ticks.step_by(count.div_ceil(12).max(1)).collect();
        let mut plot = ChartBuilder::on(area)
            .margin_top(TITLE)
            .margin_bottom(8 * PX)
            .margin_right(16 * PX)
            .x_label_area_size(AXIS - 6 * PX)
            .y_label_area_size(font::widest(&self.rows, &small) + 12 * PX)
            .build_cartesian_2d(
                axis::Axis::linear(0.0..count.max(1) as f64, ticks),
                axis::Axis::rows(self.rows.iter().cloned()),
            )?;
        mesh(&mut plot).disable_mesh().x_desc(self.across).draw()?;
        let room = plot.plotting_area().dim_in_pixel().0 as i32 / count.max(1) as i32 - 6 * PX;
        let cells = self.cells.iter().enumerate().flat_map(|(y, row)| {
            row.iter().enumerate().filter_map(move |(x, cell)| Some((x, y, (*cell)?)))
        });
        for (x, y, value) in cells {
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
}
