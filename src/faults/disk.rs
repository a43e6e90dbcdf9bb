//! The common settings of disk faults.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{FaultSettings, Heal};
use super::reach::Reach;
use super::target::machines;
use super::targets::Targets;
use crate::model::disk::DiskFault;
use crate::model::world::World;

/// Settings of a fault of the disks of one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DiskSettings {
    /// A database, a driver node such as `coordinator`, the broker, or a role.
    target: String,
}

impl DiskSettings {
    /// Begins a fault of the disks of the target's nodes.
    pub fn begin_fault(&self, world: &Rc<World>, fault: DiskFault) -> Heal {
        let nodes = machines(world, &self.target).into_iter();
        let disks: Vec<_> = nodes.map(|node| world.env().disk(node)).collect();
        disks.iter().for_each(|disk| disk.begin_fault(fault));
        Box::new(move || disks.into_iter().for_each(|disk| disk.end_fault(fault)))
    }
}

impl FaultSettings for DiskSettings {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: targets.log_holders(rng)? })
    }
}
