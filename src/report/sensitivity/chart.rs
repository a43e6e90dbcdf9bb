//! The tornado of a stated difference: a bar for each assumption and direction, from the difference
//! as it is to what becomes of it.

use plotters::prelude::*;

use super::{difference, heading, order, under};
use crate::experiment::result::Pair;
use crate::experiment::sensitivity::{Effect, Moved, Sensitivity};
use crate::report::chart::axis::Axis;
use crate::report::chart::sheet::{Area, Drawn, PX, mesh};
use crate::report::chart::{Chart, chart, font, ink, legend};
use crate::report::human;

const CAPTION: &str = "Each row moves one assumption, the others stay: the upper bar divides it, \
    the lower one multiplies it. Bars begin at the difference as it is. Behind them stands what \
    becomes of it: it vanishes where no difference is shown any more, and flips where the opposite \
    is shown. All comparisons use the same seeds.";
/// How many assumptions are drawn.
const MOST: usize = 12;
/// The heights of the key, of a row and of the axis.
const KEY: i32 = 28 * PX;
const ROW: i32 = 28 * PX;
const AXIS: i32 = 46 * PX;
/// The most room for names.
const NAMES: i32 = 330 * PX;

/// The chart.
pub fn tornado(found: &Sensitivity, at: usize) -> Chart<'_> {
    let stated = &found.stated[at];
    let effects: Vec<&Effect> = order(found, at).into_iter().take(MOST).collect();
    let height = (KEY + effects.len() as i32 * ROW + AXIS) / PX;
    let subtitle = format!("It is {} when nothing is moved.", difference(stated));
    let factor = found.factor;
    chart("", CAPTION, heading(stated), &subtitle, height, move |area| {
        draw(area, at, stated, &effects, factor)
    })
}

/// The differences of a row, down and up.
fn ends(effect: &Effect, at: usize) -> [Option<f64>; 2] {
    let end = |moved: &Option<Moved>| Some(moved.as_ref()?.pairs[at].as_ref()?.difference);
    [end(&effect.moved[0]), end(&effect.moved[1])]
}

/// An axis that holds zero, the difference as it is and all others.
fn axis(stated: &Pair, at: usize, effects: &[&Effect]) -> Axis {
    let ends = effects.iter().flat_map(|effect| ends(effect, at)).flatten();
    let all = ends.chain([0.0, stated.difference]).filter(|end| end.is_finite());
    let (low, high) =
        all.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let unit = stated.key.measure.unit;
    Axis::holding(low, high, |tick| match tick {
        0.0 => "0".into(),
        tick => human::difference(unit, tick),
    })
}

/// The text behind the bars of a row: `+12 ms · −3 ms, flips`.
fn label(effect: &Effect, at: usize, stated: &Pair) -> String {
    let texts = effect.moved.iter().filter(|moved| moved.is_some()).map(|moved| {
        match under(moved, at, stated) {
            [text, fate] if fate == "holds" => text,
            [text, fate] => format!("{text}, {fate}"),
        }
    });
    texts.collect::<Vec<_>>().join(" · ")
}

fn draw(area: &Area, at: usize, stated: &Pair, effects: &[&Effect], factor: f64) -> Drawn {
    let (top, below) = area.split_vertically(KEY);
    let words = [format!("divided by {factor}"), format!("multiplied by {factor}")];
    let key = [(ink::series(0), &*words[0]), (ink::series(1), &*words[1])];
    legend::key(&top, &key)?;
    let small = font::small(ink::TEXT);
    let names = effects.iter().map(|it| font::fitted(&it.assumption.name, &small, NAMES));
    let names: Vec<String> = names.collect();
    let labels: Vec<String> = effects.iter().map(|it| label(it, at, stated)).collect();
    let bottom = names.len() as f64;
    let mut plot = ChartBuilder::on(&below)
        .margin_bottom(8 * PX)
        .margin_right(font::widest(&labels, &small) + 16 * PX)
        .x_label_area_size(AXIS - 8 * PX)
        .y_label_area_size(font::widest(&names, &small) + 12 * PX)
        .build_cartesian_2d(axis(stated, at, effects), Axis::rows(names))?;
    mesh(&mut plot).disable_y_mesh().y_label_style(small.clone()).draw()?;
    let end = plot.plotting_area().get_x_range().end;
    for (row, (effect, label)) in effects.iter().zip(labels).enumerate() {
        for (way, to) in ends(effect, at).into_iter().enumerate() {
            let Some(to) = to else { continue };
            let top = row as f64 + 0.16 + 0.34 * way as f64;
            let (from, to) = (stated.difference.min(to), stated.difference.max(to));
            let bar = [(from, top), (to, top + 0.32)];
            plot.draw_series([Rectangle::new(bar, ink::series(way).filled())])?;
        }
        let text = Text::new(label, (8 * PX, 0), small.clone());
        plot.draw_series([EmptyElement::at((end, row as f64 + 0.5)) + text])?;
    }
    for (place, colour) in [(0.0, ink::QUIET), (stated.difference, ink::TEXT)] {
        let line = [(place, 0.0), (place, bottom)];
        plot.draw_series([PathElement::new(line, colour.stroke_width(4))])?;
    }
    Ok(())
}
