//! Schema changes: which services use an old schema of a table.
//!
//! While no schema changes, that is the test of one flag for each statement.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::env::{Ctx, Env};
use super::record::Event;
use super::system::{Api, Columns, ServiceId, TableId};
use crate::kernel::{Signal, Sim};

/// All schema changes of a run.
pub(super) struct Schemas {
    any: Cell<bool>,
    /// The services that still use an old schema.
    old: RefCell<BTreeMap<(TableId, ServiceId), Old>>,
    /// Tables with an old and a new schema side by side, and the columns in which they differ.
    doubled: RefCell<BTreeMap<TableId, Columns>>,
    noticed: Signal,
}

/// A service that uses an old schema of a table.
#[derive(Clone, Copy)]
struct Old {
    /// The columns of which it uses the old form.
    columns: Columns,
    /// True if a statement of it has failed.
    noticed: bool,
}

impl Schemas {
    pub fn new(sim: &Sim) -> Self {
        Self {
            any: Cell::new(false),
            old: RefCell::default(),
            doubled: RefCell::default(),
            noticed: Signal::new(sim),
        }
    }

    fn update(&self) {
        self.any.set(!self.old.borrow().is_empty() || !self.doubled.borrow().is_empty());
    }
}

impl Env {
    /// Changes the schema of a table: from now on only the new one exists, these services use the
    /// old one, and these columns differ.
    pub fn change_schema(
        &self,
        table: TableId,
        columns: Columns,
        old: impl IntoIterator<Item = ServiceId>,
    ) {
        let schemas = self.schemas();
        for service in old {
            let fresh = Old { columns: Columns::NONE, noticed: false };
            let mut all = schemas.old.borrow_mut();
            let old = all.entry((table, service)).or_insert(fresh);
            *old = Old { columns: old.columns.union(columns), noticed: false };
        }
        schemas.update();
        self.record(&Ctx::WORLD, Event::SchemaChanged { table });
    }

    /// Lets a service use the new schema of a table; has no effect if it does already.
    pub fn adapt(&self, table: TableId, service: ServiceId) {
        let schemas = self.schemas();
        let known = schemas.old.borrow_mut().remove(&(table, service));
        schemas.update();
        if let Some(old) = known {
            let adapted = Event::Adapted { table, service, failed: old.noticed };
            self.record(&Ctx::WORLD, adapted);
        }
        schemas.noticed.notify_all();
    }

    /// Lets these columns of a table be written in an old and a new schema; without columns, the
    /// table has one schema again.
    pub fn double(&self, table: TableId, columns: Columns) {
        let schemas = self.schemas();
        if columns == Columns::NONE {
            schemas.doubled.borrow_mut().remove(&table);
        } else {
            schemas.doubled.borrow_mut().insert(table, columns);
        }
        schemas.update();
    }

    /// Returns whether any schema is changing.
    #[inline]
    pub fn has_schema_changes(&self) -> bool {
        self.schemas().any.get()
    }

    /// Returns whether these columns of a table are written in an old and a new schema.
    #[inline]
    pub fn is_doubled(&self, table: TableId, columns: Columns) -> bool {
        let schemas = self.schemas();
        schemas.any.get()
            && schemas.doubled.borrow().get(&table).is_some_and(|doubled| doubled.touch(columns))
    }

    /// Returns whether a request of a service to a table, or a read of it, fits the schema: it does
    /// if the columns on which it relies are unchanged or known to the service. If not, that is
    /// recorded.
    #[inline]
    pub fn fits(&self, ctx: &Ctx, table: TableId, columns: Columns, service: ServiceId) -> bool {
        !self.schemas().any.get() || self.still_fits(ctx, table, columns, service)
    }

    /// Returns whether a service understands an answer of a table's owner about these columns. If
    /// the interface is a contract it always does; if it consists of rows, only while the service
    /// knows these columns.
    pub fn is_understood(
        &self,
        ctx: &Ctx,
        table: TableId,
        columns: Columns,
        service: ServiceId,
    ) -> bool {
        self.system().api(table, self.now()) == Api::Contract
            || self.fits(ctx, table, columns, service)
    }

    #[cold]
    fn still_fits(&self, ctx: &Ctx, table: TableId, columns: Columns, service: ServiceId) -> bool {
        let schemas = self.schemas();
        let known = match schemas.old.borrow_mut().get_mut(&(table, service)) {
            Some(old) if old.columns.touch(columns) => std::mem::replace(&mut old.noticed, true),
            Some(_) | None => return true,
        };
        self.record(ctx, Event::SchemaBreak { table, service, first: !known });
        schemas.noticed.notify_all();
        false
    }

    /// Waits until a service is found to use an old schema of a table; returns false if it adopted
    /// the new one before.
    pub async fn until_schema_break(&self, table: TableId, service: ServiceId) -> bool {
        loop {
            let schemas = self.schemas();
            let known = schemas.old.borrow().get(&(table, service)).map(|old| old.noticed);
            match known {
                Some(false) => schemas.noticed.wait().await,
                Some(true) => return true,
                None => return false,
            }
        }
    }
}
