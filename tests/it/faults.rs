//! Every kind of fault has a scenario of its own, `scenarios/faults/KIND.toml`, in which it visibly
//! changes a measure: the same seed with the fault and without it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use driftlab::checks::measures::catalogue::*;
use driftlab::checks::measures::{Measure, Unit};
use driftlab::experiment::compare::{Judged, judge};
use driftlab::faults::fault::Faults;
use driftlab::scenario::Scenario;
use rayon::prelude::*;

use crate::estimates::is_as_expected;
use crate::whole::scenario;

/// The effect of a fault on a measure: which one, and how it must change. Times are in ms, of many
/// values their mean.
struct Row {
    kind: &'static str,
    measure: &'static Measure,
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
    row("crash", AVAILABILITY, Down(0.1)),
    // Who has voted when the coordinator stops is in doubt for 8 s.
    row("pause", IN_DOUBT_MAX, Up(7_900.0)),
    row("slow-down", DONE, Up(40.0)),
    row("clock-offset", WRONG, Up(0.1)),
    row("clock-jump", LAG, Up(2_000.0)),
    // Half of 2 s more.
    row("clock-drift", LAG, Up(800.0)),
    // 8 s of 35 s, less the 3 s whose last attempts come behind the heal.
    row("partition", AVAILABILITY, Down(0.1)),
    row("flapping", RETRIES, Up(0.2)),
    // Six legs of 100 ms for 20 s of 35 s.
    row("delay", DONE, Up(300.0)),
    row("bandwidth", DONE, Up(300.0)),
    row("reordering", LAG, Up(300.0)),
    row("loss", RETRIES, Up(0.1)),
    row("corruption", RETRIES, Up(0.1)),
    row("duplication", DUPLICATED, Up(0.2)),
    row("lose-message", IN_DOUBT_MAX, Up(900.0)),
    // One operation of 175.
    row("duplicate-message", DUPLICATED, Up(1.0 / 176.0)),
    row("delay-message", IN_DOUBT_MAX, Up(680.0)),
    row("disk-stall", BLOCKED_500MS, Up(0.01)),
    // 10 s of 35 s, less what a retry saves.
    row("disk-full", AVAILABILITY, Down(0.2)),
    // What was answered yes in 9 s of 35 s.
    row("lying-force", LOST, Up(0.2)),
    row("torn-tail", AVAILABILITY, Down(0.05)),
    row("pool-exhaustion", AVAILABILITY, Down(0.1)),
    row("deadlock-victim", RETRIES, Up(0.2)),
    row("serialization-failure", RETRIES, Up(0.2)),
    // Half of what arrives in 15 s of 35 s.
    row("commit-unknown", DUPLICATED, Up(0.15)),
    // Three tenths of it.
    row("broker-redelivery", DUPLICATED, Up(0.08)),
    // Eight seconds without a delivery, at five operations a second.
    row("broker-rebalance", PARTIAL, Up(1.5)),
    row("broker-loss", LOST, Up(0.05)),
    // Three operations.
    row("poison-message", STRANDED, Up(0.01)),
    row("job-skip", PARTIAL, Up(5.0)),
    row("job-overlap", DUPLICATED, Up(0.1)),
    // 20 rows and 5 changes a second: of 15 s in 35 s, half of the rows are stale after 3 s.
    row("replica-lag", STALE, Up(0.25)),
    row("load-burst", AVAILABILITY, Down(0.3)),
    row("expensive-query", BLOCKED_50MS, Up(0.2)),
    row("deployment", AVAILABILITY, Down(0.1)),
    // Its owner is down for 6 s of 35 s, less what a retry saves.
    row("schema-change", AVAILABILITY, Down(0.1)),
    row("random", RETRIES, Up(0.02)),
];

const fn row(kind: &'static str, measure: &'static Measure, change: Change) -> Row {
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
    is_as_expected(scenario, &scenario.variants[number], judged.ran.events);
    judged
}

/// A number of a run, times in ms; of many values the mean.
fn number(judged: &Judged, measure: &'static Measure) -> f64 {
    let measures = &judged.report.measures;
    let number = if measure.is_many() {
        let values = measures.values(measure);
        assert!(values.never == 0 && !values.is_empty(), "{measure}: {values:?}");
        values.sum() as f64 / values.len() as f64
    } else {
        measures.number(measure).value().expect("a number")
    };
    if measure.unit == Unit::Nanoseconds { number / 1e6 } else { number }
}

#[test]
fn every_fault_changes_its_measure() {
    let wrong: Vec<String> = ROWS.par_iter().filter_map(look).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The error in a row, if there is one.
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
        assert!(read.scheduled > 100, "{}", read.scheduled);
        read.error as f64 / read.scheduled as f64
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
        let wrong = number(&safe, WRONG);
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
