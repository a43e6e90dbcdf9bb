//! The rule that every picture must keep: no text overlaps another or leaves the paper.

use crate::report::chart::picture::Picture;
use crate::report::chart::{font, ink};

/// The box of the capitals and figures of a text: left, top, right and bottom, in dots.
type Extent = (f64, f64, f64, f64);

/// The texts of a picture as its SVG has them, each with its box.
pub fn texts(picture: &Picture) -> Vec<(String, Extent)> {
    let svg = picture.inline();
    svg.lines().filter(|line| line.starts_with("<text ")).map(text).collect()
}

fn text(element: &str) -> (String, Extent) {
    let value = |name: &str| {
        let (_, rest) = element.split_once(&format!(" {name}=\""))?;
        rest.split('"').next()
    };
    let number = |name| value(name).and_then(|number| number.parse::<f64>().ok()).expect(name);
    let text = element.split(['<', '>']).nth(2).expect("a text");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let (x, y, size) = (number("x"), number("y"), number("font-size"));
    let style = font::style(size, value("font-weight").is_some(), ink::TEXT);
    let width = f64::from(font::width(&text, &style));
    let left = match value("text-anchor") {
        None => x,
        Some("middle") => x - width / 2.0,
        Some(_) => x - width,
    };
    (text, (left, y - size * font::CAPITALS, left + width, y))
}

/// Fails where a text overlaps another or leaves the paper.
pub fn check(picture: &Picture) {
    let svg = picture.inline();
    let view = svg.split('"').nth(1).expect("a view box");
    let size: Vec<f64> = view.split(' ').filter_map(|number| number.parse().ok()).collect();
    let texts = texts(picture);
    for (at, (text, (left, top, right, bottom))) in texts.iter().enumerate() {
        let inside = *left >= 0.0 && *top >= 0.0 && *right <= size[2] && *bottom <= size[3];
        assert!(inside, "{}: `{text}` leaves the paper", picture.title);
        for (other, (left2, top2, right2, bottom2)) in &texts[..at] {
            let apart = right <= left2 || right2 <= left || bottom <= top2 || bottom2 <= top;
            assert!(apart, "{}: `{text}` overlaps `{other}`", picture.title);
        }
    }
}
