//! The font: a subset of DejaVu Sans that is built in, so that charts are the same on every
//! machine.

use std::sync::Once;

use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_backend::BackendTextStyle;

use super::ink;

const REGULAR: &[u8] = include_bytes!("dejavu/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("dejavu/DejaVuSans-Bold.ttf");

/// The height of an em of DejaVu Sans relative to the size of a font in plotters, which is its
/// height.
const HEIGHT_OF_EM: f64 = (1_901.0 + 483.0) / 2_048.0;
/// The height of capitals and figures in ems.
pub const CAPITALS: f64 = 0.73;

/// The place of a text as the start of its baseline.
pub const BASELINE: Pos = Pos { h_pos: HPos::Left, v_pos: VPos::Bottom };
/// The place of a text as the middle of its right end.
pub const RIGHT: Pos = Pos { h_pos: HPos::Right, v_pos: VPos::Center };

/// A style with this many dots to the em, for texts that are placed by the middle of their left
/// end.
pub fn style(em: f64, bold: bool, colour: RGBColor) -> TextStyle<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            assert!(register_font("sans-serif", style, bytes).is_ok(), "the font is sound");
        }
    });
    let weight = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::SansSerif, em * HEIGHT_OF_EM, weight);
    let pos = Pos { h_pos: HPos::Left, v_pos: VPos::Center };
    TextStyle { font, color: colour.to_backend_color(), pos }
}

/// The style of headings.
pub fn bold() -> TextStyle<'static> {
    style(52.0, true, ink::TEXT)
}

/// The style of names.
pub fn text(colour: RGBColor) -> TextStyle<'static> {
    style(52.0, false, colour)
}

/// The style of ticks and notes.
pub fn small(colour: RGBColor) -> TextStyle<'static> {
    style(46.0, false, colour)
}

/// The dots to the em of a font of this size, to the hundredth.
pub fn em(size: f64) -> f64 {
    (size / HEIGHT_OF_EM * 100.0).round() / 100.0
}

/// The width of a text in dots.
pub fn width(text: &str, style: &impl BackendTextStyle) -> i32 {
    style.layout_box(text).map_or(0, |((left, _), (right, _))| right - left)
}

/// The width of the widest of some texts in dots.
pub fn widest(texts: &[String], style: &TextStyle) -> i32 {
    texts.iter().map(|text| width(text, style)).max().unwrap_or(0)
}

/// A text that is cut, with an ellipsis, to fit into a width.
pub fn fitted(text: &str, style: &TextStyle, room: i32) -> String {
    if width(text, style) <= room {
        return text.into();
    }
    let mut short: String = text.into();
    while !short.is_empty() && width(&format!("{short}…"), style) > room {
        short.pop();
    }
    short.truncate(short.trim_end().len());
    short + "…"
}

/// A text broken into lines that fit into a width: at spaces, and at hyphens where a word does not
/// fit.
pub fn wrapped(text: &str, style: &TextStyle, room: i32) -> Vec<String> {
    let fits = |text: &str| width(text.trim_end(), style) <= room;
    let words = text.split_inclusive(' ');
    let words = words.flat_map(|word| word.split_inclusive(if fits(word) { ' ' } else { '-' }));
    let mut lines = vec![String::new()];
    for word in words {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() || fits(&format!("{line}{word}")) {
            line.push_str(word);
        } else {
            lines.push(word.into());
        }
    }
    lines.iter().map(|line| fitted(line.trim_end(), style, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Advance widths of DejaVu Sans in units of 2,048 an em: A 1401, m 1995.
        let of = |text, em, bold| width(text, &style(em, bold, ink::TEXT));
        assert!((of("A", 2_048.0, false) - 1_401).abs() <= 2);
        assert!((of("mm", 1_024.0, false) - 1_995).abs() <= 2);
        assert!(of("wide", 100.0, true) > of("wide", 100.0, false));
    }

    #[test]
    fn every_sign_that_reports_use_is_in_the_subset() {
        let large = style(1_000.0, false, ink::TEXT);
        for sign in "µ×–—≤≥∞…−’→·".chars() {
            assert_ne!(width(&sign.to_string(), &large), width("\u{4e00}", &large), "{sign}");
        }
    }

    #[test]
    fn long_texts_are_broken_and_cut_where_they_must() {
        let style = text(ink::TEXT);
        assert_eq!(fitted("short", &style, 400), "short");
        let cut = fitted("a very long name that does not fit", &style, 400);
        assert!(cut.ends_with('…') && width(&cut, &style) <= 400, "{cut}");
        let lines = wrapped("a name of-some words-with-many-hyphens thatisfartoolong", &style, 400);
        assert_eq!(lines, ["a name", "of-some", "words-with-", "many-hyphens", "thatisfartoolo…"]);
    }
}
