//! # Message loss at the broker
//!
//! A share of the messages that the broker has stored, and acknowledged to their publishers,
//! vanishes before any consumer gets them: a corrupt segment, a retention that is too short. No
//! restart brings them back. What they should have caused never happens, and nobody notices; no
//! pattern that relies on a broker can stand that.
//!
//! For a single one leave `share` out and give it a trigger on `publish`:
//!
//! ```toml
//! [[faults]]
//! kind = "broker-loss"
//! on = { what = "publish", of = "orders#3" }
//! ```

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::local_fault::{at_nodes, driver, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Stored messages that vanish.
pub struct BrokerLoss;

/// Settings of message loss at the broker.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The broker.
    #[serde(default = "broker")]
    target: String,
    /// Which share of the stored messages is lost while the fault lasts, 0 to 1; if it is left out,
    /// only the one whose point triggers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { target: broker(), share: Default::default() }
    }
}

fn broker() -> String {
    "broker".into()
}

impl Fault for BrokerLoss {
    const NAME: &'static str = "broker-loss";
    const SUMMARY: &'static str = "messages that the broker has stored vanish";
    const MANUAL: &'static str = include_str!("broker_loss.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_range("share", settings.share.unwrap_or(0.0), 0.0, 1.0)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_nodes(world, &settings.target);
        local_fault(world, LocalFault::Loss, &places, settings.share, u64::MAX)
    }

    fn action(settings: &Settings) -> Action {
        if settings.share.is_none() { Action::Skip } else { Action::Go }
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        Some(Settings { target: driver(targets, "broker")?, share: Some(draw(&SHARES, words)) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let less = settings.share.into_iter().flat_map(|share| below(&SHARES, share));
        less.map(|share| Settings { share: Some(share), ..settings.clone() }).collect()
    }
}
