//! # bounded-blocking
//!
//! A participant may be in doubt for as long as its coordinator is down; once everything is healed
//! it learns the outcome within the promised bound and releases its rows.
//!
//! Judged by what the databases did with prepared branches. Undecided if no branch was prepared, or
//! if no bound is promised.
//!
//! Skeen, *Nonblocking Commit Protocols* (1981), on why participants block at all.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::verdict::Judgement;
use crate::kernel::{Numbered, Time};
use crate::model::record::{Event, Kind, OpId, Record, TxnId};
use crate::model::system::System;

/// The check that doubt is bounded.
pub struct BoundedBlocking {
    case: Case,
    load: Time,
    /// The time at which each branch was prepared.
    open: Numbered<TxnId, (OpId, Time)>,
    /// Branches that ended after the load: the times at which they were prepared and ended.
    late: Vec<(OpId, Time, Time)>,
}

impl Property for BoundedBlocking {
    const NAME: &'static str = "bounded-blocking";
    const SUMMARY: &'static str = "no branch stays in doubt for longer than a bound after the heal";
    const MANUAL: &'static str = include_str!("bounded_blocking.rs");
    const WHEN: When = When::EventuallyWithin;
    const SEES: &'static [Kind] = &[Kind::Prepared, Kind::Resolved];

    fn new(system: &Arc<System>) -> Self {
        let load = Time::ZERO + system.phases.load;
        Self { case: Case::default(), load, open: Numbered::new(), late: Vec::new() }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Prepared { txn, .. } => {
                self.case.chance();
                self.open.insert(txn, (record.op, record.time));
            }
            Event::Resolved { txn, .. } => {
                let ended = self.open.remove(txn).filter(|_| record.time > self.load);
                self.late.extend(ended.map(|(op, since)| (op, since, record.time)));
            }
            _ => {}
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        let Some(within) = end.within else {
            return Finding::new(Self::NAME, Judgement::undecided("no bound is promised"));
        };
        for (op, since, ended) in self.late {
            if ended > since.max(end.quiet) + within {
                self.case.fail(ended, op, || {
                    format!("a branch of operation {} was in doubt until {ended}", op.0)
                });
            }
        }
        for (op, since) in self.open.into_values() {
            self.case.fail_at_rest(end, op, || {
                format!("a branch of operation {} is in doubt since {since}", op.0)
            });
        }
        self.case.conclude(Self::NAME, "no branch was prepared")
    }
}
