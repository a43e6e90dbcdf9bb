//! # no-dead-letters
//!
//! The broker gives no message up: none becomes a dead letter, which only manual intervention would
//! process.
//!
//! Judged by what the broker did. Undecided if it never delivered a message.
//!
//! Hohpe and Woolf, *Enterprise Integration Patterns* (2003): the dead letter channel.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Discard, Event, Kind, Record};
use crate::model::system::System;

/// The check that no message is given up.
#[derive(Default)]
pub struct NoDeadLetters(Case);

impl Property for NoDeadLetters {
    const NAME: &'static str = "no-dead-letters";
    const SUMMARY: &'static str = "no message ends among the dead letters";
    const MANUAL: &'static str = include_str!("no_dead_letters.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Handed, Kind::Discarded];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if matches!(record.event, Event::Discarded { discard: Discard::DeadLetter, .. }) {
            self.0.fail(record.time, record.op, || {
                format!("a message of operation {} is a dead letter", record.op.0)
            });
        } else {
            self.0.chance();
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.0.conclude(Self::NAME, "no message was ever handed out")
    }
}
