//! # client-attempts
//!
//! A client requests an operation no more often than its budget of attempts allows.
//!
//! Judged by the requests that leave clients, against the attempts of the clients, or else the most
//! that any retry policy of the scenario has. Undecided if nobody requested anything.
//!
//! Brooker, *Timeouts, retries, and backoff with jitter* (2019).

use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Kind, Record};
use crate::model::system::System;

/// The check that clients keep to their budget.
pub struct ClientAttempts {
    case: Case,
    most: u16,
    requests: ByOp<u16>,
}

impl Property for ClientAttempts {
    const NAME: &'static str = "client-attempts";
    const SUMMARY: &'static str = "no client requests an operation too often";
    const MANUAL: &'static str = include_str!("client_attempts.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Sent];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(system: &Arc<System>) -> Self {
        let services = system.services.iter().filter_map(|service| service.retry.attempts);
        let kinds = system.kinds().map(|kind| system.retry_of(kind).attempts);
        let policies = services.chain(kinds).chain([system.retry.attempts]);
        let most = system.client.attempts.or_else(|| policies.max()).unwrap_or(u16::MAX);
        Self { case: Case::default(), most, requests: ByOp::default() }
    }

    fn see(&mut self, record: &Record) {
        if !super::is_request_of_client(record) {
            return;
        }
        self.case.chance();
        let requests = self.requests.get_mut(record.op);
        *requests = requests.saturating_add(1);
        if *requests > self.most.max(1) {
            let (requests, most) = (*requests, self.most);
            self.case.fail(record.time, record.op, || {
                format!("operation {} was requested {requests} times, not {most}", record.op.0)
            });
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nobody requested anything")
    }
}
