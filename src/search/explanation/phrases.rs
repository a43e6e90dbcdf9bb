//! Faults and rows in words.

use crate::faults::plan::{PlannedFault, Start};
use crate::model::system::{RowKey, System, TableId};

/// A fault of a plan as a sentence without its full stop: kind, reach, settings, time and length.
pub fn fault(planned: &PlannedFault) -> String {
    let when = match &planned.start {
        Start::At(at) => format!("at {at}"),
        Start::On(trigger) => trigger.to_string(),
    };
    let length = planned.length.map_or_else(String::new, |length| format!(", for {length}"));
    format!("{}, {when}{length}", planned.what())
}

/// A row by its table and key; a row of a table that the scenario does not have is an idempotency
/// key.
pub fn row_text(system: &System, table: TableId, row: RowKey) -> String {
    let Some(table) = system.tables.get(table.index()) else { return "its key".into() };
    let table = &table.name.shown;
    // Rows that operations make have hashes as keys, which are marked by the highest bit.
    if row.0 >> 63 == 0 { format!("{table} {}", row.0) } else { format!("a new {table}") }
}
