//! Access to data: the services that reach a table, and how.

use std::collections::BTreeSet;

use super::{
    Columns, DatabaseId, OperationKind, ReadSpec, ReadWhat, ServiceId, StepSpec, System, TableId,
    TableSpec,
};
use crate::kernel::{Span, Time};

/// The work that a request costs its receiver. At a service into which others were consolidated, it
/// is that of the parts concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// None.
    None,
    /// The receiver's own work.
    Own,
    /// The work of a service that is the receiver, or a part of it.
    Of(ServiceId),
    /// The work of the parts that carry out these steps of the operation, one bit for each.
    Steps(u32),
    /// The work of the parts that serve requests about the rows of these steps.
    Rows(u32),
}

/// A right to a table that another service owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The service that has the right.
    pub service: ServiceId,
    /// True if it may write, too.
    pub write: bool,
}

/// The interface that callers of a table's owner depend on.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Api {
    /// A contract of its own, which hides the schema of the table.
    #[default]
    Contract,
    /// The rows as they are stored: a change of the schema is a change of the interface.
    Rows,
}

/// A copy of a table that another service keeps in order to read it without a call.
#[derive(Clone, Debug)]
pub struct ReplicaSpec {
    /// The table that is copied.
    pub of: TableId,
    /// The copy, a table of its own with the same columns and initial rows; its owner keeps it.
    pub copy: TableId,
    /// The way in which it is kept up to date.
    pub feed: Feed,
}

impl ReplicaSpec {
    /// Returns whether it is a copy of the table with this name, kept by the service with that name
    /// or, without one, by any.
    pub fn is_of(&self, system: &System, table: &str, reader: Option<&str>) -> bool {
        let owner = system.table(self.copy).owner;
        system.table(self.of).name.is_called(table)
            && reader.is_none_or(|reader| {
                system.service_named(reader).is_some_and(|named| system.host(named) == owner)
            })
    }
}

/// The way in which a replica is kept up to date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feed {
    /// A job copies what has changed, with this period.
    Periodic(Span),
    /// Changes are sent as they are committed, from the owner's log.
    Events,
}

/// The way in which a service reads a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// In the database, as its owner or by a grant.
    Direct,
    /// By a call to its owner.
    Call(ServiceId),
    /// In a replica of its own, which is this table.
    Replica(TableId),
}

impl System {
    /// The way in which a service reads a table at a time.
    pub fn access(&self, service: ServiceId, table: TableId, at: Time) -> Access {
        let spec = self.table(table);
        let (owner, grants) = match self.rights(table, at) {
            Some(rights) => (rights.owner, &rights.grants),
            None => (spec.owner, &spec.grants),
        };
        if owner == service || grants.iter().any(|grant| grant.service == service) {
            return Access::Direct;
        }
        let own = |replica: &&ReplicaSpec| {
            replica.of == table && self.table(replica.copy).owner == service
        };
        match self.replicas.iter().find(own) {
            Some(replica) => Access::Replica(replica.copy),
            None => Access::Call(owner),
        }
    }

    /// The longest period of a feed of any replica.
    pub fn feed_period(&self) -> Span {
        let periods = self.replicas.iter().map(|replica| match replica.feed {
            Feed::Periodic(every) => every,
            Feed::Events => Span::ZERO,
        });
        periods.max().unwrap_or_default()
    }

    /// The services whose steps write a table, in the order of their ids.
    pub fn writers(&self, table: TableId) -> BTreeSet<ServiceId> {
        self.steps().filter(|step| step.table == table).map(|step| step.by).collect()
    }

    /// The services that read a table without writing it: by a look-up, or for a reader.
    pub fn readers(&self, table: TableId) -> BTreeSet<ServiceId> {
        let looks = |step: &StepSpec| step.lookup.is_some_and(|lookup| lookup.table == table);
        let lookups = self.steps().filter(|step| looks(step)).map(|step| step.by);
        let reads = self.reads.iter().filter(|read| self.tables_of(read).contains(&table));
        lookups.chain(reads.filter_map(|read| read.by)).collect()
    }

    /// The services that access a database themselves: for a table of their own, by a grant, or to
    /// carry out a step on any of its tables.
    pub fn users(&self, database: DatabaseId) -> BTreeSet<ServiceId> {
        let mut users = BTreeSet::new();
        for id in self.table_ids().filter(|id| self.table(*id).database == database) {
            users.insert(self.table(id).owner);
            users.extend(self.table(id).grants.iter().map(|grant| grant.service));
            users.extend(self.writers(id));
        }
        users
    }

    /// The tables that a read accesses.
    pub fn tables_of(&self, read: &ReadSpec) -> BTreeSet<TableId> {
        match &read.what {
            ReadWhat::Column { column, .. } => BTreeSet::from([column.table]),
            ReadWhat::Operation { kind, steps, .. } => {
                let specs = &self.operation(*kind).steps;
                steps.iter().map(|step| specs[step.index()].table).collect()
            }
        }
    }

    /// The services that break if a table's schema changes and they do not adapt: its owner, all
    /// that access it directly, all with the same schema, and, if its interface is its rows, all
    /// that read it.
    pub fn schema_users(&self, table: TableId) -> BTreeSet<ServiceId> {
        let spec = self.table(table);
        let mut users = BTreeSet::from([spec.owner]);
        users.extend(spec.grants.iter().map(|grant| grant.service));
        users.extend(&spec.conformists);
        if spec.api == Api::Rows {
            users.extend(self.readers(table));
        }
        users
    }

    /// The services that rely on these columns of a table, in statements of their own or in rows
    /// that they are given. A page that joins rows and a look-up rely on the whole row, and so does
    /// a service that keeps a table of the same schema.
    pub fn column_users(&self, table: TableId, columns: Columns) -> BTreeSet<ServiceId> {
        let of_step = |step: &&StepSpec| {
            let own = || step.forward_columns().union(step.undo_columns());
            step.table == table && columns.touch(own())
                || step.lookup.is_some_and(|lookup| lookup.table == table)
        };
        let of_read = |read: &&ReadSpec| match &read.what {
            ReadWhat::Column { column, .. } => {
                column.table == table && columns.touch(Columns::from(Some(column.column)))
            }
            ReadWhat::Operation { .. } => self.tables_of(read).contains(&table),
        };
        let steps = self.steps().filter(of_step).map(|step| step.by);
        let reads = self.reads.iter().filter(of_read).filter_map(|read| read.by);
        steps.chain(reads).chain(self.table(table).conformists.iter().copied()).collect()
    }

    /// The service in whose processes this one runs: itself, unless it was consolidated.
    pub fn host(&self, service: ServiceId) -> ServiceId {
        self.services[service.index()].within.unwrap_or(service)
    }

    /// The services whose work a request to `host` costs that is about these steps of an operation
    /// (one bit for each): each service that was consolidated into it and had carried out one of
    /// them, or had served requests about its row if the request only reads. Without any, its own
    /// work.
    pub fn parts(&self, host: ServiceId, kind: OperationKind, work: Work) -> Vec<ServiceId> {
        let (mask, reads) = match work {
            Work::None => return Vec::new(),
            Work::Own => return vec![host],
            Work::Of(part) => return vec![if self.host(part) == host { part } else { host }],
            Work::Steps(mask) => (mask, false),
            Work::Rows(mask) => (mask, true),
        };
        let mut parts = Vec::new();
        let steps = (0..).zip(&self.operation(kind).steps);
        for (_, step) in steps.filter(|(at, _)| mask >> at & 1 == 1) {
            let table = self.table(step.table);
            let part = match reads {
                true => table.part.unwrap_or(table.owner),
                false => step.part.unwrap_or(step.by),
            };
            if self.host(part) == host && !parts.contains(&part) {
                parts.push(part);
            }
        }
        if parts.is_empty() {
            parts.push(host);
        }
        parts
    }

    /// The service that a client calls for an operation: the one that wants its first step.
    pub fn front(&self, kind: OperationKind) -> ServiceId {
        let first = &self.operation(kind).steps[0];
        first.asked_by.unwrap_or(first.by)
    }
}

impl TableSpec {
    /// The service whose work a request to its owner costs.
    pub fn answering(&self) -> Work {
        Work::Of(self.part.unwrap_or(self.owner))
    }

    /// Returns whether this service may write it.
    pub fn is_writable_by(&self, service: ServiceId) -> bool {
        let may_write = |grant: &Grant| grant.service == service && grant.write;
        self.owner == service || self.grants.iter().any(may_write)
    }
}
