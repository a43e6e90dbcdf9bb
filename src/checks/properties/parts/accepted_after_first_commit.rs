//! # accepted-after-first-commit
//!
//! Who is told *accepted* has something to rely on: a database has committed a transaction of the
//! operation before.
//!
//! Judged by the commits of databases and by what clients hear. Operations whose first step changes
//! nothing are left out. Undecided if no client heard a yes.
//!
//! Ford and others, *Software Architecture: The Hard Parts* (2021), chapter 9: background
//! synchronization and events answer after the first commit.

use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Answer, Event, Kind, Record};
use crate::model::system::System;

/// The check that nobody is told *accepted* too early.
pub struct AcceptedAfterFirstCommit {
    case: Case,
    system: Arc<System>,
    committed: ByOp<bool>,
}

impl Property for AcceptedAfterFirstCommit {
    const NAME: &'static str = "accepted-after-first-commit";
    const SUMMARY: &'static str = "what is accepted has been committed somewhere";
    const MANUAL: &'static str = include_str!("accepted_after_first_commit.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Committed, Kind::Answered];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(system: &Arc<System>) -> Self {
        let system = Arc::clone(system);
        Self { case: Case::default(), system, committed: ByOp::default() }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Committed { .. } => *self.committed.get_mut(record.op) = true,
            Event::Answered { answer: Answer::Done, .. } => self.case.chance(),
            Event::Answered { answer: Answer::Accepted, kind, .. } => {
                let first = self.system.operation(kind).steps.first();
                let changes = first.is_some_and(|step| !step.effect.is_nothing());
                if !changes || self.committed.get(record.op) {
                    self.case.chance();
                } else {
                    self.case.fail(record.time, record.op, || {
                        format!("operation {} was accepted before any commit", record.op.0)
                    });
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no client heard a yes")
    }
}
