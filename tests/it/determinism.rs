//! A run is a function of its scenario, its variant and its seed, and of nothing else.
//!
//! `tests/golden/fingerprints.txt` records the fingerprint of every run of the scenarios that ship;
//! `driftlab fingerprints scenarios/*.toml` prints the same from any build. If results change on
//! purpose, `UPDATE=1 cargo test --test it` records them anew.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use driftlab::checks::OperationRow;
use driftlab::experiment::compare::{Study, fingerprints};
use driftlab::experiment::result::Comparison;
use driftlab::model::record::OpId;
use driftlab::model::system::OperationKind;
use driftlab::report::json::summary;
use driftlab::scenario::Scenario;

use crate::whole::{Told, scenario, shipped, tell, text, variant};

/// The fingerprints of what ships: run once, for all tests.
static SHIPPED: LazyLock<String> = LazyLock::new(|| shipped().iter().map(fingerprints).collect());

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fingerprints.txt")
}

/// All variants of a scenario on its first seed.
fn compare(scenario: &Scenario, threads: usize) -> Comparison {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let variants = scenario.variants.iter().collect();
    let study = Study { scenario, variants, seeds: vec![scenario.seed] };
    let compared = pool.install(|| study.run(&AtomicBool::new(false), &|| ()));
    compared.comparison.expect("nobody interrupts")
}

#[test]
fn shipped_runs_are_as_recorded() {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(golden(), &*SHIPPED).expect("the golden file can be written");
    }
    let recorded = std::fs::read_to_string(golden()).expect("the golden file");
    assert!(recorded.lines().count() >= 20, "{recorded}");
    assert_eq!(*SHIPPED, recorded, "results changed; UPDATE=1 records them anew");
}

#[test]
fn neither_threads_nor_judges_nor_a_second_time_change_a_result() {
    let mut judged = String::new();
    for scenario in shipped() {
        let name = &scenario.name;
        let one = compare(&scenario, 1);
        assert!(summary(&one) == summary(&compare(&scenario, 2)), "{name}: 1 thread and 2 differ");
        for variant in &one.variants {
            let (shown, print) = (&variant.name, variant.fingerprints[0]);
            judged += &format!("{name} {shown} {} {print:016x}\n", scenario.seed);
        }
        let defects = one.checks.iter().filter(|check| check.name.starts_with("self-check"));
        assert_eq!(defects.count(), 0, "{name}: {:?}", one.checks);
    }
    assert_eq!(judged, *SHIPPED, "being judged changes it");
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

/// What became of each operation that does not archive, by the name of its kind; less its number
/// and those of new rows, which count everybody's.
fn others(scenario: &Scenario, told: &Told) -> Vec<(String, OperationRow)> {
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
    let plain = scenario(&text("sysops-ticket.toml"));
    let more = scenario(&(text("sysops-ticket.toml") + ARCHIVE));
    for known in &plain.variants {
        let name = &known.name.shown;
        let before = others(&plain, &tell(&plain, known, 1));
        let after = others(&more, &tell(&more, variant(&more, name), 1));
        assert!(before.len() > 5_000 && before == after, "{name}");
    }
}

#[test]
fn a_load_of_its_own_disturbs_nobody() {
    let plain = scenario(&text("sysops-ticket.toml"));
    let more = scenario(&(text("sysops-ticket.toml") + ARCHIVE + ARCHIVING));
    // Patterns without a node or a log that all operations share.
    for name in ["background-sync", "events-outbox"] {
        let before = others(&plain, &tell(&plain, variant(&plain, name), 1));
        let told = tell(&more, variant(&more, name), 1);
        assert!(told.report.operations.len() > before.len() + 500, "the archive is busy");
        assert!(before == others(&more, &told), "{name}");
    }
}

#[test]
fn a_rename_that_keeps_its_luck_keeps_the_run() {
    let renamed = |luck: &str| {
        text("sysops-ticket.toml")
            .replace("[services.customer]", &format!("[services.client-care]\n{luck}"))
            .replace("owner = \"customer\"", "owner = \"client-care\"")
            .replace("by = \"customer\"\ntable", "by = \"client-care\"\ntable")
            .replace("target = \"customer\"", "target = \"client-care\"")
    };
    let same = fingerprints(&scenario(&renamed("luck = \"customer\"")));
    assert!(same.len() > 100 && SHIPPED.contains(&same), "{same}");
    let other = fingerprints(&scenario(&renamed("")));
    assert!(other.lines().all(|line| !SHIPPED.contains(line)), "{other}");
}
