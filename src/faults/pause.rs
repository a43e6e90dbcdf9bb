//! # Pause
//!
//! Nothing runs on the nodes of the target, and nothing on them is lost: a long collection of
//! garbage, a stopped process, a virtual machine that is being moved. The world goes on: what is
//! sent to them arrives and waits, their disks finish what they were doing, others give up on
//! them. Then they go on where they were, with timers that fire late, and do not know that they
//! were away: they may act on leases, locks and answers that others have given up long since.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::target::{check_machine, machines};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::world::World;

/// A pause of the nodes of one target.
pub struct Pause;

/// Settings of a pause of the nodes of one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
}

impl Fault for Pause {
    const NAME: &'static str = "pause";
    const SUMMARY: &'static str =
        "nodes stand still while the world goes on; their timers fire late";
    const MANUAL: &'static str = include_str!("pause.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_machine(&settings.target)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let nodes = machines(world, &settings.target);
        nodes.iter().for_each(|node| world.pause(*node));
        let world = Rc::clone(world);
        Box::new(move || nodes.into_iter().for_each(|node| world.resume(node)))
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = targets.machines(words)?;
        Some(Settings { target })
    }

    fn simpler(_: &Settings) -> Vec<Settings> {
        Vec::new()
    }
}
