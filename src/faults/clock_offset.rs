//! # Clock offset
//!
//! The clocks of the target's nodes are ahead by so much, or behind; at the end of the fault they
//! are set right again. Two clocks of different nodes disagree by so much meanwhile.
//!
//! Clocks are read where a real system reads them: a database stamps rows as they are written,
//! which is what a job's watermark compares; the inbox of an event-based service forgets by age; a
//! job keeps its timetable and its watchdog by the clock of its node. Lengths of time do not come
//! from these clocks: deadlines, polls and backoff are not touched.

use std::rc::Rc;

use super::clock::ClockSettings;
use super::fault::{Fault, Heal};
use crate::model::world::World;

/// Clocks that are wrong for a while.
pub struct ClockOffset;

impl Fault for ClockOffset {
    const NAME: &'static str = "clock-offset";
    const SUMMARY: &'static str = "clocks are wrong by so much, until they are set right";
    const MANUAL: &'static str = include_str!("clock_offset.rs");
    type Settings = ClockSettings;

    fn strike(settings: &ClockSettings, world: &Rc<World>) -> Heal {
        settings.step(world)
    }
}
