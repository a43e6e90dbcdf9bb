//! What the faults of disks have in common: something is wrong with the disks of some nodes.

use std::rc::Rc;

use super::fault::Heal;
use super::target::machines;
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::disk::DiskFault;
use crate::model::world::World;

/// Something is wrong with the disks of the nodes that a name stands for.
pub fn ail(world: &Rc<World>, name: &str, fault: DiskFault) -> Heal {
    let disks: Vec<_> =
        machines(world, name).into_iter().map(|node| world.env().disk(node)).collect();
    disks.iter().for_each(|disk| disk.ail(fault));
    Box::new(move || disks.into_iter().for_each(|disk| disk.heal(fault)))
}

/// Somebody who keeps a log: a database or a driver.
pub fn draw_keeper(targets: &Targets, words: &mut dyn Words) -> Option<String> {
    Targets::pick(targets.databases.iter().chain(&targets.drivers), words)
}
