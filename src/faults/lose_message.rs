//! # Loss of one message
//!
//! The message at whose point this fault is triggered never arrives. Give it a trigger on `send` or
//! `reply`:
//!
//! ```toml
//! [[faults]]
//! kind = "lose-message"
//! on = { what = "reply prepare", nth = 2 }
//! ```

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::point::Action;
use crate::model::world::World;

/// Loss of the one message that it is triggered by.
pub struct LoseMessage;

/// The loss of one message has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {}

impl Fault for LoseMessage {
    const NAME: &'static str = "lose-message";
    const SUMMARY: &'static str = "the one message that triggers it never arrives";
    const MANUAL: &'static str = include_str!("lose_message.rs");
    type Settings = Settings;

    fn targets(_: &Settings) -> Vec<String> {
        Vec::new()
    }

    fn strike(_: &Settings, _: &Rc<World>) -> Heal {
        Box::new(|| ())
    }

    fn draw(_: &Targets, _: &mut dyn Words) -> Option<Settings> {
        Some(Settings {})
    }

    fn simpler(_: &Settings) -> Vec<Settings> {
        Vec::new()
    }

    fn action(_: &Settings) -> Action {
        Action::Skip
    }
}
