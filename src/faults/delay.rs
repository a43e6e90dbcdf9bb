//! # Added latency
//!
//! Each message between the two sides takes longer by a uniformly drawn delay. As every message
//! draws its own, messages overtake each other.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links::disturb;
use super::registry::{Fault, Heal};
use crate::kernel::{Dist, Span};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Added latency on some links.
pub struct Delay;

/// Settings of added latency.
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
    /// Least added delay.
    least: Span,
    /// Greatest added delay; the least one if it is left out.
    #[serde(default)]
    most: Option<Span>,
}

impl Fault for Delay {
    const NAME: &'static str = "delay";
    const SUMMARY: &'static str = "messages take longer, by a drawn delay";
    const MANUAL: &'static str = include_str!("delay.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.from.iter().chain(&settings.to).cloned().collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let sides = (&settings.from[..], &settings.to[..]);
        let high = settings.most.unwrap_or(settings.least).max(settings.least);
        let by = Dist::Uniform { low: settings.least, high };
        let slow = LinkEffect::Slow { share: 1.0, by };
        disturb(world, sides, settings.one_way, slow)
    }
}
