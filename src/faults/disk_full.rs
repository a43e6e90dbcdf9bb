//! # Disk full
//!
//! There is no room for further log records on the target's disk until the fault ends. A database
//! refuses every commit and prepare that has something to log: the transaction is rolled back with
//! a technical error, and a retry may succeed. Reads go on.
//!
//! Records that cannot be refused wait for room, as if the disk had stalled: the outcome of a
//! prepared branch, and the logs of drivers and of the broker.
//!
//! The target is a node that keeps a log: a database, a driver such as `coordinator` or
//! `orchestrator`, the broker. Databases that share a node share its disk.

use std::rc::Rc;

use super::disk::DiskSettings;
use super::fault::{Fault, Heal};
use crate::model::disk::DiskFault;
use crate::model::world::World;

/// A disk without room.
pub struct DiskFull;

impl Fault for DiskFull {
    const NAME: &'static str = "disk-full";
    const SUMMARY: &'static str = "what has to be logged finds no room";
    const MANUAL: &'static str = include_str!("disk_full.rs");
    type Settings = DiskSettings;

    fn strike(settings: &DiskSettings, world: &Rc<World>) -> Heal {
        settings.begin_fault(world, DiskFault::Full)
    }
}
