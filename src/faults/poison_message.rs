//! # Poison message
//!
//! The next messages that the broker stores have a content that makes every consumer fail. Each is
//! handed out until its deliveries are used up, holds up its partition meanwhile, and ends in the
//! dead letters; no restart heals it.
//!
//! For one in particular leave `count` out and give it a trigger on `publish`:
//!
//! ```toml
//! [[faults]]
//! kind = "poison-message"
//! on = { what = "publish", of = "orders#3" }
//! ```

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{below, check_range, draw};
use super::local_fault::{at_nodes, driver, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Messages that make every consumer fail.
pub struct PoisonMessage;

/// Settings of poison messages.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The broker.
    target: String,
    /// How many messages, at most; if it is left out, the one whose point triggers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

/// Numbers of messages.
const COUNTS: [u32; 4] = [1, 2, 5, 10];

impl Default for Settings {
    fn default() -> Self {
        Self { target: "broker".into(), count: None }
    }
}

impl Fault for PoisonMessage {
    const NAME: &'static str = "poison-message";
    const SUMMARY: &'static str = "messages make every consumer fail and end in the dead letters";
    const MANUAL: &'static str = include_str!("poison_message.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_range("count", settings.count.unwrap_or(1), 1, u32::MAX)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_nodes(world, &settings.target);
        let every = settings.count.map(|_| 1.0);
        let most = settings.count.unwrap_or(0).into();
        local_fault(world, LocalFault::Poison, &places, every, most)
    }

    fn action(settings: &Settings) -> Action {
        if settings.count.is_none() { Action::Spoil } else { Action::Go }
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let count = Some(draw(&COUNTS, words));
        Some(Settings { target: driver(targets, "broker")?, count })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let fewer = settings.count.into_iter().flat_map(|count| below(&COUNTS, count));
        fewer.map(|count| Settings { count: Some(count), ..settings.clone() }).collect()
    }
}
