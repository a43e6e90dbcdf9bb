//! # Clock drift
//!
//! The clocks of the target's nodes gain or lose so many microseconds a second. Every timer that is
//! set meanwhile runs by them, so deadlines, polls, backoff and lock timeouts come too early
//! (clocks that gain) or too late. Work takes as long as ever. At the end of the fault the clocks
//! are disciplined again: they run at the right pace and are set right. Quartz is good to 100 parts
//! per million; virtual machines that were moved or starved have lost a tenth of their time.

use std::rc::Rc;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{below, check_range, draw};
use super::reach::Reach;
use super::target::on_machines;
use super::targets::Targets;
use crate::kernel::NodeId;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Rates from a quartz on a warm day to a virtual machine without processor time.
const PACES: [i32; 7] = [100, 500, 1_000, 10_000, 100_000, 200_000, 500_000];

/// Clocks that run fast or slow.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClockDrift {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// The rate of gain, or of loss if negative, in parts per million.
    parts_per_million: i32,
}

impl FaultSettings for ClockDrift {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        vec![format!("{} parts per million", self.parts_per_million)]
    }

    fn check(&self) -> Vec<Reason> {
        check_range("parts-per-million", self.parts_per_million, -900_000, 1_000_000_000)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let target = targets.machines(rng)?;
        let pace = draw(&PACES, rng);
        let slow = rng.random_bool(0.5);
        Some(Self { target, parts_per_million: if slow { -pace } else { pace } })
    }

    fn simpler(&self) -> Vec<Self> {
        let ppm = self.parts_per_million;
        let paces = below(&PACES, ppm.saturating_abs()).into_iter();
        let same = |pace: i32| Self { parts_per_million: pace * ppm.signum(), ..self.clone() };
        paces.map(same).collect()
    }
}

impl Fault for ClockDrift {
    const NAME: &'static str = "clock-drift";
    const SUMMARY: &'static str = "clocks run fast or slow, and timers with them";
    const MANUAL: &'static str = include_str!("clock_drift.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let rate = i64::from(settings.parts_per_million) * 1_000;
        let turn = |world: &Rc<World>, node: NodeId, more| {
            let sim = world.env().sim();
            sim.set_clock_rate(node, sim.clock_rate(node) + more);
        };
        let began = world.env().now();
        let disciplined = move |world: &Rc<World>, node| {
            let passed = i128::from((world.env().now() - began).as_nanos());
            let gained = passed * i128::from(rate) / 1_000_000_000;
            turn(world, node, -rate);
            world.env().sim().step_clock(node, -gained as i64);
        };
        on_machines(world, &settings.target, |world, node| turn(world, node, rate), disciplined)
    }
}
