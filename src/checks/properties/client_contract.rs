//! # client-contract
//!
//! A client can rely on its answer: after `done` or `accepted` all effects are there at the end,
//! after a no there are none. After *unknown* both are possible.
//!
//! Judged by what the stores show. Undecided if no client heard yes or no.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Answer, Kind, OpId, Record};
use crate::model::system::System;

/// The check that yes means everything and no means nothing.
pub struct ClientContract;

impl Property for ClientContract {
    const NAME: &'static str = "client-contract";
    const SUMMARY: &'static str = "after a yes everything is there, after a no nothing is";
    const MANUAL: &'static str = include_str!("client_contract.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[];

    fn new(_: &Arc<System>) -> Self {
        Self
    }

    fn see(&mut self, _: &Record) {}

    fn finish(self, end: &Ended) -> Finding {
        let mut case = Case::default();
        for (op, outcome) in (0..).map(OpId).zip(end.operations.all()) {
            let answer = outcome.answer();
            if answer == Answer::Unknown {
                continue;
            }
            let expected_reads = if answer.is_yes() { outcome.all_steps() } else { 0 };
            let shown = outcome.shown();
            if shown == expected_reads {
                case.chance();
            } else {
                case.fail_at_rest(end, op, || {
                    let (shown, all) = (shown.count_ones(), outcome.steps());
                    let answer = answer.name();
                    let op = op.0;
                    format!("operation {op} shows {shown} of its {all} effects after `{answer}`")
                });
            }
        }
        case.conclude(Self::NAME, "no client heard yes or no")
    }
}
