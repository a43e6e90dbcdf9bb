//! # Overlapping job runs
//!
//! Each run of the synchronization job that begins while the fault lasts is started twice, side by
//! side: two timers, two instances, a run that was believed dead. Both read the same state and
//! write the same corrections. Comparing and setting (`write = "compare-and-set"`) tolerates that;
//! adding differences (`write = "delta"`) counts them twice until a later run corrects it.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::local_fault::JobSettings;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// A job that runs twice at once.
pub struct JobOverlap;

impl Fault for JobOverlap {
    const NAME: &'static str = "job-overlap";
    const SUMMARY: &'static str = "the synchronization job is started twice at its times";
    const MANUAL: &'static str = include_str!("job_overlap.rs");
    type Settings = JobSettings;

    fn strike(settings: &JobSettings, world: &Rc<World>) -> Heal {
        settings.strike(world, LocalFault::JobOverlap)
    }
}
