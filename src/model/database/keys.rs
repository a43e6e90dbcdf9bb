//! Idempotency keys: what must be done only once, with its outcome.

use std::collections::VecDeque;

use super::outbox::EventKind;
use super::provenance::Direction;
use super::rows::RowId;
use crate::kernel::{Lookup, Time};
use crate::model::record::OpId;
use crate::model::system::{RowKey, StepId, TableId};

/// An idempotency key, or a row of an inbox.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IdemKey {
    /// The operation.
    pub op: OpId,
    /// Its step.
    pub step: StepId,
    /// The direction: forward or compensation.
    pub direction: Direction,
    /// The consumer that claims the key, where a step has several.
    pub consumer: u16,
}

/// The pseudo-table in which the keys are locked.
const KEYS: TableId = TableId(u16::MAX);

impl IdemKey {
    /// The row that stands for the key in the lock table: a transaction that finds an uncommitted
    /// key waits for the one that wrote it, as at any unique index.
    pub(super) fn row(self) -> RowId {
        RowId { table: KEYS, key: RowKey(self.packed()) }
    }

    fn packed(self) -> u64 {
        let place = u64::from(self.step.0) << 17 | u64::from(self.consumer) << 1;
        u64::from(self.op.0) << 32 | place | self.direction as u64
    }
}

/// The committed keys of one database.
#[derive(Default)]
pub(super) struct Keys {
    /// The outcome under each key.
    known: Lookup<u64, EventKind>,
    /// The keys in the order of their commits, for the retention.
    order: VecDeque<(Time, u64)>,
}

impl Keys {
    /// The outcome that was committed under a key.
    pub fn outcome(&self, key: IdemKey) -> Option<EventKind> {
        self.known.get(&key.packed()).copied()
    }

    /// Commits a key, or a new outcome under it. Returns the previous outcome.
    pub fn insert(&mut self, key: IdemKey, outcome: EventKind, now: Time) -> Option<EventKind> {
        let before = self.known.insert(key.packed(), outcome);
        if before.is_none() {
            self.order.push_back((now, key.packed()));
        }
        before
    }

    /// Reverts an outcome that was not durable, if it is still there.
    pub fn restore(&mut self, key: IdemKey, before: Option<EventKind>) {
        match before {
            Some(outcome) if self.known.contains_key(&key.packed()) => {
                self.known.insert(key.packed(), outcome);
            }
            Some(_) => {}
            None => {
                self.known.remove(&key.packed());
                self.order.retain(|(_, packed)| *packed != key.packed());
            }
        }
    }

    /// Removes the keys of these operations that were committed before `time`. Other keys have no
    /// retention and are kept for ever.
    pub fn forget_before(&mut self, time: Time, concerns: impl Fn(OpId) -> bool) {
        while let Some((at, key)) = self.order.front().copied()
            && at < time
        {
            self.order.pop_front();
            if concerns(OpId((key >> 32) as u32)) {
                self.known.remove(&key);
            }
        }
    }
}
