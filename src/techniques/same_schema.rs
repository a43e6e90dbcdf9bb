//! # A database per service with the same schema
//!
//! The services have databases of their own, and yet the same tables in them, defined once for all:
//! a shared library of entities, or one set of migrations that runs everywhere. The location of the
//! data does not change (split jointly written tables first: `["table-split", "same-schema"]`); the
//! set of services that must follow a schema change does.
//!
//! **Gains**: no contention at run time; a crash or an expensive query of one does not affect the
//! others.
//!
//! **Costs**: the coupling of a shared schema without its transactions and joins.
//!
//! **Fails as**: a change that was made for one service breaks the others, which have to be
//! deployed with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{ServiceId, System};

/// Separate databases with one schema.
pub struct SameSchema;

/// The tables that are defined together.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The tables that are defined together; by default all.
    tables: Option<Vec<String>>,
}

impl Technique for SameSchema {
    const NAME: &'static str = "same-schema";
    const SUMMARY: &'static str = "a database per service, all with the same schema";
    const MANUAL: &'static str = include_str!("same_schema.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let tables = layout::tables_or_all(&system, settings.tables.as_deref())?;
        let mut owners: Vec<ServiceId> =
            tables.iter().map(|table| system.table(*table).owner).collect();
        owners.sort_unstable();
        owners.dedup();
        for table in tables {
            let table = &mut system.tables[table.index()];
            let others = owners.iter().filter(|owner| **owner != table.owner);
            let fresh = others.filter(|owner| !table.conformists.contains(owner));
            let fresh: Vec<ServiceId> = fresh.copied().collect();
            table.conformists.extend(fresh);
        }
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::system::TableId;
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn a_change_of_one_schema_concerns_all_that_have_it() {
        let Laid { before, after } = laid("['table-split', 'same-schema']");
        let names = ["catalog", "inventory", "desk"];
        let owners = names.map(|name| after.service_named(name).expect("a service"));
        for table in after.table_ids() {
            assert_eq!(after.schema_users(table).into_iter().collect::<Vec<_>>(), owners);
        }
        assert_eq!(before.schema_users(TableId(1)).len(), 1, "only its owner, without this");
        assert_eq!(after.tables[1].database, before.tables[1].database, "nothing moves");
    }
}
