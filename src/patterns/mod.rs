//! The patterns: different ways to carry out the same operations. One file each.

pub(crate) mod atomic_commit;
pub(crate) mod background_sync;
mod builtin;
pub(crate) mod event_based;
mod isolation;
mod local_transaction;
pub(crate) mod orchestrated;
pub mod pattern;
pub mod pattern_mix;
pub(crate) mod paxos_commit;
pub mod promise;
pub mod share;
pub mod single_store;
pub mod step;
pub(crate) mod two_phase_commit;

#[cfg(test)]
mod tests;
