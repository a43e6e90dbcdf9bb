//! # nothing-held
//!
//! At the end no durable state holds unfinished work: no prepared branch, no row of an outbox, no
//! open workflow, no message in an inbox or among the dead letters.
//!
//! Undecided if nothing was ever held.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::contract::label;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::System;

/// The check that no durable state holds unfinished work.
#[derive(Default)]
pub struct NothingHeld {
    case: Case,
    /// The amount that is held, by label.
    held: Vec<i64>,
}

impl Property for NothingHeld {
    const NAME: &'static str = "nothing-held";
    const SUMMARY: &'static str = "no prepared branch, outbox row or workflow is left over";
    const MANUAL: &'static str = include_str!("nothing_held.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::Holds];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let Event::Holds { label, change } = record.event else { return };
        let label = label.0 as usize;
        if label >= self.held.len() {
            self.held.resize(label + 1, 0);
        }
        self.held[label] += change;
        self.case.chance();
    }

    fn finish(mut self, end: &Ended) -> Finding {
        let what = || {
            let held = self.held.iter().enumerate().filter(|(_, held)| **held != 0);
            let words = held.map(|(label, held)| {
                format!("{held} x {}", label::TEXTS.get(label).unwrap_or(&"unfinished work"))
            });
            format!("still held: {}", words.collect::<Vec<_>>().join(", "))
        };
        for (op, outcome) in (0..).map(OpId).zip(end.operations.all()) {
            if outcome.holds != 0 {
                self.case.fail_at_rest(end, op, what);
            }
        }
        self.case.conclude(Self::NAME, "nothing durable ever held unfinished work")
    }
}
