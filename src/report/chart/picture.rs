//! A picture as data: what is drawn once and then written as SVG and as PNG.

/// A point in picture units (one unit is one CSS pixel), from the top left corner.
pub type Point = (f64, f64);

/// Marks on a sheet of paper, painted in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// Width in picture units.
    pub width: f64,
    /// Height in picture units.
    pub height: f64,
    /// What it shows, for those who cannot see it.
    pub title: String,
    /// The marks.
    pub marks: Vec<Mark>,
}

/// One mark.
#[derive(Clone, PartialEq, Debug)]
pub enum Mark {
    /// A line through points.
    Line {
        /// The points, at least two.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// Its width.
        width: f64,
        /// Lengths of dashes and gaps in turn; empty for a solid line.
        dash: &'static [f64],
    },
    /// A filled rectangle.
    Rect {
        /// Its left top corner.
        from: Point,
        /// Its right bottom corner.
        to: Point,
        /// Its colour.
        ink: Ink,
    },
    /// A filled area with straight edges.
    Area {
        /// Its corners, at least three.
        corners: Vec<Point>,
        /// Its colour.
        ink: Ink,
    },
    /// A filled circle, or with `hollow` a ring around paper.
    Disc {
        /// Its centre.
        at: Point,
        /// Its radius.
        radius: f64,
        /// Its colour.
        ink: Ink,
        /// True if only its rim is painted.
        hollow: bool,
    },
    /// A line of text.
    Text(Text),
}

impl Mark {
    /// Its colour.
    pub const fn ink(&self) -> Ink {
        match self {
            Self::Line { ink, .. }
            | Self::Rect { ink, .. }
            | Self::Area { ink, .. }
            | Self::Disc { ink, .. }
            | Self::Text(Text { ink, .. }) => *ink,
        }
    }
}

/// A line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// Where its baseline starts, ends or has its middle; see `align`.
    pub at: Point,
    /// What it says.
    pub text: String,
    /// Size of the font.
    pub size: f64,
    /// True if it is bold.
    pub bold: bool,
    /// Its colour.
    pub ink: Ink,
    /// What `at` is.
    pub align: Align,
}

/// Which part of a text its position names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A colour by its role, so that a page can show it on dark paper as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ink {
    /// Behind everything.
    Paper,
    /// Text and axes.
    Text,
    /// Text and marks that step back.
    Quiet,
    /// Grid lines.
    Grid,
    /// The band of a fault.
    Shade,
    /// Empty bars and other large quiet areas.
    Pale,
    /// A variant or a class, by its position.
    Series(usize),
    /// Shown to be better.
    Good,
    /// Shown to be worse, or wrong.
    Bad,
}

/// Colours of variants: Okabe and Ito's palette, which colour-blind readers can tell apart, with
/// its yellow left out because it vanishes on paper. More variants start again, with other dashes.
const SERIES: [&str; 6] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9"];

/// The same on dark paper.
const DARK_SERIES: [&str; 6] = ["#4da3e8", "#f58a43", "#35c496", "#e39cc6", "#dcb043", "#8fd0f7"];

/// Dashes of variants, one a variant, so that a print without colours can be read.
const DASHES: [&[f64]; 7] = [
    &[],
    &[9.0, 3.0],
    &[2.5, 2.5],
    &[9.0, 3.0, 2.5, 3.0],
    &[12.0, 4.0],
    &[5.0, 2.5],
    &[9.0, 3.0, 2.5, 3.0, 2.5, 3.0],
];

impl Ink {
    /// The colour on white paper, as `#RRGGBB`.
    pub const fn hex(self) -> &'static str {
        match self {
            Self::Paper => "#FFFFFF",
            Self::Text => "#1F2328",
            Self::Quiet => "#59636E",
            Self::Grid => "#E4E7EB",
            Self::Shade => "#F6E7D8",
            Self::Pale => "#D5DAE0",
            Self::Series(at) => SERIES[at % SERIES.len()],
            Self::Good => "#0072B2",
            Self::Bad => "#C2410C",
        }
    }

    /// The colour on dark paper, as `#rrggbb`.
    pub const fn dark(self) -> &'static str {
        match self {
            Self::Paper => "#161b22",
            Self::Text => "#e6eaf0",
            Self::Quiet => "#9aa5b1",
            Self::Grid => "#29313a",
            Self::Shade => "#3a2e22",
            Self::Pale => "#3d4651",
            Self::Series(at) => DARK_SERIES[at % DARK_SERIES.len()],
            Self::Good => "#5aaef0",
            Self::Bad => "#ff8a5c",
        }
    }

    /// The name of its class in a page's style sheet.
    pub fn class(self) -> String {
        match self {
            Self::Paper => "paper".into(),
            Self::Text => "text".into(),
            Self::Quiet => "quiet".into(),
            Self::Grid => "grid".into(),
            Self::Shade => "shade".into(),
            Self::Pale => "pale".into(),
            Self::Series(at) => format!("s{}", at % SERIES.len()),
            Self::Good => "good".into(),
            Self::Bad => "bad".into(),
        }
    }

    /// Red, green and blue on white paper.
    pub fn rgb(self) -> (u8, u8, u8) {
        let hex = self.hex();
        let part = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("colours are #RRGGBB");
        (part(1), part(3), part(5))
    }
}

/// The dash of the variant at this position.
pub const fn dash(at: usize) -> &'static [f64] {
    DASHES[at % DASHES.len()]
}

impl Picture {
    /// Empty paper.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut picture = Self { width, height, title: title.into(), marks: Vec::new() };
        picture.rect((0.0, 0.0), (width, height), Ink::Paper);
        picture
    }

    /// Adds a line; fewer than two points draw nothing.
    pub fn line(&mut self, points: Vec<Point>, ink: Ink, width: f64, dash: &'static [f64]) {
        if points.len() > 1 {
            self.marks.push(Mark::Line { points, ink, width, dash });
        }
    }

    /// Adds a filled rectangle.
    pub fn rect(&mut self, from: Point, to: Point, ink: Ink) {
        self.marks.push(Mark::Rect { from, to, ink });
    }

    /// Adds a filled area with straight edges.
    pub fn area(&mut self, corners: Vec<Point>, ink: Ink) {
        self.marks.push(Mark::Area { corners, ink });
    }

    /// Adds a filled circle.
    pub fn disc(&mut self, at: Point, radius: f64, ink: Ink) {
        self.marks.push(Mark::Disc { at, radius, ink, hollow: false });
    }

    /// Adds a ring.
    pub fn ring(&mut self, at: Point, radius: f64, ink: Ink) {
        self.marks.push(Mark::Disc { at, radius, ink, hollow: true });
    }

    /// Adds text of the usual size.
    pub fn text(&mut self, at: Point, text: impl Into<String>, ink: Ink, align: Align) {
        self.sized(at, text, TEXT, ink, align);
    }

    /// Adds small text.
    pub fn small(&mut self, at: Point, text: impl Into<String>, ink: Ink, align: Align) {
        self.sized(at, text, SMALL, ink, align);
    }

    /// Adds bold text.
    pub fn bold(&mut self, at: Point, text: impl Into<String>, size: f64) {
        let (ink, align) = (Ink::Text, Align::Start);
        self.marks.push(Mark::Text(Text { at, text: text.into(), size, bold: true, ink, align }));
    }

    fn sized(&mut self, at: Point, text: impl Into<String>, size: f64, ink: Ink, align: Align) {
        self.marks.push(Mark::Text(Text { at, text: text.into(), size, bold: false, ink, align }));
    }

    /// Its lines of text.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Text(text) => Some(text),
            _ => None,
        })
    }
}

/// Size of labels and ticks.
pub const TEXT: f64 = 13.0;
/// Size of notes.
pub const SMALL: f64 = 11.5;
