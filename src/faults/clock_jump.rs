//! # Clock jump
//!
//! The clocks of the target's nodes are set forward or back, once, and stay so: nobody sets them
//! right, not even at the end of the load. Where clocks are read is said under `clock-offset`.
//! Behind a jump back a database stamps rows with times that it has used before.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::offset::Offset;
use super::target::{check_machine, machines};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::world::World;

/// Clocks that are set forward or back.
pub struct ClockJump;

/// Settings of clocks that are set forward or back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// How far they are set forward (`"5s"`) or back (`"-5s"`).
    by: Offset,
}

impl Fault for ClockJump {
    const NAME: &'static str = "clock-jump";
    const SUMMARY: &'static str = "clocks are set forward or back, and stay so";
    const MANUAL: &'static str = include_str!("clock_jump.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        settings.by.check().into_iter().chain(check_machine(&settings.target)).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        for node in machines(world, &settings.target) {
            world.env().sim().step_clock(node, settings.by.as_nanos());
        }
        Box::new(|| ())
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = targets.machines(words)?;
        Some(Settings { target, by: Offset::draw(words) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        settings.by.simpler().map(|by| Settings { by, ..settings.clone() }).collect()
    }
}
