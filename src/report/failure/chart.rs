//! The chart of how inevitable a failure was: a row for each moment, in the direction of time.

use super::{at, share};
use crate::report::chart::frame::{self, MARGIN, TOP, WIDTH};
use crate::report::chart::picture::{Align, Ink, Picture, SMALL};
use crate::search::explanation::Explanation;
use crate::search::explanation::curve::Curve;

/// Where the times end and the words begin.
const WORDS: f64 = 122.0;
/// The axis, from none to all.
const AXIS: (f64, f64) = (560.0, 800.0);
/// Height of a row.
const ROW: f64 = 21.0;

/// Draws the curve of an explanation.
pub fn draw(explanation: &Explanation, curve: &Curve) -> Picture {
    let height = TOP + 26.0 + ROW * curve.moments.len() as f64 + 34.0;
    let title = "How likely the violation is from each moment on";
    let runs = curve.runs;
    let subtitle = format!(
        "Continuations that violate the property, of {runs} from each moment; later is lower."
    );
    let mut picture = frame::titled(height, title, &subtitle);
    let x = |share: f64| AXIS.0 + (AXIS.1 - AXIS.0) * share;
    let y = |row: usize| TOP + 30.0 + ROW * row as f64;
    let bottom = y(curve.moments.len()) - ROW / 2.0;
    for part in 0..=4_u32 {
        let at = x(f64::from(part) / 4.0);
        picture.line(vec![(at, TOP + 12.0), (at, bottom)], Ink::Grid, 1.0, &[]);
        let text = format!("{} %", part * 25);
        picture.small((at, TOP + 4.0), text, Ink::Quiet, Align::Middle);
    }
    if let Some(jump) = &curve.jump {
        let (from, to) = (y(jump.after) - ROW / 2.0, y(jump.after) + ROW / 2.0);
        picture.rect((MARGIN, from), (WIDTH - MARGIN, to), Ink::Shade);
    }
    let steps: Vec<(f64, f64)> = curve
        .moments
        .iter()
        .enumerate()
        .flat_map(|(row, moment)| {
            let at = x(moment.share.value);
            [(at, y(row) - ROW / 2.0), (at, y(row) + ROW / 2.0)]
        })
        .collect();
    picture.line(steps, Ink::Bad, 1.6, &[]);
    for (row, moment) in curve.moments.iter().enumerate() {
        let (y, text) = (y(row), at(explanation, moment.at));
        picture.small((WORDS - 12.0, y + 4.0), text, Ink::Quiet, Align::End);
        let what = frame::fitted(&moment.what, SMALL, false, AXIS.0 - WORDS - 24.0);
        let ink = if moment.fault.is_some() { Ink::Bad } else { Ink::Text };
        picture.small((WORDS, y + 4.0), what, ink, Align::Start);
        let whisker = vec![(x(moment.share.low), y), (x(moment.share.high), y)];
        picture.line(whisker, Ink::Quiet, 1.2, &[]);
        picture.disc((x(moment.share.value), y), 3.6, Ink::Bad);
        let share = share(curve, moment);
        picture.small((AXIS.1 + 16.0, y + 4.0), share, Ink::Quiet, Align::Start);
    }
    let below = "share of continuations that violate the property, with its 95 % interval";
    picture.small((f64::midpoint(AXIS.0, AXIS.1), bottom + 20.0), below, Ink::Quiet, Align::Middle);
    picture
}
