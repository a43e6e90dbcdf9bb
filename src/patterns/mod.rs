//! The patterns: different ways to carry out the same operations. One file each.

mod background_sync;
mod breaker;
mod event_based;
mod local_transaction;
mod orchestrated;
mod promise;
pub mod registry;
pub mod step;
mod two_phase_commit;
