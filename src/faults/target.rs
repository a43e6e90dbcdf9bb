//! The names of targets, resolved in the world of one run.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::fault::Heal;
use crate::kernel::{NodeId, Span};
use crate::model::contract::{Driver, role};
use crate::model::database::Database;
use crate::model::system::{DatabaseSpec, LoadId, ServiceId, System};
use crate::model::world::World;

/// The role of all clients.
pub const CLIENTS: &str = "role:client";

/// The role of all driver nodes of the pattern.
pub const DRIVERS: &str = "role:driver";

/// The beginning of a target that is a role.
pub const ROLE: &str = "role:";

/// The nodes that a name stands for in this world: a service (all its instances), one instance
/// (`name#2`; `name#1` is the first of several), a database, a driver (`broker`, `orchestrator-2`;
/// all its instances) or one instance of it (`relay#2`), a zone (`zone:NAME`), the owner of a table
/// (`table:NAME`), or a role. A driver that the pattern does not have stands for no node, so one
/// plan of faults fits every variant.
pub fn nodes(world: &World, name: &str) -> Vec<NodeId> {
    if let Some(role) = name.strip_prefix(ROLE) {
        return match name {
            CLIENTS => vec![NodeId::WORLD],
            DRIVERS => world.drivers().collect(),
            _ => world.playing(role).collect(),
        };
    }
    if let Some(zone) = name.strip_prefix("zone:") {
        return in_zone(world, zone);
    }
    let system = world.env().system();
    if let Some(name) = name.strip_prefix(TABLE) {
        let table = system.tables.iter().find(|table| table.name.is_called(name));
        return table.map_or_else(Vec::new, |table| world.instances(table.owner).to_vec());
    }
    if let Some(service) = system.service_named(name) {
        return world.instances(service).to_vec();
    }
    let database = system.databases.iter().position(|spec| spec.name.is_called(name));
    if let Some(at) = database {
        return vec![world.databases()[at].node()];
    }
    if let Some((service, number)) = instance(system, name) {
        let all = world.instances(service);
        return all.get(usize::from(number)).copied().into_iter().collect();
    }
    let instances: Vec<NodeId> = world.named_drivers(name).collect();
    if !instances.is_empty() {
        return instances;
    }
    world.nodes().filter(|node| world.name(*node).is_called(name)).collect()
}

/// The instance of a service with this name: `name#1` is the first. An instance of a consolidated
/// service is the corresponding one of its host.
fn instance(system: &System, name: &str) -> Option<(ServiceId, u16)> {
    let (service, number) = name.rsplit_once('#')?;
    let service = system.service_named(service)?;
    let number: u16 = number.parse::<u16>().ok()?.checked_sub(1)?;
    let spec = &system.services[service.index()];
    if spec.within.is_none() || number >= spec.instances {
        return Some((service, number));
    }
    let host = system.host(service);
    Some((host, number % system.services[host.index()].instances))
}

/// The nodes of a zone. A consolidated service brings its host into its own zone; a database on the
/// node of a service is in the zone of that service.
fn in_zone(world: &World, zone: &str) -> Vec<NodeId> {
    let system = world.env().system();
    let here = |of: &Option<Arc<str>>| of.as_deref() == Some(zone);
    let mut found: Vec<NodeId> = Vec::new();
    for (at, _) in system.services.iter().enumerate().filter(|(_, spec)| here(&spec.zone)) {
        for node in world.instances(ServiceId(at as u16)) {
            if !found.contains(node) {
                found.push(*node); // Once, for a service and those consolidated into it.
            }
        }
    }
    for (at, _) in system.databases.iter().enumerate().filter(|(_, spec)| here(&spec.zone)) {
        found.push(world.databases()[at].node());
    }
    if here(&system.driver_zone) {
        found.extend(world.drivers());
    }
    found
}

/// A system under a pattern with these driver nodes, before there is a world of them.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The system.
    pub system: &'a System,
    /// The driver nodes.
    pub drivers: &'a [Driver],
}

impl Site<'_> {
    /// The number of nodes that a name stands for, clients apart.
    pub fn count(&self, name: &str) -> u32 {
        let Self { system, drivers } = *self;
        let instances =
            |service| u32::from(system.services[system.host(service).index()].instances);
        let number = |count: usize| count as u32;
        if let Some(role) = name.strip_prefix(ROLE) {
            let plays = |driver: &&Driver| name == DRIVERS || driver.role == role;
            let instances = |driver: &Driver| u32::from(system.driver_instances(driver.role));
            return drivers.iter().filter(plays).map(instances).sum();
        }
        if let Some(zone) = name.strip_prefix("zone:") {
            let here = |of: &Option<Arc<str>>| of.as_deref() == Some(zone);
            let services = (0..).map(ServiceId).zip(&system.services);
            let services = services.filter(|(_, spec)| here(&spec.zone));
            let hosts: BTreeSet<ServiceId> =
                services.map(|(service, _)| system.host(service)).collect();
            let databases = system.databases.iter().filter(|spec| here(&spec.zone)).count();
            let drivers = drivers.iter().filter(|_| here(&system.driver_zone));
            let drivers = drivers.map(|driver| u32::from(system.driver_instances(driver.role)));
            let services = hosts.into_iter().map(instances);
            return services.chain(drivers).sum::<u32>() + number(databases);
        }
        if let Some(name) = name.strip_prefix(TABLE) {
            let table = system.tables.iter().find(|table| table.name.is_called(name));
            return table.map_or(0, |table| instances(table.owner));
        }
        if let Some(driver) = drivers.iter().find(|driver| driver.name == name) {
            return system.driver_instances(driver.role).into();
        }
        system.service_named(name).map_or(1, instances)
    }

    /// The longest recovery time of any node that a name stands for, as far as it is fixed: a
    /// database also replays its log.
    pub fn recovery(&self, name: &str) -> Span {
        let Self { system, drivers } = *self;
        let zone = name.strip_prefix("zone:");
        let here = |of: &Option<Arc<str>>| zone.is_some() && of.as_deref() == zone;
        let table = name.strip_prefix(TABLE);
        let table = table.and_then(|name| system.tables.iter().find(|it| it.name.is_called(name)));
        let named = system.service_named(name).or_else(|| Some(instance(system, name)?.0));
        let zoned = system.service_ids().filter(|id| here(&system.services[id.index()].zone));
        let mut services: BTreeSet<ServiceId> = zoned.chain(named).collect();
        services.extend(table.map(|table| table.owner));
        let struck =
            system.databases.iter().filter(|spec| spec.name.is_called(name) || here(&spec.zone));
        let (beside, alone): (Vec<_>, Vec<_>) = struck.partition(|spec| spec.node.is_some());
        services.extend(beside.iter().filter_map(|spec| spec.node));
        let services = services.into_iter().map(|id| {
            let host = system.host(id);
            let of_host = |spec: &&DatabaseSpec| spec.node.map(|id| system.host(id)) == Some(host);
            let databases = system.databases.iter().filter(of_host);
            let own = system.services[host.index()].recovery;
            databases.fold(own, |sum, database| sum + database.recovery)
        });
        let role = name.strip_prefix(ROLE);
        let plays = |driver: &&Driver| {
            name == DRIVERS
                || role == Some(driver.role)
                || name.split('#').next() == Some(driver.name)
                || here(&system.driver_zone)
        };
        let drivers = drivers.iter().filter(plays).map(|driver| match driver.role {
            role::BROKER => system.broker.recovery,
            _ => system.driver_recovery,
        });
        let databases = alone.into_iter().map(|spec| spec.recovery);
        services.chain(databases).chain(drivers).max().unwrap_or_default()
    }
}

/// The nodes that a name stands for, without the clients.
pub fn machines(world: &World, name: &str) -> Vec<NodeId> {
    let mut found = nodes(world, name);
    found.retain(|node| *node != NodeId::WORLD);
    found
}

/// Applies `act` to each machine that a name stands for, and returns the closure that undoes it.
pub fn on_machines(
    world: &Rc<World>,
    name: &str,
    begin: impl Fn(&Rc<World>, NodeId),
    end: impl Fn(&Rc<World>, NodeId) + 'static,
) -> Heal {
    let nodes = machines(world, name);
    nodes.iter().for_each(|node| begin(world, *node));
    let world = Rc::clone(world);
    Box::new(move || nodes.into_iter().for_each(|node| end(&world, node)))
}

/// The databases that a name stands for: the one with this name, or all on nodes of this name.
pub fn databases(world: &World, name: &str) -> Vec<Rc<Database>> {
    let specs = &world.env().system().databases;
    if let Some(at) = specs.iter().position(|spec| spec.name.is_called(name)) {
        return vec![Rc::clone(&world.databases()[at])];
    }
    let nodes = nodes(world, name);
    let there = |database: &&Rc<Database>| nodes.contains(&database.node());
    world.databases().iter().filter(there).cloned().collect()
}

/// The prefix of a table's name as a target; it stands for the table's owner.
pub const TABLE: &str = "table:";

/// The prefix of a load's name as a target.
pub const LOAD: &str = "load:";

/// The load of a target that is written `load:NAME`.
pub fn load(world: &World, name: &str) -> Option<LoadId> {
    let name = name.strip_prefix(LOAD)?;
    let at = world.env().system().loads.iter().position(|load| load.name.is_called(name))?;
    Some(LoadId(at as u16))
}

/// The nodes of several names, each once, in the order of their numbers.
pub fn all_nodes(world: &World, names: &[String]) -> Vec<NodeId> {
    let mut found: Vec<NodeId> = names.iter().flat_map(|name| nodes(world, name)).collect();
    found.sort_unstable();
    found.dedup();
    found
}
