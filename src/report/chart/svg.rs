//! A picture as SVG.
//!
//! Every mark has its colour as an attribute, so that the file stands alone, and its role as a
//! class, so that a page can recolour it for dark paper.

use std::fmt::Write as _;

use super::picture::{Align, Ink, Mark, Picture, Point, Text};

/// A file of its own.
pub fn file(picture: &Picture) -> Vec<u8> {
    draw(picture, " xmlns=\"http://www.w3.org/2000/svg\"").into_bytes()
}

/// A file of its own that changes its colours where its reader prefers dark paper.
pub fn adaptive(picture: &Picture) -> Vec<u8> {
    let mut inks: Vec<Ink> = picture.marks.iter().map(Mark::ink).collect();
    inks.push(Ink::Paper); // Rings are filled with it.
    inks.sort_unstable();
    inks.dedup();
    let mut style = String::from("<style>@media (prefers-color-scheme: dark) {\n");
    for ink in inks {
        let (class, dark) = (ink.class(), ink.dark());
        writeln!(style, ".f-{class} {{ fill: {dark}; }} .l-{class} {{ stroke: {dark}; }}")
            .expect("memory does not fail");
    }
    let svg = draw(picture, " xmlns=\"http://www.w3.org/2000/svg\"");
    svg.replacen("</title>\n", &format!("</title>\n{style}}}</style>\n"), 1).into_bytes()
}

/// An element inside a page, which knows the name space and sets the size.
pub fn inline(picture: &Picture) -> String {
    draw(picture, "")
}

fn draw(picture: &Picture, namespace: &str) -> String {
    let (width, height) = (picture.width, picture.height);
    let mut svg = format!(
        "<svg{namespace} viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>{}</title>\n",
        escaped(&picture.title)
    );
    for mark in &picture.marks {
        svg += &element(mark);
        svg.push('\n');
    }
    svg + "</svg>\n"
}

fn element(mark: &Mark) -> String {
    match mark {
        Mark::Line { points, ink, width, dash } => {
            let dashes = dash.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
            let dashes =
                if dash.is_empty() { dashes } else { format!(" stroke-dasharray=\"{dashes}\"") };
            format!(
                "<path d=\"{}\" class=\"l-{}\" fill=\"none\" stroke=\"{}\" \
                 stroke-width=\"{width}\" stroke-linejoin=\"round\"{dashes}/>",
                path(points),
                ink.class(),
                ink.hex()
            )
        }
        Mark::Rect { from, to, ink } => format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"f-{}\" fill=\"{}\"/>",
            short(from.0),
            short(from.1),
            short(to.0 - from.0),
            short(to.1 - from.1),
            ink.class(),
            ink.hex()
        ),
        Mark::Area { corners, ink } => {
            format!(
                "<path d=\"{}Z\" class=\"f-{}\" fill=\"{}\"/>",
                path(corners),
                ink.class(),
                ink.hex()
            )
        }
        Mark::Disc { at, radius, ink, hollow } => {
            let (class, colour) = (ink.class(), ink.hex());
            let paint = if *hollow {
                format!(
                    "class=\"f-paper l-{class}\" fill=\"#FFFFFF\" stroke=\"{colour}\" \
                     stroke-width=\"1.8\""
                )
            } else {
                format!("class=\"f-{class}\" fill=\"{colour}\"")
            };
            format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" {paint}/>",
                short(at.0),
                short(at.1)
            )
        }
        Mark::Text(text) => text_element(text),
    }
}

fn text_element(text: &Text) -> String {
    let anchor = match text.align {
        Align::Start => "",
        Align::Middle => " text-anchor=\"middle\"",
        Align::End => " text-anchor=\"end\"",
    };
    let weight = if text.bold { " font-weight=\"bold\"" } else { "" };
    format!(
        "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{weight}{anchor} class=\"f-{}\" \
         fill=\"{}\">{}</text>",
        short(text.at.0),
        short(text.at.1),
        text.size,
        text.ink.class(),
        text.ink.hex(),
        escaped(&text.text)
    )
}

fn path(points: &[Point]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let command = if at == 0 { 'M' } else { 'L' };
        write!(path, "{command}{} {}", short(*x), short(*y)).expect("memory does not fail");
    }
    path
}

/// A coordinate with at most two decimals.
fn short(coordinate: f64) -> String {
    let text = format!("{coordinate:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours of a page's style sheet are those of the pictures.
    #[test]
    fn dark_paper_has_the_colours_of_the_page() {
        let style = crate::report::html::STYLE;
        let dark = style.split("prefers-color-scheme: dark").nth(1).expect("a dark theme");
        let dark = dark.split("\n}\n").next().unwrap_or_default();
        let series = (0..6).map(Ink::Series);
        let inks = [Ink::Paper, Ink::Text, Ink::Quiet, Ink::Grid, Ink::Shade, Ink::Pale];
        for ink in inks.into_iter().chain(series).chain([Ink::Good, Ink::Bad]) {
            let rule = format!("--{}: {};", ink.class(), ink.dark());
            assert!(dark.contains(&rule), "{rule}");
        }
        let mut picture = Picture::new(9.0, 9.0, "x");
        picture.ring((5.0, 5.0), 3.0, Ink::Good);
        let svg = String::from_utf8(adaptive(&picture)).expect("text");
        for rule in [".f-paper { fill: #161b22; }", ".l-good { stroke: #5aaef0; }"] {
            assert!(svg.contains(rule), "{svg}");
        }
    }

    #[test]
    fn a_picture_is_plain_svg_with_roles() {
        let mut picture = Picture::new(20.0, 10.0, "a < b");
        picture.line(vec![(1.0, 2.0), (3.25, 4.0)], Ink::Series(1), 2.0, &[4.0, 2.0]);
        picture.ring((5.0, 5.0), 3.0, Ink::Good);
        picture.text((1.0, 9.0), "p & q", Ink::Quiet, Align::End);
        insta::assert_snapshot!(String::from_utf8(file(&picture)).unwrap());
        assert!(!inline(&picture).contains("http"));
    }
}
