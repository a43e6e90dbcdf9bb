//! Hunts for every exhibit of the bug zoo and writes what that took to `reports/zoo.md`.
//!
//! ```text
//! cargo run --release --features zoo --example zoo
//! ```
//!
//! Everything is drawn from fixed seeds: the table is the same on every machine, with any number of
//! threads.

use std::fmt::Write as _;
use std::path::Path;

use driftlab::faults::registry::Faults;
use driftlab::zoo::{Draw, Exhibit, HERD, Hunt, RUNS, Spotted, Stand};
use rayon::prelude::*;

/// A hunt for each of these; the table shows the middle one.
const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// What hunting one exhibit came to.
struct Row {
    exhibit: &'static Exhibit,
    least: usize,
    /// Runs until it was found, in order; none last.
    swarm: Vec<Option<u64>>,
    uniform: Vec<Option<u64>>,
    spotted: Spotted,
    /// Of each hunt that found it: faults, operations and runs of the shrinker.
    shrunk: Vec<(usize, usize, u32)>,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
fn main() -> std::io::Result<()> {
    let faults = Faults::builtin();
    let rows: Vec<Row> = HERD
        .par_iter()
        .with_max_len(1)
        .map(|exhibit| {
            let row = hunt(exhibit, &faults);
            eprintln!("{}: {}", exhibit.id, cells(&row).join(", "));
            row
        })
        .collect();
    let page = page(&rows);
    print!("{page}");
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/zoo.md"), page)
}

fn hunt(exhibit: &'static Exhibit, faults: &Faults) -> Row {
    let stand = Stand::of(exhibit);
    let runs = |draw| {
        let one = |seed: &u64| Hunt::new(exhibit, &stand, faults, (draw, *seed)).runs(RUNS);
        SEEDS.par_iter().with_max_len(1).map(one).collect::<Vec<_>>()
    };
    let (mut swarm, mut uniform) = (runs(Draw::Swarm), runs(Draw::Uniform));
    let found: Vec<(u64, u64)> =
        SEEDS.into_iter().zip(&swarm).filter_map(|(seed, runs)| Some((seed, (*runs)?))).collect();
    let shrunk = found.par_iter().with_max_len(1).map(|(seed, runs)| {
        let hunt = Hunt::new(exhibit, &stand, faults, (Draw::Swarm, *seed));
        let shrunk = hunt.shrunk(*runs).expect("a case that violates the property");
        (shrunk.case.faults.len(), shrunk.case.operations.len(), shrunk.runs)
    });
    let mut shrunk: Vec<(usize, usize, u32)> = shrunk.collect();
    let spotted = Hunt::new(exhibit, &stand, faults, (Draw::Swarm, 1)).explore();
    for found in [&mut swarm, &mut uniform] {
        found.sort_by_key(|runs| runs.unwrap_or(u64::MAX));
    }
    shrunk.sort_unstable();
    Row { exhibit, least: stand.least().len(), swarm, uniform, spotted, shrunk }
}

/// The middle one of several numbers of runs.
fn middle(runs: &[Option<u64>]) -> String {
    runs[runs.len() / 2].map_or_else(|| format!("> {RUNS}"), |runs| runs.to_string())
}

fn cells(row: &Row) -> Vec<String> {
    let Spotted { plans, broken } = row.spotted;
    let spotted = if broken > 0 { "yes" } else { "no" };
    // The largest of what the hunts shrank to.
    let most = |of: fn(&(usize, usize, u32)) -> u64| {
        row.shrunk.iter().map(of).max().map_or("-".into(), |most| most.to_string())
    };
    let at_once = row.exhibit.at_once.iter();
    vec![
        row.exhibit.id.into(),
        row.exhibit.about.into(),
        format!("`{}`", row.exhibit.caught_by),
        at_once.map(|property| format!("`{property}`")).collect::<Vec<_>>().join(", "),
        middle(&row.swarm),
        middle(&row.uniform),
        format!("{spotted} ({broken} of {plans})"),
        row.least.to_string(),
        most(|it| it.0 as u64),
        most(|it| it.1 as u64),
        most(|it| u64::from(it.2)),
    ]
}

fn page(rows: &[Row]) -> String {
    let seeds = SEEDS.len();
    let mut page = format!(
        "# The bug zoo\n\n\
         Known mistakes, each made in a pattern that is otherwise correct, and what it takes to find \
         them.\nWritten by `cargo run --release --features zoo --example zoo`.\n\n\
         - **Swarm**, **uniform**: runs until the property is violated for the first time, at most \
         {RUNS}; the\n  middle one of {seeds} hunts.\n\
         - **Explore**: whether a plan with one fault shows it, of a few operations; how many of all \
         such plans.\n\
         - **Least**: faults in the least plan that is known to show it. **Faults**, **operations**, \
         **re-runs**:\n  what the failures of the swarm shrink to and what that takes, at most.\n\
         - **At once**: what is violated in every run, before anything goes wrong.\n\n"
    );
    let head = [
        "",
        "What is wrong",
        "Caught by",
        "At once",
        "Swarm",
        "Uniform",
        "Explore",
        "Least",
        "Faults",
        "Operations",
        "Re-runs",
    ];
    let rule = ["---", "---", "---", "---", "--:", "--:", "---", "--:", "--:", "--:", "--:"];
    for line in [head, rule] {
        let _ = writeln!(page, "| {} |", line.join(" | "));
    }
    for row in rows {
        let _ = writeln!(page, "| {} |", cells(row).join(" | "));
    }
    page
}
