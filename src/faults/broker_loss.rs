//! # Message loss at the broker
//!
//! A share of the messages that the broker has stored, and acknowledged to their publishers,
//! vanishes before any consumer gets them: a corrupt segment, a retention that is too short. No
//! restart brings them back. Their effects never happen, and no part of the system notices; no
//! pattern that relies on a broker tolerates that.
//!
//! For a single one leave `share` out and give it a trigger on `publish`:
//!
//! ```toml
//! [[faults]]
//! kind = "broker-loss"
//! on = { what = "publish", of = "orders#3" }
//! ```

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
use crate::model::point::Action;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Messages that the broker has stored and loses.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BrokerLoss {
    /// The broker.
    #[serde(default)]
    target: Broker,
    /// Share of the stored messages that is lost while the fault lasts, 0 to 1; without it, only
    /// the one whose point triggers the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

impl FaultSettings for BrokerLoss {
    fn reach(&self) -> Reach {
        self.target.reach()
    }

    fn details(&self) -> Vec<String> {
        share_in_words(self.share)
    }

    fn check(&self) -> Vec<Reason> {
        check_share(self.share)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: Broker::draw(targets)?, share: Some(draw(&SHARES, rng)) })
    }

    fn simpler(&self) -> Vec<Self> {
        smaller(self.share).map(|share| Self { share: Some(share), ..self.clone() }).collect()
    }
}

impl Fault for BrokerLoss {
    const NAME: &'static str = "broker-loss";
    const SUMMARY: &'static str = "messages that the broker has stored vanish";
    const MANUAL: &'static str = include_str!("broker_loss.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        settings.target.strike(world, LocalFault::Loss, Dose::share(settings.share))
    }

    fn action(settings: &Self) -> Action {
        if settings.share.is_none() { Action::Skip } else { Action::Go }
    }
}
