//! A run is a function of its scenario, its variant and its seed, and of nothing else.
//!
//! `tests/golden/fingerprints.txt` records the fingerprint of every run of the scenarios that ship,
//! here in front of the judges; `driftlab fingerprints scenarios/*.toml` prints the same without
//! them from any build. If results change on purpose, `UPDATE=1 cargo test --test it` records them
//! anew.

use std::path::{Path, PathBuf};

use driftlab::checks::properties::Finding;
use driftlab::checks::{OperationRow, Verdict};
use driftlab::experiment::compare::{Judged, Study, fingerprints, judge};
use driftlab::experiment::result::Comparison;
use driftlab::experiment::stop::Stop;
use driftlab::faults::budget::inside;
use driftlab::faults::target::Site;
use driftlab::model::record::OpId;
use driftlab::model::system::OperationKind;
use driftlab::report::json::summary;
use driftlab::scenario::{Scenario, Variant};
use rayon::prelude::*;

use crate::estimates::is_as_expected;
use crate::whole::{RecordedRun, scenario, shipped, tell, text, thin, variant};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fingerprints.txt")
}

/// All variants of a scenario on its first seed.
fn compare(scenario: &Scenario, threads: usize) -> Comparison {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let variants = scenario.variants.iter().collect();
    let study = Study { variants, ..Study::of(scenario, [scenario.seed]) };
    let compared = pool.install(|| study.run(&Stop::default(), &|| ()));
    compared.comparison.expect("nobody interrupts")
}

#[test]
fn shipped_runs_are_as_recorded_and_add_up() {
    let shipped = shipped();
    let runs: Vec<_> =
        shipped.iter().flat_map(|s| s.variants.iter().map(move |v| (s, v))).collect();
    let lines = runs.par_iter().map(|(scenario, variant)| {
        let (seed, shown) = (scenario.seed, &variant.name.shown);
        let Judged { ran, report, promised, .. } = judge(scenario, variant, seed, false);
        keeps_its_promises(scenario, variant, &promised);
        is_as_expected(scenario, variant, ran.events);
        assert!(ran.settled, "{shown} of {} ends undecided for want of time", scenario.name);
        let failed: Vec<_> = report.failed_self_checks().collect();
        assert!(report.self_checks.len() > 4 && failed.is_empty(), "{shown}: {failed:?}");
        format!("{} {shown} {seed} {:016x}\n", scenario.name, ran.fingerprint)
    });
    let lines: String = lines.collect::<Vec<_>>().concat();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(golden(), &lines).expect("the golden file can be written");
    }
    let recorded = std::fs::read_to_string(golden()).expect("the golden file");
    assert!(runs.len() >= 20, "{recorded}");
    assert_eq!(lines, recorded, "results changed; UPDATE=1 records them anew");
}

/// Scenarios that ship stay inside the budgets of faults, and there every pattern keeps its word.
fn keeps_its_promises(scenario: &Scenario, variant: &Variant, promised: &[Finding]) {
    let name = format!("{} of {}", variant.name.shown, scenario.name);
    let budget = variant.pattern.promises(&scenario.system).budget;
    let drivers = variant.pattern.drivers();
    let site = Site { system: &variant.system, drivers: &drivers };
    assert_eq!(inside(&scenario.faults, &budget, &site), Ok(()), "{name}");
    for finding in promised {
        assert_ne!(finding.verdict(), Verdict::Violated, "{name}: {finding:?}");
    }
    let held = promised.iter().filter(|finding| finding.verdict() == Verdict::Held).count();
    let all = promised.len();
    assert!(held >= 4, "{name}: only {held} of {all} promises could be broken");
}

#[test]
fn neither_threads_nor_a_second_time_change_a_result() {
    for scenario in shipped().into_iter().map(thin) {
        let name = &scenario.name;
        let one = summary(&compare(&scenario, 1));
        assert!(one == summary(&compare(&scenario, 2)), "{name}: one thread and two differ");
    }
}

/// A service with everything that belongs to one, which nobody else knows of.
const ARCHIVE: &str = "
    [services.archive]
    [databases.archive-db]
    [tables.archive]
    owner = 'archive'
    database = 'archive-db'
    columns = { state = 'none' }
";

/// Work for it.
const ARCHIVING: &str = "
    [operations.archive]
    keys = { entry = 'new' }
    [[operations.archive.steps]]
    name = 'keep'
    by = 'archive'
    table = 'archive'
    key = 'entry'
    effect = { insert = { state = 'kept' } }
    [load.archive]
    operation = 'archive'
    poisson = 3.0
";

/// The outcome of each operation that does not archive, by the name of its kind; less its number
/// and those of new rows, which count everybody's.
fn others(scenario: &Scenario, told: &RecordedRun) -> Vec<(String, OperationRow)> {
    let named = |row: &OperationRow| {
        let kind = scenario.system.operation(row.kind).name.shown.to_string();
        let mut row = OperationRow { op: OpId::NONE, kind: OperationKind(0), ..row.clone() };
        row.keys.retain(|key| key >> 63 == 0);
        (kind, row)
    };
    let all = told.report.operations.iter().map(named);
    all.filter(|(kind, _)| kind != "archive").collect()
}

#[test]
fn a_service_that_nobody_uses_disturbs_nobody() {
    let plain = thin(scenario(&text("sysops-ticket.toml")));
    let more = thin(scenario(&(text("sysops-ticket.toml") + ARCHIVE)));
    for known in &plain.variants {
        let name = &known.name.shown;
        let before = others(&plain, &tell(&plain, known, 1));
        let after = others(&more, &tell(&more, variant(&more, name), 1));
        assert!(before.len() > 500 && before == after, "{name}");
    }
}

#[test]
fn a_load_of_its_own_disturbs_nobody() {
    let plain = thin(scenario(&text("sysops-ticket.toml")));
    let more = thin(scenario(&(text("sysops-ticket.toml") + ARCHIVE + ARCHIVING)));
    // Patterns without a node or a log that all operations share.
    for name in ["background-sync", "events-outbox"] {
        let before = others(&plain, &tell(&plain, variant(&plain, name), 1));
        let told = tell(&more, variant(&more, name), 1);
        assert!(told.report.operations.len() > before.len() + 50, "the archive is busy");
        assert!(before == others(&more, &told), "{name}");
    }
}

#[test]
fn a_rename_that_keeps_its_stream_keeps_the_run() {
    let renamed = |stream: &str| {
        text("sysops-ticket.toml")
            .replace("[services.customer]", &format!("[services.client-care]\n{stream}"))
            .replace("owner = \"customer\"", "owner = \"client-care\"")
            .replace("by = \"customer\"\ntable", "by = \"client-care\"\ntable")
            .replace("target = \"customer\"", "target = \"client-care\"")
    };
    let prints = |text: &str| fingerprints(&thin(scenario(text)));
    let plain = prints(&text("sysops-ticket.toml"));
    assert_eq!(prints(&renamed("stream = \"customer\"")), plain);
    let other = prints(&renamed(""));
    assert!(plain.lines().zip(other.lines()).all(|(plain, other)| plain != other), "{other}");
}
