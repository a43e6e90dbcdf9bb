//! Schemas in change: which services do not fit a table any more.
//!
//! As long as nothing changes, that is one look at a flag for each statement.

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
    /// Tables that hold an old and a new schema side by side, and of which columns.
    doubled: RefCell<BTreeMap<TableId, Columns>>,
    noticed: Signal,
}

/// A service that speaks an old schema of a table.
#[derive(Clone, Copy)]
struct Old {
    /// The columns that it knows as they were.
    columns: Columns,
    /// True if that has been noticed.
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
    /// From now on only the new schema of a table is there, these services speak the old one, and
    /// these columns are what is new.
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

    /// A service speaks the new schema of a table now; one that did already is ignored.
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

    /// From now on these columns of a table are written in an old and a new schema; without any, it
    /// has one schema again.
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

    /// Returns whether what a service sends to a table, or reads of it, fits the schema: what
    /// relies on columns that are as it knows them does. That it does not is noticed thereby.
    #[inline]
    pub fn fits(&self, ctx: &Ctx, table: TableId, columns: Columns, service: ServiceId) -> bool {
        !self.schemas().any.get() || self.still_fits(ctx, table, columns, service)
    }

    /// Returns whether a service understands what the owner of a table tells it of these columns:
    /// always, if that is a contract; if it is rows, as long as it knows them as they are.
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

    /// Waits until a service is found to speak an old schema of a table; false if it came to speak
    /// the new one before.
    pub async fn until_misfit(&self, table: TableId, service: ServiceId) -> bool {
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
