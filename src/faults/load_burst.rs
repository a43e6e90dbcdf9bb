//! # Load burst
//!
//! Further operations of a load arrive for as long as the fault lasts, so that in all there are
//! `factor` times as many: a campaign, a retry storm of somebody else's. They come from a stream of
//! their own, so every other operation keeps its arrival, its keys and its random stream.
//!
//! The load is written `load:NAME`. Of one with bursts its rate between them is multiplied; one
//! whose arrivals are up to others (a trace, a closed loop, one that follows) gets no more.

use std::cell::Cell;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{below, check_range, draw};
use super::target::{LOAD, load};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::workload::surge;
use crate::model::world::World;

/// More of a load than usual.
pub struct LoadBurst;

/// Settings of a load burst.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The load, as `load:NAME`.
    target: String,
    /// How many times as many operations arrive, those of the load itself included.
    factor: f64,
}

/// From a busy day to a campaign.
const FACTORS: [f64; 4] = [2.0, 3.0, 5.0, 10.0];

impl Fault for LoadBurst {
    const NAME: &'static str = "load-burst";
    const SUMMARY: &'static str = "a load offers several times as many operations";
    const MANUAL: &'static str = include_str!("load_burst.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        let mut problems = check_range("factor", settings.factor, 1.0, 1_000.0);
        if !settings.target.starts_with(LOAD) {
            problems.push(format!("`target` is a load, written `{LOAD}NAME`"));
        }
        problems
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let over = Rc::new(Cell::new(false));
        if let Some(load) = load(world, &settings.target) {
            surge(world, load, settings.factor - 1.0, Rc::clone(&over));
        }
        Box::new(move || over.set(true))
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = format!("{LOAD}{}", Targets::pick(targets.loads.iter(), words)?);
        Some(Settings { target, factor: draw(&FACTORS, words) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let less = below(&FACTORS, settings.factor).into_iter();
        less.map(|factor| Settings { factor, ..settings.clone() }).collect()
    }
}
