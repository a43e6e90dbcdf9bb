//! # Shared database
//!
//! One database holds the tables, and every service goes to it directly: the starting point of most
//! migrations, and the baseline of a comparison. Ownership is only nominal; every service may read
//! and write everything.
//!
//! **Gains**: one store is always consistent. An operation may be one local transaction, reads may
//! join any tables, and no service depends on another one being up.
//!
//! **Costs**: one pool of connections, one set of cores and one lock table for all. A change of the
//! schema affects every service, including forgotten ones.
//!
//! **Fails as**: lock waits and deadlocks between services, an expensive query of one that slows
//! all, and everything at a standstill when that one database is down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{ServiceId, System};

/// One database that all services access directly.
pub struct SharedDatabase;

/// The tables that are shared, and their database.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The database that holds the tables; by default that of the first of them.
    database: Option<String>,
    /// The tables; by default all.
    tables: Option<Vec<String>>,
}

impl Technique for SharedDatabase {
    const NAME: &'static str = "shared-database";
    const SUMMARY: &'static str = "one database, every service reads and writes in it";
    const MANUAL: &'static str = include_str!("shared_database.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let tables = layout::tables_or_all(&system, settings.tables.as_deref())?;
        let database = layout::database(&system, settings.database.as_ref(), &tables)?;
        let services: Vec<ServiceId> = system.service_ids().collect();
        for table in tables {
            let table = &mut system.tables[table.index()];
            table.database = database;
            services.iter().for_each(|service| layout::grant(table, *service, true));
        }
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use crate::techniques::tests::layouts::{Laid, laid, refused};

    #[test]
    fn every_table_is_in_one_database_and_everybody_may_write_it() {
        let Laid { before, after } = laid("'shared-database'");
        let home = before.tables[0].database;
        assert!(before.tables.iter().any(|table| table.database != home));
        for table in &after.tables {
            assert_eq!(table.database, home);
            assert!(after.service_ids().all(|service| table.is_writable_by(service)));
        }
        assert_eq!(after.tables.len(), before.tables.len());
    }

    #[test]
    fn the_database_and_the_tables_can_be_chosen() {
        let Laid { before, after } =
            laid("[{ name = 'shared-database', database = 'desk-db', tables = ['book'] }]");
        assert_eq!(&*after.databases[after.tables[0].database.index()].name.shown, "desk-db");
        assert_eq!(after.tables[1].database, before.tables[1].database);
        assert!(after.tables[1].grants.is_empty());
        let problems = refused("[{ name = 'shared-database', tables = ['bok'] }]");
        assert!(problems.contains("no table is named `bok`; there are book, "), "{problems}");
    }
}
