//! # Overlapping job runs
//!
//! Each run of the synchronization job that begins while the fault lasts is started twice, side by
//! side: two timers, two instances, a run that was believed dead. Both read the same state and
//! write the same corrections. Comparing and setting (`write = "compare-and-set"`) stands that;
//! adding differences (`write = "delta"`) counts them twice until a later run corrects it.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::local_fault::{at_nodes, driver, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// A job that runs twice at once.
pub struct JobOverlap;

/// Settings of overlapping runs.
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

impl Fault for JobOverlap {
    const NAME: &'static str = "job-overlap";
    const SUMMARY: &'static str = "the synchronization job is started twice at its times";
    const MANUAL: &'static str = include_str!("job_overlap.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_nodes(world, &settings.target);
        local_fault(world, LocalFault::JobOverlap, &places, Some(1.0), u64::MAX)
    }

    fn draw(targets: &Targets, _: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: driver(targets, "job")? })
    }
}
