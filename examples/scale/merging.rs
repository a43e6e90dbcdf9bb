//! Merging: a campaign of so many runs, in more and more shards.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::process::{Result, take};

/// Plans a comparison, runs it in so many shards, and merges them; returns a table of what the
/// merging costs. The runs are the same in each row, so that memory and time should be too.
///
/// # Errors
/// If the program is not there, or fails.
pub fn measure(is_small: bool) -> Result<String> {
    let program = std::env::current_exe()?.with_file_name("../driftlab").canonicalize()?;
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/held.toml");
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (scenario, plan) = (scenario.display().to_string(), at("plan.toml"));
    let seeds = if is_small { "16" } else { "256" };
    let planned = ["campaign", "plan", &scenario, "--seeds", seeds, "--out", &plan];
    take(&program, &planned, &[0])?;
    let mut text =
        format!("merging {seeds} seeds\n{:>12}  {:>10}  {:>10}\n", "shards", "CPU s", "peak MB");
    let mut merged: Option<Vec<u8>> = None;
    for shards in [1_u32, 4, 16, 64] {
        let (parts, out) = (at(&format!("parts-{shards}")), at(&format!("out-{shards}")));
        for shard in 0..shards {
            let shard = format!("{shard}/{shards}");
            take(&program, &["campaign", "run", &plan, "--shard", &shard, "--out", &parts], &[0])?;
        }
        let arguments = ["campaign", "merge", &plan, &parts, "--out", &out];
        let took = take(&program, &arguments, &[0, 1])?;
        let summary = fs::read(PathBuf::from(out).join("summary.json"))?;
        if *merged.get_or_insert(summary.clone()) != summary {
            return Err(format!("{shards} shards come to another summary").into());
        }
        writeln!(text, "{shards:>12}  {:>10.2}  {:>10.1}", took.time, took.memory / 1e6)?;
    }
    Ok(text)
}
