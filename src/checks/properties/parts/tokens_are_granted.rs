//! # tokens-are-granted
//!
//! No transaction carries a fencing token that was not granted with a lease before.
//!
//! Judged by the grants, and by the tokens with which transactions pass the fencing checks of
//! databases. Undecided if no transaction carried a token.
//!
//! Kleppmann, *How to do distributed locking* (2016).

use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, Record};
use crate::model::system::System;

/// The check that nobody makes up a token.
#[derive(Default)]
pub struct TokensAreGranted {
    case: Case,
    granted: Vec<u64>,
}

impl Property for TokensAreGranted {
    const NAME: &'static str = "tokens-are-granted";
    const SUMMARY: &'static str = "transactions carry only tokens that a lease has granted";
    const MANUAL: &'static str = include_str!("tokens_are_granted.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Leased, Kind::Fenced];
    const OF_PARTS: Option<super::Applies> = Some(super::with_leases);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Leased { token, .. } => self.granted.push(token),
            Event::Fenced { token, .. } if self.granted.contains(&token) => self.case.chance(),
            Event::Fenced { token, .. } => self.case.fail(record.time, record.op, || {
                format!("a transaction carried token {token}, which was never granted")
            }),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no transaction carried a token")
    }
}
