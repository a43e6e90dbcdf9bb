//! # Message duplication
//!
//! Each message between the two sides is delivered a second time with the same probability. The
//! copy travels longer than the original, so it may arrive after what was sent later.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links::disturb;
use super::registry::{Fault, Heal};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Duplication of messages on some links.
pub struct Duplication;

/// Settings of message duplication.
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
    /// Which share arrives twice, 0 to 1.
    share: f64,
}

impl Fault for Duplication {
    const NAME: &'static str = "duplication";
    const SUMMARY: &'static str = "a share of the messages arrives twice";
    const MANUAL: &'static str = include_str!("duplication.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.from.iter().chain(&settings.to).cloned().collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let sides = (&settings.from[..], &settings.to[..]);
        disturb(world, sides, settings.one_way, LinkEffect::Duplicate(settings.share))
    }
}
