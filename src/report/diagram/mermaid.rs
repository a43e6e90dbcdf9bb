//! A diagram as a [Mermaid](https://mermaid.js.org/syntax/sequenceDiagram.html) sequence diagram.
//!
//! Mermaid has an order and no times, so the times are written into the texts, and a message stands
//! where it was sent. The text of a message that is overtaken has its time of arrival.

use std::fmt::Write;

use super::layout::message_text;
use super::offset;
use crate::kernel::Span;
use crate::report::human;
use crate::search::explanation::space_time::{End, Message, Place, Sort, SpaceTime, Strike, Tick};

/// The multiple of the usual pause from which a pause is noted.
const IDLE: u64 = 20;

/// Writes a space-time diagram as a Mermaid sequence diagram.
pub fn mermaid(space_time: &SpaceTime) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for (at, lane) in space_time.lanes.iter().enumerate() {
        let keyword = if lane.sort == Sort::Clients { "actor" } else { "participant" };
        let _ = writeln!(text, "    {keyword} p{at} as {}", escaped(&lane.name));
    }
    let lines = lines(space_time);
    let usual = usual_step(&lines);
    let last = space_time.lanes.len().saturating_sub(1);
    let mut now = lines.first().map_or(space_time.origin, |(tick, _)| tick.time);
    for (tick, line) in lines {
        let idle = tick.time - now;
        if idle.as_nanos() > IDLE * usual {
            let _ = writeln!(
                text,
                "    Note over p0,p{last}: {} later",
                human::nanos(idle.as_nanos() as f64)
            );
        }
        now = tick.time;
        let _ = writeln!(text, "    {line}");
    }
    let rest = if space_time.settled { "at rest" } else { "not settled" };
    let end = offset(space_time.origin, space_time.until);
    let _ = writeln!(text, "    Note over p0,p{last}: end of the run, {rest} ({end})");
    text
}

/// The lines of all events, in order.
fn lines(space_time: &SpaceTime) -> Vec<(Tick, String)> {
    let time = |tick: Tick| offset(space_time.origin, tick.time);
    let mut lines: Vec<(Tick, String)> = Vec::new();
    for message in &space_time.messages {
        lines.push((message.sent, arrow(space_time, message)));
    }
    for mark in space_time.marks.iter().filter(|mark| !mark.text.is_empty()) {
        let what = escaped(&mark.text);
        lines.push((mark.at, format!("Note over p{}: {what} ({})", mark.lane, time(mark.at))));
    }
    for outage in &space_time.outages {
        let (lane, from) = (outage.lane, outage.from);
        lines.push((from, format!("Note over p{lane}: crashes ({})", time(from))));
        let up = outage.to.map(|to| (to, format!("Note over p{lane}: restarts ({})", time(to))));
        lines.extend(up);
    }
    for strike in &space_time.strikes {
        let Some(whom) = over(space_time, strike) else { continue };
        let name = format!("fault {}, {}", strike.fault + 1, strike.kind.replace('-', " "));
        let from = strike.from;
        lines.push((from, format!("Note over {whom}: {name}: begins ({})", time(from))));
        let end =
            strike.to.map(|to| (to, format!("Note over {whom}: {name}: ends ({})", time(to))));
        lines.extend(end);
    }
    lines.sort_by_key(|(tick, _)| *tick);
    lines
}

/// A message as an arrow of Mermaid: `-)` for asynchronous, `-x` for lost, dashed for answers.
fn arrow(space_time: &SpaceTime, message: &Message) -> String {
    let kind = match (message.reply, message.is_lost()) {
        (false, false) => "->>",
        (true, false) => "-->>",
        (false, true) => "-x",
        (true, true) => "--x",
    };
    let (from, to) = (message.from, message.to);
    let sent = offset(space_time.origin, message.sent.time);
    let overtaken = match message.end {
        End::Arrived(tick) => space_time.messages.iter().any(|other| {
            let overtakes = |end| matches!(end, End::Arrived(early) if early < tick);
            other.to == to && other.sent > message.sent && overtakes(other.end)
        }),
        _ => false,
    };
    let arrives = match message.end {
        End::Arrived(tick) if overtaken => {
            format!(", arrives {}", offset(space_time.origin, tick.time))
        }
        End::Travelling => ", still on its way".into(),
        _ => String::new(),
    };
    format!("p{from}{kind}p{to}: {} ({sent}{arrives})", escaped(&message_text(message)))
}

/// The participants that a note about a fault spans; `None` for a crash and a lost message, which
/// have marks of their own.
fn over(space_time: &SpaceTime, strike: &Strike) -> Option<String> {
    match &strike.place {
        Place::Nodes(lanes) => {
            let lane = lanes.first()?;
            let began = strike.from.time;
            let is_outage =
                space_time.outages.iter().any(|it| it.lane == *lane && it.from.time == began);
            (!is_outage).then(|| format!("p{lane}"))
        }
        Place::Links(parts) => {
            let low = parts.iter().flatten().min()?;
            let high = parts.iter().flatten().max()?;
            Some(if low == high { format!("p{low}") } else { format!("p{low},p{high}") })
        }
        Place::Message(_) => None,
    }
}

fn usual_step(lines: &[(Tick, String)]) -> u64 {
    let mut steps: Vec<Span> =
        lines.windows(2).map(|pair| pair[1].0.time - pair[0].0.time).collect();
    steps.retain(|step| step.as_nanos() > 0);
    steps.sort_unstable();
    steps.get(steps.len() / 2).map_or(1, |step| step.as_nanos().max(1))
}

/// A text whose special characters are replaced by Mermaid's entities.
fn escaped(text: &str) -> String {
    let sign = |sign: char| match sign {
        '#' => "#35;".into(),
        ';' => "#59;".into(),
        other => other.to_string(),
    };
    text.chars().map(sign).collect()
}
