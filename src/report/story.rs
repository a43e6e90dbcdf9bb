//! One operation of a run, under one variant or under several: as text, as a page, as a Mermaid
//! diagram and as JSON.
//!
//! All have the same parts: the operation with its answer and outcome, the faults that were in
//! force while it was under way, the locks that it waited for or held up others with, and every
//! event.

mod json;
mod page;
mod text;
pub mod walk;

pub use json::document;
pub use page::page;
pub use text::text;

use super::diagram::{offset, picture};
use super::human;
use crate::checks::anomaly::Anomaly;
use crate::checks::measures::lag::Lag;
use crate::kernel::Time;
use crate::model::record::LockFailure;
use crate::report::chart::picture::Picture;
use crate::search::explanation::Planned;
use crate::search::explanation::operation::{LockStory, Story};

/// The facts that a report of an operation needs beside its stories.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The name of the scenario.
    pub scenario: &'a str,
    /// The command that prints the report again.
    pub command: &'a str,
    /// The profile of the scenario.
    pub profile: &'a str,
    /// The sentences that say what to look for; none unless a walkthrough tells the stories.
    pub look_for: &'a [String],
}

/// The Mermaid diagrams of some stories, one after the other, each under a comment that names its
/// variant.
pub fn mermaid(stories: &[Story]) -> String {
    let diagram = |story: &Story| {
        let (variant, seed, name) = (&story.variant, story.seed, &story.operation.name);
        let head = format!("%% {variant}, seed {seed}: operation {} ({name})\n", story.row.op.0);
        super::diagram::mermaid(&story.space_time).replacen('\n', &format!("\n{head}"), 1)
    };
    stories.iter().map(diagram).collect::<Vec<_>>().join("\n")
}

/// The diagram of a story.
fn diagram(story: &Story) -> Picture<'_> {
    let operation = &story.operation;
    let title = format!("{}: {}", story.variant, operation.headline.name());
    let subtitle =
        format!("{} ({}), seed {}: {}", operation.name, operation.kind, story.seed, answer(story));
    picture(&story.space_time, &title, &subtitle)
}

/// A time, counted from the arrival of the operation.
fn at(story: &Story, time: Time) -> String {
    offset(story.space_time.origin, time)
}

/// The answer of the client and the time until it.
fn answer(story: &Story) -> String {
    match story.operation.answered_after {
        Some(after) => format!("{} after {after}", story.operation.answer.name()),
        None => format!("answer {}", story.operation.answer.name()),
    }
}

/// The lag of the operation in words.
fn lag(lag: Lag) -> String {
    match lag {
        Lag::Lasted(0) => "at once".into(),
        Lag::Lasted(nanos) => format!("after {}", human::nanos(nanos as f64)),
        Lag::Never => "never".into(),
        Lag::AtLeast(nanos) => format!("not within {}", human::nanos(nanos as f64)),
        Lag::Unexposed => "no effect was ever visible".into(),
    }
}

/// The anomalies that the operation met; empty if there was none.
fn anomalies(story: &Story) -> String {
    let names = story.row.anomalies.iter().map(Anomaly::name);
    names.collect::<Vec<_>>().join(", ")
}

/// The time at which a fault was in force, counted from the arrival.
fn span(story: &Story, fault: &Planned) -> String {
    match fault.struck {
        None => String::new(),
        Some((from, Some(to))) if from == to => format!("at {}", at(story, from)),
        Some((from, Some(to))) => format!("from {} to {}", at(story, from), at(story, to)),
        Some((from, None)) => format!("from {} on", at(story, from)),
    }
}

/// An operation by its number and its name.
fn operation((number, name): &(u32, String)) -> String {
    format!("operation {number} ({name})")
}

/// A wait for a lock of the operation of the story, or of another one because of it.
fn lock(story: &Story, wait: &LockStory, is_own: bool) -> String {
    let LockStory { database, row, from, until, failure, .. } = wait;
    let lasted = until.unwrap_or(story.space_time.until) - *from;
    let what = format!("{row} in {database}, for {}", human::nanos(lasted.as_nanos() as f64));
    let end = match (until, failure) {
        (None, _) => ", and still at the end of the run",
        (_, None) => "",
        (_, Some(LockFailure::Timeout)) => ", and gave up: lock timeout",
        (_, Some(LockFailure::Deadlock)) => ", and gave up: a deadlock",
        (_, Some(LockFailure::Cancelled)) => ", until its transaction was over",
    };
    if !is_own {
        let waiter = wait.waiter.as_ref().map_or("a process of no operation".into(), operation);
        return format!("{waiter} waited because of it for {what}{end}");
    }
    let holders: Vec<String> = wait.holders.iter().map(operation).collect();
    let holders = match holders.is_empty() {
        true => String::new(),
        false => format!("; held by {}", holders.join(", which waited for ")),
    };
    format!("waited for {what}{end}{holders}")
}

#[cfg(test)]
mod tests;
