//! # Clock drift
//!
//! The clocks of the target's nodes gain or lose so many microseconds a second. Every timer that is
//! set meanwhile runs by them, so deadlines, polls, backoff and lock timeouts come too early
//! (clocks that gain) or too late. Work takes as long as ever. At the end of the fault the clocks
//! are disciplined again: they run at the right pace and are set right. Quartz is good to 100 parts
//! per million; virtual machines that were moved or starved have lost a tenth of their time.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{below, check_range, draw};
use super::target::{check_machine, machines};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::world::World;

/// Clocks that run fast or slow.
pub struct ClockDrift;

/// From a quartz on a warm day to a virtual machine that is starved.
const PACES: [i32; 7] = [100, 500, 1_000, 10_000, 100_000, 200_000, 500_000];

/// Settings of clocks that run fast or slow.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// How much they gain, or below zero lose, in parts per million.
    parts_per_million: i32,
}

impl Fault for ClockDrift {
    const NAME: &'static str = "clock-drift";
    const SUMMARY: &'static str = "clocks run fast or slow, and timers with them";
    const MANUAL: &'static str = include_str!("clock_drift.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        let ppm = settings.parts_per_million;
        let pace = check_range("parts-per-million", ppm, -900_000, 1_000_000_000);
        pace.into_iter().chain(check_machine(&settings.target)).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let nodes = machines(world, &settings.target);
        let rate = i64::from(settings.parts_per_million) * 1_000;
        let turn = |world: &World, node, more| {
            let sim = world.env().sim();
            sim.set_clock_rate(node, sim.clock_rate(node) + more);
        };
        nodes.iter().for_each(|node| turn(world, *node, rate));
        let (world, began) = (Rc::clone(world), world.env().now());
        Box::new(move || {
            let passed = i128::from((world.env().now() - began).as_nanos());
            let gained = passed * i128::from(rate) / 1_000_000_000;
            for node in nodes {
                turn(&world, node, -rate);
                world.env().sim().step_clock(node, -gained as i64);
            }
        })
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = targets.machines(words)?;
        let pace = draw(&PACES, words);
        let slow = words.chance(0.5);
        Some(Settings { target, parts_per_million: if slow { -pace } else { pace } })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let ppm = settings.parts_per_million;
        let paces = below(&PACES, ppm.saturating_abs()).into_iter();
        let same =
            |pace: i32| Settings { parts_per_million: pace * ppm.signum(), ..settings.clone() };
        paces.map(same).collect()
    }
}
