//! M13, the static part: the dependencies between services in the layout of a variant.
//!
//! Nothing here comes from a run. [`Coupling::of`] is a function of the system and of what its
//! pattern waits for before it answers. It lists the services that write and read each table, the
//! columns that two services write, the services that rely on a schema of another one, those that
//! access a table without a right to it, and those that publish its changes; for each operation and
//! read, what must be up for an answer; and the services that have to be deployed together. Names
//! are the shown ones. If the technique or the pattern is switched, a service counts that depends
//! on a table at any time; the needs of an operation or a read are given for each time.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::Time;
use crate::model::contract::{Waits, WaitsFor};
use crate::model::system::{
    Access, Feed, OperationKind, OperationSpec, ReadSpec, ServiceId, StepSpec, System, TableId,
};

/// The coupling of one variant: the dependencies between its services.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coupling {
    /// Each table, in the order of the system.
    pub tables: Vec<TableCoupling>,
    /// The needs of each operation, and then of each read, in the order of the system.
    pub chains: Vec<Chain>,
    /// Services that have to be deployed together: they rely on the same schema, directly or
    /// through others, or run in one process. Groups of one are left out.
    pub together: Vec<Vec<String>>,
}

/// The services that depend on one table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableCoupling {
    /// Its name.
    pub name: String,
    /// The service that owns it; if that changes, one after the other.
    pub owner: String,
    /// The kind of its ownership, judged by its writers.
    pub ownership: Ownership,
    /// Services whose steps write it.
    pub writers: Vec<String>,
    /// Services that read it for a step or for a reader.
    pub readers: Vec<String>,
    /// Services that break if its schema changes and they do not, its owner included.
    pub schema_users: Vec<String>,
    /// Columns that steps of several services write, with those services; inserts and deletes count
    /// as the column `*`.
    pub joint_columns: Vec<(String, Vec<String>)>,
    /// Services that write it though they neither own it nor have a grant.
    pub without_right: Vec<String>,
    /// Services that publish its changes.
    pub publishers: Vec<String>,
}

/// The kind of a table's ownership, judged by its writers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ownership {
    /// Only its owner writes it.
    Single,
    /// Several services write it.
    Joint,
    /// One service writes it, and that is not its owner.
    Foreign,
    /// No operation writes it.
    Unwritten,
}

impl Ownership {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Joint => "joint",
            Self::Foreign => "foreign",
            Self::Unwritten => "unwritten",
        }
    }
}

/// The nodes that must be up for one operation or read to be answered, which are those on its
/// synchronous path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// The name of the operation or read.
    pub name: String,
    /// True if it is a read.
    pub is_read: bool,
    /// Services, databases and driver nodes, each once, in the order in which they are needed. A
    /// database on the node of a service is not counted separately.
    pub needs: Vec<String>,
}

impl Chain {
    /// The probability that all of it is up, if each is up independently with the probability `of`:
    /// the product.
    pub fn availability(&self, of: impl Fn(&str) -> f64) -> f64 {
        self.needs.iter().map(|name| of(name)).product()
    }

    /// The availability as a formula.
    pub fn formula(&self) -> String {
        let factors: Vec<String> = self.needs.iter().map(|name| format!("a({name})")).collect();
        factors.join(" · ")
    }
}

impl Coupling {
    /// The coupling of a system; `waits` returns what must be up for a yes to each operation, from
    /// each instant on at which that changes.
    pub fn of(system: &System, waits: impl Fn(OperationKind) -> Vec<(Time, Waits)>) -> Self {
        let waits: Vec<Vec<(Time, Waits)>> = system.kinds().map(waits).collect();
        let operations =
            system.kinds().flat_map(|kind| operations(system, kind, &waits[kind.index()]));
        let chains = operations.chain(system.reads.iter().flat_map(|spec| reads(system, spec)));
        Self {
            tables: system.table_ids().map(|id| table(system, id, &waits)).collect(),
            chains: chains.collect(),
            together: together(system),
        }
    }

    /// The number of tables that several services write.
    pub fn joint_tables(&self) -> usize {
        self.tables.iter().filter(|table| table.ownership == Ownership::Joint).count()
    }

    /// The number of columns that several services write.
    pub fn joint_columns(&self) -> usize {
        self.tables.iter().map(|table| table.joint_columns.len()).sum()
    }

    /// The number of tables whose schema services other than the owner rely on.
    pub fn shared_schemas(&self) -> usize {
        self.tables.iter().filter(|table| table.schema_users.len() > 1).count()
    }

    /// The number of pairs of a service and a table that it writes without a right.
    pub fn without_right(&self) -> usize {
        self.tables.iter().map(|table| table.without_right.len()).sum()
    }

    /// The number of services in the largest group that must be deployed together; 1 if all are
    /// independent.
    pub fn largest_deployment(&self) -> usize {
        self.together.iter().map(Vec::len).max().unwrap_or(1)
    }

    /// The operation with the most needs; the first of several.
    pub fn longest(&self) -> Option<&Chain> {
        let operations = self.chains.iter().filter(|chain| !chain.is_read);
        operations.reduce(
            |longest, chain| {
                if chain.needs.len() > longest.needs.len() { chain } else { longest }
            },
        )
    }
}

fn name(system: &System, service: ServiceId) -> String {
    system.services[service.index()].name.shown.to_string()
}

fn names(system: &System, services: impl IntoIterator<Item = ServiceId>) -> Vec<String> {
    services.into_iter().map(|service| name(system, service)).collect()
}

fn table(system: &System, id: TableId, waits: &[Vec<(Time, Waits)>]) -> TableCoupling {
    let spec = system.table(id);
    let writers = system.writers(id);
    let owners = owners(system, id);
    let ownership = match writers.len() {
        0 => Ownership::Unwritten,
        1 if owners.iter().any(|owner| writers.contains(owner)) => Ownership::Single,
        1 => Ownership::Foreign,
        _ => Ownership::Joint,
    };
    let strangers = writers.iter().filter(|service| !spec.is_writable_by(**service)).copied();
    TableCoupling {
        name: spec.name.shown.to_string(),
        owner: names(system, owners).join(", then "),
        ownership,
        without_right: names(system, strangers),
        readers: names(system, system.readers(id)),
        schema_users: names(system, system.schema_users(id)),
        joint_columns: joint_columns(system, id),
        publishers: names(system, publishers(system, id, waits)),
        writers: names(system, writers),
    }
}

/// The owners of a table, each once, the first one first.
fn owners(system: &System, id: TableId) -> Vec<ServiceId> {
    let mut owners = Vec::new();
    for owner in system.turns().into_iter().map(|at| system.owner(id, at)) {
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    owners
}

/// The pseudo-column of inserts and deletes.
const ROWS: u8 = u8::MAX;

fn joint_columns(system: &System, id: TableId) -> Vec<(String, Vec<String>)> {
    let mut columns: BTreeMap<u8, BTreeSet<ServiceId>> = BTreeMap::new();
    for step in system.steps().filter(|step| step.table == id) {
        let whole = step.effect.is_whole();
        let written = if whole { vec![ROWS] } else { step.effect.columns() };
        for column in written {
            columns.entry(column).or_default().insert(step.by);
        }
    }
    let specs = &system.table(id).columns;
    let named = |column: u8| {
        specs.get(usize::from(column)).map_or_else(|| "*".into(), |spec| spec.name.to_string())
    };
    let joint = columns.into_iter().filter(|(_, services)| services.len() > 1);
    joint.map(|(column, services)| (named(column), names(system, services))).collect()
}

/// The services that publish the changes of a table: each that writes it in a step that another one
/// follows, if steps are published, and its owner if a replica is fed by its changes.
fn publishers(system: &System, id: TableId, waits: &[Vec<(Time, Waits)>]) -> BTreeSet<ServiceId> {
    let feeds = system.replicas.iter().any(|it| it.of == id && it.feed == Feed::Events);
    let mut publishers: BTreeSet<ServiceId> =
        feeds.then_some(system.table(id).owner).into_iter().collect();
    let published = system.operations.iter().zip(waits);
    let published = published.filter(|(_, turns)| turns.iter().any(|(_, it)| it.publishes));
    for (operation, _) in published {
        let followed = |at: usize| {
            operation.steps.iter().any(|step| step.after.iter().any(|it| it.index() == at))
        };
        let steps = operation.steps.iter().enumerate();
        let telling = steps.filter(|(at, step)| step.table == id && followed(*at));
        publishers.extend(telling.map(|(_, step)| step.by));
    }
    publishers
}

/// The needs of an operation while they are collected.
struct Needs<'a> {
    system: &'a System,
    /// The time whose rights count.
    at: Time,
    names: Vec<String>,
}

impl Needs<'_> {
    fn node(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }

    fn service(&mut self, service: ServiceId) {
        self.node(&name(self.system, service));
    }

    /// The database of a table, or the service on whose node it is.
    fn table(&mut self, table: TableId) {
        let database = &self.system.databases[self.system.table(table).database.index()];
        match database.node {
            Some(service) => self.service(service),
            None => self.node(&database.name.shown),
        }
    }

    /// Adds what a service needs to read a table through its access.
    fn read(&mut self, by: ServiceId, table: TableId) {
        match self.system.access(by, table, self.at) {
            Access::Direct => self.table(table),
            Access::Call(owner) => {
                self.service(owner);
                self.table(table);
            }
            Access::Replica(copy) => self.table(copy),
        }
    }

    fn step(&mut self, step: &StepSpec) {
        if let Some(lookup) = step.lookup {
            self.read(step.by, lookup.table);
        }
        self.table(step.table);
    }
}

/// The needs of an operation from its first offer on, and again after each change.
fn operations(system: &System, kind: OperationKind, turns: &[(Time, Waits)]) -> Vec<Chain> {
    let (name, first) = (&system.operation(kind).name, system.offered(kind).start);
    let mut chains: Vec<Chain> = Vec::new();
    for (at, waits) in turns {
        let needs = operation(system, kind, first.max(*at), waits);
        let name = if *at <= first { name.clone() } else { name.later(*at - Time::ZERO) };
        if chains.last().is_none_or(|last| last.needs != needs) {
            chains.push(Chain { name: name.shown.to_string(), is_read: false, needs });
        }
    }
    chains
}

fn operation(system: &System, kind: OperationKind, at: Time, waits: &Waits) -> Vec<String> {
    let OperationSpec { steps, .. } = system.operation(kind);
    let mut needs = Needs { system, at, names: Vec::new() };
    needs.service(system.front(kind));
    for driver in &waits.drivers {
        needs.node(driver);
    }
    let awaited = match waits.steps {
        WaitsFor::First => &steps[..1],
        WaitsFor::All | WaitsFor::InOnePlace => &steps[..],
    };
    for (at, step) in awaited.iter().enumerate() {
        if at == 0 || waits.steps == WaitsFor::All {
            step.asked_by.into_iter().chain([step.by]).for_each(|it| needs.service(it));
        }
        needs.step(step);
    }
    needs.names
}

/// The needs of a read from the start on, and again after each change.
fn reads(system: &System, spec: &ReadSpec) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for at in system.turns() {
        let needs = read(system, spec, at);
        let name = match at {
            Time::ZERO => spec.name.clone(),
            _ => spec.name.later(at - Time::ZERO),
        };
        if chains.last().is_none_or(|last| last.needs != needs) {
            chains.push(Chain { name: name.shown.to_string(), is_read: true, needs });
        }
    }
    chains
}

/// The needs of a read: the service that it asks, or the owner of each table.
fn read(system: &System, spec: &ReadSpec, at: Time) -> Vec<String> {
    let mut needs = Needs { system, at, names: Vec::new() };
    for table in system.tables_of(spec) {
        let asked = spec.by.unwrap_or(system.owner(table, at));
        needs.service(asked);
        needs.read(asked, table);
    }
    needs.names
}

/// The groups of services that rely on each other's schemas, or share a process.
fn together(system: &System) -> Vec<Vec<String>> {
    let mut group: Vec<usize> = (0..system.services.len()).collect();
    let mut join = |one: ServiceId, other: ServiceId| {
        let (one, other) = (group[one.index()], group[other.index()]);
        let (least, most) = (one.min(other), one.max(other));
        for member in group.iter_mut().filter(|member| **member == most) {
            *member = least;
        }
    };
    for id in system.table_ids() {
        let owner = system.table(id).owner;
        system.schema_users(id).into_iter().for_each(|user| join(owner, user));
    }
    for id in system.service_ids() {
        join(id, system.host(id));
    }
    let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, group) in group.into_iter().enumerate() {
        groups.entry(group).or_default().push(name(system, ServiceId(at as u16)));
    }
    groups.into_values().filter(|members| members.len() > 1).collect()
}

#[cfg(test)]
mod tests;
