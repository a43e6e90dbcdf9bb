//! # Skipped job runs
//!
//! The synchronization job does not run at its times while the fault lasts: a disabled timer, a
//! lease that is held elsewhere. Its node is up and answers, so a standby sees nothing amiss. The
//! timetable goes on; the first run after the fault finds everything that has waited.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::local_fault::{at_nodes, driver, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// A job that does not run.
pub struct JobSkip;

/// Settings of skipped runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The job's node or role.
    target: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { target: "role:job".into() }
    }
}

impl Fault for JobSkip {
    const NAME: &'static str = "job-skip";
    const SUMMARY: &'static str = "the synchronization job does not run at its times";
    const MANUAL: &'static str = include_str!("job_skip.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_nodes(world, &settings.target);
        local_fault(world, LocalFault::JobSkip, &places, Some(1.0), u64::MAX)
    }

    fn draw(targets: &Targets, _: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: driver(targets, "job")? })
    }
}
