//! # Redelivery of acknowledged messages
//!
//! A share of the messages that a consumer group has acknowledged is delivered to it once more,
//! after the messages that are in its queue by then, as after a lost or reset offset. Consumers
//! without an inbox (`idempotent-consumer = false`) do their work twice. A broker that delivers at
//! most once delivers nothing again.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{SHARES, draw};
use super::local_fault::{Broker, Dose, check_share, share_in_words, smaller};
use super::reach::Reach;
use super::targets::Targets;
use crate::model::local_fault::LocalFault;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Acknowledged messages that are delivered again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BrokerRedelivery {
    /// The broker.
    #[serde(default)]
    target: Broker,
    /// Share of the messages of each group that is delivered again, 0 to 1.
    share: f64,
}

impl FaultSettings for BrokerRedelivery {
    fn reach(&self) -> Reach {
        self.target.reach()
    }

    fn details(&self) -> Vec<String> {
        share_in_words(Some(self.share))
    }

    fn check(&self) -> Vec<Reason> {
        check_share(Some(self.share))
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: Broker::draw(targets)?, share: draw(&SHARES, rng) })
    }

    fn simpler(&self) -> Vec<Self> {
        smaller(Some(self.share)).map(|share| Self { share, ..self.clone() }).collect()
    }
}

impl Fault for BrokerRedelivery {
    const NAME: &'static str = "broker-redelivery";
    const SUMMARY: &'static str = "messages that were acknowledged are handed out again";
    const MANUAL: &'static str = include_str!("broker_redelivery.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        settings.target.strike(world, LocalFault::Redelivery, Dose::share(Some(settings.share)))
    }
}
