//! # Redelivery of acknowledged messages
//!
//! A share of the messages that a consumer group has acknowledged is handed out to it once more,
//! behind what is in its queue by then, as after a lost or reset offset. Consumers that keep no
//! inbox (`idempotent-consumer = false`) do their work twice. A broker that delivers at most once
//! hands out nothing again.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::local_fault::{at_nodes, driver, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// Acknowledged messages that are handed out again.
pub struct BrokerRedelivery;

/// Settings of redelivery.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The broker.
    #[serde(default = "broker")]
    target: String,
    /// Which share of the messages of each group is handed out again, 0 to 1.
    share: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { target: broker(), share: Default::default() }
    }
}

fn broker() -> String {
    "broker".into()
}

impl Fault for BrokerRedelivery {
    const NAME: &'static str = "broker-redelivery";
    const SUMMARY: &'static str = "messages that were acknowledged are handed out again";
    const MANUAL: &'static str = include_str!("broker_redelivery.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_range("share", settings.share, 0.0, 1.0)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_nodes(world, &settings.target);
        local_fault(world, LocalFault::Redelivery, &places, Some(settings.share), u64::MAX)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: driver(targets, "broker")?, share: draw(&SHARES, words) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let less = below(&SHARES, settings.share).into_iter();
        less.map(|share| Settings { share, ..settings.clone() }).collect()
    }
}
