//! # Disk full
//!
//! There is no room for further log records on the target's disk until the fault ends. A database
//! refuses every commit and prepare that has something to log: the transaction is rolled back with
//! a technical error, which may be tried again. Reads go on.
//!
//! What has nobody to be refused to waits for room, as if the disk had stalled: the outcome of a
//! prepared branch, and the logs of drivers and of the broker.
//!
//! The target is whoever keeps a log: a database, a driver such as `coordinator` or `orchestrator`,
//! the broker. Databases that share a node share its disk.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::disk::{ail, draw_keeper};
use super::fault::{Fault, Heal};
use super::target::check_machine;
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::disk::DiskFault;
use crate::model::world::World;

/// A disk without room.
pub struct DiskFull;

/// Settings of a full disk.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A database, a driver node such as `coordinator`, the broker, or a role.
    target: String,
}

impl Fault for DiskFull {
    const NAME: &'static str = "disk-full";
    const SUMMARY: &'static str = "what has to be logged finds no room";
    const MANUAL: &'static str = include_str!("disk_full.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_machine(&settings.target)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        ail(world, &settings.target, DiskFault::Full)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: draw_keeper(targets, words)? })
    }
}
