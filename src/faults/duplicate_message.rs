//! # A second copy of one message
//!
//! The message at whose point this fault is triggered arrives twice. Give it a trigger on `send` or
//! `reply`:
//!
//! ```toml
//! [[faults]]
//! kind = "duplicate-message"
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

/// A second copy of the message that it is triggered by.
pub struct DuplicateMessage;

/// A second copy has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {}

impl Fault for DuplicateMessage {
    const NAME: &'static str = "duplicate-message";
    const SUMMARY: &'static str = "the one message that triggers it arrives twice";
    const MANUAL: &'static str = include_str!("duplicate_message.rs");
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
        Action::Twice
    }
}
