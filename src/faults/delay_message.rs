//! # Delay of one message
//!
//! The message at whose point this fault is triggered takes longer than it would; with `by` longer
//! than a deadline its sender gives up on it, and it arrives all the same. Give it a trigger on
//! `send` or `reply`:
//!
//! ```toml
//! [[faults]]
//! kind = "delay-message"
//! by = "3s"
//! on = { what = "send commit", who = "coordinator" }
//! ```

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{SPANS, below, check_positive, draw};
use super::targets::Targets;
use crate::kernel::{Span, Words};
use crate::model::point::Action;
use crate::model::world::World;

/// Delay of the one message that it is triggered by.
pub struct DelayMessage;

/// Settings of the delay of one message.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// How much longer it takes.
    by: Span,
}

impl Fault for DelayMessage {
    const NAME: &'static str = "delay-message";
    const SUMMARY: &'static str = "the one message that triggers it takes longer";
    const MANUAL: &'static str = include_str!("delay_message.rs");
    type Settings = Settings;

    fn targets(_: &Settings) -> Vec<String> {
        Vec::new()
    }

    fn strike(_: &Settings, _: &Rc<World>) -> Heal {
        Box::new(|| ())
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_positive("by", settings.by)
    }

    fn draw(_: &Targets, words: &mut dyn Words) -> Option<Settings> {
        Some(Settings { by: draw(&SPANS, words) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        below(&SPANS, settings.by).into_iter().map(|by| Settings { by }).collect()
    }

    fn action(settings: &Settings) -> Action {
        Action::Late(settings.by)
    }
}
