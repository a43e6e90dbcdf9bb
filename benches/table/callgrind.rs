//! Instruction counts: the same on a busy machine as on an idle one.

use std::process::Command;

use crate::baseline::Baseline;
use crate::job::Job;
use crate::measure::command;
use crate::output::{Grid, apart, percent};

/// The instructions that a job takes, without preparation.
fn count(job: &Job) -> u64 {
    let folder = tempfile::tempdir().expect("a folder for the profile");
    let profile = folder.path().join("profile");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*job*measured*"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .args(command(job))
        .output()
        .expect("valgrind runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{job:?}: {told}");
    let text = std::fs::read_to_string(profile).expect("callgrind writes a profile");
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|total| total.trim().parse().ok()).expect("a profile has totals")
}

/// Counts the instructions of each job beside what was recorded; `None` without valgrind.
pub fn table(jobs: &[(&str, Job)], baseline: &mut Baseline, record: bool) -> Option<String> {
    Command::new("valgrind").arg("--version").output().ok()?;
    let mut grid = Grid::new(["instructions", "baseline", "now", "change"]);
    for (name, job) in jobs {
        let now = count(job);
        let before = baseline.instructions.get(*name).copied();
        grid.row([
            (*name).into(),
            before.map_or_else(String::new, |before| apart(&before.to_string())),
            apart(&now.to_string()),
            before.map_or_else(String::new, |before| percent(now as f64 / before as f64)),
        ]);
        if record {
            baseline.instructions.insert((*name).into(), now);
        }
    }
    Some(grid.text())
}
