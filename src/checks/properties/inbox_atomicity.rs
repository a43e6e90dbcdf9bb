//! # inbox-atomicity
//!
//! The effect of a request or an event and the idempotency key (the row of the inbox) that records
//! it are committed in one transaction. A transaction that carries out several steps of an
//! operation needs one key for all of them.
//!
//! Judged by what each transaction committed. A key without an effect is allowed: it bars a step
//! that never ran. Undecided if no effect was committed.
//!
//! Richardson, *Microservices Patterns* (2018), chapter 3: messages that come twice.

use std::sync::Arc;

use super::commit_group::CommitGroup;
use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Kind, Record};
use crate::model::system::System;

/// The check that an effect is committed with its idempotency key.
#[derive(Default)]
pub struct InboxAtomicity {
    case: Case,
    group: CommitGroup,
}

impl Property for InboxAtomicity {
    const NAME: &'static str = "inbox-atomicity";
    const SUMMARY: &'static str = "an effect and its idempotency key are committed together";
    const MANUAL: &'static str = include_str!("inbox_atomicity.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = CommitGroup::SEES;

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if !self.group.take(record) {
            return;
        }
        for effect in &self.group.shown {
            self.case.chance();
            let (op, step, direction) = *effect;
            let mut keys = self.group.keyed.iter();
            if !keys.any(|(of, _, which)| (*of, *which) == (op, direction)) {
                self.case.fail(record.time, op, || {
                    format!("step {} of operation {} came without its key", step.0, op.0)
                });
            }
        }
        self.group.clear();
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no effect was committed")
    }
}
