//! A picture: a title with the main result, a line that describes the drawing, and the drawing by
//! plotters below them, written as SVG or as PNG.

use plotters::prelude::*;

use super::ink;
use super::sheet::{Area, Drawn, PX, Sheet};
use super::{font, sheet};

/// The blank space at the sides, in dots.
pub const MARGIN: i32 = 20 * PX;

/// A picture that can be drawn any number of times.
pub struct Picture<'a> {
    /// The title, which is also the text for screen readers.
    pub title: String,
    /// The lines of the title and of the subtitle, each with its style and its baseline.
    head: Vec<(String, TextStyle<'static>, i32)>,
    /// The top of the drawing below the titles, in dots.
    top: i32,
    /// The width and the height in dots.
    size: (u32, u32),
    draw: Box<dyn Fn(&Area) -> Drawn + 'a>,
}

impl<'a> Picture<'a> {
    /// A picture of this size in pixels of the page, to which the height of its titles is added.
    pub fn new(
        title: impl Into<String>,
        subtitle: &str,
        (width, height): (i32, i32),
        draw: impl Fn(&Area) -> Drawn + 'a,
    ) -> Self {
        let title = title.into();
        let (mut head, mut baseline) = (Vec::new(), 8 * PX);
        let bold = font::style(68.0, true, ink::TEXT);
        for (text, style, step) in [(&*title, bold, 22), (subtitle, font::text(ink::QUIET), 20)] {
            for line in font::wrapped(text, &style, width * PX - 2 * MARGIN) {
                baseline += step * PX;
                head.push((line, style.pos(font::BASELINE), baseline));
            }
        }
        let top = baseline + 10 * PX;
        let size = ((width * PX) as u32, (top + height * PX) as u32);
        Self { title, head, top, size, draw: Box::new(draw) }
    }

    /// The width in pixels of the page.
    pub fn width(&self) -> u32 {
        self.size.0 / PX as u32
    }

    /// The bytes of an SVG file.
    pub fn svg(&self) -> Vec<u8> {
        self.written(" xmlns=\"http://www.w3.org/2000/svg\"").into_bytes()
    }

    /// An SVG element for a page, which sets the name space and the size.
    pub fn inline(&self) -> String {
        self.written("")
    }

    /// The bytes of a PNG file with two pixels for each pixel of the page.
    pub fn png(&self) -> Vec<u8> {
        let (width, height) = self.size;
        let mut dots = vec![255; (width * height) as usize * 3];
        self.drawn(Some(BitMapBackend::with_buffer(&mut dots, self.size)));
        encoded(&halved(&dots, width as usize), width / 2, height / 2)
    }

    fn written(&self, namespace: &str) -> String {
        let (width, height) = self.size;
        let (wide, high) = (self.width(), height / PX as u32);
        let title = sheet::escaped(&self.title);
        format!(
            "<svg{namespace} viewBox=\"0 0 {width} {height}\" width=\"{wide}\" height=\"{high}\" \
             role=\"img\" font-family=\"DejaVu Sans, Verdana, sans-serif\" fill=\"none\" \
             stroke-linejoin=\"round\">\n<title>{title}</title>\n{}</svg>\n",
            self.drawn(None)
        )
    }

    /// Draws the picture and returns the elements of the SVG.
    fn drawn(&self, pixels: Option<BitMapBackend>) -> String {
        let mut svg = String::new();
        let area = Sheet { size: self.size, svg: &mut svg, pixels }.into_drawing_area();
        let done = area.fill(&ink::PAPER).and_then(|()| {
            for (line, style, baseline) in &self.head {
                area.draw_text(line, style, (MARGIN, *baseline))?;
            }
            (self.draw)(&area.split_vertically(self.top).1)
        });
        done.expect("memory does not fail, and the font is sound");
        drop(area);
        svg
    }
}

/// Halves the width and height of a bitmap: each pixel is the average of four, so that edges are
/// smooth.
fn halved(dots: &[u8], width: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(dots.len() / 4);
    let (right, below) = (3, 3 * width);
    for rows in dots.chunks_exact(2 * below) {
        for at in (0..below).step_by(2 * right).flat_map(|left| left..left + 3) {
            let upper = u16::from(rows[at]) + u16::from(rows[at + right]);
            let lower = u16::from(rows[at + below]) + u16::from(rows[at + below + right]);
            pixels.push(((upper + lower) / 4) as u8);
        }
    }
    pixels
}

fn encoded(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::Up);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    written.expect("memory does not fail, and the pixels fill the picture");
    bytes
}
