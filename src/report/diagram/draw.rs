//! Drawing of a diagram from the places of its parts.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::layout::{Align, Cut, Label, Layout};
use super::offset;
use crate::report::chart::line::{dashed, ring};
use crate::report::chart::picture::Picture;
use crate::report::chart::sheet::{Area, Drawn, PX, Sheet};
use crate::report::chart::{font, ink, legend};
use crate::report::human;
use crate::search::explanation::space_time::{
    End, Lane, LeftOut, Message, Place, Sort, SpaceTime, Strike, Tone,
};

/// Blank space at the sides.
const MARGIN: f64 = 20.0;
/// Half the width of a node's box.
const HALF: f64 = 54.0;
/// Half the height of a node's box.
const TALL: f64 = 13.0;

/// The surface of a diagram, in pixels of the page.
type Paper<'a> = DrawingArea<Sheet<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Point = (f64, f64);

/// Draws a space-time diagram. The title states the result, the subtitle what is shown.
pub fn picture<'a>(space_time: &'a SpaceTime, title: &str, subtitle: &str) -> Picture<'a> {
    let head = if space_time.operations.len() > 1 { 56.0 } else { 30.0 };
    let layout = Layout::of(space_time, head + TALL);
    let notes = notes(space_time);
    let width = layout.width.ceil() as i32;
    let room = (width - 2 * MARGIN as i32) * PX;
    let notes = notes.iter().flat_map(|note| font::wrapped(note, &font::small(ink::QUIET), room));
    let notes: Vec<String> = notes.collect();
    let height = layout.bottom + 34.0 + 17.0 * notes.len() as f64 + 8.0;
    Picture::new(title, subtitle, (width, height.ceil() as i32), move |area| {
        draw(area, space_time, &layout, head)?;
        for (at, note) in notes.iter().enumerate() {
            let y = ((layout.bottom + 30.0) * f64::from(PX)) as i32 + 17 * PX * at as i32;
            area.draw_text(note, &font::small(ink::QUIET), (MARGIN as i32 * PX, y))?;
        }
        Ok(())
    })
}

fn draw(area: &Area, space_time: &SpaceTime, layout: &Layout, head: f64) -> Drawn {
    if space_time.operations.len() > 1 {
        let names = space_time.operations.iter().enumerate();
        let entries: Vec<_> = names.map(|(at, name)| (ink::series(at), &**name)).collect();
        let margin = MARGIN as i32 * PX;
        legend::key(&area.margin(6 * PX, 0, margin, margin), &entries)?;
    }
    let (width, height) = area.dim_in_pixel();
    let (wide, high) = (f64::from(width) / f64::from(PX), f64::from(height) / f64::from(PX));
    let paper: Paper =
        area.apply_coord_spec(Cartesian2d::new(0.0..wide, 0.0..high, area.get_pixel_range()));
    let mut texts = Texts { paper, labels: Vec::new(), shaded: Vec::new() };
    bands(&mut texts, space_time, layout)?;
    lifelines(&texts.paper, space_time, layout)?;
    axis(&texts.paper, space_time, layout)?;
    outages(&mut texts, space_time, layout)?;
    messages(&mut texts, space_time, layout)?;
    marks(&mut texts, space_time, layout)?;
    let paper = texts.written()?;
    for (at, lane) in space_time.lanes.iter().enumerate() {
        node(&paper, lane, (layout.lanes[at], head))?;
    }
    Ok(())
}

/// A text cut to fit into a width, in the size of labels.
pub(super) fn fitted(text: &str, room: f64) -> String {
    font::fitted(text, &font::small(ink::TEXT), (room * f64::from(PX)) as i32)
}

/// The width of a text in the size of labels.
pub(super) fn width(text: &str) -> f64 {
    f64::from(font::width(text, &font::small(ink::TEXT))) / f64::from(PX)
}

/// A line through points.
fn line(paper: &Paper, points: &[Point], ink: RGBColor, width: u32) -> Drawn {
    paper.draw(&PathElement::new(points, ink.stroke_width(width)))
}

/// A line through points with dashes and gaps of these lengths.
fn dashes(
    paper: &Paper,
    points: &[Point],
    ink: RGBColor,
    width: u32,
    dash: &'static [f64],
) -> Drawn {
    dashed(paper, points.iter().copied(), ink.stroke_width(width), dash)
}

/// A filled rectangle.
fn block(paper: &Paper, from: Point, to: Point, ink: RGBColor) -> Drawn {
    paper.draw(&Rectangle::new([from, to], ink.filled()))
}

/// A small text, by the start or the end of its baseline.
fn small(paper: &Paper, at: Point, text: &str, ink: RGBColor, h_pos: HPos) -> Drawn {
    let style = font::small(ink).pos(Pos::new(h_pos, VPos::Bottom));
    paper.draw(&Text::new(text, at, style))
}

/// A drawing whose texts are written last, each on a blank rectangle of its own.
struct Texts<'a> {
    paper: Paper<'a>,
    labels: Vec<(Label, RGBColor)>,
    shaded: Vec<(Point, Point)>,
}

impl<'a> Texts<'a> {
    fn write(&mut self, labels: &[Label], ink: RGBColor) {
        self.labels.extend(labels.iter().map(|label| (label.clone(), ink)));
    }

    fn shade(&mut self, from: Point, to: Point) -> Drawn {
        self.shaded.push((from, to));
        block(&self.paper, from, to, ink::SHADE)
    }

    fn written(self) -> Drawn<Paper<'a>> {
        for (label, ink) in self.labels {
            let (x, y) = label.at;
            let wide = width(&label.text);
            let (left, place) = match label.align {
                Align::Start => (x, HPos::Left),
                Align::End => (x - wide, HPos::Right),
            };
            let (from, to) = ((left - 1.5, y - 9.5), (left + wide + 1.5, y + 2.5));
            let inside = |(low, high): &(Point, Point)| {
                low.0 <= from.0 && low.1 <= from.1 && high.0 >= to.0 && high.1 >= to.1
            };
            let under = if self.shaded.iter().any(inside) { ink::SHADE } else { ink::PAPER };
            block(&self.paper, from, to, under)?;
            small(&self.paper, (x, y), &label.text, ink, place)?;
        }
        Ok(self.paper)
    }
}

/// The box at the head of a lifeline.
fn node(paper: &Paper, lane: &Lane, (x, y): Point) -> Drawn {
    let ink = match lane.sort {
        Sort::Clients | Sort::Service => ink::TEXT,
        Sort::Database | Sort::Driver => ink::QUIET,
    };
    let (from, to) = ((x - HALF, y - TALL), (x + HALF, y + TALL));
    block(paper, from, to, ink)?;
    block(paper, (from.0 + 1.25, from.1 + 1.25), (to.0 - 1.25, to.1 - 1.25), ink::PAPER)?;
    if lane.sort == Sort::Database {
        let top = from.1 + 4.5;
        line(paper, &[(from.0, top), (to.0, top)], ink, 5)?;
    }
    let style = font::text(ink::TEXT).pos(Pos::new(HPos::Center, VPos::Center));
    let name = font::fitted(&lane.name, &style, (2.0 * HALF - 10.0) as i32 * PX);
    paper.draw(&Text::new(name, (x, y + 1.0), style))
}

/// Faults of links as bands across what they separate, faults of nodes as bars along them.
fn bands(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) -> Drawn {
    for (strike, labels) in space_time.strikes.iter().zip(&layout.strikes) {
        let (top, bottom) = (layout.y(strike.from), end_of(strike, layout));
        match &strike.place {
            Place::Links(parts) => {
                let all = || parts.iter().flatten().map(|at| layout.lanes[*at]);
                let left = all().fold(f64::INFINITY, f64::min) - 22.0;
                let right = all().fold(0.0, f64::max) + 22.0;
                if left < right {
                    texts.shade((left, top), (right, bottom))?;
                    for y in [top, bottom] {
                        let edge = [(left, y), (right, y)];
                        dashes(&texts.paper, &edge, ink::BAD, 5, &[16.0, 12.0])?;
                    }
                }
            }
            Place::Nodes(lanes) => {
                let down = |lane: &usize| {
                    space_time
                        .outages
                        .iter()
                        .any(|it| it.lane == *lane && it.from.time == strike.from.time)
                };
                for lane in lanes.iter().filter(|lane| !down(lane)) {
                    let x = layout.lanes[*lane];
                    texts.shade((x - 7.0, top), (x + 7.0, bottom))?;
                }
            }
            Place::Message(_) => {}
        }
        texts.write(labels, ink::BAD);
    }
    Ok(())
}

fn end_of(strike: &Strike, layout: &Layout) -> f64 {
    strike.to.map_or(layout.bottom, |tick| layout.y(tick))
}

/// A line for each node, broken where time is cut and where the node is down.
fn lifelines(paper: &Paper, space_time: &SpaceTime, layout: &Layout) -> Drawn {
    for (lane, x) in layout.lanes.iter().enumerate() {
        let mut gaps: Vec<(f64, f64)> = space_time
            .outages
            .iter()
            .filter(|outage| outage.lane == lane)
            .map(|outage| {
                let up = outage.to.map_or(layout.bottom, |tick| layout.y(tick));
                (layout.y(outage.from), up)
            })
            .collect();
        gaps.extend(layout.cuts.iter().map(|cut| (cut.top, cut.bottom)));
        gaps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut y = layout.top;
        for (from, to) in gaps {
            if from > y {
                line(paper, &[(*x, y), (*x, from)], ink::QUIET, 4)?;
            }
            y = y.max(to);
        }
        if y < layout.bottom {
            line(paper, &[(*x, y), (*x, layout.bottom)], ink::QUIET, 4)?;
        }
        for cut in layout.cuts.iter().filter(|cut| !is_down(space_time, layout, lane, cut)) {
            let dotted = [(*x, cut.top), (*x, cut.bottom)];
            dashes(paper, &dotted, ink::QUIET, 4, &[6.0, 20.0])?;
        }
    }
    Ok(())
}

fn is_down(space_time: &SpaceTime, layout: &Layout, lane: usize, cut: &Cut) -> bool {
    space_time.outages.iter().filter(|outage| outage.lane == lane).any(|outage| {
        let up = outage.to.map_or(layout.bottom, |tick| layout.y(tick));
        layout.y(outage.from) <= cut.top && cut.bottom <= up
    })
}

/// The times at the left, the marks of cuts of the axis, and the end of the run.
fn axis(paper: &Paper, space_time: &SpaceTime, layout: &Layout) -> Drawn {
    let x = layout.lanes.first().copied().unwrap_or_default() - HALF;
    for (y, time) in &layout.times {
        let text = offset(space_time.origin, *time);
        small(paper, (x, y + 4.0), &text, ink::QUIET, HPos::Right)?;
    }
    for cut in &layout.cuts {
        let middle = f64::midpoint(cut.top, cut.bottom);
        let text = format!("… {} …", human::nanos(cut.span.as_nanos() as f64));
        small(paper, (x, middle + 4.0), &text, ink::QUIET, HPos::Right)?;
    }
    let last = layout.lanes.last().copied().unwrap_or(x);
    let end = [(x + 8.0, layout.bottom), (last + 22.0, layout.bottom)];
    line(paper, &end, ink::QUIET, 4)?;
    let rest = if space_time.settled { "at rest" } else { "not settled" };
    let text = format!("end of the run, {rest}");
    small(paper, (x + 8.0, layout.bottom + 14.0), &text, ink::QUIET, HPos::Left)
}

/// Draws outages: a node that is down has no lifeline but a pale bar, with a cross at its start.
fn outages(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) -> Drawn {
    for (outage, (crash, restart)) in space_time.outages.iter().zip(&layout.outages) {
        let x = layout.lanes[outage.lane];
        let top = layout.y(outage.from);
        let bottom = outage.to.map_or(layout.bottom, |tick| layout.y(tick));
        texts.shade((x - 7.0, top), (x + 7.0, bottom))?;
        for side in [x - 7.0, x + 7.0] {
            dashes(&texts.paper, &[(side, top), (side, bottom)], ink::BAD, 4, &[12.0, 12.0])?;
        }
        cross(&texts.paper, (x, top), 6.0)?;
        if outage.to.is_some() {
            line(&texts.paper, &[(x - 7.0, bottom), (x + 7.0, bottom)], ink::BAD, 6)?;
        }
        texts.write(crash, ink::BAD);
        texts.write(restart, ink::TEXT);
    }
    Ok(())
}

fn cross(paper: &Paper, (x, y): Point, size: f64) -> Drawn {
    for tilt in [size, -size] {
        line(paper, &[(x - size, y - tilt), (x + size, y + tilt)], ink::BAD, 10)?;
    }
    Ok(())
}

fn messages(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) -> Drawn {
    let several = space_time.operations.len() > 1;
    for (message, labels) in space_time.messages.iter().zip(&layout.messages) {
        let ink = match message.op {
            _ if message.is_lost() => ink::BAD,
            Some(op) if several => ink::series(op),
            None => ink::QUIET,
            Some(_) => ink::TEXT,
        };
        arrow(&texts.paper, message, layout, ink)?;
        let quiet = if message.reply && ink == ink::TEXT { ink::QUIET } else { ink };
        texts.write(labels, quiet);
    }
    Ok(())
}

/// Draws a message as an arrow from its sending to its arrival; a lost message ends in a cross,
/// either at once or just before the receiver.
fn arrow(paper: &Paper, message: &Message, layout: &Layout, ink: RGBColor) -> Drawn {
    let (from, to) = (layout.lanes[message.from], layout.lanes[message.to]);
    let direction = if to > from { 1.0 } else { -1.0 };
    let start = (from, layout.y(message.sent));
    let dash: &[f64] = if message.reply || message.copy { &[20.0, 12.0] } else { &[] };
    let tip = match message.end {
        End::Arrived(tick) => (to, layout.y(tick)),
        End::Lost(tick) if tick.time > message.sent.time => (to - 14.0 * direction, layout.y(tick)),
        End::Lost(_) => (from + 0.55 * (to - from), start.1 + 7.0),
        End::Travelling => (from + 0.8 * (to - from), layout.bottom),
    };
    dashes(paper, &[start, tip], ink, 5, dash)?;
    match message.end {
        End::Arrived(_) => head(paper, start, tip, message.reply, ink),
        End::Lost(_) => cross(paper, tip, 4.5),
        End::Travelling => Ok(()),
    }
}

/// The head of an arrow: filled for a request, open for an answer.
fn head(paper: &Paper, start: Point, tip: Point, open: bool, ink: RGBColor) -> Drawn {
    let (dx, dy) = (tip.0 - start.0, tip.1 - start.1);
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let (along, across) = ((dx / length, dy / length), (-dy / length, dx / length));
    let corner = |side: f64| {
        let (back, wide) = (8.0, 3.6 * side);
        (tip.0 - along.0 * back + across.0 * wide, tip.1 - along.1 * back + across.1 * wide)
    };
    let corners = [corner(1.0), tip, corner(-1.0)];
    if open { line(paper, &corners, ink, 5) } else { paper.draw(&Polygon::new(corners, ink)) }
}

/// Forced writes as bars on the lifeline, events as dots.
fn marks(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) -> Drawn {
    for (mark, labels) in space_time.marks.iter().zip(&layout.marks) {
        let (x, y) = (layout.lanes[mark.lane], layout.y(mark.at));
        if let Some(since) = mark.since {
            let top = layout.y(since);
            block(&texts.paper, (x - 4.0, top), (x + 4.0, y.max(top + 2.0)), ink::QUIET)?;
            block(&texts.paper, (x - 2.75, top + 1.25), (x + 2.75, y - 1.25), ink::PALE)?;
        }
        if mark.text.is_empty() {
            continue;
        }
        match mark.tone {
            Tone::Good => texts.paper.draw(&Circle::new((x, y), 18, ink::GOOD.filled()))?,
            Tone::Bad => texts.paper.draw(&Circle::new((x, y), 18, ink::BAD.filled()))?,
            Tone::Plain => ring(&texts.paper, (x, y), 16, ink::TEXT)?,
        }
        let ink = if mark.tone == Tone::Bad { ink::BAD } else { ink::TEXT };
        texts.write(labels, ink);
    }
    Ok(())
}

/// The explanation of the marks, and of what is not shown.
fn notes(space_time: &SpaceTime) -> Vec<String> {
    let mut notes = vec![
        "Time runs down; dotted stretches are cut. Solid arrows are requests, dashed ones answers \
         or copies."
            .to_owned(),
        "A bar is a forced write or a wait for a lock, a blue dot something done, a red one \
         something undone, lost or refused."
            .to_owned(),
    ];
    let LeftOut { statements, reads, repeats } = space_time.left_out;
    let parts = [
        (statements, "messages between services and databases"),
        (reads, "measuring reads"),
        (repeats, "further messages of the same kind"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !parts.is_empty() {
        notes.push(format!("Not shown: {}.", human::list(&parts)));
    }
    notes
}
