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

use super::fault::Fault;
use super::message::NoSettings;
use crate::model::point::Action;

/// A second copy of the message that it is triggered by.
pub struct DuplicateMessage;

impl Fault for DuplicateMessage {
    const NAME: &'static str = "duplicate-message";
    const SUMMARY: &'static str = "the one message that triggers it arrives twice";
    const MANUAL: &'static str = include_str!("duplicate_message.rs");
    type Settings = NoSettings;

    fn action(_: &NoSettings) -> Action {
        Action::Twice
    }
}
