//! # legal-transitions
//!
//! Clients, branches and workflows make legal transitions only: a client is answered once, a branch
//! ends only if it was prepared, and durable state releases no more than it held.
//!
//! Judged by clients, databases and what durable state holds. Undecided if there was no transition.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_op::ByOp;
use crate::kernel::Numbered;
use crate::model::contract::label;
use crate::model::record::{Event, Kind, Record, TxnId};
use crate::model::system::System;

/// The check that clients, branches and workflows make no illegal transition.
#[derive(Default)]
pub struct LegalTransitions {
    case: Case,
    answered: ByOp<bool>,
    prepared: Numbered<TxnId, ()>,
    workflows: ByOp<i32>,
}

impl Property for LegalTransitions {
    const NAME: &'static str = "legal-transitions";
    const SUMMARY: &'static str = "clients, branches and workflows keep to their course";
    const MANUAL: &'static str = include_str!("legal_transitions.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Answered, Kind::Prepared, Kind::Resolved, Kind::Holds];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let op = record.op.0;
        let broken = match record.event {
            Event::Answered { .. } if std::mem::replace(self.answered.get_mut(record.op), true) => {
                "was answered twice"
            }
            Event::Prepared { txn, .. } => {
                self.prepared.insert(txn, ());
                return;
            }
            Event::Resolved { txn, .. } if self.prepared.remove(txn).is_none() => {
                "ended a branch that was not prepared"
            }
            Event::Holds { label: label::WORKFLOW, change } => {
                let open = self.workflows.get_mut(record.op);
                *open += change as i32;
                match *open {
                    0 | 1 => return self.case.chance(),
                    ..0 => "ended a workflow that had not begun",
                    _ => "has two workflows",
                }
            }
            Event::Answered { .. } | Event::Resolved { .. } => return self.case.chance(),
            _ => return,
        };
        self.case.fail(record.time, record.op, || format!("operation {op} {broken}"));
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing ran its course")
    }
}
