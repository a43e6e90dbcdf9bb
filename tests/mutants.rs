//! The committed detection table is right for all mutants that were searched for: each is killed by
//! the named property, within the budget, and the kill shrinks to almost the least plan; the
//! originals pass the same runs.
//!
//! `cargo run --release --features mutants --example mutants` searches from every seed and renews
//! the table. A development build has no time for that: of each row it repeats the kill that is
//! shown, from the first run of its search if that is near and else from the run that killed, and
//! shrinks it. The other seeds, the uniform baseline and the exploration are not repeated.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;

use driftlab::faults::fault::Faults;
use driftlab::model::path::Path;
use driftlab::mutants::table::{Kill, rows};
use driftlab::mutants::{Detection, Draw, Harness, Mutant, RUNS, fuzz, mutants};
use driftlab::search::shrink::RUNS as RERUNS;
use rayon::prelude::*;

/// How many runs a search may take that is repeated from its beginning.
const NEAR: u64 = 32;

/// Runs of each original, and what they are drawn from.
const CALM: u64 = 32;
const SEED: u64 = 1;

/// The mistake in a row of the table, if there is one.
fn wrong(mutant: &'static Mutant, row: &[&str], faults: &Faults) -> Option<String> {
    let told = |what: String| Some(format!("{}: {what}", mutant.id));
    let Some((about, found)) = row.split_at_checked(4) else { return told("is cut off".into()) };
    if about != mutant.cells() {
        return told(format!("is described as {about:?}"));
    }
    let number = |at: usize| found.get(at).and_then(|cell| cell.parse::<u64>().ok());
    let (Some(runs), Some(seed)) = (number(3), number(4)) else {
        return told("survives".into());
    };
    let harness = Harness::of(mutant);
    let detection = Detection::new(mutant, &harness, faults, Draw::Swarm, seed);
    if runs > RUNS || runs <= NEAR && detection.runs(runs) != Some(runs) {
        return told(format!("killed after {:?} runs", detection.runs(runs)));
    }
    let Some(kill) = Kill::of(&detection, seed, runs) else {
        return told(format!("run {runs} of seed {seed} does not kill it"));
    };
    let least = harness.least().len();
    let is_good = kill.is_good(least) && kill.reruns <= RERUNS;
    (!is_good || found[3..] != kill.cells(least)).then(|| format!("{}: {kill:?}", mutant.id))
}

#[test]
fn the_committed_table_is_right() {
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("reports/mutants.md");
    let page = fs::read_to_string(path).expect("reports/mutants.md");
    let rows = rows(&page).expect("the head of the table is that of the library");
    let is_in = |it: &&Mutant| it.killed_by.is_some() && it.hunted;
    let found: Vec<&Mutant> = mutants().iter().filter(is_in).collect();
    assert_eq!(rows.len(), found.len());
    let faults = Faults::builtin();
    let told = found.into_par_iter().zip(&rows).with_max_len(1);
    let told: Vec<String> = told.filter_map(|(it, row)| wrong(it, row, &faults)).collect();
    assert!(told.is_empty(), "the example `mutants` renews the table: {told:#?}");
}

/// Mutants of one pattern with the same settings in the same world have the same original.
#[test]
fn the_originals_pass_the_same_runs() {
    let faults = Faults::builtin();
    let worlds =
        |it: &Mutant| (it.world.to_string(), it.technique.as_ref().map(|it| it.to_string()));
    let originals = mutants()
        .iter()
        .map(|it| ((&it.pattern, it.settings.to_string(), worlds(it), it.refusals), it));
    let originals: BTreeMap<_, &Mutant> = originals.collect();
    let originals: Vec<&Mutant> = originals.into_values().collect();
    let wrong: Vec<String> = originals
        .into_par_iter()
        .with_max_len(1)
        .flat_map_iter(|mutant| {
            let harness = Harness::of(mutant);
            let fuzz = fuzz(vec![harness.original()], &faults, Draw::Swarm, SEED);
            let fuzzed = fuzz.run(Some(CALM), &mut |_| true);
            let told = |(_, property, run)| format!("{}: {property} in run {run}", mutant.id);
            fuzzed.violations().map(told).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Ignoring what its log says after a restart keeps a coordinator from the paths of recovery: a
/// search finds them missing, and says nothing of the promises that rest on them.
#[test]
fn a_recovery_that_ignores_the_log_leaves_its_paths_untaken() {
    let forgets = mutants().iter().find(|mutant| mutant.id == "A7").expect("there is one");
    let (harness, faults) = (Harness::of(forgets), Faults::builtin());
    let fuzz = fuzz(vec![harness.original(), harness.mutant()], &faults, Draw::Swarm, SEED);
    let fuzzed = fuzz.run(Some(64), &mut |_| true);
    let [original, mutant] = &fuzzed.variants[..] else { panic!("two variants") };
    let recovery = Path("recovery of a commit record");
    assert!(original.coverage.named.contains(&recovery));
    assert!(original.coverage.taken.contains(&recovery), "{:?}", original.coverage.taken);
    assert!(mutant.coverage.missing().any(|path| path == recovery));
    assert!(!mutant.coverage.decides("agreement"), "what it decides rests on that path");
    assert!(mutant.coverage.decides("fixpoint"), "the course of things does not");
}
