//! A failure as text.

use std::fmt::Write;

use super::{FIXED, answer, at, keys, share, shows, since, struck, verdict};
use crate::report::diagram::{Line, lines};
use crate::report::text::{Terminal, align};
use crate::search::explanation::Explanation;
use crate::search::explanation::curve::Curve;

/// The width of a bar of the curve, in characters.
const BAR: u64 = 20;
/// The report of a failure as text; its tables are as wide as their cells.
pub fn terminal(explanation: &Explanation, terminal: Terminal) -> String {
    let mut text = String::new();
    property(&mut text, explanation);
    plan(&mut text, explanation);
    operations(&mut text, explanation);
    rows(&mut text, explanation);
    if let Some(curve) = &explanation.curve {
        inevitability(&mut text, explanation, curve, terminal);
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
    *text += &align("  ", &table, |_| false);
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
    *text += &align("  ", &table, |_| false);
}

fn inevitability(text: &mut String, explanation: &Explanation, curve: &Curve, terminal: Terminal) {
    text.push_str("\nWhen it became inevitable\n\n");
    for moment in &curve.moments {
        let full = (moment.violated * BAR + curve.runs / 2) / curve.runs.max(1);
        let bar = "█".repeat(full as usize) + &"·".repeat((BAR - full.min(BAR)) as usize);
        let (time, share) = (at(explanation, moment.at), share(curve, moment));
        let _ = writeln!(text, "  {time:>14}  {bar}  {share:<20}  {}", moment.what);
    }
    text.push('\n');
    *text += &terminal.fill("  ", "  ", &verdict(explanation, curve));
    *text += &terminal.fill("  ", "  ", FIXED);
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

fn row<const N: usize>(cells: [&str; N]) -> [String; N] {
    cells.map(str::to_owned)
}
