//! Exit codes. They are part of the interface: scripts rely on them.

use std::process::{ExitCode, Termination};

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was checked held.
    Held = 0,
    /// An invariant, an expectation or a promise of a pattern was violated.
    Violated = 1,
    /// The scenario or the arguments are wrong.
    BadInput = 2,
    /// Something could not be decided: too little happened, or it never settled.
    Undecided = 3,
    /// Interrupted; what was finished has been written.
    Interrupted = 130,
}

/// A program's `main` may return how it ended.
impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// What `--help` says about exit codes.
pub const HELP: &str = "\
Exit codes:
  0    every check held, or there was none
  1    a check was violated
  2    the scenario or the arguments are wrong, or a file could not be read or written
  3    a check is undecided: too little happened, or the run did not settle; a promise of a
       pattern that had no chance to be broken counts for `fuzz` and `explore` only
  130  interrupted; what was finished has been written";
