//! What the faults of databases, brokers and jobs have in common: a trouble at some places, as long
//! as it lasts, and how random ones are chosen.

use std::rc::Rc;

use super::fault::Heal;
use super::target::{databases, nodes};
use super::targets::Targets;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// A share of what happens at these places meets with a trouble, at `most` so many times at each.
/// Without a share it is left to a trigger to say what does.
pub fn local_fault(
    world: &Rc<World>,
    local_fault: LocalFault,
    places: &[u64],
    share: Option<f64>,
    most: u64,
) -> Heal {
    let Some(share) = share else { return Box::new(|| ()) };
    let local_fault = |&place: &u64| world.env().local_fault(local_fault, place, share, most);
    let local_faults: Vec<_> = places.iter().map(local_fault).collect();
    let world = Rc::clone(world);
    Box::new(move || local_faults.into_iter().for_each(|id| world.env().relieve(id)))
}

/// The databases that a name stands for, by their stream names.
pub fn at_databases(world: &World, name: &str) -> Vec<u64> {
    let specs = &world.env().system().databases;
    databases(world, name).iter().map(|database| specs[database.id().index()].name.stream).collect()
}

/// The nodes that a name stands for, by their stream names.
pub fn at_nodes(world: &World, name: &str) -> Vec<u64> {
    nodes(world, name).into_iter().map(|node| world.name(node).stream).collect()
}

/// The driver of a variant whose name contains a word, if it has one.
pub fn driver(targets: &Targets, word: &str) -> Option<String> {
    targets.drivers.iter().find(|name| name.contains(word)).cloned()
}
