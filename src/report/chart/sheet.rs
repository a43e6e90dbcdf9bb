//! The surface that plotters draws on: an SVG text, and pixels if they are requested.
//!
//! The SVG back-end of plotters knows no classes, which a page needs to show charts in a dark
//! style. Each mark has its colour as an attribute, too, so that a file can be used alone. The
//! pixels are those of plotters' bitmap back-end.

use std::fmt::Write as _;

use plotters::chart::MeshStyle;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

use super::axis::Axis;
use super::{font, ink};

/// The dots to a pixel of the page, in each direction. Charts are drawn in whole dots.
pub const PX: i32 = 4;

/// A part of the surface.
pub type Area<'a> = DrawingArea<Sheet<'a>, Shift>;
/// Axes on a part of the surface, ready for series.
pub type Plot<'a> = ChartContext<'a, Sheet<'a>, Cartesian2d<Axis, Axis>>;
/// The result of drawing. It can fail only for want of memory or if the font is broken.
pub type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<Failure>>;

type Failure = <BitMapBackend<'static> as DrawingBackend>::ErrorType;
type Marked = Result<(), DrawingErrorKind<Failure>>;

/// The back-end.
pub struct Sheet<'a> {
    /// Width and height in dots.
    pub size: (u32, u32),
    /// The elements of the SVG so far.
    pub svg: &'a mut String,
    /// The picture as pixels, one a dot.
    pub pixels: Option<BitMapBackend<'a>>,
}

impl<'a> Sheet<'a> {
    /// Draws on the pixels, if there are any.
    fn paint(&mut self, with: impl FnOnce(&mut BitMapBackend<'a>) -> Marked) -> Marked {
        self.pixels.as_mut().map_or(Ok(()), with)
    }

    /// Adds an element that is filled with a colour.
    fn fill(&mut self, element: std::fmt::Arguments, colour: BackendColor) {
        let paint = coloured('f', "fill", colour);
        writeln!(self.svg, "<{element} {paint}/>").expect("memory does not fail");
    }
}

/// The class and the attribute of a mark that is filled (`f`) or drawn as a line (`l`) in a colour,
/// which may be transparent.
fn coloured(role: char, attribute: &str, colour: BackendColor) -> String {
    let (r, g, b) = colour.rgb;
    let known = ink::CLASSES.iter().find(|(known, _)| *known == RGBColor(r, g, b));
    let (_, class) = known.expect("every colour of a chart has a class");
    let through = match colour.alpha {
        1.0 => String::new(),
        alpha => format!(" {attribute}-opacity=\"{alpha:.3}\""),
    };
    format!("class=\"{role}-{class}\" {attribute}=\"#{r:02X}{g:02X}{b:02X}\"{through}")
}

impl DrawingBackend for Sheet<'_> {
    type ErrorType = Failure;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Marked {
        Ok(())
    }

    fn present(&mut self) -> Marked {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Marked {
        self.draw_rect(at, (at.0 + 1, at.1 + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Marked {
        self.draw_path([from, to], style)
    }

    /// Draws a path. Paths of one style that follow each other, such as dashes, become one element.
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Marked {
        let points: Vec<BackendCoord> = path.into_iter().collect();
        if points.len() < 2 {
            return Ok(());
        }
        let width = style.stroke_width();
        let paint = coloured('l', "stroke", style.color());
        let end = format!("\" {paint} stroke-width=\"{width}\"/>\n");
        match self.svg.strip_suffix(&end).map(str::len) {
            Some(before) => self.svg.truncate(before),
            None => self.svg.push_str("<path d=\""),
        }
        *self.svg += &(outline(&points) + &end);
        self.paint(|pixels| {
            // Plotters paints a wide path as one area, which has holes where its segments are
            // short.
            points.windows(2).try_for_each(|pair| pixels.draw_line(pair[0], pair[1], style))?;
            let mut corners = points[1..points.len() - 1].iter().filter(|_| width > 4);
            corners.try_for_each(|at| pixels.draw_circle(*at, width / 2, &style.color(), true))
        })
    }

    /// Draws a rectangle. It is always filled, and so is a circle.
    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _: bool,
    ) -> Marked {
        let (width, height) = (right - left, bottom - top);
        let place = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"");
        self.fill(format_args!("rect {place}"), style.color());
        self.paint(|pixels| pixels.draw_rect((left, top), (right, bottom), style, true))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        _: bool,
    ) -> Marked {
        self.fill(format_args!("circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\""), style.color());
        self.paint(|pixels| pixels.draw_circle((x, y), radius, style, true))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Marked {
        let corners: Vec<BackendCoord> = corners.into_iter().collect();
        self.fill(format_args!("path d=\"{}Z\"", outline(&corners)), style.color());
        self.paint(|pixels| pixels.fill_polygon(corners, style))
    }

    /// Draws a text. Its vertical position is that of its capitals and figures, from their tops
    /// down to the baseline; plotters would paint them a good deal higher.
    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Marked {
        if text.is_empty() {
            return Ok(());
        }
        let (below, lifted) = match style.anchor().v_pos {
            VPos::Top => (1.0, 0.0),
            VPos::Center => (0.5, 0.5),
            VPos::Bottom => (0.0, 1.0),
        };
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor=\"middle\"",
            HPos::Right => " text-anchor=\"end\"",
        };
        let size = font::em(style.size());
        let baseline = y + (size * font::CAPITALS * below).round() as i32;
        let is_bold = matches!(style.style(), FontStyle::Bold);
        let weight = if is_bold { " font-weight=\"bold\"" } else { "" };
        let (paint, escaped) = (coloured('f', "fill", style.color()), escaped(text));
        let place = format!("x=\"{x}\" y=\"{baseline}\" font-size=\"{size}\"");
        writeln!(self.svg, "<text {place}{weight}{anchor} {paint}>{escaped}</text>")
            .expect("memory does not fail");
        let top = f64::from(baseline) - style.size() / 2.0 + style.size() / 1.24 * lifted;
        self.paint(|pixels| pixels.draw_text(text, style, (x, top.round() as i32)))
    }
}

fn outline(points: &[BackendCoord]) -> String {
    let corners: Vec<String> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
    format!("M{}", corners.join("L"))
}

/// A text as SVG has it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The grid and the labels of a plot in the style of all charts.
pub fn mesh<'a, 'p>(plot: &'p mut Plot<'a>) -> MeshStyle<'a, 'p, Axis, Axis, Sheet<'a>> {
    let mut mesh = plot.configure_mesh();
    mesh.bold_line_style(ShapeStyle::from(ink::GRID).stroke_width(PX as u32))
        .axis_style(ShapeStyle::from(ink::QUIET).stroke_width(PX as u32))
        .label_style(font::small(ink::QUIET))
        .set_all_tick_mark_size(5 * PX);
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::line::{dashed, ring};
    use crate::report::chart::picture::Picture;

    #[test]
    fn a_picture_is_plain_svg_with_roles() {
        let picture = Picture::new("a < b", "c", (120, 20), |area| {
            let line = ShapeStyle::from(ink::series(1)).stroke_width(8);
            dashed(area, [(4, 8), (4, 48)], line, &[16.0, 8.0])?;
            ring(area, (20, 20), 12, ink::BAD)?;
            area.draw(&Polygon::new([(0, 0), (8, 0), (4, 8)], ink::GOOD))?;
            area.draw_text("p & q", &font::small(ink::QUIET).pos(font::RIGHT), (400, 36))
        });
        insta::assert_snapshot!(String::from_utf8(picture.svg()).unwrap());
        assert!(!picture.inline().contains("http"));
    }

    /// The colours of a page's style sheet are those of the pictures.
    #[test]
    fn dark_paper_has_the_colours_of_the_page() {
        let style = crate::report::html::STYLE;
        let (light, dark) = style.split_once("prefers-color-scheme: dark").expect("a dark theme");
        let dark = dark.split("\n}\n").next().unwrap_or_default();
        let on_dark = [
            "161b22", "e6eaf0", "9aa5b1", "29313a", "3a2e22", "3d4651", "ff8a5c", "4da3e8",
            "f58a43", "35c496", "e39cc6", "dcb043", "8fd0f7", "a78bfa", "5b8fb5", "fde047",
            "d05a5a", "a3e635", "f9a8d4",
        ];
        for ((RGBColor(r, g, b), class), on_dark) in ink::CLASSES.into_iter().zip(on_dark) {
            assert!(light.contains(&format!("--{class}: #{r:02x}{g:02x}{b:02x};")), "{class}");
            assert!(dark.contains(&format!("--{class}: #{on_dark};")), "{class}");
            assert!(style.contains(&format!(".f-{class} {{ fill: var(--{class}); }}")), "{class}");
        }
    }

    #[test]
    fn pixels_have_the_colours_of_their_marks() {
        let picture = Picture::new("", "", (4, 3), |area| {
            area.draw(&Rectangle::new([(8, 0), (16, 12)], ink::TEXT.filled()))
        });
        let bytes = picture.png();
        let mut reader = png::Decoder::new(bytes.as_slice()).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let last_row = &pixels[pixels.len() - 8 * 3..];
        assert_eq!(info.width, 8);
        assert_eq!(last_row[..6], [255; 6]);
        assert_eq!(RGBColor(last_row[21], last_row[22], last_row[23]), ink::TEXT);
    }
}
