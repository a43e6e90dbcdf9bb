//! The report of fuzzing for the terminal.

use std::fmt::Write;

use super::human;
use super::text::{Terminal, align};
use crate::checks::Verdict;
use crate::model::system::System;
use crate::search::coverage::Coverage;
use crate::search::fuzz::{Fuzzed, Tally};
use crate::search::trial::Case;

/// A table with a line for each variant, and the undecided properties.
pub fn table(names: &[String], fuzzed: &Fuzzed, terminal: Terminal) -> String {
    let heads =
        ["variant", "runs", "faults", "began", "hit work", "points", "struck", "paths", "verdict"];
    let mut rows = vec![heads.map(str::to_owned)];
    for (name, tally) in names.iter().zip(&fuzzed.variants) {
        rows.push([
            name.clone(),
            human::count(tally.runs),
            human::count(tally.planned),
            share(tally.struck, tally.planned),
            share(tally.disturbed, tally.planned),
            human::count(tally.points.len() as u64),
            human::count(tally.points.intersection(&tally.points_struck).count() as u64),
            taken(&tally.coverage),
            verdict(tally),
        ]);
    }
    let mut text = align(" ", &rows, |column| (1..8).contains(&column));
    for (name, tally) in names.iter().zip(&fuzzed.variants) {
        for remark in remarks(tally) {
            text += &terminal.fill("  ", "    ", &format!("{name}: {remark}"));
        }
    }
    text
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "-".into() } else { human::share(part as f64 / whole as f64) }
}

/// The number of paths that were taken.
pub fn taken(coverage: &Coverage) -> String {
    match coverage.named.len() {
        0 => "-".into(),
        all => format!("{} of {all}", all - coverage.missing().count()),
    }
}

/// The paths that no run took, if there are any.
pub fn never_taken(coverage: &Coverage) -> Option<String> {
    let missing: Vec<String> = coverage.missing().map(|path| path.to_string()).collect();
    (!missing.is_empty()).then(|| missing.join("; "))
}

/// The worst verdict, and the number of properties with it.
fn verdict(tally: &Tally) -> String {
    let of = |verdict| tally.verdicts().filter(|(_, it)| *it == verdict).count();
    let (violated, undecided) = (of(Verdict::Violated), of(Verdict::Undecided));
    let all = tally.properties.len();
    match (violated, undecided) {
        _ if tally.runs == 0 => "no run".into(),
        _ if all == 0 => "nothing is promised".into(),
        (0, 0) => format!("held: {all} of {all}"),
        (0, some) => format!("held: {} of {all}, undecided: {some}", all - some),
        (some, _) => format!("VIOLATED: {some} of {all}"),
    }
}

/// The remarks that limit the conclusions from the table.
fn remarks(tally: &Tally) -> Vec<String> {
    let mut remarks = Vec::new();
    let idle = tally.properties.iter().filter(|(_, it)| it.verdict() == Verdict::Undecided);
    let idle: Vec<&str> = idle.map(|(property, _)| property.as_str()).collect();
    if !idle.is_empty() {
        remarks.push(format!("never had a chance to fail, so undecided: {}", idle.join(", ")));
    }
    if let Some(missing) = never_taken(&tally.coverage) {
        let missing = format!("paths that no run took: {missing}");
        let waits = tally.verdicts().filter(|(name, it)| {
            *it == Verdict::Undecided && tally.properties[*name].verdict() == Verdict::Held
        });
        remarks.push(match waits.count() {
            0 => missing,
            some => format!("{missing}; so undecided, though no run broke them: {some} promises"),
        });
    }
    if tally.degraded > 0 {
        let runs = human::count(tally.degraded);
        remarks.push(format!("{runs} runs exceeded the budget of faults and do not count"));
    }
    if tally.changed > 0 {
        let runs = human::count(tally.changed);
        remarks.push(format!("{runs} runs had other sizes (workers, queues, batches, ...)"));
    }
    if tally.unsettled > 0 {
        remarks.push(format!("{} runs did not settle in time", human::count(tally.unsettled)));
    }
    remarks
}

/// A case in words: its operations and its faults.
pub fn case(system: &System, case: &Case) -> String {
    let mut text = String::new();
    for offer in &case.operations {
        let operation = &system.operation(offer.info.kind).name.shown;
        let _ = writeln!(text, "  {} ({operation}) at {}", offer.name, offer.info.arrived);
    }
    for change in &case.changes {
        let _ = writeln!(text, "  with {change}");
    }
    for fault in &case.faults {
        let _ = writeln!(text, "  {fault}");
    }
    if case.faults.is_empty() {
        text.push_str("  it fails without any fault\n");
    }
    text
}
