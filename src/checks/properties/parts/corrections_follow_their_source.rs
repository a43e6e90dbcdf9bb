//! # corrections-follow-their-source
//!
//! A job carries a step of an operation on only after the operation's first step was committed: it
//! derives targets from rows that it has read, and from nothing else.
//!
//! Judged by the transactions that databases commit for no operation. Undecided if no such
//! transaction shows a step of an operation.
//!
//! Ford and others, *Software Architecture: The Hard Parts* (2021), chapter 9: background
//! synchronization.

use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::commit_group::CommitGroup;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::database::Direction;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::{StepId, System};

/// The check that a job corrects by what it has read.
#[derive(Default)]
pub struct CorrectionsFollowTheirSource {
    case: Case,
    group: CommitGroup,
    begun: ByOp<bool>,
}

impl Property for CorrectionsFollowTheirSource {
    const NAME: &'static str = "corrections-follow-their-source";
    const SUMMARY: &'static str = "a job carries on only what was committed at its source";
    const MANUAL: &'static str = include_str!("corrections_follow_their_source.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = CommitGroup::SEES;
    const OF_PARTS: Option<super::Applies> = Some(super::with_jobs);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if !self.group.take(record) {
            return;
        }
        let forward = |it: &&(OpId, StepId, Direction)| it.2 == Direction::Forward;
        for (op, step, _) in self.group.shown.iter().filter(forward) {
            if *step == StepId(0) {
                *self.begun.get_mut(*op) = true;
            } else if record.op == OpId::NONE && self.begun.get(*op) {
                self.case.chance();
            } else if record.op == OpId::NONE {
                self.case.fail(record.time, *op, || {
                    format!("step {} of operation {} was carried on from nothing", step.0, op.0)
                });
            }
        }
        self.group.clear();
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no job carried anything on")
    }
}
