//! A picture as PNG: painted large, then averaged down, because the rasteriser's edges are hard.

use plotters::prelude::{BitMapBackend, DrawingBackend};
use plotters::style::{RGBColor, TextStyle, text_anchor};

use super::font;
use super::picture::{Align, Ink, Mark, Picture, Point, Text};

/// Pixels of the file per picture unit.
const PIXELS: usize = 2;
/// Painted pixels per pixel of the file, in each direction.
const FINER: usize = 2;
/// Painted pixels per picture unit.
const SCALE: f64 = (PIXELS * FINER) as f64;

/// The bytes of a PNG file, two pixels to the picture unit.
pub fn file(picture: &Picture) -> Vec<u8> {
    let (width, height) = (size(picture.width), size(picture.height));
    let mut painted = vec![255; width * FINER * height * FINER * 3];
    let extent = ((width * FINER) as u32, (height * FINER) as u32);
    let mut canvas = Canvas(BitMapBackend::with_buffer(&mut painted, extent));
    for mark in &picture.marks {
        canvas.mark(mark);
    }
    drop(canvas);
    encode(&averaged(&painted, width, height), width as u32, height as u32)
}

fn size(units: f64) -> usize {
    units as usize * PIXELS
}

/// Each pixel is the average of the painted ones that it covers.
fn averaged(painted: &[u8], width: usize, height: usize) -> Vec<u8> {
    let stride = width * FINER * 3;
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0;
                for row in 0..FINER {
                    let start = (y * FINER + row) * stride + x * FINER * 3 + channel;
                    sum += (0..FINER).map(|at| usize::from(painted[start + at * 3])).sum::<usize>();
                }
                pixels.push((sum / (FINER * FINER)) as u8);
            }
        }
    }
    pixels
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
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

/// The rasteriser; it can fail only where memory does.
struct Canvas<'a>(BitMapBackend<'a>);

impl Canvas<'_> {
    fn mark(&mut self, mark: &Mark) {
        match mark {
            Mark::Line { points, ink, width, dash } => {
                for stroke in dashed(points, dash) {
                    self.stroke(&stroke, *ink, *width);
                }
            }
            Mark::Rect { from, to, ink } => {
                let painted = self.0.draw_rect(pixel(*from), pixel(*to), &colour(*ink), true);
                painted.expect("memory does not fail");
            }
            Mark::Area { corners, ink } => {
                let corners: Vec<(i32, i32)> = corners.iter().map(|at| pixel(*at)).collect();
                let painted = self.0.fill_polygon(corners, &colour(*ink));
                painted.expect("memory does not fail");
            }
            Mark::Disc { at, radius, ink, hollow: false } => self.disc(*at, *radius, *ink),
            Mark::Disc { at, radius, ink, hollow: true } => {
                self.disc(*at, radius + 0.9, *ink);
                self.disc(*at, radius - 0.9, Ink::Paper);
            }
            Mark::Text(text) => self.text(text),
        }
    }

    /// A line as a rectangle for each segment, with round joints.
    fn stroke(&mut self, points: &[Point], ink: Ink, width: f64) {
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt();
            if length == 0.0 {
                continue;
            }
            let (dx, dy) = ((y1 - y0) / length * width / 2.0, (x1 - x0) / length * width / 2.0);
            let corners =
                [(x0 - dx, y0 + dy), (x1 - dx, y1 + dy), (x1 + dx, y1 - dy), (x0 + dx, y0 - dy)];
            let painted = self.0.fill_polygon(corners.map(pixel), &colour(ink));
            painted.expect("memory does not fail");
        }
        if width > 1.0 {
            for point in &points[1..points.len() - 1] {
                self.disc(*point, width / 2.0, ink);
            }
        }
    }

    fn disc(&mut self, at: Point, radius: f64, ink: Ink) {
        let radius = (radius * SCALE + 0.5) as u32;
        let painted = self.0.draw_circle(pixel(at), radius, &colour(ink), true);
        painted.expect("memory does not fail");
    }

    fn text(&mut self, text: &Text) {
        let width = font::width(&text.text, text.size, text.bold);
        let start = match text.align {
            Align::Start => text.at.0,
            Align::Middle => text.at.0 - width / 2.0,
            Align::End => text.at.0 - width,
        };
        let top = text.at.1 - font::baseline(text.size);
        let ink = colour(text.ink);
        let style = TextStyle::from(font::font(text.size * SCALE, text.bold))
            .color(&ink)
            .pos(text_anchor::Pos::new(text_anchor::HPos::Left, text_anchor::VPos::Top));
        let painted = self.0.draw_text(&text.text, &style, pixel((start, top)));
        painted.expect("memory does not fail, and the font is registered");
    }
}

fn colour(ink: Ink) -> RGBColor {
    let (red, green, blue) = ink.rgb();
    RGBColor(red, green, blue)
}

fn pixel((x, y): Point) -> (i32, i32) {
    ((x * SCALE + 0.5) as i32, (y * SCALE + 0.5) as i32)
}

/// A line cut into its dashes.
fn dashed(points: &[Point], dash: &[f64]) -> Vec<Vec<Point>> {
    if dash.is_empty() {
        return vec![points.to_vec()];
    }
    let mut strokes = Vec::new();
    let mut stroke = vec![points[0]];
    let (mut part, mut left) = (0, dash[0]);
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt();
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let at = (x0 + (x1 - x0) * gone / length, y0 + (y1 - y0) * gone / length);
            stroke.push(at);
            if part % 2 == 0 {
                strokes.push(std::mem::take(&mut stroke));
            }
            stroke = vec![at];
            part += 1;
            left = dash[part % dash.len()];
        }
        left -= length - gone;
        stroke.push((x1, y1));
    }
    if part % 2 == 0 {
        strokes.push(stroke);
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_what_they_should() {
        let strokes = dashed(&[(0.0, 0.0), (6.0, 0.0), (6.0, 4.0)], &[5.0, 3.0]);
        assert_eq!(strokes, [vec![(0.0, 0.0), (5.0, 0.0)], vec![(6.0, 2.0), (6.0, 4.0)]]);
    }

    #[test]
    fn pixels_have_the_colours_of_their_marks() {
        let mut picture = Picture::new(4.0, 3.0, "");
        picture.rect((2.0, 0.0), (4.0, 3.0), Ink::Text);
        let bytes = file(&picture);
        let mut reader = png::Decoder::new(bytes.as_slice()).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (8, 6));
        let (red, green, blue) = Ink::Text.rgb();
        assert_eq!(pixels[..6], [255; 6]);
        assert_eq!(pixels[7 * 3..8 * 3], [red, green, blue]);
    }
}
