//! # per-key-order
//!
//! Operations of one kind that begin with the same row take effect in the same order everywhere: no
//! consumer applies an older event of an entity over a newer one.
//!
//! The order is that in which the first step was committed. Judged by what the stores show, for
//! each further step apart. Undecided if no two operations of a kind began with the same row.
//!
//! Cooper and others, *PNUTS: Yahoo!'s Hosted Data Serving Platform* (2008): timeline consistency
//! of a record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_op::ByOp;
use crate::checks::by_row::ByRow;
use crate::kernel::Chunks;
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, Record};
use crate::model::system::{OperationKind, RowKey, StepId, System};

/// The check that operations on one entity take effect in one order.
#[derive(Default)]
pub struct PerKeyOrder {
    case: Case,
    /// The kind of each operation.
    kinds: Chunks<OperationKind>,
    /// The row of the first step of each operation.
    entities: Chunks<RowKey>,
    /// The position of each operation's first step among all first steps; 0 before it took effect.
    places: ByOp<u32>,
    /// The position of the newest operation that took effect on an entity, by kind of operation and
    /// step; 0 before any did.
    newest: BTreeMap<(OperationKind, StepId), ByRow<u32>>,
    last: u32,
}

impl Property for PerKeyOrder {
    const NAME: &'static str = "per-key-order";
    const SUMMARY: &'static str = "operations on one entity take effect in one order everywhere";
    const MANUAL: &'static str = include_str!("per_key_order.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Offered, Kind::Touches, Kind::Shown];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Offered { kind, .. } => {
                self.kinds.push(kind);
                self.entities.push(RowKey(u64::MAX));
            }
            Event::Touches { row, .. } if record.step == StepId(0) => {
                if let Some(entity) = self.entities.get_mut(record.op.0 as usize) {
                    *entity = row;
                }
            }
            Event::Shown { direction: Direction::Forward, change: 1.., .. }
                if record.process != 0 =>
            {
                self.applied(record);
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no two operations of a kind began with the same row")
    }
}

impl PerKeyOrder {
    fn applied(&mut self, record: &Record) {
        if record.step == StepId(0) {
            self.last += 1;
            let place = self.places.get_mut(record.op);
            if *place == 0 {
                *place = self.last;
            }
            return;
        }
        let at = record.op.0 as usize;
        let Some((kind, row)) = self.kinds.get(at).zip(self.entities.get(at)) else { return };
        let place = self.places.get(record.op);
        if place == 0 {
            return;
        }
        let newest = self.newest.entry((*kind, record.step)).or_default().get_mut(*row);
        if *newest == 0 {
            *newest = place;
        }
        match place.cmp(newest) {
            std::cmp::Ordering::Less => self.case.fail(record.time, record.op, || {
                let (op, step) = (record.op.0, record.step.0);
                format!("step {step} of operation {op} came behind that of a newer operation")
            }),
            std::cmp::Ordering::Greater => {
                self.case.chance();
                *newest = place;
            }
            std::cmp::Ordering::Equal => {}
        }
    }
}
