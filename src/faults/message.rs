//! The common part of faults of one message, which have no settings but the trigger.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::FaultSettings;
use super::reach::Reach;
use super::targets::Targets;

/// A fault of one message that has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NoSettings {}

impl FaultSettings for NoSettings {
    fn reach(&self) -> Reach {
        Reach::Message
    }

    fn draw(_: &Targets, _: &mut dyn Rng) -> Option<Self> {
        Some(Self {})
    }
}
