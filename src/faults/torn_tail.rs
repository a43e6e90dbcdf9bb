//! # Torn log tail
//!
//! The power of the target's nodes fails while their disks write. Of the records that a flush was
//! writing a part is on the disk, the next one is torn, and its checksum is wrong: recovery drops
//! it and whatever is behind it. When the fault ends the nodes restart and recover.
//!
//! With the default, `whole = 0.0`, the first record of the flush is the torn one, and this is what
//! every crash of a machine does: the tail that was not forced is lost. With more, some records
//! survive of which nobody was told that they are durable. On a disk that lies (`lying-force`) the
//! torn tail begins at the first lie: it takes records with it that had been reported as durable.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::disk::draw_keeper;
use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range};
use super::target::{check_machine, machines};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::world::World;

/// A power failure that tears the record which was being written.
pub struct TornTail;

/// Settings of a torn tail.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A database, a driver node such as `coordinator`, the broker, or a role.
    target: String,
    /// Which share of the records of a flush is whole on the disk, 0 to 1, rounded down.
    #[serde(default)]
    whole: f64,
}

impl Fault for TornTail {
    const NAME: &'static str = "torn-tail";
    const SUMMARY: &'static str = "the power fails, and the log record being written is torn";
    const MANUAL: &'static str = include_str!("torn_tail.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        let mut problems = check_machine(&settings.target);
        problems.extend(check_range("whole", settings.whole, 0.0, 1.0));
        problems
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let nodes = machines(world, &settings.target);
        for &node in &nodes {
            let disk = world.env().disk(node);
            disk.set_written(settings.whole);
            world.crash(node, true);
            disk.set_written(0.0);
        }
        let world = Rc::clone(world);
        Box::new(move || nodes.into_iter().for_each(|node| world.restart(node)))
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let whole = words.below(3) as f64 / 2.0;
        Some(Settings { target: draw_keeper(targets, words)?, whole })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let none = (settings.whole > 0.0).then_some(0.0);
        let less = none.into_iter().chain(below(&SHARES, settings.whole));
        less.map(|whole| Settings { whole, ..settings.clone() }).collect()
    }
}
