//! Exploration: every plan with at most one or two faults, without exception.
//!
//! A few operations run once without faults. At every semantic point that this run passes, every
//! applicable fault is tried: a crash before and after, the loss, a second copy or a long delay of
//! a message, and a partition until the heal, between the two ends of a message or between a
//! database and its client. With two faults the second one is taken from the run with the first, so
//! that recovery is covered, too.
//!
//! So the verdict does not depend on random numbers: with these operations and these delays, no
//! such plan breaks a guarantee of the pattern, or here is one that does. It does not cover other
//! plans; the [paths](super::coverage) of the pattern that no plan took are reported with it. Plans
//! that need not be run because another run shows the same are counted, each for one of the reasons
//! in [`PruneReason`](candidates::PruneReason); plans that a cap left out are counted separately.
//!
//! ```text
//! run without faults ─► points ─► candidates ─► runs with one fault ─► points ─► pairs ─► runs
//! ```

mod campaign;
mod candidates;
mod facts;
mod injection;
mod links;
mod pairs;
mod result;

#[cfg(test)]
pub use candidates::PruneReason;
pub use candidates::Strike;
pub use result::{Explored, Outcome, Plan};

use super::trial::{Offer, Trial};
use crate::kernel::Span;

/// An exploration: its variant, operations and bounds.
pub struct Exploration<'a> {
    /// The variant to be explored.
    pub trial: Trial<'a>,
    /// The seed of all draws.
    pub seed: u64,
    /// The operations that are offered.
    pub operations: Vec<Offer>,
    /// The greatest number of faults in a plan: 1 or 2.
    pub depth: u8,
    /// The time for which a crashed node stays down.
    pub outage: Span,
    /// The greatest number of plans that are run, beside the one without faults; they are spread
    /// evenly.
    pub cap: Option<u64>,
}

/// An observer of an exploration, called from any thread.
pub trait Watch: Sync {
    /// Notes that so many runs begin.
    fn begin(&self, what: &str, runs: u64);
    /// Notes that a run is done.
    fn done(&self, outcome: &Outcome);
}

/// An observer that ignores everything.
impl Watch for () {
    fn begin(&self, _: &str, _: u64) {}
    fn done(&self, _: &Outcome) {}
}

#[cfg(test)]
mod tests;
