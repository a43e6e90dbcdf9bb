//! # Clock jump
//!
//! The clocks of the target's nodes are set forward or back, once, and stay so, also after the end
//! of the load. `clock-offset` says where clocks are read. After a jump back a database stamps rows
//! with times that it has used before.

use std::rc::Rc;

use super::clock::ClockSettings;
use super::fault::{Fault, Heal};
use crate::model::world::World;

/// Clocks that are set forward or back.
pub struct ClockJump;

impl Fault for ClockJump {
    const NAME: &'static str = "clock-jump";
    const SUMMARY: &'static str = "clocks are set forward or back, and stay so";
    const MANUAL: &'static str = include_str!("clock_jump.rs");
    type Settings = ClockSettings;

    fn strike(settings: &ClockSettings, world: &Rc<World>) -> Heal {
        drop(settings.step(world));
        Box::new(|| ())
    }
}
