//! # Disk stall
//!
//! No flush of the target's disk ends until the fault does; then those that wait end at once. What
//! a log is appended to is not hindered, and reads go on. So a database holds the locks and the
//! connections of every transaction that wants to commit, and whoever waits for them waits, too.
//!
//! The target is whoever keeps a log: a database, a driver such as `coordinator` or `orchestrator`,
//! the broker. Databases that share a node share its disk.

use std::rc::Rc;

use super::disk::DiskSettings;
use super::fault::{Fault, Heal};
use crate::model::disk::DiskFault;
use crate::model::world::World;

/// A disk on which no flush ends.
pub struct DiskStall;

impl Fault for DiskStall {
    const NAME: &'static str = "disk-stall";
    const SUMMARY: &'static str = "no forced write ends until the fault does";
    const MANUAL: &'static str = include_str!("disk_stall.rs");
    type Settings = DiskSettings;

    fn strike(settings: &DiskSettings, world: &Rc<World>) -> Heal {
        settings.ail(world, DiskFault::Stalled)
    }
}
