//! # Skipped job runs
//!
//! The synchronization job does not run at its times while the fault lasts: a disabled timer, a
//! lease that is held elsewhere. Its node is up and answers, so a standby sees nothing amiss. The
//! timetable goes on; the first run after the fault finds everything that has waited.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::local_fault::JobSettings;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// A job that does not run.
pub struct JobSkip;

impl Fault for JobSkip {
    const NAME: &'static str = "job-skip";
    const SUMMARY: &'static str = "the synchronization job does not run at its times";
    const MANUAL: &'static str = include_str!("job_skip.rs");
    type Settings = JobSettings;

    fn strike(settings: &JobSettings, world: &Rc<World>) -> Heal {
        settings.strike(world, LocalFault::JobSkip)
    }
}
