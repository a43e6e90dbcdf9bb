//! Schemas in change: which services do not fit a table any more.
//!
//! As long as nothing changes, that is one look at a flag for each statement.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::env::{Ctx, Env};
use super::record::Kind;
use super::system::{Api, ServiceId, TableId};
use crate::kernel::{Signal, Sim};

/// All schema changes of a run.
pub(super) struct Schemas {
    any: Cell<bool>,
    /// Who still speaks an old schema, and whether that has been noticed.
    old: RefCell<BTreeMap<(TableId, ServiceId), bool>>,
    /// Tables that hold an old and a new schema side by side.
    doubled: RefCell<BTreeSet<TableId>>,
    noticed: Signal,
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
    /// From now on only the new schema of a table is there, and these services speak the old one.
    pub fn change_schema(&self, table: TableId, old: impl IntoIterator<Item = ServiceId>) {
        let schemas = self.schemas();
        let old = old.into_iter().map(|service| ((table, service), false));
        schemas.old.borrow_mut().extend(old);
        schemas.update();
        self.note(&Ctx::WORLD, Kind::SchemaChanged, table.0.into(), 0, 0);
    }

    /// A service speaks the new schema of a table now; one that did already is ignored.
    pub fn adapt(&self, table: TableId, service: ServiceId) {
        let schemas = self.schemas();
        let known = schemas.old.borrow_mut().remove(&(table, service));
        schemas.update();
        if let Some(noticed) = known {
            let (subject, a) = (table.0.into(), service.0.into());
            self.note(&Ctx::WORLD, Kind::Adapted, subject, a, noticed.into());
        }
        schemas.noticed.notify_all();
    }

    /// From now on, or no longer, a table is written in an old and a new schema.
    pub fn double(&self, table: TableId, doubled: bool) {
        let schemas = self.schemas();
        if doubled {
            schemas.doubled.borrow_mut().insert(table);
        } else {
            schemas.doubled.borrow_mut().remove(&table);
        }
        schemas.update();
    }

    /// Whether any schema is changing.
    #[inline]
    pub fn has_schema_changes(&self) -> bool {
        self.schemas().any.get()
    }

    /// Whether a table is written in an old and a new schema.
    #[inline]
    pub fn is_doubled(&self, table: TableId) -> bool {
        let schemas = self.schemas();
        schemas.any.get() && schemas.doubled.borrow().contains(&table)
    }

    /// Whether what a service sends to a table, or reads of it, fits the schema. That it does not
    /// is noticed thereby.
    #[inline]
    pub fn fits(&self, ctx: &Ctx, table: TableId, service: ServiceId) -> bool {
        !self.schemas().any.get() || self.still_fits(ctx, table, service)
    }

    /// Whether a service understands what the owner of a table tells it: always, if that is a
    /// contract; if it is rows, as long as it knows them as they are.
    pub fn is_understood(&self, ctx: &Ctx, table: TableId, service: ServiceId) -> bool {
        self.system().api(table, self.now()) == Api::Contract || self.fits(ctx, table, service)
    }

    #[cold]
    fn still_fits(&self, ctx: &Ctx, table: TableId, service: ServiceId) -> bool {
        let schemas = self.schemas();
        let known = match schemas.old.borrow_mut().get_mut(&(table, service)) {
            Some(noticed) => std::mem::replace(noticed, true),
            None => return true,
        };
        self.note(ctx, Kind::Misfit, table.0.into(), service.0.into(), u64::from(!known));
        schemas.noticed.notify_all();
        false
    }

    /// Waits until a service is found to speak an old schema of a table; false if it came to speak
    /// the new one before.
    pub async fn until_misfit(&self, table: TableId, service: ServiceId) -> bool {
        loop {
            let schemas = self.schemas();
            let known = schemas.old.borrow().get(&(table, service)).copied();
            match known {
                Some(false) => schemas.noticed.wait().await,
                Some(true) => return true,
                None => return false,
            }
        }
    }
}
