//! # Load burst
//!
//! Further operations of a load arrive for as long as the fault lasts, so that in all there are
//! `factor` times as many: a campaign, or a retry storm of another system. They come from a stream
//! of their own, so every other operation keeps its arrival, its keys and its random stream.
//!
//! The load is written `load:NAME`. For a load with bursts the rate between them is multiplied; a
//! load whose arrivals depend on others (a trace, a closed loop, one that follows) gets no more.

use std::cell::Cell;
use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{below, check_range, draw};
use super::reach::Reach;
use super::target::{LOAD, load};
use super::targets::Targets;
use crate::model::reason::Reason;
use crate::model::workload::surge;
use crate::model::world::World;
use crate::reason;

/// A load that is higher than usual.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LoadBurst {
    /// The load, as `load:NAME`.
    target: String,
    /// Factor by which the number of arrivals rises.
    factor: f64,
}

/// Factors from a busy day to a campaign.
const FACTORS: [f64; 4] = [2.0, 3.0, 5.0, 10.0];

impl FaultSettings for LoadBurst {
    fn reach(&self) -> Reach {
        Reach::Load(self.target.clone())
    }

    fn surge(&self) -> Option<(&str, f64)> {
        Some((&self.target, self.factor))
    }

    fn details(&self) -> Vec<String> {
        vec![format!("factor {}", self.factor)]
    }

    fn check(&self) -> Vec<Reason> {
        let mut problems = check_range("factor", self.factor, 1.0, 1_000.0);
        if !self.target.starts_with(LOAD) {
            problems.push(reason!("`{}` is a load, written `{}`", "target", format!("{LOAD}NAME")));
        }
        problems
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let target = format!("{LOAD}{}", Targets::pick(&targets.loads, rng)?);
        Some(Self { target, factor: draw(&FACTORS, rng) })
    }

    fn simpler(&self) -> Vec<Self> {
        let less = below(&FACTORS, self.factor).into_iter();
        less.map(|factor| Self { factor, ..self.clone() }).collect()
    }
}

impl Fault for LoadBurst {
    const NAME: &'static str = "load-burst";
    const SUMMARY: &'static str = "a load offers several times as many operations";
    const MANUAL: &'static str = include_str!("load_burst.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let over = Rc::new(Cell::new(false));
        if let Some(load) = load(world, &settings.target) {
            surge(world, load, settings.factor - 1.0, Rc::clone(&over));
        }
        Box::new(move || over.set(true))
    }
}
