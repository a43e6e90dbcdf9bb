//! # Shared schema
//!
//! Tables that hardly ever change are read directly by the services that need them, in the database
//! of their owner, which alone writes.
//!
//! **Gains**: a look-up is a query and not a call to a service; reads are never stale.
//!
//! **Costs**: the readers depend on the schema and on the database, if not on the service. A change
//! affects all of them.
//!
//! **Fails as**: readers that break with the schema; a database that every reader needs to be up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::replicate::readers;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;

/// Tables that readers access directly in the owner's database.
pub struct SharedSchema;

/// The tables that are open to readers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The tables that all their readers may read directly.
    tables: Vec<String>,
}

impl Technique for SharedSchema {
    const NAME: &'static str = "shared-schema";
    const SUMMARY: &'static str = "readers go to the owner's tables in its database";
    const MANUAL: &'static str = include_str!("shared_schema.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let mut problems = Vec::new();
        for table in layout::some_tables(&system, &settings.tables)? {
            match readers(&system, table) {
                Ok(readers) => readers.into_iter().for_each(|reader| {
                    layout::grant(&mut system.tables[table.index()], reader, false);
                }),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(system) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Time;
    use crate::model::system::{Access, TableId};
    use crate::techniques::tests::layouts::{Laid, laid, refused};

    #[test]
    fn readers_may_read_and_nothing_else() {
        let Laid { after, .. } =
            laid("['delegate', { name = 'shared-schema', tables = ['book'] }]");
        let [desk, report] =
            ["desk", "report"].map(|name| after.service_named(name).expect("a service"));
        let book = TableId(0);
        assert_eq!(after.access(desk, book, Time::ZERO), Access::Direct, "it looks books up");
        assert!(!after.table(book).is_writable_by(desk));
        assert!(matches!(after.access(report, book, Time::ZERO), Access::Call(_)), "it reads none");
        let problems = refused("['delegate', { name = 'shared-schema', tables = ['loan'] }]");
        assert!(problems.contains("no service but its owner `desk` reads `loan`"), "{problems}");
    }
}
