//! Names of what a fault strikes, resolved in the world of one run.

use crate::kernel::NodeId;
use crate::model::world::World;

/// The role of all driver nodes of the pattern at work.
pub const ROLE_DRIVER: &str = "role:driver";

/// The role of all clients.
pub const ROLE_CLIENT: &str = "role:client";

/// The nodes that a name stands for in this world: a service (all its instances), one instance
/// (`name#2`), a database, a driver node by its name, or a role. A driver that the pattern at work
/// does not have stands for no node, so one plan of faults fits every variant.
pub fn nodes(world: &World, name: &str) -> Vec<NodeId> {
    match name {
        ROLE_DRIVER => return world.drivers().to_vec(),
        ROLE_CLIENT => return vec![NodeId::WORLD],
        _ => {}
    }
    let system = world.env().system();
    if let Some(service) = system.service_named(name) {
        return world.instances(service).to_vec();
    }
    let database = system.databases.iter().position(|spec| &*spec.name.shown == name);
    if let Some(at) = database {
        return vec![world.databases()[at].node()];
    }
    world.nodes().filter(|node| world.node_name(*node) == name).collect()
}

/// The nodes of several names, each once, in the order of their numbers.
pub fn all_nodes(world: &World, names: &[String]) -> Vec<NodeId> {
    let mut found: Vec<NodeId> = names.iter().flat_map(|name| nodes(world, name)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Two sides of a cut or a slow link; an empty second side means everybody else.
pub fn sides(world: &World, from: &[String], to: &[String]) -> (Vec<NodeId>, Vec<NodeId>) {
    let from = all_nodes(world, from);
    let to = if to.is_empty() {
        world.nodes().filter(|node| !from.contains(node)).collect()
    } else {
        all_nodes(world, to)
    };
    (from, to)
}
