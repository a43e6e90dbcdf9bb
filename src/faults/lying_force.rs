//! # Lying forced writes
//!
//! The target's disk reports every flush as done while its records are still in a volatile cache,
//! as cheap disks and some controllers do. They become durable with the first flush that begins
//! after the fault has ended. It has no effect unless the node crashes meanwhile: then all records
//! since the fault began are lost, including commits that were acknowledged and votes of
//! participants. Combine it with a crash:
//!
//! ```toml
//! [[faults]]
//! kind = "lying-force"
//! target = "stock-db"
//! at = "10s"
//!
//! [[faults]]
//! kind = "crash"
//! target = "stock-db"
//! at = "20s"
//! for = "1s"
//! ```
//!
//! No protocol tolerates this, so it is outside the budget of every pattern.

use std::rc::Rc;

use super::disk::DiskSettings;
use super::fault::{Fault, Heal};
use crate::model::disk::DiskFault;
use crate::model::world::World;

/// A disk that reports flushes before they are durable.
pub struct LyingForce;

impl Fault for LyingForce {
    const NAME: &'static str = "lying-force";
    const SUMMARY: &'static str = "forced writes are reported and not durable: a crash loses them";
    const MANUAL: &'static str = include_str!("lying_force.rs");
    type Settings = DiskSettings;

    fn strike(settings: &DiskSettings, world: &Rc<World>) -> Heal {
        settings.begin_fault(world, DiskFault::Lying)
    }
}
