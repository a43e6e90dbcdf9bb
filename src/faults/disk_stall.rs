//! # Disk stall
//!
//! No flush of the target's disk ends until the fault does; then the waiting ones end at once.
//! Records can still be appended to logs, and reads go on. So a database holds the locks and the
//! connections of every transaction that wants to commit, and other transactions wait for them.
//!
//! The target is a node that keeps a log: a database, a driver such as `coordinator` or
//! `orchestrator`, the broker. Databases that share a node share its disk.

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
        settings.begin_fault(world, DiskFault::Stalled)
    }
}
