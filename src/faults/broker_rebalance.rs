//! # Rebalance of consumer groups
//!
//! No consumer group gets a message while the fault lasts. Consumers finish the messages that they
//! were processing when it began, but their acknowledgements come from a member that no longer has
//! the partition, and do not count: the messages are delivered again when the rebalance is over.
//! Consumers without an inbox do that work twice.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::local_fault::{Broker, Dose};
use super::reach::Reach;
use super::targets::Targets;
use crate::model::local_fault::LocalFault;
use crate::model::world::World;

/// Consumer groups that get no message while partitions are assigned anew.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BrokerRebalance {
    /// The broker.
    target: Broker,
}

impl FaultSettings for BrokerRebalance {
    fn reach(&self) -> Reach {
        self.target.reach()
    }

    fn draw(targets: &Targets, _: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: Broker::draw(targets)? })
    }
}

impl Fault for BrokerRebalance {
    const NAME: &'static str = "broker-rebalance";
    const SUMMARY: &'static str = "consumer groups stand still, then repeat what was in flight";
    const MANUAL: &'static str = include_str!("broker_rebalance.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        settings.target.strike(world, LocalFault::Rebalance, Dose::ALL)
    }
}
