//! Every kind of fault has a scenario of its own, `scenarios/faults/KIND.toml`, in which it visibly
//! changes a measure: the same seed with the fault and without it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use driftlab::checks::measures::{MeasureId, Quantity};
use driftlab::experiment::compare::{Judged, judge};
use driftlab::faults::fault::Faults;
use driftlab::scenario::Scenario;
use rayon::prelude::*;

use crate::whole::scenario;

/// What a fault does to a measure: which one, and how it must change. Times are means, in ms.
struct Row {
    kind: &'static str,
    measure: &'static str,
    change: Change,
}

/// How a measure must change.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// By at least so much more.
    Up(f64),
    /// By at least so much less.
    Down(f64),
}

use Change::{Down, Up};

/// One row for each kind, in the order of the registry.
const ROWS: &[Row] = &[
    // Two outages of 4 s and a restart of 1 s, each of one node of two, in 35 s: 5 / 35 of all.
    row("crash", "m9", Down(0.1)),
    // Who has voted when the coordinator stops is in doubt for 8 s.
    row("pause", "m6.in-doubt.max", Up(7_900.0)),
    row("slow-down", "m10.done", Up(40.0)),
    row("clock-offset", "m7.wrong", Up(0.1)),
    row("clock-jump", "m1", Up(2_000.0)),
    // Half of 2 s more.
    row("clock-drift", "m1", Up(800.0)),
    // 8 s of 35 s, less the 3 s whose last attempts come behind the heal.
    row("partition", "m9", Down(0.1)),
    row("flapping", "m12.retries", Up(0.2)),
    // Six legs of 100 ms for 20 s of 35 s.
    row("delay", "m10.done", Up(300.0)),
    row("bandwidth", "m10.done", Up(300.0)),
    row("reordering", "m1", Up(300.0)),
    row("loss", "m12.retries", Up(0.1)),
    row("corruption", "m12.retries", Up(0.1)),
    row("duplication", "m7.duplicated", Up(0.2)),
    row("lose-message", "m6.in-doubt.max", Up(900.0)),
    // One operation of 175.
    row("duplicate-message", "m7.duplicated", Up(1.0 / 176.0)),
    row("delay-message", "m6.in-doubt.max", Up(680.0)),
    row("disk-stall", "m4.500ms.blocked", Up(0.01)),
    // 10 s of 35 s, less what a retry saves.
    row("disk-full", "m9", Down(0.2)),
    // What was answered yes in 9 s of 35 s.
    row("lying-force", "m7.lost", Up(0.2)),
    row("torn-tail", "m9", Down(0.05)),
    row("pool-exhaustion", "m9", Down(0.1)),
    row("deadlock-victim", "m12.retries", Up(0.2)),
    row("serialization-failure", "m12.retries", Up(0.2)),
    // Half of what arrives in 15 s of 35 s.
    row("commit-unknown", "m7.duplicated", Up(0.15)),
    // Three tenths of it.
    row("broker-redelivery", "m7.duplicated", Up(0.08)),
    // Eight seconds without a delivery, at five operations a second.
    row("broker-rebalance", "m1.partial", Up(1.5)),
    row("broker-loss", "m7.lost", Up(0.05)),
    // Three operations.
    row("poison-message", "m7.stranded", Up(0.01)),
    row("job-skip", "m1.partial", Up(5.0)),
    row("job-overlap", "m7.duplicated", Up(0.1)),
    // 20 rows and 5 changes a second: of 15 s in 35 s, half of the rows are stale after 3 s.
    row("replica-lag", "m5", Up(0.25)),
    row("load-burst", "m9", Down(0.3)),
    row("expensive-query", "m4.50ms.blocked", Up(0.2)),
    row("deployment", "m9", Down(0.1)),
    // Its owner is down for 6 s of 35 s, less what a retry saves.
    row("schema-change", "m9", Down(0.1)),
    row("random", "m12.retries", Up(0.02)),
];

const fn row(kind: &'static str, measure: &'static str, change: Change) -> Row {
    Row { kind, measure, change }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/faults")
}

fn read(kind: &str) -> Scenario {
    let path = folder().join(format!("{kind}.toml"));
    let text = fs::read_to_string(&path);
    scenario(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Runs the first variant on the first seed before the judges, who must find that it adds up.
fn run(scenario: &Scenario) -> Judged {
    run_variant(scenario, 0)
}

fn run_variant(scenario: &Scenario, number: usize) -> Judged {
    let judged = judge(scenario, &scenario.variants[number], scenario.seed, false);
    let failed: Vec<_> = judged.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{}: {failed:?}", scenario.name);
    judged
}

/// A number of a run; of a distribution the mean, in ms.
fn number(judged: &Judged, measure: &str) -> f64 {
    let measures = &judged.report.measures;
    let quantities = measures.quantities.iter();
    let mut quantities = quantities.filter(|(MeasureId(id), _)| *id == measure);
    if let Some((_, quantity)) = quantities.next() {
        let Quantity::Ratio { part, whole } = quantity else { panic!("{measure}: {quantity:?}") };
        let unit = if measure.starts_with("m6.in-doubt") { 1e6 } else { 1.0 };
        return *part as f64 / *whole as f64 / unit;
    }
    let mut distributions = measures.distributions.iter();
    let found = distributions.find(|(MeasureId(id), _)| *id == measure);
    let (_, values) = found.unwrap_or_else(|| panic!("no measure {measure}"));
    assert!(values.never == 0 && !values.is_empty(), "{measure}: {values:?}");
    values.sum() as f64 / values.len() as f64 / 1e6
}

#[test]
fn every_fault_changes_its_measure() {
    let wrong: Vec<String> = ROWS.par_iter().filter_map(look).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a row, if anything is.
fn look(Row { kind, measure, change }: &Row) -> Option<String> {
    let faulty = read(kind);
    assert_eq!(faulty.name.as_str(), *kind);
    let plan = faulty.plan(faulty.seed);
    let is_drawn = !faulty.nemeses.is_empty();
    assert!(is_drawn || plan.iter().any(|fault| fault.fault.name() == *kind), "{kind}");
    let healthy = Scenario { faults: Vec::new(), nemeses: Vec::new(), ..faulty.clone() };
    let (with, without) = (run(&faulty), run(&healthy));
    assert_eq!(with.report.faults.len(), plan.len(), "{kind} strikes");
    let fingerprints = (with.ran.fingerprint, run(&faulty).ran.fingerprint);
    assert_eq!(fingerprints.0, fingerprints.1, "{kind}: once and again");
    let (before, after) = (number(&without, measure), number(&with, measure));
    let holds = match change {
        Up(by) => after - before >= *by,
        Down(by) => before - after >= *by,
    };
    (!holds).then(|| format!("{kind}: {measure} from {before} to {after}, wanted {change:?}"))
}

/// A schema change of one column is noticed by who reads it, and by nobody who reads another.
#[test]
fn a_schema_change_touches_who_names_the_column() {
    let told = run(&read("schema-change"));
    let missing = |read: usize| {
        let read = &told.report.reads[read];
        assert!(read.ended.scheduled > 100, "{}", read.ended.scheduled);
        read.ended.error as f64 / read.ended.scheduled as f64
    };
    let (sales, price) = (missing(1), missing(2));
    // Of 35 s the owner is away for 6 s and takes 5 s to start; from then on the report is broken
    // for 5 s, and away for 9 s, until the load ends.
    let share = |seconds: f64| seconds / 35.0 - 0.05..seconds / 35.0 + 0.05;
    assert!(share(11.0).contains(&price), "{price}");
    assert!(share(25.0).contains(&sales), "{sales}");
}

/// The second variants of some files have the setting that stands the fault.
#[test]
fn a_setting_stands_what_another_does_not() {
    for kind in ["commit-unknown", "broker-redelivery", "job-overlap"] {
        let safe = run_variant(&read(kind), 1);
        let wrong = number(&safe, "m7.wrong");
        assert!(wrong == 0.0, "{kind}: {wrong}");
        assert!(safe.report.settled, "{kind}");
    }
}

#[test]
fn every_kind_of_fault_has_a_scenario_and_a_row() {
    let known = Faults::builtin();
    let kinds: BTreeSet<&str> = known.names().into_iter().collect();
    let rows: BTreeSet<&str> = ROWS.iter().map(|row| row.kind).collect();
    assert_eq!(rows, kinds, "a row for each kind");
    let files = fs::read_dir(folder()).expect("the scenarios of faults");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    let files: BTreeSet<String> = names.collect();
    let wanted: BTreeSet<String> = kinds.iter().map(|kind| format!("{kind}.toml")).collect();
    assert_eq!(files, wanted, "a file for each kind");
}
