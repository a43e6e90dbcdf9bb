//! # Delay of one message
//!
//! The message at whose point this fault is triggered takes longer than it would; with `by` longer
//! than a deadline its sender gives up, and the message arrives all the same. Give it a trigger on
//! `send` or `reply`:
//!
//! ```toml
//! [[faults]]
//! kind = "delay-message"
//! by = "3s"
//! on = { what = "send commit", who = "coordinator" }
//! ```

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings};
use super::grid::{SPANS, below, check_positive, draw};
use super::reach::Reach;
use super::targets::Targets;
use crate::kernel::Span;
use crate::model::point::Action;
use crate::model::reason::Reason;

/// Delay of the one message whose point triggers it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DelayMessage {
    /// Additional delay of the message.
    by: Span,
}

impl FaultSettings for DelayMessage {
    fn reach(&self) -> Reach {
        Reach::Message
    }

    fn details(&self) -> Vec<String> {
        vec![format!("by {}", self.by)]
    }

    fn check(&self) -> Vec<Reason> {
        check_positive("by", self.by)
    }

    fn draw(_: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { by: draw(&SPANS, rng) })
    }

    fn simpler(&self) -> Vec<Self> {
        below(&SPANS, self.by).into_iter().map(|by| Self { by }).collect()
    }
}

impl Fault for DelayMessage {
    const NAME: &'static str = "delay-message";
    const SUMMARY: &'static str = "the one message that triggers it takes longer";
    const MANUAL: &'static str = include_str!("delay_message.rs");
    type Settings = Self;

    fn action(settings: &Self) -> Action {
        Action::Late(settings.by)
    }
}
