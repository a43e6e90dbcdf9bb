//! A diagram as lines of text, one for each event.

use super::layout::message_text;
use crate::search::explanation::space_time::{End, Place, SpaceTime, Strike, Tick};

/// An event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The time of the event.
    pub tick: Tick,
    /// The node of the event, or the sender and the receiver.
    pub who: String,
    /// The event in words.
    pub what: String,
}

/// All events of a space-time diagram, in order.
pub fn lines(space_time: &SpaceTime) -> Vec<Line> {
    let lane = |at: usize| space_time.lanes[at].name.as_str();
    let mut lines: Vec<Line> = Vec::new();
    for message in &space_time.messages {
        let who = format!("{} → {}", lane(message.from), lane(message.to));
        let took = match message.end {
            End::Arrived(tick) => format!(" ({})", tick.time - message.sent.time),
            End::Lost(_) => String::new(),
            End::Travelling => " (still on its way)".into(),
        };
        let what = message_text(message) + &took;
        lines.push(Line { tick: message.sent, who, what });
    }
    for mark in space_time.marks.iter().filter(|mark| !mark.text.is_empty()) {
        let (tick, what) = (mark.at, mark.text.clone());
        lines.push(Line { tick, who: lane(mark.lane).into(), what });
    }
    for outage in &space_time.outages {
        let down = [(Some(outage.from), "crashes"), (outage.to, "restarts")];
        lines.extend(down.into_iter().filter_map(|(tick, what)| {
            Some(Line { tick: tick?, who: lane(outage.lane).into(), what: what.into() })
        }));
    }
    for strike in space_time.strikes.iter().filter(|strike| !shows_itself(space_time, strike)) {
        let who = match &strike.place {
            Place::Nodes(lanes) => names(space_time, lanes),
            Place::Links(parts) => {
                let parts = parts.iter().filter(|lanes| !lanes.is_empty());
                let parts: Vec<String> = parts.map(|lanes| names(space_time, lanes)).collect();
                parts.join(" | ")
            }
            Place::Message(_) => String::new(),
        };
        let name = format!("fault {}, {}", strike.fault + 1, strike.kind.replace('-', " "));
        let what = format!("{name}, begins");
        lines.push(Line { tick: strike.from, who: who.clone(), what });
        lines.extend(strike.to.map(|tick| Line { tick, who, what: format!("{name}, ends") }));
    }
    lines.sort_by_key(|line| line.tick);
    lines
}

fn names(space_time: &SpaceTime, lanes: &[usize]) -> String {
    let names: Vec<&str> = lanes.iter().map(|at| space_time.lanes[*at].name.as_str()).collect();
    names.join(", ")
}

/// Returns whether a fault has a mark of its own: a crash, and the loss, duplication or delay of a
/// message.
pub(super) fn shows_itself(space_time: &SpaceTime, strike: &Strike) -> bool {
    match &strike.place {
        Place::Nodes(lanes) => lanes.iter().all(|lane| {
            let began = strike.from.time;
            space_time.outages.iter().any(|it| it.lane == *lane && it.from.time == began)
        }),
        Place::Links(..) => false,
        Place::Message(hit) => hit.is_some(),
    }
}
