//! # An interface that exposes rows
//!
//! The owner of a table answers others with the rows as they are stored (generated endpoints,
//! entities that are serialized as they are). Requests go the same way as before, and cost the
//! same; but callers now depend on the schema of the table.
//!
//! **Gains**: nothing to write: no contract, no mapping.
//!
//! **Costs**: a change of the schema is a change of the interface.
//!
//! **Fails as**: callers that break when a column is renamed, although none of them ever saw the
//! database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{Api, System};

/// An interface of the owner that consists of its rows.
pub struct RowsApi;

/// The tables whose rows the owner exposes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The tables whose rows are the interface.
    tables: Vec<String>,
}

impl Technique for RowsApi {
    const NAME: &'static str = "rows-api";
    const SUMMARY: &'static str = "the owner's interface is its rows as they are stored";
    const MANUAL: &'static str = include_str!("rows_api.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        for table in layout::some_tables(&system, &settings.tables)? {
            system.tables[table.index()].api = Api::Rows;
        }
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::system::TableId;
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn readers_depend_on_the_schema() {
        let Laid { before, after } = laid("['delegate', { name = 'rows-api', tables = ['book'] }]");
        let users = after.schema_users(TableId(0));
        assert_eq!(before.schema_users(TableId(0)).len(), 1);
        assert_eq!(
            users.len(),
            3,
            "the owner, the desk that looks books up, the inventory for readers"
        );
    }
}
