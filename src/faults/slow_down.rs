//! # Slow-down
//!
//! The nodes of the target are up and answer, but all their work takes longer by a factor: a gray
//! failure. Slow are a service's own work, a database's statements, forced writes of every log, a
//! broker's work on a message, and recovery after a restart. Work that has begun is not affected.
//!
//! Not slow are the network and the clock: deadlines, retries and polls come when they are due,
//! which is what makes a slow node worse than a dead one. Several slow-downs of one node add up, as
//! jobs that each take a share of it: two by a factor of 3 make a factor of 5.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{below, check_range, draw};
use super::reach::Reach;
use super::target::on_machines;
use super::targets::Targets;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Factors from a noisy neighbour to a failing disk.
const FACTORS: [f64; 8] = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// A slow-down of the nodes of one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SlowDown {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// Factor by which all work takes longer.
    factor: f64,
}

impl FaultSettings for SlowDown {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        vec![format!("factor {}", self.factor)]
    }

    fn check(&self) -> Vec<Reason> {
        check_range("factor", self.factor, 1.0, 100_000.0)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let target = targets.machines(rng)?;
        Some(Self { target, factor: draw(&FACTORS, rng) })
    }

    fn simpler(&self) -> Vec<Self> {
        let factors = below(&FACTORS, self.factor).into_iter();
        factors.map(|factor| Self { factor, ..self.clone() }).collect()
    }
}

impl Fault for SlowDown {
    const NAME: &'static str = "slow-down";
    const SUMMARY: &'static str = "everything that nodes do takes longer by a factor";
    const MANUAL: &'static str = include_str!("slow_down.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let more = ((settings.factor - 1.0) * 1_000.0 + 0.5) as i64;
        let slowdown = |by| move |world: &Rc<World>, node| world.env().sim().add_slowdown(node, by);
        on_machines(world, &settings.target, slowdown(more), slowdown(-more))
    }
}
