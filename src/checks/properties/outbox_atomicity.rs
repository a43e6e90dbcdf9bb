//! # outbox-atomicity
//!
//! A step that others follow is committed in one local transaction with the event that announces
//! it: never the change without its row in the outbox.
//!
//! Judged by what each transaction committed. Undecided if no step was committed that others
//! follow.
//!
//! Richardson, *Microservices Patterns* (2018), chapter 3: the transactional outbox.

use std::sync::Arc;

use super::commit_group::CommitGroup;
use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Chunks;
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{OperationKind, StepId, System};

/// The check that a change is committed with its event.
pub struct OutboxAtomicity {
    case: Case,
    system: Arc<System>,
    kinds: Chunks<OperationKind>,
    group: CommitGroup,
}

impl OutboxAtomicity {
    fn is_followed(&self, op: OpId, step: StepId) -> bool {
        let kind = self.kinds.get(op.0 as usize);
        kind.is_some_and(|kind| self.system.operation(*kind).followers(step).next().is_some())
    }
}

impl Property for OutboxAtomicity {
    const NAME: &'static str = "outbox-atomicity";
    const SUMMARY: &'static str = "a change and the event that tells of it are committed together";
    const MANUAL: &'static str = include_str!("outbox_atomicity.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] =
        &[Kind::Offered, Kind::Shown, Kind::Keyed, Kind::Holds, Kind::Committed, Kind::Crashed];

    fn new(system: &Arc<System>) -> Self {
        Self {
            case: Case::default(),
            system: Arc::clone(system),
            kinds: Chunks::new(),
            group: CommitGroup::default(),
        }
    }

    fn see(&mut self, record: &Record) {
        if let Event::Offered { kind, .. } = record.event {
            self.kinds.push(kind);
            return;
        }
        if !self.group.take(record) {
            return;
        }
        for at in 0..self.group.shown.len() {
            let (op, step, direction) = self.group.shown[at];
            if direction == Direction::Undo || !self.is_followed(op, step) {
                continue;
            }
            self.case.chance();
            if !self.group.events.contains(&op) {
                self.case.fail(record.time, op, || {
                    format!("step {} of operation {} came without its event", step.0, op.0)
                });
            }
        }
        self.group.clear();
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no step was committed that others follow")
    }
}
