//! # Rebalance of consumer groups
//!
//! The consumer groups stand still for as long as the fault lasts: nothing is handed out. What
//! consumers were at work on when it began they finish, but their acknowledgements come from a
//! member that no longer has the partition, and do not count: the message is handed out again when
//! the groups go on. Consumers that keep no inbox do that work twice.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::local_fault::{at_nodes, driver, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// Consumer groups that stand still while partitions are assigned anew.
pub struct BrokerRebalance;

/// Settings of a rebalance.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The broker.
    target: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { target: "broker".into() }
    }
}

impl Fault for BrokerRebalance {
    const NAME: &'static str = "broker-rebalance";
    const SUMMARY: &'static str = "consumer groups stand still, then repeat what was in flight";
    const MANUAL: &'static str = include_str!("broker_rebalance.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_nodes(world, &settings.target);
        local_fault(world, LocalFault::Rebalance, &places, Some(1.0), u64::MAX)
    }

    fn draw(targets: &Targets, _: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: driver(targets, "broker")? })
    }
}
