//! Exit codes. They are part of the interface: scripts rely on them.

use std::process::{ExitCode, Termination};

use super::args::HELP_COLUMNS;
use crate::report::text::fill;

/// The exit code of the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Every check held.
    Held = 0,
    /// An invariant, an expectation or a promise of a pattern was violated.
    Violated = 1,
    /// The scenario or the arguments are wrong.
    BadInput = 2,
    /// A check is undecided: too few events occurred, or a run did not settle.
    Undecided = 3,
    /// Parts of a campaign are missing.
    Incomplete = 4,
    /// A path of a pattern was never taken, although that was required.
    Uncovered = 5,
    /// A shard of a campaign could not be written; it may be tried again.
    Unwritten = 6,
    /// Interrupted; what was finished has been written.
    Interrupted = 130,
}

/// A program's `main` may return its exit code.
impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// The meaning of every exit code, for the help and the manual pages.
pub const MEANINGS: [(Exit, &str); 8] = [
    (Exit::Held, "every check held, or there was none"),
    (Exit::Violated, "a check was violated, or held that was meant to fail"),
    (
        Exit::BadInput,
        "the scenario or the arguments are wrong, a file could not be read or written, or a run \
         made ten times the events that were expected of it",
    ),
    (
        Exit::Undecided,
        "a check is undecided: too little happened, or the run did not settle; a promise of a \
         pattern that had no chance to be broken counts for `fuzz` and `explore` only, and one \
         with a path that was never taken for `fuzz`",
    ),
    (Exit::Incomplete, "shards of a campaign are missing; the commands that make them are printed"),
    (
        Exit::Uncovered,
        "nothing was violated, but with `--require-coverage` a path of a pattern was never taken",
    ),
    (Exit::Unwritten, "a shard of a campaign could not be written: it may be tried again"),
    (Exit::Interrupted, "interrupted; what was finished has been written"),
];

/// The part of `--help` about exit codes.
pub fn help() -> String {
    let columns = super::columns().min(HELP_COLUMNS);
    let line = |(exit, meaning): (Exit, &str)| {
        let code = format!("  {:<5}", exit as u8);
        fill(&code, "       ", meaning, columns)
    };
    let lines: String = MEANINGS.into_iter().map(line).collect();
    format!("Exit codes:\n{}", lines.trim_end())
}
