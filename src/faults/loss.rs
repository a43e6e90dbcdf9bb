//! # Message loss
//!
//! Each message between the two sides vanishes with the same probability, independently. Sessions
//! between a service and its database retransmit and are not affected.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links::disturb;
use super::registry::{Fault, Heal};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Loss of messages on some links.
pub struct Loss;

/// Settings of message loss.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// One side: services, databases, driver nodes, `role:driver` or `role:client`.
    from: Vec<String>,
    /// The other side; everybody else if it is left out.
    #[serde(default)]
    to: Vec<String>,
    /// Whether only messages from the first side to the second are concerned.
    #[serde(default)]
    one_way: bool,
    /// Which share vanishes, 0 to 1.
    share: f64,
}

impl Fault for Loss {
    const NAME: &'static str = "loss";
    const SUMMARY: &'static str = "a share of the messages vanishes";
    const MANUAL: &'static str = include_str!("loss.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.from.iter().chain(&settings.to).cloned().collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let sides = (&settings.from[..], &settings.to[..]);
        disturb(world, sides, settings.one_way, LinkEffect::Lose(settings.share))
    }
}
