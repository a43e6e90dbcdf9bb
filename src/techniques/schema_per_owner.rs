//! # One database, a schema per owner
//!
//! One database holds the tables, but every table has one owner, and only the owner writes it; the
//! others have the right to read. A service that wants to write a table of another one calls its
//! owner. The readers are conformists: they take the owner's schema as it is.
//!
//! **Gains**: the right to change a table is clear and enforced by the database. Reads join freely,
//! without a call.
//!
//! **Costs**: readers still depend on the schema, and are not told of its changes. Pool, cores and
//! disk are shared as in any shared database.
//!
//! **Fails as**: readers that break when a column is renamed; an expensive query of one service
//! that slows all; writes through an owner that is down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;

/// One database, one writer per table, readers everywhere.
pub struct SchemaPerOwner;

/// The tables that are brought together, and their database.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The database that holds the tables; by default that of the first of them.
    database: Option<String>,
    /// The tables; by default all.
    tables: Option<Vec<String>>,
}

impl Technique for SchemaPerOwner {
    const NAME: &'static str = "schema-per-owner";
    const SUMMARY: &'static str = "one database; owners write their tables, others only read them";
    const MANUAL: &'static str = include_str!("schema_per_owner.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let tables = layout::tables_or_all(&system, settings.tables.as_deref())?;
        let database = layout::database(&system, settings.database.as_ref(), &tables)?;
        for table in tables {
            layout::ask_the_owner(&mut system, table);
            let services = system.service_ids();
            let table = &mut system.tables[table.index()];
            table.database = database;
            services.for_each(|service| layout::grant(table, service, false));
        }
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Time;
    use crate::model::system::{Access, TableId};
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn others_read_directly_and_write_through_the_owner() {
        let Laid { before, after } = laid("'schema-per-owner'");
        let [catalog, inventory] =
            ["catalog", "inventory"].map(|name| after.service_named(name).expect("a service"));
        let book = TableId(0);
        assert!(before.table(book).grants.is_empty());
        assert_eq!(after.access(inventory, book, Time::ZERO), Access::Direct);
        assert!(!after.table(book).is_writable_by(inventory));
        let restock = &after.operations[1].steps[0];
        assert_eq!((restock.by, restock.asked_by), (catalog, Some(inventory)));
        assert!(after.tables.iter().all(|table| table.database == after.tables[0].database));
    }
}
