//! # Rebalance of consumer groups
//!
//! The consumer groups stand still for as long as the fault lasts: nothing is handed out. What
//! consumers were at work on when it began they finish, but their acknowledgements come from a
//! member that no longer has the partition, and do not count: the message is handed out again when
//! the groups go on. Consumers that keep no inbox do that work twice.

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

/// Consumer groups that stand still while partitions are assigned anew.
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
