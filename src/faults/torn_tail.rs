//! # Torn log tail
//!
//! The power of the target's nodes fails while their disks write. A part of the records that a
//! flush was writing is on the disk; the next one is torn, with a wrong checksum: recovery drops it
//! and all records after it. When the fault ends the nodes restart and recover.
//!
//! With the default, `whole = 0.0`, the first record of the flush is the torn one, and this is what
//! every crash of a machine does: the tail that was not forced is lost. With more, some records
//! survive although they were not reported as durable. On a disk that lies (`lying-force`) the torn
//! tail begins at the first lie: it includes records that had been reported as durable.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::reach::Reach;
use super::target::on_machines;
use super::targets::Targets;
use crate::model::reason::Reason;
use crate::model::world::World;

/// A power failure that tears the record which was being written.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TornTail {
    /// A database, a driver node such as `coordinator`, the broker, or a role.
    target: String,
    /// Share of the records of a flush that is intact on the disk, 0 to 1, rounded down.
    #[serde(default)]
    whole: f64,
}

impl FaultSettings for TornTail {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        vec![format!("whole {}", self.whole)]
    }

    fn check(&self) -> Vec<Reason> {
        check_range("whole", self.whole, 0.0, 1.0)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let whole = draw(&[0.0, 0.5, 1.0], rng);
        Some(Self { target: targets.log_holders(rng)?, whole })
    }

    fn simpler(&self) -> Vec<Self> {
        let none = (self.whole > 0.0).then_some(0.0);
        let less = none.into_iter().chain(below(&SHARES, self.whole));
        less.map(|whole| Self { whole, ..self.clone() }).collect()
    }
}

impl Fault for TornTail {
    const NAME: &'static str = "torn-tail";
    const SUMMARY: &'static str = "the power fails, and the log record being written is torn";
    const MANUAL: &'static str = include_str!("torn_tail.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let fail = |world: &Rc<World>, node| {
            let disk = world.env().disk(node);
            disk.set_written(settings.whole);
            world.crash(node, true);
            disk.set_written(0.0);
        };
        on_machines(world, &settings.target, fail, |world, node| world.restart(node))
    }
}
