//! # Poison message
//!
//! The next messages that the broker stores have a content that makes every consumer fail. Each is
//! delivered until its deliveries are used up, blocks its partition meanwhile, and becomes a dead
//! letter; no restart helps.
//!
//! For a particular one leave `count` out and give it a trigger on `publish`:
//!
//! ```toml
//! [[faults]]
//! kind = "poison-message"
//! on = { what = "publish", of = "orders#3" }
//! ```

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{below, check_range, draw};
use super::local_fault::{Broker, Dose};
use super::reach::Reach;
use super::targets::Targets;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Messages on which every consumer fails.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PoisonMessage {
    /// The broker.
    target: Broker,
    /// Most messages that are poisoned; without it, the one whose point triggers the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

/// Numbers of messages.
const COUNTS: [u32; 4] = [1, 2, 5, 10];

impl FaultSettings for PoisonMessage {
    fn reach(&self) -> Reach {
        self.target.reach()
    }

    fn details(&self) -> Vec<String> {
        self.count.into_iter().map(|count| format!("count {count}")).collect()
    }

    fn check(&self) -> Vec<Reason> {
        check_range("count", self.count.unwrap_or(1), 1, u32::MAX)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let count = Some(draw(&COUNTS, rng));
        Some(Self { target: Broker::draw(targets)?, count })
    }

    fn simpler(&self) -> Vec<Self> {
        let fewer = self.count.into_iter().flat_map(|count| below(&COUNTS, count));
        fewer.map(|count| Self { count: Some(count), ..self.clone() }).collect()
    }
}

impl Fault for PoisonMessage {
    const NAME: &'static str = "poison-message";
    const SUMMARY: &'static str = "messages make every consumer fail and end in the dead letters";
    const MANUAL: &'static str = include_str!("poison_message.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let share = settings.count.map(|_| 1.0);
        let dose = Dose { share, most: settings.count.unwrap_or(0).into() };
        settings.target.strike(world, LocalFault::Poison, dose)
    }

    fn action(settings: &Self) -> Action {
        if settings.count.is_none() { Action::Spoil } else { Action::Go }
    }
}
