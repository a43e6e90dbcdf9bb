//! The judges of the history: measures, the outcome census, invariants, properties and self-checks.
//! A judge reads the history and nothing else.
//!
//! An [`Audit`] is a fold over the [history](crate::model::record): it sees each record once and
//! keeps the [`Books`], 64 bytes of each operation. A [`Judge`] listens and ends with a
//! [`RunReport`]: plain integers, equal on every machine. A [`Verifier`](properties::Verifier)
//! listens and ends with verdicts. Neither reads the state of a pattern: the outcome of an
//! operation follows from what the stores committed, what its client heard, what the network
//! carried and which locks were held.
//!
//! An *instant* is all that happens at one point of virtual time. States are taken at the end of an
//! instant, so that all changes of one commit are seen together.

pub mod anomaly;
pub mod census;
pub mod coupling;
pub mod expectation;
pub mod invariants;
pub mod measures;
pub mod outcome;
mod overwrites;
pub mod properties;
pub mod self_check;
mod serial;
pub mod verdict;

mod audience;
mod books;
mod by_op;
mod by_row;
mod by_transaction;
mod judge;
mod report;

#[cfg(test)]
mod tests;

pub use books::{Audit, Books, Listener};
pub use judge::{Judge, JudgeOptions};
pub use report::{OperationRow, RunReport};
pub use verdict::{Judgement, Verdict};
