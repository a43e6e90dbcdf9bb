//! # Data domain
//!
//! A few services share a database on purpose: the tables that they write together are their common
//! domain, in which each of them reads and writes directly. All others have to call them.
//!
//! **Gains**: local transactions and joins within the domain, with no call between its members and
//! no lag. No service outside of it depends on the schema.
//!
//! **Costs**: the members change the schema together, deploy together, and share a pool and locks.
//! A domain tends to grow: a writer that was not declared is refused here, with that reason.
//!
//! **Fails as**: lock waits between the members, and all of them at a standstill when their
//! database is down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{ServiceId, System, TableId};
use crate::reason;

/// A shared database with a declared set of users.
pub struct DataDomain;

/// The services and tables of the domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The members of the domain.
    services: Vec<String>,
    /// The tables that they share; by default all that any of them writes.
    #[serde(default)]
    tables: Option<Vec<String>>,
    /// The database that holds the tables; by default that of the first of them.
    #[serde(default)]
    database: Option<String>,
}

impl Technique for DataDomain {
    const NAME: &'static str = "data-domain";
    const SUMMARY: &'static str = "a declared set of services shares the tables that they write";
    const MANUAL: &'static str = include_str!("data_domain.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let members = layout::services(&system, &settings.services)?;
        if members.is_empty() {
            return Err(vec![reason!("`{}` must name the members of the domain", "services")]);
        }
        let tables = match &settings.tables {
            Some(names) => layout::some_tables(&system, names)?,
            None => written_by(&system, &members),
        };
        let problems: Vec<Reason> =
            tables.iter().flat_map(|table| strangers(&system, *table, &members)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let database = layout::database(&system, settings.database.as_ref(), &tables)?;
        for table in tables {
            let table = &mut system.tables[table.index()];
            table.database = database;
            members.iter().for_each(|member| layout::grant(table, *member, true));
        }
        Ok(system)
    }
}

fn written_by(system: &System, members: &[ServiceId]) -> Vec<TableId> {
    let written = |table: &TableId| {
        let writers = system.writers(*table);
        members.iter().any(|member| writers.contains(member))
    };
    system.table_ids().filter(written).collect()
}

/// The services that use a table and are not in the domain.
fn strangers(system: &System, table: TableId, members: &[ServiceId]) -> Vec<Reason> {
    let name = layout::table(system, table);
    let owner = system.table(table).owner;
    let outside = |service: &ServiceId| !members.contains(service);
    if outside(&owner) {
        let owner = layout::service(system, owner);
        return vec![reason!("`{}` belongs to `{}`, which is not in the domain", name, owner)];
    }
    let writers = system.writers(table).into_iter().filter(outside);
    let refused = |writer| {
        let writer = layout::service(system, writer);
        reason!("`{}` writes `{}` and is not in the domain", writer, name)
    };
    writers.map(refused).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::techniques::tests::layouts::{Laid, laid, refused};

    #[test]
    fn members_write_what_they_share_and_nobody_else_does() {
        let text = "{ name = 'data-domain', services = ['catalog', 'inventory'] }";
        let Laid { before, after } = laid(text);
        let [catalog, inventory, desk] = ["catalog", "inventory", "desk"]
            .map(|name| after.service_named(name).expect("a service"));
        let [book, shelf, loan] = [0, 1, 2].map(TableId);
        for shared in [book, shelf] {
            assert!(after.table(shared).is_writable_by(catalog), "their owner or a member");
            assert!(after.table(shared).is_writable_by(inventory));
            assert!(!after.table(shared).is_writable_by(desk));
            assert_eq!(after.table(shared).database, before.table(book).database);
        }
        assert_eq!(after.table(loan).database, before.table(loan).database);
        assert!(after.table(loan).grants.is_empty());
    }

    #[test]
    fn a_writer_from_outside_is_refused() {
        let text = "{ name = 'data-domain', services = ['catalog', 'desk'], tables = ['book'] }";
        let problems = refused(text);
        assert!(
            problems.contains("`inventory` writes `book` and is not in the domain"),
            "{problems}"
        );
        let problems =
            refused("{ name = 'data-domain', services = ['inventory'], tables = ['book'] }");
        assert!(
            problems.contains("`book` belongs to `catalog`, which is not in the domain"),
            "{problems}"
        );
    }
}
