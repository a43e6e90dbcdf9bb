//! The places of all parts of a diagram: lanes beside each other, instants below each other, and
//! texts that do not overlap.

use std::collections::BTreeMap;

use crate::kernel::{Span, Time};
use crate::search::explanation::space_time::{End, Mark, Message, Place, SpaceTime, Strike, Tick};

/// The middle of the first lane, right of the times.
const LEFT: f64 = 150.0;
/// The room for texts right of the last lane.
const RIGHT: f64 = 168.0;
/// The least and the greatest distance of lanes: they are as far apart as the picture allows.
const LANE: (f64, f64) = (124.0, 178.0);
/// The width that lanes share.
const LANES: f64 = 960.0;
/// Height of a line of text.
pub const LINE: f64 = 14.5;
/// Height of the least step between two instants.
const LEAST: f64 = 5.0;
/// Height of the usual step. A step up to twice as long has a proportional height; then each
/// doubling of the time adds as much again, until the axis is cut.
const USUAL: f64 = 17.0;
const TOO_LONG: f64 = 24.0;
/// Height of a stretch that was cut.
const CUT: f64 = 40.0;
/// The least width of a picture.
const NARROWEST: f64 = 760.0;
/// The distance of a text from its lifeline.
const BESIDE: f64 = 10.0;

/// The end of a text that its place refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Start,
    End,
}

/// A text with its place: the baseline of its start, or of its end.
#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    pub at: (f64, f64),
    pub text: String,
    pub align: Align,
}

/// A stretch of time that was cut.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cut {
    pub top: f64,
    pub bottom: f64,
    pub span: Span,
}

/// The places of all parts of a diagram.
pub struct Layout {
    /// The middle of each lane.
    pub lanes: Vec<f64>,
    pub width: f64,
    pub top: f64,
    pub bottom: f64,
    /// The height of each tick; several ticks of one instant may be below each other.
    ys: BTreeMap<Tick, f64>,
    /// Texts beside messages, by position.
    pub messages: Vec<Vec<Label>>,
    /// Texts beside marks, by position.
    pub marks: Vec<Vec<Label>>,
    /// Texts of outages: at the crash and at the restart.
    pub outages: Vec<(Vec<Label>, Vec<Label>)>,
    /// The texts of faults.
    pub strikes: Vec<Vec<Label>>,
    pub cuts: Vec<Cut>,
    /// The instants that have room for their time at the left.
    pub times: Vec<(f64, Time)>,
}

/// A rectangle: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// An event at a tick, by its position in the diagram.
#[derive(Clone, Copy)]
enum Item {
    Sent(usize),
    Came(usize),
    Began,
    Mark(usize),
    Down(usize),
    Up(usize),
    Strike(usize),
    Healed,
}

impl Layout {
    /// Lays out a space-time diagram whose lanes begin at `top`.
    pub fn of(space_time: &SpaceTime, top: f64) -> Self {
        let count = space_time.lanes.len().max(1) as f64;
        let step = ((LANES - LEFT - RIGHT) / (count - 1.0).max(1.0)).clamp(LANE.0, LANE.1);
        let lanes: Vec<f64> =
            (0..space_time.lanes.len()).map(|at| LEFT + step * at as f64).collect();
        let width = (LEFT + step * (count - 1.0) + RIGHT).max(NARROWEST);
        let mut builder = Builder {
            space_time,
            layout: Self {
                lanes,
                width,
                top,
                bottom: top,
                ys: BTreeMap::new(),
                messages: vec![Vec::new(); space_time.messages.len()],
                marks: vec![Vec::new(); space_time.marks.len()],
                outages: vec![(Vec::new(), Vec::new()); space_time.outages.len()],
                strikes: vec![Vec::new(); space_time.strikes.len()],
                cuts: Vec::new(),
                times: Vec::new(),
            },
            step,
            taken: Vec::new(),
            y: top + 20.0,
        };
        builder.run();
        builder.layout
    }

    /// The height of a tick.
    pub fn y(&self, tick: Tick) -> f64 {
        self.ys.get(&tick).copied().unwrap_or(self.bottom)
    }
}

struct Builder<'a> {
    space_time: &'a SpaceTime,
    layout: Layout,
    step: f64,
    /// The areas that texts must keep out of.
    taken: Vec<Area>,
    y: f64,
}

impl Builder<'_> {
    fn run(&mut self) {
        let items = items(self.space_time);
        let usual = usual(&items);
        let mut now = items.first().map_or(self.space_time.origin, |(tick, _)| tick.time);
        for (tick, item) in items {
            if tick.time > now {
                self.pass(tick.time - now, usual);
                now = tick.time;
            }
            self.place(tick, item);
            self.layout.ys.insert(tick, self.y);
            let room = self.layout.times.last().is_none_or(|(y, _)| self.y - y >= LINE);
            let is_new = self.layout.times.last().is_none_or(|(_, time)| *time != tick.time);
            if room && is_new {
                self.layout.times.push((self.y, tick.time));
            }
        }
        self.y = self.taken.iter().map(|area| area.3).fold(self.y, f64::max);
        if self.space_time.until > now {
            self.y += 6.0;
            self.pass(self.space_time.until - now, usual);
        }
        self.y += LINE;
        self.layout.bottom = self.y;
    }

    /// Moves down by the height of a time span; one that is too long is cut.
    fn pass(&mut self, span: Span, usual: f64) {
        let times = span.as_nanos() as f64 / usual;
        if times <= TOO_LONG {
            let beyond = libm::log2((times / 2.0).max(1.0));
            self.y += (times.min(2.0) * USUAL + beyond * USUAL).max(LEAST);
            return;
        }
        let top = self.y + 4.0;
        self.y += CUT;
        self.layout.cuts.push(Cut { top, bottom: self.y - 4.0, span });
        self.taken.push((0.0, top, LEFT - 40.0, self.y - 4.0));
    }

    /// Finds a place for an event and its text, at or below the current height.
    fn place(&mut self, tick: Tick, item: Item) {
        match item {
            Item::Sent(at) => self.sent(at),
            Item::Came(at) => self.came(at),
            Item::Mark(at) => {
                let Mark { lane, text, .. } = &self.space_time.marks[at];
                self.layout.marks[at] = self.beside(*lane, text);
            }
            Item::Down(at) => {
                let lane = self.space_time.outages[at].lane;
                let strike = self.space_time.strikes.iter().rfind(|strike| strike.from <= tick);
                let strike = strike.filter(|strike| strike.from.time == tick.time);
                let text = strike.map_or_else(|| "crash".into(), |strike| self.fault(strike));
                self.layout.outages[at].0 = self.beside(lane, &text);
            }
            Item::Up(at) => {
                let lane = self.space_time.outages[at].lane;
                self.layout.outages[at].1 = self.beside(lane, "restarts");
            }
            Item::Strike(at) => self.strike(at),
            Item::Began | Item::Healed => {}
        }
    }

    /// The name of a fault, with its number if there are several.
    fn fault(&self, strike: &Strike) -> String {
        let kind = strike.kind.replace('-', " ");
        if self.space_time.strikes.len() > 1 {
            format!("fault {}: {kind}", strike.fault + 1)
        } else {
            kind
        }
    }

    /// A message is sent: its text stands above the beginning of its arrow.
    fn sent(&mut self, at: usize) {
        let message = &self.space_time.messages[at];
        let (from, to) = (self.layout.lanes[message.from], self.layout.lanes[message.to]);
        let text = message_text(message);
        let room = (from - to).abs() - 2.0 * BESIDE;
        let text = super::draw::fitted(&text, room);
        let (start, align) =
            if to > from { (from + BESIDE, Align::Start) } else { (from - BESIDE, Align::End) };
        let labels = self.settle(&[text], start, align, -5.0);
        self.layout.messages[at] = labels;
        let arrow = if to > from {
            (from, self.y - 3.0, from + room.min(60.0), self.y + 8.0)
        } else {
            (from - room.min(60.0), self.y - 3.0, from, self.y + 8.0)
        };
        self.taken.push(arrow);
    }

    /// A message arrives: texts must not cover the end of its arrow.
    fn came(&mut self, at: usize) {
        let message = &self.space_time.messages[at];
        let (from, to) = (self.layout.lanes[message.from], self.layout.lanes[message.to]);
        let towards = if to > from { (to - 40.0, to) } else { (to, to + 40.0) };
        self.taken.push((towards.0, self.y - 4.0, towards.1, self.y + 4.0));
    }

    /// A fault begins. The text of a fault that takes a node down stands at the outage.
    fn strike(&mut self, at: usize) {
        let strike = &self.space_time.strikes[at];
        let text = self.fault(strike);
        let labels = match &strike.place {
            Place::Nodes(lanes) => {
                let is_down = |lane: &usize| {
                    let began = strike.from.time;
                    self.space_time
                        .outages
                        .iter()
                        .any(|it| it.lane == *lane && it.from.time == began)
                };
                let hit: Vec<usize> = lanes.iter().filter(|lane| !is_down(lane)).copied().collect();
                hit.into_iter().flat_map(|lane| self.beside(lane, &text)).collect()
            }
            Place::Links(parts) => {
                let first = parts.iter().flatten().min().copied().unwrap_or_default();
                let x = self.layout.lanes[first] + BESIDE;
                self.settle(&[text], x, Align::Start, 15.0)
            }
            Place::Message(_) => Vec::new(),
        };
        self.layout.strikes[at] = labels;
    }

    /// A text right of a lifeline, on two lines if it is long.
    fn beside(&mut self, lane: usize, text: &str) -> Vec<Label> {
        if text.is_empty() {
            return Vec::new();
        }
        let is_last = lane + 1 == self.layout.lanes.len();
        let room = if is_last { RIGHT - 16.0 } else { self.step } - 1.5 * BESIDE;
        let lines = wrapped(text, room);
        self.settle(&lines, self.layout.lanes[lane] + BESIDE, Align::Start, 4.0)
    }

    /// Moves down until these lines, the first with its baseline `drop` below the current height,
    /// overlap no other text, and reserves their area.
    fn settle(&mut self, lines: &[String], x: f64, align: Align, drop: f64) -> Vec<Label> {
        let wide = lines.iter().map(|line| super::draw::width(line)).fold(0.0, f64::max);
        let (left, right) = match align {
            Align::End => (x - wide, x),
            Align::Start => (x, x + wide),
        };
        let extent = |y: f64| {
            let top = y + drop - 9.2;
            (left - 2.0, top, right + 2.0, top + LINE * lines.len() as f64)
        };
        while let Some(other) = self.taken.iter().find(|other| overlap(extent(self.y), **other)) {
            self.y += (other.3 - extent(self.y).1).max(0.5);
        }
        self.taken.push(extent(self.y));
        let line = |(number, text): (usize, &String)| Label {
            at: (x, self.y + drop + LINE * number as f64),
            text: text.clone(),
            align,
        };
        lines.iter().enumerate().map(line).collect()
    }
}

fn overlap(a: Area, b: Area) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

/// The text on an arrow: the message's name, and its fate.
pub fn message_text(message: &Message) -> String {
    let copy = if message.copy { ", second copy" } else { "" };
    let lost = if message.is_lost() { ", lost" } else { "" };
    format!("{}{copy}{lost}", message.text)
}

/// A text on one line or two, cut if two are not enough.
fn wrapped(text: &str, room: f64) -> Vec<String> {
    if super::draw::width(text) <= room {
        return vec![text.into()];
    }
    let mut first = String::new();
    for word in text.split(' ') {
        let longer = if first.is_empty() { word.into() } else { format!("{first} {word}") };
        if !first.is_empty() && super::draw::width(&longer) > room {
            break;
        }
        first = longer;
    }
    let rest = text[first.len()..].trim_start();
    let lines = [super::draw::fitted(&first, room), super::draw::fitted(rest, room)];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// All events, in order.
fn items(space_time: &SpaceTime) -> Vec<(Tick, Item)> {
    let mut items: Vec<(Tick, Item)> = Vec::new();
    for (at, message) in space_time.messages.iter().enumerate() {
        items.push((message.sent, Item::Sent(at)));
        match message.end {
            End::Lost(tick) if tick.time == message.sent.time => {}
            End::Arrived(tick) | End::Lost(tick) => items.push((tick, Item::Came(at))),
            End::Travelling => {}
        }
    }
    for (at, mark) in space_time.marks.iter().enumerate() {
        items.extend(mark.since.map(|tick| (tick, Item::Began)));
        items.push((mark.at, Item::Mark(at)));
    }
    for (at, outage) in space_time.outages.iter().enumerate() {
        items.push((outage.from, Item::Down(at)));
        items.extend(outage.to.map(|tick| (tick, Item::Up(at))));
    }
    for (at, strike) in space_time.strikes.iter().enumerate() {
        items.push((strike.from, Item::Strike(at)));
        let lasts = !matches!(strike.place, Place::Message(_));
        items.extend(strike.to.filter(|_| lasts).map(|tick| (tick, Item::Healed)));
    }
    items.sort_by_key(|(tick, _)| *tick);
    items.chunk_by_mut(|a, b| is_fan(space_time, a, b)).for_each(|fan| {
        fan.sort_by_key(|(_, item)| std::cmp::Reverse(reach(space_time, *item)));
    });
    items
}

/// Returns whether two events are messages that leave one node at one instant. The one that goes
/// farther stands above the other, so that their arrows do not cross.
fn is_fan(space_time: &SpaceTime, a: &(Tick, Item), b: &(Tick, Item)) -> bool {
    let (Item::Sent(one), Item::Sent(other)) = (a.1, b.1) else { return false };
    a.0.time == b.0.time && space_time.messages[one].from == space_time.messages[other].from
}

fn reach(space_time: &SpaceTime, item: Item) -> usize {
    let Item::Sent(at) = item else { return 0 };
    space_time.messages[at].from.abs_diff(space_time.messages[at].to)
}

/// The usual time between two instants in nanoseconds: the median of the steps that are at most 50
/// times as long as their lower quartile.
fn usual(items: &[(Tick, Item)]) -> f64 {
    let step = |pair: &[(Tick, Item)]| (pair[1].0.time - pair[0].0.time).as_nanos();
    let mut steps: Vec<u64> = items.windows(2).map(step).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    let quarter = steps.get(steps.len() / 4).copied().unwrap_or(1);
    steps.retain(|step| *step <= quarter.saturating_mul(50));
    steps.get(steps.len() / 2).map_or(1.0, |step| (*step).max(1) as f64)
}
