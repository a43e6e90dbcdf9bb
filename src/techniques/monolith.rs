//! # Monolith
//!
//! All services become one, over one database: consolidation of everything. Then an operation is a
//! local transaction in one process (`local-transaction`), and no pattern is needed to keep stores
//! consistent.
//!
//! **Gains**: atomic operations, joins and no calls, at the price of one forced write.
//!
//! **Costs**: everything scales, is tested and is deployed as one; the database scales up and not
//! out.
//!
//! **Fails as**: everything stops together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::consolidation::consolidate;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{ServiceId, System};

/// One service over one database.
pub struct Monolith;

/// A monolith has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {}

impl Technique for Monolith {
    const NAME: &'static str = "monolith";
    const SUMMARY: &'static str = "all services become one, over one database";
    const MANUAL: &'static str = include_str!("monolith.rs");
    type Settings = Settings;

    fn apply(_: &Settings, system: System) -> Result<System, Vec<Reason>> {
        let apart = |service: &ServiceId| system.services[service.index()].within.is_none();
        let members: Vec<ServiceId> = system.service_ids().filter(apart).collect();
        consolidate(system, &members)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::system::ServiceId;
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn everything_is_in_one_process_and_one_database() {
        let Laid { before, after } = laid("'monolith'");
        let services = (0..after.services.len() as u16).map(ServiceId);
        assert!(services.map(|service| after.host(service)).all(|host| host == ServiceId(0)));
        let home = before.tables[0].database;
        assert!(after.tables.iter().all(|table| table.database == home));
        let workers: u32 = before.services.iter().map(|service| service.workers).sum();
        assert_eq!(after.services[0].workers, workers);
    }
}
