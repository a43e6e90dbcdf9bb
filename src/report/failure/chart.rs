//! The chart of the probability of a failure: a row for each moment, in the order of time.

use plotters::prelude::*;

use super::{at, share};
use crate::report::chart::axis::Axis;
use crate::report::chart::picture::{MARGIN, Picture};
use crate::report::chart::sheet::{Area, Drawn, PX, mesh};
use crate::report::chart::{WIDTH, font, ink};
use crate::search::explanation::Explanation;
use crate::search::explanation::curve::Curve;

/// The height of a row in pixels of the page.
const ROW: i32 = 21;
/// The height of the axis above the rows, and of its description below them.
const AXIS: (i32, i32) = (34, 40);
/// The horizontal position at which times end and words begin, and the width of both with the space
/// after them.
const WORDS: i32 = 102 * PX;
const LEFT: i32 = 540 * PX;
/// The space for the numbers.
const RIGHT: i32 = 140 * PX;

/// Draws the curve of an explanation.
pub fn picture<'a>(explanation: &'a Explanation, curve: &'a Curve) -> Picture<'a> {
    let runs = curve.runs;
    let subtitle = format!(
        "Continuations that violate the property, of {runs} from each moment; later is lower."
    );
    let height = AXIS.0 + ROW * curve.moments.len() as i32 + AXIS.1;
    let title = "How likely the violation is from each moment on";
    Picture::new(title, &subtitle, (WIDTH, height), move |area| {
        draw(&area.margin(0, 0, MARGIN, MARGIN), explanation, curve)
    })
}

fn draw(area: &Area, explanation: &Explanation, curve: &Curve) -> Drawn {
    let y = |row: usize| AXIS.0 * PX + ROW * PX * row as i32;
    if let Some(jump) = &curve.jump {
        let band = [(0, y(jump.after)), (WIDTH * PX, y(jump.after + 1))];
        area.draw(&Rectangle::new(band, ink::SHADE.filled()))?;
    }
    let ticks = (0..=4_u32).map(|part| f64::from(part) * 0.25);
    let ticks = ticks.map(|share| (share, format!("{} %", share * 100.0))).collect();
    let mut plot = ChartBuilder::on(area)
        .margin_left(LEFT)
        .margin_right(RIGHT)
        .margin_bottom(AXIS.1 * PX)
        .top_x_label_area_size(AXIS.0 * PX)
        .build_cartesian_2d(
            Axis::linear(0.0..1.0, ticks),
            Axis::rows(curve.moments.iter().map(|_| String::new())),
        )?;
    mesh(&mut plot).disable_y_mesh().draw()?;
    let steps = curve.moments.iter().enumerate().flat_map(|(row, moment)| {
        let (share, y) = (moment.share.value, row as f64);
        [(share, y), (share, y + 1.0)]
    });
    plot.draw_series([PathElement::new(steps.collect::<Vec<_>>(), ink::BAD.stroke_width(6))])?;
    let (quiet, label) = (font::small(ink::QUIET), font::small(ink::TEXT));
    for (row, moment) in curve.moments.iter().enumerate() {
        let middle = y(row) + ROW * PX / 2;
        let time = at(explanation, moment.at);
        area.draw_text(&time, &quiet.pos(font::RIGHT), (WORDS - 12 * PX, middle))?;
        let what = font::fitted(&moment.what, &label, LEFT - WORDS - 12 * PX);
        let colour = if moment.fault.is_some() { ink::BAD } else { ink::TEXT };
        area.draw_text(&what, &label.color(&colour), (WORDS, middle))?;
        let (share_of, y) = (moment.share, row as f64 + 0.5);
        let whisker = [(share_of.low, y), (share_of.high, y)];
        plot.draw_series([PathElement::new(whisker, ink::QUIET.stroke_width(5))])?;
        plot.draw_series([Circle::new((share_of.value, y), 14, ink::BAD.filled())])?;
        let text = Text::new(share(curve, moment), (16 * PX, 0), quiet.clone());
        plot.draw_series([EmptyElement::at((1.0, y)) + text])?;
    }
    let below = "share of continuations that violate the property, with its 95 % interval";
    let start = WIDTH * PX - 2 * MARGIN;
    area.draw_text(below, &quiet.pos(font::RIGHT), (start, y(curve.moments.len()) + 20 * PX))
}
