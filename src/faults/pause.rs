//! # Pause
//!
//! Nothing runs on the nodes of the target, and nothing on them is lost: a long collection of
//! garbage, a stopped process, a virtual machine that is being moved. The world continues: messages
//! to them arrive and wait, their disks finish running flushes, and other nodes time out. Then they
//! continue where they were, with timers that fire late, and do not know that they were paused:
//! they may act on leases, locks and answers that have expired meanwhile.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::reach::Reach;
use super::target::on_machines;
use super::targets::Targets;
use crate::model::world::World;

/// A pause of the nodes of one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pause {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
}

impl FaultSettings for Pause {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: targets.machines(rng)? })
    }
}

impl Fault for Pause {
    const NAME: &'static str = "pause";
    const SUMMARY: &'static str =
        "nodes stand still while the world goes on; their timers fire late";
    const MANUAL: &'static str = include_str!("pause.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        on_machines(
            world,
            &settings.target,
            |world, node| world.pause(node),
            |world, node| world.resume(node),
        )
    }
}
