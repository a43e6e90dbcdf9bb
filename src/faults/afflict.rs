//! What the faults of databases, brokers and jobs have in common: a trouble at some places, as long
//! as it lasts, and how random ones are chosen.

use std::rc::Rc;

use super::menu::Menu;
use super::registry::Heal;
use super::target::{databases, nodes};
use crate::model::trouble::Trouble;
use crate::model::world::World;

/// A share of what happens at these places meets with a trouble, at `most` so many times at each.
/// Without a share it is left to a trigger to say what does.
pub fn afflict(
    world: &Rc<World>,
    trouble: Trouble,
    places: &[u64],
    share: Option<f64>,
    most: u64,
) -> Heal {
    let Some(share) = share else { return Box::new(|| ()) };
    let trouble = |&place: &u64| world.env().trouble(trouble, place, share, most);
    let troubles: Vec<_> = places.iter().map(trouble).collect();
    let world = Rc::clone(world);
    Box::new(move || troubles.into_iter().for_each(|id| world.env().relieve(id)))
}

/// The databases that a name stands for, by their luck names.
pub fn at_databases(world: &World, name: &str) -> Vec<u64> {
    let specs = &world.env().system().databases;
    databases(world, name).iter().map(|database| specs[database.id().index()].name.luck).collect()
}

/// The nodes that a name stands for, by their luck names.
pub fn at_nodes(world: &World, name: &str) -> Vec<u64> {
    nodes(world, name).into_iter().map(|node| world.name(node).luck).collect()
}

/// The driver of a variant whose name contains a word, if it has one.
pub fn driver(menu: &Menu, word: &str) -> Option<String> {
    menu.drivers.iter().find(|name| name.contains(word)).cloned()
}
