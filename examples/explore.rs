//! Explores every scenario that ships, under each variant whose settings keep what its pattern
//! promises by default: two faults on one operation and one fault on three. A line for each, and
//! what is violated; fails if anything is.
//!
//! ```text
//! cargo run --release --features internals --example explore
//! cargo run --release --features internals --example explore -- 500 quiet
//! ```
//!
//! A number behind `--` says how many plans are run of each at most, evenly chosen; it is 4,000
//! without. Words choose scenarios by a part of their path.

use std::io;
use std::path::{Path, PathBuf};

use driftlab::checks::Verdict;
use driftlab::scenario::{Registries, Scenario, Source, Variant, load, render};
use driftlab::search::explore::Exploration;
use driftlab::search::trial::Trial;

fn main() -> io::Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let cap = asked.iter().find_map(|word| word.parse().ok()).unwrap_or(4_000);
    let words: Vec<&String> = asked.iter().filter(|word| word.parse::<u64>().is_err()).collect();
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut violated = 0;
    for path in files(&scenarios)? {
        let name = path.strip_prefix(&scenarios).unwrap_or(&path).display().to_string();
        if !words.is_empty() && !words.iter().any(|word| name.contains(*word)) {
            continue;
        }
        let scenario = read(&path)?;
        for variant in scenario.variants.iter().filter(|variant| keeps_its_word(variant)) {
            for (operations, faults) in [(1, 2), (3, 1)] {
                violated += explore(&name, &scenario, variant, (operations, faults), cap);
            }
        }
    }
    if violated > 0 {
        return Err(io::Error::other(format!("{violated} explorations found a violation")));
    }
    Ok(())
}

/// Explores a variant, prints what came of it, and returns how many explorations found a violation.
#[expect(clippy::print_stdout, reason = "a program that prints a table")]
fn explore(
    name: &str,
    scenario: &Scenario,
    variant: &Variant,
    (operations, depth): (usize, u8),
    cap: u64,
) -> usize {
    let trial = Trial::new(scenario, variant);
    let (seed, outage) = (scenario.seed, scenario.explore.outage);
    let operations = trial.offers(seed, operations);
    let offered = operations.len();
    let exploration = Exploration { trial, seed, operations, depth, outage, cap: Some(cap) };
    let explored = exploration.run(&());
    let (plans, left_out) = (explored.plans.len(), explored.left_out);
    let broken: Vec<&str> = explored
        .standings()
        .filter(|(_, standing)| *standing == Verdict::Violated)
        .map(|(property, _)| property)
        .collect();
    let shown = &variant.name.shown;
    println!(
        "{name} {shown}: {offered} operations, {depth} faults, {plans} plans, {left_out} left out"
    );
    for property in &broken {
        println!("  VIOLATED {property}");
    }
    usize::from(!broken.is_empty())
}

/// Returns whether the settings of a variant give nothing up that its pattern promises by default.
fn keeps_its_word(variant: &Variant) -> bool {
    let (system, pattern) = (&variant.system, &variant.pattern);
    let (chosen, usual) = (pattern.promises(system), pattern.promises_by_default(system));
    chosen.guarantees == usual.guarantees && chosen.budget == usual.budget
}

/// The scenario files in a folder and in those below it, sorted.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> io::Result<Scenario> {
    let source = Source { name: path.display().to_string(), text: std::fs::read_to_string(path)? };
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let data = |name: &str| std::fs::read(folder.join(name));
    let (scenario, problems) = load(&source, &data, &Registries::builtin());
    scenario.ok_or_else(|| io::Error::other(render(&source, &problems, false)))
}
