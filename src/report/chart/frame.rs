//! What charts have in common: titles, legends and the text that keeps out of each other's way.

use super::font;
use super::picture::{Align, Ink, Picture, SMALL, TEXT, dash};

/// Width of every chart in picture units.
pub const WIDTH: f64 = 960.0;
/// Blank space at the sides.
pub const MARGIN: f64 = 20.0;
/// Where the body of a chart begins, below title and subtitle.
pub const TOP: f64 = 78.0;

const TITLE: f64 = 17.0;

/// Paper with a title that says the message and a line that says what is drawn.
pub fn titled(height: f64, title: &str, subtitle: &str) -> Picture {
    let mut picture = Picture::new(WIDTH, height, title);
    picture.bold((MARGIN, 30.0), fitted(title, TITLE, true, WIDTH - 2.0 * MARGIN), TITLE);
    let subtitle = fitted(subtitle, TEXT, false, WIDTH - 2.0 * MARGIN);
    picture.text((MARGIN, 51.0), subtitle, Ink::Quiet, Align::Start);
    picture
}

/// A text cut, with an ellipsis, to what fits into a width.
pub fn fitted(text: &str, size: f64, bold: bool, room: f64) -> String {
    if font::width(text, size, bold) <= room {
        return text.into();
    }
    let mut short: String = text.into();
    while !short.is_empty() && font::width(&format!("{short}…"), size, bold) > room {
        short.pop();
    }
    short.truncate(short.trim_end().len());
    short + "…"
}

/// An entry of a legend.
pub struct Entry {
    /// Position of the variant, which gives colour and dash.
    pub series: usize,
    /// The variant.
    pub name: String,
    /// Lines below it.
    pub notes: Vec<String>,
    /// True if its line is drawn with rings.
    pub ringed: bool,
}

/// A legend beside the data, top down from (x, y) and within (right, bottom): where room is
/// short, notes are left out first, from the last one on.
pub fn legend(
    picture: &mut Picture,
    (x, y): (f64, f64),
    (right, bottom): (f64, f64),
    entries: &[Entry],
) {
    let most = entries.iter().map(|entry| entry.notes.len()).max().unwrap_or(0);
    let height = |notes: usize| {
        let notes = entries.iter().map(|entry| entry.notes.len().min(notes)).sum::<usize>();
        ENTRY * entries.len() as f64 + NOTE * notes as f64
    };
    let notes = (0..=most).rev().find(|notes| y + height(*notes) - ENTRY <= bottom).unwrap_or(0);
    let start = x + SWATCH + 8.0;
    let room = right - start;
    let mut at = y;
    for entry in entries {
        let ink = Ink::Series(entry.series);
        let line = vec![(x, at - 4.5), (x + SWATCH, at - 4.5)];
        picture.line(line, ink, LINE, dash(entry.series));
        if entry.ringed {
            picture.ring((x + SWATCH / 2.0, at - 4.5), RING, ink);
        }
        picture.text((start, at), fitted(&entry.name, TEXT, false, room), Ink::Text, Align::Start);
        for note in entry.notes.iter().take(notes) {
            at += NOTE;
            let note = fitted(note, SMALL, false, room);
            picture.small((start, at), note, Ink::Quiet, Align::Start);
        }
        at += ENTRY;
    }
}

/// Height of a legend's entry, and of each note.
const ENTRY: f64 = 25.0;
const NOTE: f64 = 16.0;

/// Width of the lines of variants.
pub const LINE: f64 = 2.2;
/// Radius of the rings on a line.
pub const RING: f64 = 3.6;
const SWATCH: f64 = 34.0;

/// A key of filled squares, from left to right and on as many rows as it takes; returns the
/// baseline of its last row.
pub fn key(
    picture: &mut Picture,
    (x, y): (f64, f64),
    right: f64,
    entries: &[(Ink, String)],
) -> f64 {
    let (mut at, mut row) = (x, y);
    for (ink, name) in entries {
        let width = 18.0 + font::width(name, SMALL, false) + 16.0;
        if at + width > right && at > x {
            (at, row) = (x, row + 19.0);
        }
        picture.rect((at, row - 10.0), (at + 11.0, row + 1.0), *ink);
        picture.small((at + 17.0, row), name, Ink::Text, Align::Start);
        at += width;
    }
    row
}

/// Moves labels apart so that they are at least `gap` from each other, keep their order and stay
/// between `low` and `high` as far as there is room.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
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
        assert_eq!(spread(&[10.0, 11.0, 50.0], 5.0, 0.0, 100.0), [10.0, 15.0, 50.0]);
        assert_eq!(spread(&[99.0, 98.0], 5.0, 0.0, 100.0), [100.0, 95.0]);
    }

    #[test]
    fn long_texts_are_cut_where_they_must() {
        assert_eq!(fitted("short", TEXT, false, 100.0), "short");
        let cut = fitted("a very long name that does not fit", TEXT, false, 100.0);
        assert!(cut.ends_with('…') && font::width(&cut, TEXT, false) <= 100.0, "{cut}");
    }
}
