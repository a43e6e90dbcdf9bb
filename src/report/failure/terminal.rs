//! A failure as text.

use std::fmt::Write;

use super::{FIXED, answer, at, keys, share, shows, since, struck, verdict};
use crate::report::diagram::{Line, lines};
use crate::search::explanation::Explanation;
use crate::search::explanation::curve::Curve;

/// How wide a bar of the curve is.
const BAR: u64 = 20;
/// The length of a line of running text.
const COLUMNS: usize = 100;

/// Everything about a failure as text of at most about 120 columns.
pub fn terminal(explanation: &Explanation) -> String {
    let mut text = String::new();
    property(&mut text, explanation);
    plan(&mut text, explanation);
    operations(&mut text, explanation);
    rows(&mut text, explanation);
    if let Some(curve) = &explanation.curve {
        inevitability(&mut text, explanation, curve);
    }
    story(&mut text, explanation);
    if !explanation.replay.is_empty() {
        let _ = writeln!(text, "\nAgain: {}", explanation.replay);
    }
    text
}

fn property(text: &mut String, explanation: &Explanation) {
    let violation = &explanation.violation;
    let Explanation { scenario, variant, seed, .. } = explanation;
    let _ =
        writeln!(text, "Violated: {}  ({scenario}, {variant}, seed {seed})", violation.property);
    if !violation.says.is_empty() {
        let _ = writeln!(text, "  it says   {}", violation.says);
    }
    let _ = writeln!(text, "  found     {}", violation.found);
    if let Some(time) = violation.at {
        let _ = writeln!(text, "  first at  {}", at(explanation, time));
    }
}

fn plan(text: &mut String, explanation: &Explanation) {
    if explanation.plan.is_empty() {
        text.push_str("\nIt takes no fault.\n");
        return;
    }
    text.push_str("\nFaults\n\n");
    for (number, planned) in (1..).zip(&explanation.plan) {
        let _ = writeln!(text, "  {number}. {}", planned.text);
        let _ = writeln!(text, "     {}", struck(explanation, planned));
    }
}

fn operations(text: &mut String, explanation: &Explanation) {
    text.push_str("\nOperations\n\n");
    let mut table =
        vec![row(["name", "kind", "keys", "arrived", "answer", "in the stores", "so it is"])];
    for involved in &explanation.operations {
        table.push(row([
            &involved.name,
            &involved.kind,
            &keys(involved),
            &at(explanation, involved.arrived),
            &answer(involved),
            involved.state.name(),
            involved.headline.name(),
        ]));
    }
    aligned(text, &table);
    if explanation.more > 0 {
        let _ = writeln!(text, "  and {} more", explanation.more);
    }
}

fn rows(text: &mut String, explanation: &Explanation) {
    text.push_str("\nRows, and what the stores show of each step at the end\n\n");
    let mut table =
        vec![row(["", "operation", "step", "effect", "row", "in", "shows it as", "since"])];
    for state in &explanation.rows {
        table.push(row([
            if state.disagrees { "!" } else { "" },
            &explanation.operations[state.op].name,
            &state.step,
            &state.effect,
            &format!("{} {}", state.table, state.key),
            &state.store,
            &shows(state),
            &since(explanation, state),
        ]));
    }
    aligned(text, &table);
}

fn inevitability(text: &mut String, explanation: &Explanation, curve: &Curve) {
    text.push_str("\nWhen it became inevitable\n\n");
    for moment in &curve.moments {
        let full = (moment.violated * BAR + curve.runs / 2) / curve.runs.max(1);
        let bar = "█".repeat(full as usize) + &"·".repeat((BAR - full.min(BAR)) as usize);
        let (time, share) = (at(explanation, moment.at), share(curve, moment));
        let _ = writeln!(text, "  {time:>14}  {bar}  {share:<20}  {}", moment.what);
    }
    text.push('\n');
    wrapped(text, &verdict(explanation, curve));
    wrapped(text, FIXED);
}

fn story(text: &mut String, explanation: &Explanation) {
    text.push_str("\nWhat happened\n\n");
    let lines = lines(&explanation.space_time);
    let wide = lines.iter().map(|line| line.who.chars().count()).max().unwrap_or(0);
    for Line { tick, who, what } in &lines {
        let time = at(explanation, tick.time);
        let _ = writeln!(text, "  {time:>14}  {who:wide$}  {what}");
    }
    let end = if explanation.space_time.settled { "at rest" } else { "not settled" };
    let time = at(explanation, explanation.space_time.until);
    let _ = writeln!(text, "  {time:>14}  {:wide$}  the run ends, {end}", "");
}

/// A paragraph, indented, on lines of at most [`COLUMNS`].
fn wrapped(text: &mut String, paragraph: &str) {
    let mut line = String::from(" ");
    for word in paragraph.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            let _ = writeln!(text, "{line}");
            line = String::from(" ");
        }
        line.push(' ');
        line += word;
    }
    let _ = writeln!(text, "{line}");
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A table whose columns are as wide as they must be.
fn aligned(text: &mut String, table: &[Vec<String>]) {
    let columns = table.first().map_or(0, Vec::len);
    let width = |at: usize| table.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in table {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "  {}", line.trim_end());
    }
}
