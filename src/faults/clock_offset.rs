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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::offset::Offset;
use super::target::{check_machine, machines};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::world::World;

/// Clocks that are wrong for a while.
pub struct ClockOffset;

/// Settings of clocks that are wrong for a while.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// How far they are ahead (`"5s"`) or behind (`"-5s"`).
    by: Offset,
}

impl Fault for ClockOffset {
    const NAME: &'static str = "clock-offset";
    const SUMMARY: &'static str = "clocks are wrong by so much, until they are set right";
    const MANUAL: &'static str = include_str!("clock_offset.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        settings.by.check().into_iter().chain(check_machine(&settings.target)).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let (nodes, by) = (machines(world, &settings.target), settings.by.as_nanos());
        nodes.iter().for_each(|node| world.env().sim().step_clock(*node, by));
        let world = Rc::clone(world);
        Box::new(move || nodes.into_iter().for_each(|node| world.env().sim().step_clock(node, -by)))
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = targets.machines(words)?;
        Some(Settings { target, by: Offset::draw(words) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        settings.by.simpler().map(|by| Settings { by, ..settings.clone() }).collect()
    }
}
