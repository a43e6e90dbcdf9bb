//! A walkthrough as text for a terminal: the question, what to look for, the stories event by
//! event, and what became of them.

use super::{anomalies, answer, at, lag, lock, span};
use crate::report::diagram::{lines, offset};
use crate::report::terminal::{indented, labelled, title};
use crate::report::text::{Terminal, align, width};
use crate::search::explanation::operation::Story;
use crate::walks::{Walk, Walks};

/// The names of all walkthroughs, each with its question.
pub fn list(all: &Walks, terminal: Terminal) -> String {
    let column = all.walks.iter().map(|walk| width(&walk.name)).max().unwrap_or(0) + 2;
    let rest = " ".repeat(column);
    let line = |walk: &Walk| terminal.fill(&format!("{:column$}", walk.name), &rest, &walk.asks);
    all.walks.iter().map(line).collect()
}

/// The beginning: the question, and what to look for.
pub fn beginning(walk: &Walk, about: &str, terminal: Terminal) -> String {
    let mut text = labelled(terminal, &walk.name, about).trim_start().to_owned();
    text += &title(terminal, "Before you read on");
    text += &indented(terminal, &walk.asks);
    text += &title(terminal, "What to look for");
    for look in &walk.look_for {
        text += &labelled(terminal, " -", look);
    }
    text
}

/// The head of a story: the operation, and the faults while it was under way.
pub fn head(story: &Story, terminal: Terminal) -> String {
    let operation = &story.operation;
    let keys: Vec<String> =
        operation.keys.iter().map(|(name, key)| format!("{name} {key}")).collect();
    let mut text = title(terminal, &format!("The story under {}", story.variant));
    let told = format!(
        "{} ({}: {}), seed {}, arrived at {}. Times count from there.",
        operation.name,
        operation.kind,
        keys.join(", "),
        story.seed,
        operation.arrived
    );
    text += &indented(terminal, &told);
    for fault in &story.faults {
        text += &indented(terminal, &format!("Fault: {}, {}.", fault.text, span(story, fault)));
    }
    text + "\n"
}

/// The events of a story, a line each.
pub fn events(story: &Story) -> Vec<String> {
    let lines = lines(&story.space_time);
    let origin = story.space_time.origin;
    let rows: Vec<[String; 3]> = lines
        .into_iter()
        .map(|line| [offset(origin, line.tick.time), line.who, line.what])
        .collect();
    align("  ", &rows, |column| column == 0).lines().map(|line| format!("{line}\n")).collect()
}

/// The end of a story: waits for locks, and what became of the operation.
pub fn end(story: &Story, terminal: Terminal) -> String {
    let own = story.waits.iter().map(|wait| (wait, true));
    let others = story.held_up.iter().map(|wait| (wait, false));
    let mut waits: Vec<_> = own.chain(others).collect();
    waits.sort_by_key(|(wait, _)| wait.from);
    let mut text = "\n".to_owned();
    for (wait, is_own) in &waits {
        let told = format!("{} {}", at(story, wait.from), lock(story, wait, *is_own));
        text += &labelled(terminal, " wait", &told);
    }
    for row in story.rows.iter().filter(|row| row.disagrees) {
        let shown = crate::report::failure::shows(row);
        let told = format!("{} {} in {}: {shown}", row.table, row.key, row.store);
        text += &labelled(terminal, " row", &told);
    }
    let met = anomalies(story);
    let met = if met.is_empty() { String::new() } else { format!("; met: {met}") };
    let operation = &story.operation;
    let told = format!(
        "{}; in the stores: {}; consistent: {}; outcome: {}{met}",
        answer(story),
        operation.state.name(),
        lag(story.row.lag),
        operation.headline.name()
    );
    text + &labelled(terminal, " so", &told)
}

/// The commands that go on from a walkthrough.
pub fn further(commands: &[String], terminal: Terminal) -> String {
    let lines = commands.iter().map(|command| indented(terminal, command));
    title(terminal, "Further") + &lines.collect::<String>()
}
