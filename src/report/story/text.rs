//! A story as text for a terminal.

use std::fmt::Write;

use super::{anomalies, at, lag, lock, span};
use crate::report::trace;
use crate::search::explanation::operation::Story;

/// The stories as text, one after the other, a line for each event.
pub fn text(stories: &[Story]) -> String {
    stories.iter().map(story).collect::<Vec<_>>().join("\n")
}

fn story(story: &Story) -> String {
    let mut text = trace::head(&story.system, (&story.variant, story.seed), &story.trace);
    let _ = writeln!(text, "name in every run: {}", story.operation.name);
    let _ = write!(text, "consistent: {}", lag(story.row.lag));
    let met = anomalies(story);
    if !met.is_empty() {
        let _ = write!(text, "; anomalies: {met}");
    }
    text.push('\n');
    if !story.faults.is_empty() {
        text.push_str("\nFaults while it was under way\n\n");
        for fault in &story.faults {
            let _ = writeln!(text, "  {}\n    {}", fault.text, span(story, fault));
        }
    }
    let own = story.waits.iter().map(|wait| (wait, true));
    let others = story.held_up.iter().map(|wait| (wait, false));
    let mut waits: Vec<_> = own.chain(others).collect();
    if !waits.is_empty() {
        waits.sort_by_key(|(wait, _)| wait.from);
        text.push_str("\nWaits for locks\n\n");
        for (wait, is_own) in waits {
            let _ = writeln!(text, "  {:>12}  {}", at(story, wait.from), lock(story, wait, is_own));
        }
    }
    text.push_str("\nWhat happened\n\n");
    text + &trace::lines(&story.system, &story.trace)
}
