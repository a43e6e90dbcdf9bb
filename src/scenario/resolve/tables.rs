//! Resolution of services, databases, tables, links and the broker.

use std::collections::BTreeMap;

use super::super::file::{Broker, DriverPart, DriverParts, Drivers, Link, Reads, Turn};
use super::super::problem::{Code, Problem};
use super::super::values::Scalar;
use super::{Context, course, name};
use crate::model::contract::role;
use crate::model::system::{
    Api, BrokerSpec, ColumnSpec, DatabaseId, DatabaseSpec, DriverSpec, KeepaliveSpec, LinkSpec,
    Links, LockOrder, MAX_COLUMNS, Name, ReadMode, ServiceId, ServiceSpec, System, TableSpec,
};

impl Context<'_> {
    /// The services, in order.
    pub(super) fn services(&mut self) -> Option<Vec<ServiceSpec>> {
        let services = self.file.services.0.iter().map(|(shown, service)| {
            let service = service.as_ref()?;
            Some(ServiceSpec {
                name: name(shown, service.stream.as_ref()),
                instances: service.instances.0 as u16,
                workers: service.workers.0 as u32,
                queue: service.queue.0 as u32,
                work: service.work.clone(),
                recovery: service.recovery,
                endpoint_delay: service.endpoint_delay,
                zone: service.zone.as_deref().map(Into::into),
                retry: course::change(service.retry.as_ref()),
                within: None,
            })
        });
        services.collect()
    }

    /// The databases, in order.
    pub(super) fn databases(&mut self) -> Option<Vec<DatabaseSpec>> {
        let file = self.file;
        let mut databases = Vec::new();
        for (shown, database) in &file.databases.0 {
            databases.push(database.as_ref().and_then(|database| {
                let node = match &database.node {
                    None => None,
                    Some(node) => {
                        let found = self.service.find(node, &mut self.problems)?;
                        Some(ServiceId(found as u16))
                    }
                };
                if let (Some(zone), Some(node)) = (&database.zone, &database.node) {
                    let message =
                        "a database on the node of a service is in the zone of that service";
                    let problem = Problem::error(Code::Zone, &zone.place, message, "no zone here");
                    self.problems.push(problem.also(&node.place, "it has no node of its own"));
                }
                Some(DatabaseSpec {
                    name: name(shown, database.stream.as_ref()),
                    node,
                    zone: database.zone.as_ref().map(|zone| zone.value.as_str().into()),
                    connections: database.connections.0 as u32,
                    cores: database.cores.0 as u32,
                    work: database.work.clone(),
                    force: database.force.0.clone(),
                    lock_timeout: database.lock_timeout.value.0,
                    lock_order: match database.lock_order {
                        Turn::Arrival => LockOrder::Arrival,
                        Turn::WakeAll => LockOrder::WakeAll,
                    },
                    wake_up: database.wake_up.clone(),
                    checkpoint: database.checkpoint.0,
                    copy_batch: database.copy_batch.0 as usize,
                    branch_timeout: database.branch_timeout.0,
                    idle_in_transaction: database.idle_in_transaction.map(|limit| limit.0),
                    keepalive: KeepaliveSpec {
                        idle: database.keepalive.idle.0,
                        interval: database.keepalive.interval.0,
                        probes: database.keepalive.probes.0 as u32,
                    },
                    recovery: database.recovery,
                    reads: match database.reads {
                        Reads::Locking => ReadMode::Locking,
                        Reads::Snapshot => ReadMode::Snapshot,
                    },
                    xa: database.xa,
                })
            }));
        }
        databases.into_iter().collect()
    }

    /// The tables, in order.
    pub(super) fn tables(&mut self) -> Option<Vec<TableSpec>> {
        let file = self.file;
        let mut tables = Vec::new();
        for (shown, table) in &file.tables.0 {
            tables.push(table.as_ref().and_then(|table| {
                let owner = self.service.find(&table.owner, &mut self.problems);
                let database = self.database.find(&table.database, &mut self.problems);
                if let Some((extra, _)) = table.columns.0.get(MAX_COLUMNS) {
                    let message = format!("a table has at most {MAX_COLUMNS} columns");
                    let problem =
                        Problem::error(Code::TooMany, &extra.place, message, "one too many");
                    self.problems.push(problem);
                }
                let columns = table.columns.iter().map(|(_, column, value)| ColumnSpec {
                    name: column.value.as_str().into(),
                    initial: match value {
                        Scalar::Number(number) => *number,
                        Scalar::Word(word) => self.symbol(word),
                    },
                });
                let columns = columns.collect();
                Some(TableSpec {
                    name: name(shown, table.stream.as_ref()),
                    owner: ServiceId(owner? as u16),
                    part: None,
                    grants: Vec::new(),
                    api: Api::Contract,
                    conformists: Vec::new(),
                    database: DatabaseId(database? as u16),
                    columns,
                    rows: table.rows.0,
                })
            }));
        }
        tables.into_iter().collect()
    }

    /// The links.
    pub(super) fn links(&mut self) -> Option<Links> {
        let links = &self.file.links;
        let mut between = BTreeMap::new();
        let mut whole = true;
        for link in &links.between {
            let a = self.service.find(&link.a, &mut self.problems);
            let b = self.service.find(&link.b, &mut self.problems);
            let (Some(a), Some(b)) = (a, b) else {
                whole = false;
                continue;
            };
            let spec = LinkSpec {
                delay: link.delay.clone(),
                reply_delay: link.reply_delay.clone(),
                loss: link.loss.0,
                reply_loss: link.reply_loss.as_ref().map(|loss| loss.0),
                duplicate: link.duplicate.0,
            };
            let pair = (ServiceId(a.min(b) as u16), ServiceId(a.max(b) as u16));
            if between.insert(pair, spec).is_some() {
                let message = "this link is given twice";
                let problem =
                    Problem::error(Code::DuplicateName, &link.place, message, "again here");
                self.problems.push(problem);
            }
        }
        whole.then(|| Links {
            default: spec(&links.default),
            database: spec(&links.database),
            client: spec(&links.client),
            between,
        })
    }
}

fn spec(link: &Link) -> LinkSpec {
    LinkSpec {
        delay: link.delay.clone(),
        reply_delay: link.reply_delay.clone(),
        loss: link.loss.0,
        reply_loss: link.reply_loss.as_ref().map(|loss| loss.0),
        duplicate: link.duplicate.0,
    }
}

/// The broker, whose name is `broker`.
pub(super) fn broker(broker: &Broker) -> BrokerSpec {
    BrokerSpec {
        name: Name::with_stream("broker", broker.stream.as_deref().unwrap_or("broker")),
        recovery: broker.recovery,
        force: broker.force.clone(),
        work: broker.work.clone(),
        workers: broker.workers.0 as u32,
        instances: broker.instances.0 as u16,
        in_flight: broker.in_flight.0 as u16,
    }
}

/// The capacity of drivers, by role.
pub(super) fn drivers(drivers: &Drivers) -> BTreeMap<&'static str, DriverSpec> {
    let usual = DriverSpec {
        instances: drivers.instances.0 as u16,
        workers: drivers.workers.0 as u32,
        queue: drivers.queue.0 as u32,
        work: drivers.work.clone(),
    };
    let Drivers { coordinator, orchestrator, relay, job, .. } = drivers;
    let parts = [
        (role::COORDINATOR, coordinator),
        (role::ORCHESTRATOR, orchestrator),
        (role::RELAY, relay),
        (role::JOB, job),
    ];
    parts.into_iter().map(|(role, part)| (role, changed(&usual, part.as_ref()))).collect()
}

/// Changes the capacity of drivers to that of one variant.
pub(super) fn change_drivers(system: &mut System, parts: &DriverParts) {
    let DriverParts { coordinator, orchestrator, relay, job, broker, .. } = parts;
    if let Some(part) = broker {
        let usual = &system.broker;
        system.broker = BrokerSpec {
            work: part.work.clone().unwrap_or_else(|| usual.work.clone()),
            workers: part.workers.map_or(usual.workers, |it| it.0 as u32),
            instances: part.instances.map_or(usual.instances, |it| it.0 as u16),
            in_flight: part.in_flight.map_or(usual.in_flight, |it| it.0 as u16),
            ..usual.clone()
        };
    }
    let parts = [
        (role::COORDINATOR, coordinator),
        (role::ORCHESTRATOR, orchestrator),
        (role::RELAY, relay),
        (role::JOB, job),
    ];
    for (role, part) in parts {
        if let Some(spec) = system.drivers.get_mut(role) {
            *spec = changed(spec, part.as_ref());
        }
    }
}

/// A capacity in which the keys of a part of the file replace the usual values.
fn changed(usual: &DriverSpec, part: Option<&DriverPart>) -> DriverSpec {
    let Some(part) = part else { return usual.clone() };
    DriverSpec {
        instances: part.instances.map_or(usual.instances, |it| it.0 as u16),
        workers: part.workers.map_or(usual.workers, |it| it.0 as u32),
        queue: part.queue.map_or(usual.queue, |it| it.0 as u32),
        work: part.work.clone().unwrap_or_else(|| usual.work.clone()),
    }
}
