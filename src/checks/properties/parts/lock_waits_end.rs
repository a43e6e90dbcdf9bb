//! # lock-waits-end
//!
//! Every wait for a row lock ends: with the lock, with a refusal, or with its transaction. A cycle
//! of waits through several databases, which none of them sees, ends by the lock timeout.
//!
//! Judged by the waits that databases record, at rest or once the promised time is over. A crash
//! ends the waits of its database. Undecided if no lock was ever taken.
//!
//! Gray and Reuter, *Transaction Processing: Concepts and Techniques* (1993), chapter 7.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::NodeId;
use crate::model::record::{Event, Kind, OpId, Record, TxnId};
use crate::model::system::System;

/// The check that nobody waits for a lock for ever.
#[derive(Default)]
pub struct LockWaitsEnd {
    case: Case,
    /// The transactions that wait, each at its database for its operation.
    waiting: BTreeMap<TxnId, (NodeId, OpId)>,
}

impl Property for LockWaitsEnd {
    const NAME: &'static str = "lock-waits-end";
    const SUMMARY: &'static str = "every wait for a row lock ends";
    const MANUAL: &'static str = include_str!("lock_waits_end.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[
        Kind::LockWait,
        Kind::LockGranted,
        Kind::LockFailed,
        Kind::LockHeld,
        Kind::Aborted,
        Kind::Crashed,
    ];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::LockWait { txn, .. } => {
                self.waiting.insert(txn, (record.node, record.op));
            }
            Event::LockGranted { txn, .. }
            | Event::LockFailed { txn, .. }
            | Event::Aborted { txn, .. } => {
                self.waiting.remove(&txn);
            }
            Event::LockHeld { .. } => self.case.chance(),
            Event::Crashed { .. } => self.waiting.retain(|_, (node, _)| *node != record.node),
            _ => {}
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        for (_, op) in self.waiting.into_values() {
            self.case.fail_at_rest(end, op, || match op {
                OpId::NONE => "a wait for a lock never ended".to_owned(),
                OpId(op) => format!("operation {op} waits for a lock for ever"),
            });
        }
        self.case.conclude(Self::NAME, "no lock was ever taken")
    }
}
