//! What the tests of several modules share: hand-written histories, whole runs, a made-up result.

pub mod comparison;
pub mod history;
pub mod runs;
