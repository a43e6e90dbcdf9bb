//! # Partition
//!
//! Nothing passes between the two sides: messages sent meanwhile, and those in flight when the
//! partition begins, are lost in silence. Sessions between a service and its database are not
//! broken by it; they wait, as TCP does, until the partition heals or their caller gives up.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links::disturb;
use super::registry::{Fault, Heal};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// A partition of the network.
pub struct Partition;

/// Settings of a partition.
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
}

impl Fault for Partition {
    const NAME: &'static str = "partition";
    const SUMMARY: &'static str = "nothing passes between two sides, in both directions or one";
    const MANUAL: &'static str = include_str!("partition.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.from.iter().chain(&settings.to).cloned().collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let sides = (&settings.from[..], &settings.to[..]);
        disturb(world, sides, settings.one_way, LinkEffect::Cut)
    }
}
