//! # Disk stall
//!
//! No flush of the target's disk ends until the fault does; then those that wait end at once. What
//! a log is appended to is not hindered, and reads go on. So a database holds the locks and the
//! connections of every transaction that wants to commit, and whoever waits for them waits, too.
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

/// A disk on which no flush ends.
pub struct DiskStall;

/// Settings of a disk stall.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A database, a driver node such as `coordinator`, the broker, or a role.
    target: String,
}

impl Fault for DiskStall {
    const NAME: &'static str = "disk-stall";
    const SUMMARY: &'static str = "no forced write ends until the fault does";
    const MANUAL: &'static str = include_str!("disk_stall.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_machine(&settings.target)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        ail(world, &settings.target, DiskFault::Stalled)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: draw_keeper(targets, words)? })
    }
}
