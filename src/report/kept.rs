//! # runs.gz
//!
//! Every judged run, with the plan of the runs and the scenario in it. `driftlab report FOLDER`
//! makes every other file of the folder again from it, without simulating: after an upgrade with
//! better charts, for example. A shard of a campaign leaves the same file with its part of the
//! runs.
//!
//! The file is compressed with gzip. The first line is the plan as JSON, then there is a line for
//! each run, with its position in the plan before it, and at the end their number and a hash. Only
//! the version of driftlab that wrote the file reads it.

use super::export::{Export, File, Results};

/// The name of the file.
pub const RUNS: &str = "runs.gz";

/// The file `runs.gz`, which the command line writes because only it has the runs.
pub struct Runs;

impl Export for Runs {
    const NAME: &'static str = RUNS;
    const SUMMARY: &'static str =
        "every run as it was judged, from which `driftlab report` makes all of this again";
    const MANUAL: &'static str = include_str!("kept.rs");

    fn files(_: &Results<'_>) -> Vec<File> {
        Vec::new()
    }
}
