//! From places to marks on paper.

use super::layout::{Cut, Label, Layout};
use super::offset;
use crate::report::chart::font;
use crate::report::chart::frame;
use crate::report::chart::picture::{Align, Ink, Picture, Point, SMALL, TEXT};
use crate::report::human;
use crate::search::explanation::space_time::{
    End, Lane, LeftOut, Message, Place, Sort, SpaceTime, Strike, Tone,
};

/// Blank space at the sides.
const MARGIN: f64 = 20.0;
/// Height of the title's font.
const TITLE: f64 = 17.0;
/// Half the width of a node's box.
const HALF: f64 = 54.0;
/// Half the height of a node's box.
const TALL: f64 = 13.0;

/// Draws a space_time. The title says the message, the subtitle what is shown.
pub fn picture(space_time: &SpaceTime, title: &str, subtitle: &str) -> Picture {
    let several = space_time.operations.len() > 1;
    let head = if several { 116.0 } else { 90.0 };
    let layout = Layout::of(space_time, head + TALL);
    let notes = notes(space_time);
    let height = layout.bottom + 34.0 + 17.0 * notes.len() as f64 + 8.0;
    let mut picture = Picture::new(layout.width, height.ceil(), title);
    let room = layout.width - 2.0 * MARGIN;
    picture.bold((MARGIN, 30.0), frame::fitted(title, TITLE, true, room), TITLE);
    let subtitle = frame::fitted(subtitle, TEXT, false, room);
    picture.text((MARGIN, 51.0), subtitle, Ink::Quiet, Align::Start);
    if several {
        let names = space_time.operations.iter().enumerate();
        let entries: Vec<(Ink, String)> =
            names.map(|(at, name)| (Ink::Series(at), name.clone())).collect();
        frame::key(&mut picture, (MARGIN, 76.0), layout.width - MARGIN, &entries);
    }
    let mut texts = Texts { picture, labels: Vec::new(), shaded: Vec::new() };
    bands(&mut texts, space_time, &layout);
    lifelines(&mut texts.picture, space_time, &layout);
    axis(&mut texts.picture, space_time, &layout);
    outages(&mut texts, space_time, &layout);
    messages(&mut texts, space_time, &layout);
    marks(&mut texts, space_time, &layout);
    let mut picture = texts.written();
    for (at, lane) in space_time.lanes.iter().enumerate() {
        node(&mut picture, lane, (layout.lanes[at], head));
    }
    for (at, note) in notes.iter().enumerate() {
        let y = layout.bottom + 34.0 + 17.0 * at as f64;
        let note = frame::fitted(note, SMALL, false, room);
        picture.small((MARGIN, y), note, Ink::Quiet, Align::Start);
    }
    picture
}

/// A text cut to what fits into a width, in the size of labels.
pub(super) fn fitted(text: &str, room: f64) -> String {
    frame::fitted(text, SMALL, false, room)
}

/// A picture whose texts are written last, each on a blank spot of its own.
struct Texts {
    picture: Picture,
    labels: Vec<(Label, Ink)>,
    shaded: Vec<(Point, Point)>,
}

impl Texts {
    fn write(&mut self, labels: &[Label], ink: Ink) {
        self.labels.extend(labels.iter().map(|label| (label.clone(), ink)));
    }

    fn shade(&mut self, from: Point, to: Point) {
        self.picture.rect(from, to, Ink::Shade);
        self.shaded.push((from, to));
    }

    fn written(mut self) -> Picture {
        for (label, ink) in self.labels {
            let (x, y) = label.at;
            let wide = font::width(&label.text, SMALL, false);
            let left = if label.align == Align::End { x - wide } else { x };
            let (from, to) = ((left - 1.5, y - 9.5), (left + wide + 1.5, y + 2.5));
            let inside = |(low, high): &(Point, Point)| {
                low.0 <= from.0 && low.1 <= from.1 && high.0 >= to.0 && high.1 >= to.1
            };
            let under = if self.shaded.iter().any(inside) { Ink::Shade } else { Ink::Paper };
            self.picture.rect(from, to, under);
            self.picture.small((x, y), label.text, ink, label.align);
        }
        self.picture
    }
}

/// The box at the head of a lifeline.
fn node(picture: &mut Picture, lane: &Lane, (x, y): Point) {
    let ink = match lane.sort {
        Sort::Clients | Sort::Service => Ink::Text,
        Sort::Database | Sort::Driver => Ink::Quiet,
    };
    let (from, to) = ((x - HALF, y - TALL), (x + HALF, y + TALL));
    picture.rect(from, to, ink);
    picture.rect((from.0 + 1.2, from.1 + 1.2), (to.0 - 1.2, to.1 - 1.2), Ink::Paper);
    if lane.sort == Sort::Database {
        let top = from.1 + 4.4;
        picture.line(vec![(from.0, top), (to.0, top)], ink, 1.2, &[]);
    }
    let name = frame::fitted(&lane.name, TEXT, false, 2.0 * HALF - 10.0);
    picture.text((x, y + 6.0), name, Ink::Text, Align::Middle);
}

/// Faults of links as bands across what they separate, faults of nodes as bars along them.
fn bands(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) {
    for (strike, labels) in space_time.strikes.iter().zip(&layout.strikes) {
        let (top, bottom) = (layout.y(strike.from), end_of(strike, layout));
        match &strike.place {
            Place::Links(from, to) => {
                let all = || from.iter().chain(to).map(|at| layout.lanes[*at]);
                let left = all().fold(f64::INFINITY, f64::min) - 22.0;
                let right = all().fold(0.0, f64::max) + 22.0;
                if left < right {
                    texts.shade((left, top), (right, bottom));
                    for y in [top, bottom] {
                        let edge = vec![(left, y), (right, y)];
                        texts.picture.line(edge, Ink::Bad, 1.2, &[4.0, 3.0]);
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
                    texts.shade((x - 7.0, top), (x + 7.0, bottom));
                }
            }
            Place::Message(_) => {}
        }
        texts.write(labels, Ink::Bad);
    }
}

fn end_of(strike: &Strike, layout: &Layout) -> f64 {
    strike.to.map_or(layout.bottom, |tick| layout.y(tick))
}

/// A line for each node, broken where time is cut and where the node is down.
fn lifelines(picture: &mut Picture, space_time: &SpaceTime, layout: &Layout) {
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
                picture.line(vec![(*x, y), (*x, from)], Ink::Quiet, 1.1, &[]);
            }
            y = y.max(to);
        }
        if y < layout.bottom {
            picture.line(vec![(*x, y), (*x, layout.bottom)], Ink::Quiet, 1.1, &[]);
        }
        for cut in layout.cuts.iter().filter(|cut| !is_down(space_time, layout, lane, cut)) {
            let line = vec![(*x, cut.top), (*x, cut.bottom)];
            picture.line(line, Ink::Quiet, 1.1, &[1.5, 5.0]);
        }
    }
}

fn is_down(space_time: &SpaceTime, layout: &Layout, lane: usize, cut: &Cut) -> bool {
    space_time.outages.iter().filter(|outage| outage.lane == lane).any(|outage| {
        let up = outage.to.map_or(layout.bottom, |tick| layout.y(tick));
        layout.y(outage.from) <= cut.top && cut.bottom <= up
    })
}

/// The times at the left, where the axis is cut, and where the run ends.
fn axis(picture: &mut Picture, space_time: &SpaceTime, layout: &Layout) {
    let x = layout.lanes.first().copied().unwrap_or_default() - HALF;
    for (y, time) in &layout.times {
        let text = offset(space_time.origin, *time);
        picture.small((x, y + 4.0), text, Ink::Quiet, Align::End);
    }
    for cut in &layout.cuts {
        let middle = f64::midpoint(cut.top, cut.bottom);
        let text = format!("… {} …", human::nanos(cut.span.as_nanos() as f64));
        picture.small((x, middle + 4.0), text, Ink::Quiet, Align::End);
    }
    let last = layout.lanes.last().copied().unwrap_or(x);
    let end = vec![(x + 8.0, layout.bottom), (last + 22.0, layout.bottom)];
    picture.line(end, Ink::Quiet, 1.1, &[]);
    let rest = if space_time.settled { "at rest" } else { "not settled" };
    let text = format!("end of the run, {rest}");
    picture.small((x + 8.0, layout.bottom + 14.0), text, Ink::Quiet, Align::Start);
}

/// A node that is down has no lifeline but a pale bar with a cross where it began.
fn outages(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) {
    for (outage, (crash, restart)) in space_time.outages.iter().zip(&layout.outages) {
        let x = layout.lanes[outage.lane];
        let top = layout.y(outage.from);
        let bottom = outage.to.map_or(layout.bottom, |tick| layout.y(tick));
        texts.shade((x - 7.0, top), (x + 7.0, bottom));
        for side in [x - 7.0, x + 7.0] {
            texts.picture.line(vec![(side, top), (side, bottom)], Ink::Bad, 1.0, &[3.0, 3.0]);
        }
        cross(&mut texts.picture, (x, top), 6.0);
        if outage.to.is_some() {
            texts.picture.line(vec![(x - 7.0, bottom), (x + 7.0, bottom)], Ink::Bad, 1.6, &[]);
        }
        texts.write(crash, Ink::Bad);
        texts.write(restart, Ink::Text);
    }
}

fn cross(picture: &mut Picture, (x, y): Point, size: f64) {
    for tilt in [size, -size] {
        let line = vec![(x - size, y - tilt), (x + size, y + tilt)];
        picture.line(line, Ink::Bad, 2.4, &[]);
    }
}

fn messages(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) {
    let several = space_time.operations.len() > 1;
    for (message, labels) in space_time.messages.iter().zip(&layout.messages) {
        let ink = match message.op {
            _ if message.is_lost() => Ink::Bad,
            Some(op) if several => Ink::Series(op),
            None => Ink::Quiet,
            Some(_) => Ink::Text,
        };
        arrow(&mut texts.picture, message, layout, ink);
        let quiet = if message.reply && ink == Ink::Text { Ink::Quiet } else { ink };
        texts.write(labels, quiet);
    }
}

/// An arrow from where and when a message left to where and when it arrived; one that was lost
/// ends in a cross, at once or at the receiver's door.
fn arrow(picture: &mut Picture, message: &Message, layout: &Layout, ink: Ink) {
    let (from, to) = (layout.lanes[message.from], layout.lanes[message.to]);
    let direction = if to > from { 1.0 } else { -1.0 };
    let start = (from, layout.y(message.sent));
    let dash: &[f64] = if message.reply || message.copy { &[5.0, 3.0] } else { &[] };
    let tip = match message.end {
        End::Arrived(tick) => (to, layout.y(tick)),
        End::Lost(tick) if tick.time > message.sent.time => (to - 14.0 * direction, layout.y(tick)),
        End::Lost(_) => (from + 0.55 * (to - from), start.1 + 7.0),
        End::Travelling => (from + 0.8 * (to - from), layout.bottom),
    };
    picture.line(vec![start, tip], ink, 1.3, dash);
    match message.end {
        End::Arrived(_) => head(picture, start, tip, message.reply, ink),
        End::Lost(_) => cross(picture, tip, 4.5),
        End::Travelling => {}
    }
}

/// The head of an arrow: filled for a request, open for an answer.
fn head(picture: &mut Picture, start: Point, tip: Point, open: bool, ink: Ink) {
    let (dx, dy) = (tip.0 - start.0, tip.1 - start.1);
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let (along, across) = ((dx / length, dy / length), (-dy / length, dx / length));
    let corner = |side: f64| {
        let (back, wide) = (8.0, 3.6 * side);
        (tip.0 - along.0 * back + across.0 * wide, tip.1 - along.1 * back + across.1 * wide)
    };
    if open {
        picture.line(vec![corner(1.0), tip, corner(-1.0)], ink, 1.3, &[]);
    } else {
        picture.area(vec![corner(1.0), tip, corner(-1.0)], ink);
    }
}

/// Forced writes as bars on the lifeline, events as dots.
fn marks(texts: &mut Texts, space_time: &SpaceTime, layout: &Layout) {
    for (mark, labels) in space_time.marks.iter().zip(&layout.marks) {
        let (x, y) = (layout.lanes[mark.lane], layout.y(mark.at));
        if let Some(since) = mark.since {
            let top = layout.y(since);
            texts.picture.rect((x - 4.0, top), (x + 4.0, y.max(top + 2.0)), Ink::Quiet);
            texts.picture.rect((x - 2.8, top + 1.2), (x + 2.8, y - 1.2), Ink::Pale);
        }
        if mark.text.is_empty() {
            continue;
        }
        match mark.tone {
            Tone::Good => texts.picture.disc((x, y), 4.4, Ink::Good),
            Tone::Bad => texts.picture.disc((x, y), 4.4, Ink::Bad),
            Tone::Plain => texts.picture.ring((x, y), 4.0, Ink::Text),
        }
        let ink = if mark.tone == Tone::Bad { Ink::Bad } else { Ink::Text };
        texts.write(labels, ink);
    }
}

/// How to read it, and what is not shown.
fn notes(space_time: &SpaceTime) -> Vec<String> {
    let mut notes = vec![
        "Time runs down; dotted stretches are cut. Solid arrows are requests, dashed ones answers \
         or copies."
            .to_owned(),
        "A bar is a forced write, a blue dot something done, a red one something undone, lost or \
         refused."
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
