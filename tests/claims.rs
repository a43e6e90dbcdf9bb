//! The claims of the tour hold: every `[[expect]]` of its scenarios holds over several seeds, and
//! every one had the chance to fail.
//!
//! An unoptimised build takes minutes for all of them, and judges the quickest. `DRIFTLAB` names an
//! optimised one, which judges all: `DRIFTLAB=target/release/driftlab cargo test --test claims`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// As many seeds as `driftlab compare` takes by itself: what a user sees is what must hold.
const SEEDS: &str = "10";

/// The scenarios that an unoptimised build judges.
const QUICK: [&str; 3] = ["10-strangler.toml", "4-noisy-neighbour.toml", "coordinator-dies.toml"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The scenarios of the tour and the walkthroughs.
fn tour() -> Vec<PathBuf> {
    let folders = ["scenarios/ownership", "scenarios/walkthroughs"];
    let files = folders.map(|folder| fs::read_dir(root().join(folder)).expect("the tour"));
    let files = files.into_iter().flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// The expectations of a scenario, each with its verdict and why.
fn judged(program: &Path, scenario: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut compare = Command::new(program);
    compare.arg("compare").arg(scenario).args(["--seeds", SEEDS, "--format", "json", "--quiet"]);
    let output = compare.arg("--out").arg(folder.path()).output().expect("driftlab starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let summary: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}\n{said}", scenario.display()));
    let checks = summary["checks"].as_array().expect("checks");
    let expected = checks.iter().filter(|check| check["kind"] == "expectation");
    let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    expected
        .map(|check| {
            let of = ["verdict", "variant", "name", "why"].map(|key| word(check, key));
            let [verdict, variant, name, why] = of;
            format!("{verdict} {variant}: {name} ({why})")
        })
        .collect()
}

#[test]
fn every_claim_of_the_tour_holds() {
    let named = std::env::var_os("DRIFTLAB").map(|path| root().join(path));
    let all = named.is_some();
    let program = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_driftlab").into());
    let quick = |path: &PathBuf| QUICK.iter().any(|name| path.ends_with(name));
    let scenarios: Vec<PathBuf> = tour().into_iter().filter(|path| all || quick(path)).collect();
    assert!(scenarios.len() >= QUICK.len());
    for scenario in scenarios {
        let claims = judged(&program, &scenario);
        assert!(!claims.is_empty(), "{} claims nothing", scenario.display());
        let failed: Vec<&String> =
            claims.iter().filter(|claim| !claim.starts_with("held ")).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", scenario.display());
    }
}

/// Every claim of `driftlab claims` has evidence and is decided, and a change turns it. An
/// unoptimised build checks one of them.
#[test]
fn every_claim_of_the_textbooks_is_decided_and_turned() {
    let named = std::env::var_os("DRIFTLAB").map(|path| root().join(path));
    let only: &[&str] = if named.is_some() { &[] } else { &["--only", "S2-8"] };
    let program = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_driftlab").into());
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program);
    command.args(["claims", "--check", "--format", "json", "--quiet", "--seeds", SEEDS]).args(only);
    let output =
        command.arg("--out").arg(folder.path().join("claims")).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let summary: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    let claims = summary["claims"].as_array().expect("claims");
    assert!(!claims.is_empty());
    for claim in claims {
        let of = |key: &str| claim[key].as_str().unwrap_or_default();
        let (id, verdict) = (of("id"), of("verdict"));
        assert!(["supported", "depends", "contradicted"].contains(&verdict), "{id}: {verdict}");
        assert!(!claim["evidence"].as_array().expect("a list").is_empty(), "{id}");
        // A change to the same verdict shows nothing.
        assert!(claim["turned"].is_string() && of("turned") != "supported", "{id}: {claim:#}");
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
}
