//! The font: a subset of DejaVu Sans, so that a bare machine draws what every other one draws.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

const REGULAR: &[u8] = include_bytes!("dejavu/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("dejavu/DejaVuSans-Bold.ttf");

/// The rasteriser's size of a font is its height; this is what one em of DejaVu Sans is high.
const HEIGHT_OF_EM: f64 = (1_901.0 + 483.0) / 2_048.0;

/// The font for the rasteriser, `size` pixels to the em.
pub fn font(size: f64, bold: bool) -> FontDesc<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            assert!(register_font("sans-serif", style, bytes).is_ok(), "the font is sound");
        }
    });
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::SansSerif, size * HEIGHT_OF_EM, style)
}

/// How far the rasteriser puts the baseline below the position of a text.
pub fn baseline(size: f64) -> f64 {
    size * HEIGHT_OF_EM / 2.0
}

/// The width of a text, in the unit of `size`.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    let em = 1_000.0;
    let (_, (width, _)) = font(em, bold).layout_box(text).expect("the font is registered");
    f64::from(width) * size / em
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Advance widths of DejaVu Sans in units of 2,048 an em: A 1401, m 1995.
        assert!((width("A", 2_048.0, false) - 1_401.0).abs() < 2.1);
        assert!((width("mm", 10.0, false) - 2.0 * 10.0 * 1_995.0 / 2_048.0).abs() < 0.02);
        assert!(width("wide", 10.0, true) > width("wide", 10.0, false));
    }

    #[test]
    fn every_sign_that_reports_use_is_in_the_subset() {
        for sign in "µ×–—≤≥∞…−’→·".chars() {
            let text = sign.to_string();
            assert_ne!(width(&text, 1_000.0, false), width("\u{4e00}", 1_000.0, false), "{sign}");
        }
    }
}
