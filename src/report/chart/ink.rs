//! The colours of charts, each with a role, so that a page can replace them in its dark style.

use plotters::style::RGBColor;

/// The background.
pub const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
/// Text and axes.
pub const TEXT: RGBColor = RGBColor(0x1F, 0x23, 0x28);
/// Secondary text and marks.
pub const QUIET: RGBColor = RGBColor(0x59, 0x63, 0x6E);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(0xE4, 0xE7, 0xEB);
/// The band of a fault.
pub const SHADE: RGBColor = RGBColor(0xF6, 0xE7, 0xD8);
/// Empty bars and other large areas of little weight.
pub const PALE: RGBColor = RGBColor(0xD5, 0xDA, 0xE0);
/// The colour of a difference that is shown to be better.
pub const GOOD: RGBColor = SERIES[0];
/// The colour of a difference that is shown to be worse, and of wrong outcomes.
pub const BAD: RGBColor = RGBColor(0xC2, 0x41, 0x0C);

/// The colours of variants: the palette of Okabe and Ito, which colour-blind readers can tell
/// apart, without its yellow, which is hard to see on white. Further variants start again, with
/// other dashes.
const SERIES: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xB8, 0x86, 0x0B),
    RGBColor(0x56, 0xB4, 0xE9),
];

/// The colours of outcomes that no pattern should have. [`BAD`] stands for all of them together.
const WRONG: [RGBColor; 6] = [
    RGBColor(0x6D, 0x28, 0xD9),
    RGBColor(0x0F, 0x3D, 0x5E),
    RGBColor(0xFA, 0xCC, 0x15),
    RGBColor(0x7F, 0x1D, 0x1D),
    RGBColor(0x84, 0xCC, 0x16),
    RGBColor(0xF4, 0x3F, 0x9E),
];

/// Every colour with the name of its class in a style sheet, which replaces it in the dark style.
pub const CLASSES: [(RGBColor, &str); 19] = [
    (PAPER, "paper"),
    (TEXT, "text"),
    (QUIET, "quiet"),
    (GRID, "grid"),
    (SHADE, "shade"),
    (PALE, "pale"),
    (BAD, "bad"),
    (SERIES[0], "s0"),
    (SERIES[1], "s1"),
    (SERIES[2], "s2"),
    (SERIES[3], "s3"),
    (SERIES[4], "s4"),
    (SERIES[5], "s5"),
    (WRONG[0], "w0"),
    (WRONG[1], "w1"),
    (WRONG[2], "w2"),
    (WRONG[3], "w3"),
    (WRONG[4], "w4"),
    (WRONG[5], "w5"),
];

/// The colour of the variant or class at this position.
pub const fn series(at: usize) -> RGBColor {
    SERIES[at % SERIES.len()]
}

/// The colour of the wrong outcome at this position.
pub const fn wrong(at: usize) -> RGBColor {
    WRONG[at]
}
