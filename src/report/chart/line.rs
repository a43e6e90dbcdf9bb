//! Marks that plotters does not have: a line with the dashes of a variant, and a ring.

use plotters::prelude::*;

use super::ink;
use super::sheet::{Drawn, Sheet};

/// The lengths of dashes and gaps, in turn, of each variant's line, so that a print without colours
/// can be read.
const DASHES: [&[f64]; 7] = [
    &[],
    &[36.0, 12.0],
    &[10.0, 10.0],
    &[36.0, 12.0, 10.0, 12.0],
    &[48.0, 16.0],
    &[20.0, 10.0],
    &[36.0, 12.0, 10.0, 12.0, 10.0, 12.0],
];

/// Draws the line of the variant at this position, in its colour and with its dashes.
pub fn variant<C: CoordTranslate>(
    area: &DrawingArea<Sheet, C>,
    at: usize,
    width: u32,
    points: impl IntoIterator<Item = C::From>,
) -> Drawn {
    dashed(area, points, ink::series(at).stroke_width(width), DASHES[at % DASHES.len()])
}

/// Draws a line with dashes and gaps of these lengths, in turn. The dashed line of plotters has
/// dashes of one length only, and it uses a function that differs between platforms.
pub fn dashed<C: CoordTranslate>(
    area: &DrawingArea<Sheet, C>,
    points: impl IntoIterator<Item = C::From>,
    style: ShapeStyle,
    dash: &[f64],
) -> Drawn {
    let points: Vec<_> = points.into_iter().map(|at| area.map_coordinate(&at)).collect();
    let dots = area.use_screen_coord();
    cut(&points, dash).into_iter().try_for_each(|dash| dots.draw(&PathElement::new(dash, style)))
}

/// The dashes of a line.
fn cut(points: &[(i32, i32)], dash: &[f64]) -> Vec<Vec<(i32, i32)>> {
    let mut dashes = vec![Vec::new()];
    let mut lengths = dash.iter().copied().cycle();
    let mut left = lengths.next().unwrap_or(f64::INFINITY);
    let mut is_gap = false;
    dashes[0].extend(points.first());
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (dx, dy) = (f64::from(x1 - x0), f64::from(y1 - y0));
        let length = (dx * dx + dy * dy).sqrt();
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let along = |from: i32, by: f64| from + (by * gone / length).round() as i32;
            let at = (along(x0, dx), along(y0, dy));
            if is_gap {
                dashes.push(vec![at]);
            } else {
                dashes.last_mut().expect("there is one").push(at);
            }
            is_gap = !is_gap;
            left = lengths.next().unwrap_or(f64::INFINITY);
        }
        left -= length - gone;
        if !is_gap {
            dashes.last_mut().expect("there is one").push((x1, y1));
        }
    }
    dashes
}

/// Draws a circle with a rim of this radius and colour around paper.
pub fn ring<C: CoordTranslate>(
    area: &DrawingArea<Sheet, C>,
    at: C::From,
    radius: i32,
    colour: RGBColor,
) -> Drawn {
    let at = area.map_coordinate(&at);
    let dots = area.use_screen_coord();
    dots.draw(&Circle::new(at, radius + 4, colour.filled()))?;
    dots.draw(&Circle::new(at, radius - 4, ink::PAPER.filled()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_what_they_should() {
        let dashes = cut(&[(0, 0), (6, 0), (6, 4)], &[5.0, 3.0]);
        assert_eq!(dashes, [[(0, 0), (5, 0)], [(6, 2), (6, 4)]]);
        assert_eq!(cut(&[(0, 0), (6, 0)], &[]), [[(0, 0), (6, 0)]]);
    }
}
