//! # Microlith
//!
//! Microservices on a monolithic database: every service carries out its own steps, in processes of
//! its own, and all of them do it in one database. The layout is that of a shared database; what
//! makes it a microlith is the pattern beside it. With `local-transaction` an operation is carried
//! out in one place, as by modules of one program. With `orchestrated`, `event-based` or
//! `two-phase-commit` each service does its part, and pays for calls without getting stores of its
//! own.
//!
//! **Gains**: services are built and deployed one by one, as long as the schema stays as it is.
//!
//! **Costs**: the hops of services and the coupling of a shared database, together.
//!
//! **Fails as**: both do: partial operations between services, and lock waits, expensive queries
//! and a single point of failure in the database.

use super::shared_database::{Settings, SharedDatabase};
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;

/// Several services over one database.
pub struct Microlith;

impl Technique for Microlith {
    const NAME: &'static str = "microlith";
    const SUMMARY: &'static str = "services of their own over one monolithic database";
    const MANUAL: &'static str = include_str!("microlith.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, system: System) -> Result<System, Vec<Reason>> {
        SharedDatabase::apply(settings, system)
    }
}

#[cfg(test)]
mod tests {
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn every_service_keeps_its_steps_and_shares_the_database() {
        let Laid { before, after } = laid("'microlith'");
        assert!(after.tables.iter().all(|table| table.database == after.tables[0].database));
        for (now, then) in after.operations.iter().zip(&before.operations) {
            let by = |steps: &[crate::model::system::StepSpec]| -> Vec<_> {
                steps.iter().map(|step| (step.by, step.asked_by)).collect()
            };
            assert_eq!(by(&now.steps), by(&then.steps));
        }
    }
}
