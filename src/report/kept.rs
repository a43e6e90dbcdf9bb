//! # runs.gz
//!
//! Every run as the judges left it, with the plan of what was run and the scenario in it. `driftlab
//! report FOLDER` makes everything else in the folder again from it, without simulating: after an
//! upgrade whose charts are better, say. The same file, of some of the runs, is what a shard of a
//! campaign leaves.
//!
//! The file is compressed with gzip. The first line is the plan as JSON, then there is a line for
//! each run, its position in the plan before it, and at the end their number and a hash. Only the
//! version of driftlab that wrote it reads it.

use super::export::{Export, File, Results};

/// The name of the file.
pub const RUNS: &str = "runs.gz";

/// The file `runs.gz`, which the command line writes: it has the runs at hand.
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
