//! The patterns: different ways to carry out the same operations. One file each.

pub(crate) mod background_sync;
mod breaker;
pub(crate) mod event_based;
mod isolation;
mod local_transaction;
pub mod mosaic;
pub(crate) mod orchestrated;
mod promise;
pub mod registry;
pub mod share;
pub mod slip;
pub mod step;
pub(crate) mod two_phase_commit;

#[cfg(test)]
mod tests;
