//! # Audit sink
//!
//! Tables to which many services add and which operations do not read (an audit trail, a log of
//! sales) get one owner that does all the writing. Unlike with `delegate`, the other services do
//! not call it and wait: the step becomes the owner's own, and the pattern carries it out there
//! like any other step.
//!
//! **Gains**: one writer, one schema, and no service waits for a call to the owner.
//!
//! **Costs**: the sink is a participant of every operation that it records.
//!
//! **Fails as**: a trail with gaps, where a pattern loses steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;

/// A table to which many services add, with an owner that does all the writing.
pub struct AuditSink;

/// The settings of an audit sink.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The tables that their owners write for all services.
    tables: Vec<String>,
}

impl Technique for AuditSink {
    const NAME: &'static str = "audit-sink";
    const SUMMARY: &'static str = "the owner does all the writing; no service calls it and waits";
    const MANUAL: &'static str = include_str!("audit_sink.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        for table in layout::some_tables(&system, &settings.tables)? {
            let owner = system.table(table).owner;
            for step in layout::steps(&mut system).filter(|step| step.table == table) {
                step.by = owner;
                step.asked_by = None;
            }
            system.tables[table.index()].grants.retain(|grant| !grant.write);
        }
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::system::TableId;
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn every_step_on_the_table_is_its_owners() {
        let Laid { after, .. } = laid("{ name = 'audit-sink', tables = ['book'] }");
        let owner = after.tables[0].owner;
        let steps = after.operations.iter().flat_map(|operation| &operation.steps);
        let mut writes = steps.filter(|step| step.table == TableId(0));
        assert!(writes.all(|step| step.by == owner && step.asked_by.is_none()));
        assert_eq!(after.writers(TableId(0)).len(), 1);
    }
}
