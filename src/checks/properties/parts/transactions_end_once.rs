//! # transactions-end-once
//!
//! The number of a transaction names one transaction: it commits once or is rolled back once, and
//! never both.
//!
//! Judged by the ends that databases record. Prepared branches are left out: a restarted database
//! may carry out their outcome again. Undecided if no transaction ended.
//!
//! Gray and Reuter, *Transaction Processing: Concepts and Techniques* (1993), chapter 4.

use std::sync::Arc;

use super::bits::Bits;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, Record};
use crate::model::system::System;

/// The check that a transaction ends once.
#[derive(Default)]
pub struct TransactionsEndOnce {
    case: Case,
    prepared: Bits,
    ended: Bits,
}

impl Property for TransactionsEndOnce {
    const NAME: &'static str = "transactions-end-once";
    const SUMMARY: &'static str = "the number of a transaction ends once";
    const MANUAL: &'static str = include_str!("transactions_end_once.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Prepared, Kind::Committed, Kind::Aborted];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Prepared { txn, .. } => drop(self.prepared.insert(txn.0)),
            Event::Committed { txn, .. } | Event::Aborted { txn, .. }
                if !self.prepared.contains(txn.0) =>
            {
                if self.ended.insert(txn.0) {
                    self.case.chance();
                } else {
                    self.case.fail(record.time, record.op, || {
                        format!("transaction {} ended twice", txn.0)
                    });
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no transaction ended")
    }
}
