//! Legends beside the data, and labels that do not overlap. The legends of plotters stand over the
//! data and are as wide as their texts.

use plotters::prelude::*;
use plotters::style::RGBColor;

use super::line::{ring, variant};
use super::sheet::{Area, Drawn, PX};
use super::{font, ink};

/// An entry of a legend.
pub struct Entry {
    /// The position of the variant, which gives colour and dash.
    pub series: usize,
    /// The name of the variant.
    pub name: String,
    /// The lines below the name.
    pub notes: Vec<String>,
    /// True if its line is drawn with rings.
    pub ringed: bool,
}

/// The width of a line of a variant.
pub const LINE: u32 = 9;
/// The radius of the rings on a line.
pub const RING: i32 = 14;
/// The width of a legend.
pub const WIDTH: i32 = 220 * PX;
/// The length of the line beside a name, and where names begin.
const SWATCH: i32 = 34 * PX;
const NAMES: i32 = SWATCH + 8 * PX;
/// The distance of the lines of an entry, and the further space between entries.
const STEP: i32 = 16 * PX;
const GAP: i32 = 9 * PX;

impl Entry {
    /// The entry broken into lines of text, each with its style.
    fn lines(&self) -> Vec<(String, TextStyle<'static>)> {
        let name = [(&self.name, font::text(ink::TEXT))];
        let notes = self.notes.iter().map(|note| (note, font::small(ink::QUIET)));
        let lines = name.into_iter().chain(notes).flat_map(|(text, style)| {
            let lines = font::wrapped(text, &style, WIDTH - NAMES);
            lines.into_iter().map(move |line| (line, style.clone()))
        });
        lines.collect()
    }
}

/// The height of a legend in pixels of the page.
pub fn height(entries: &[Entry]) -> i32 {
    entries.iter().map(|entry| entry.lines().len() as i32 * STEP + GAP).sum::<i32>() / PX
}

/// Draws a legend, top down.
pub fn draw(area: &Area, entries: &[Entry]) -> Drawn {
    let mut y = STEP / 2;
    for entry in entries {
        variant(area, entry.series, LINE, [(0, y), (SWATCH, y)])?;
        if entry.ringed {
            ring(area, (SWATCH / 2, y), RING, ink::series(entry.series))?;
        }
        for (line, style) in entry.lines() {
            area.draw_text(&line, &style, (NAMES, y))?;
            y += STEP;
        }
        y += GAP;
    }
    Ok(())
}

/// A key of filled squares, from left to right and on as many rows as necessary.
pub fn key(area: &Area, entries: &[(RGBColor, &str)]) -> Drawn {
    let style = font::small(ink::TEXT);
    let (mut x, mut y) = (0, 6 * PX);
    for (colour, name) in entries {
        let width = 34 * PX + font::width(name, &style);
        if x > 0 && x + width > area.dim_in_pixel().0 as i32 {
            (x, y) = (0, y + 19 * PX);
        }
        let square = [(x, y - 22), (x + 44, y + 22)];
        area.draw(&Rectangle::new(square, colour.filled()))?;
        area.draw_text(name, &style, (x + 17 * PX, y))?;
        x += width;
    }
    Ok(())
}

/// Moves labels apart so that they are at least `gap` from each other, keep their order and stay in
/// a range as far as it has room.
pub fn spread(wanted: &[i32], gap: i32, (low, high): (i32, i32)) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|at| wanted[*at]);
    let mut placed = wanted.to_vec();
    let mut least = low;
    for &at in &order {
        placed[at] = placed[at].max(least);
        least = placed[at] + gap;
    }
    let mut most = high;
    for &at in order.iter().rev() {
        placed[at] = placed[at].min(most);
        most = placed[at] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_apart_and_stay_inside() {
        assert_eq!(spread(&[10, 11, 50], 5, (0, 100)), [10, 15, 50]);
        assert_eq!(spread(&[99, 98], 5, (0, 100)), [100, 95]);
    }
}
