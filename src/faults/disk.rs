//! What the faults of disks have in common: something is wrong with the disks of some nodes.

use std::rc::Rc;

use super::menu::Menu;
use super::registry::Heal;
use super::target::machines;
use crate::kernel::Words;
use crate::model::disk::Ailment;
use crate::model::world::World;

/// Something is wrong with the disks of the nodes that a name stands for.
pub fn ail(world: &Rc<World>, name: &str, ailment: Ailment) -> Heal {
    let disks: Vec<_> =
        machines(world, name).into_iter().map(|node| world.env().disk(node)).collect();
    disks.iter().for_each(|disk| disk.ail(ailment));
    Box::new(move || disks.into_iter().for_each(|disk| disk.heal(ailment)))
}

/// Somebody who keeps a log: a database or a driver.
pub fn draw_keeper(menu: &Menu, words: &mut dyn Words) -> Option<String> {
    Menu::pick(menu.databases.iter().chain(&menu.drivers), words)
}
