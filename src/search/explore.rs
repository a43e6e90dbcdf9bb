//! Exploring: every plan with at most one or two faults, and none left out.
//!
//! A few operations run once without faults. Whatever semantic point that run passes, everything
//! that can be done there is tried: a crash before and after, the loss, a second copy or a long
//! delay of a message, and a partition until everything heals, between the two ends of a message or
//! between a database at work and whoever asked for it. With two faults the second one is taken
//! from the run with the first, so that recovery is struck, too.
//!
//! So the verdict is no matter of stream: with these operations and these delays, no such plan
//! breaks what the pattern promises, or here is one that does. That says nothing of other plans:
//! which [paths](super::coverage) of the pattern none of these took is told beside it. What need
//! not be run since another run shows the same is counted, each for one of the reasons in
//! [`PruneReason`]; what a cap left out is counted apart.
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
    /// The variant, ready to be tried.
    pub trial: Trial<'a>,
    /// The seed of all draws.
    pub seed: u64,
    /// The operations that are offered.
    pub operations: Vec<Offer>,
    /// How many faults a plan has at most: 1 or 2.
    pub depth: u8,
    /// How long a crashed node stays down.
    pub outage: Span,
    /// How many plans are run at most, beside the one without faults; they are spread evenly.
    pub cap: Option<u64>,
}

/// An observer of an exploration, called from any thread.
pub trait Watch: Sync {
    /// So many runs begin.
    fn begin(&self, what: &str, runs: u64);
    /// One of them is done.
    fn done(&self, outcome: &Outcome);
}

/// Nobody watches.
impl Watch for () {
    fn begin(&self, _: &str, _: u64) {}
    fn done(&self, _: &Outcome) {}
}

#[cfg(test)]
mod tests;
