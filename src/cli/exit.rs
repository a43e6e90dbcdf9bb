//! Exit codes. They are part of the interface: scripts rely on them.

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was checked held.
    Held = 0,
    /// An invariant or expectation was violated.
    Violated = 1,
    /// The scenario or the arguments are wrong.
    BadInput = 2,
    /// Something could not be decided: too little happened, or it never settled.
    Undecided = 3,
    /// Interrupted; what was finished has been written.
    Interrupted = 130,
}

/// What `--help` says about exit codes.
pub const HELP: &str = "Exit codes: 0 all checks held, 1 a check was violated, 2 the scenario or \
the arguments are wrong, 3 a check is undecided, 130 interrupted.";
