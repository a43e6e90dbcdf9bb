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

use super::fault::Fault;
use super::message::NoSettings;
use crate::model::point::Action;

/// Loss of the one message whose point triggers it.
pub struct LoseMessage;

impl Fault for LoseMessage {
    const NAME: &'static str = "lose-message";
    const SUMMARY: &'static str = "the one message that triggers it never arrives";
    const MANUAL: &'static str = include_str!("lose_message.rs");
    type Settings = NoSettings;

    fn action(_: &NoSettings) -> Action {
        Action::Skip
    }
}
