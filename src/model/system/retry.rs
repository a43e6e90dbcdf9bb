//! The retry policy: the number of attempts, the pauses between them, and their deadline.
//!
//! A policy belongs to the operation or the called service, not to the pattern. An operation has
//! one policy, whether a client, a coordinator, an orchestrator or a consumer makes its attempts,
//! so that patterns differ in their protocols and not in their patience. The keys of the called
//! service take precedence over those of the operation, and these over the variant and the
//! scenario.

use super::{OperationKind, ServiceId, System};
use crate::kernel::Span;

/// A retry policy.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RetrySpec {
    /// Attempts in all, the first included.
    pub attempts: u16,
    /// Pause before the first retry.
    pub backoff: Span,
    /// Factor by which each further pause is longer.
    pub factor: u32,
    /// Longest pause.
    pub longest: Span,
    /// A pause is drawn uniformly from `(1 - jitter) x pause ..= pause`.
    pub jitter: f64,
    /// Deadline of one step or call.
    pub step_deadline: Span,
    /// The circuit breaker of a caller, one for each called service or driver.
    pub breaker: Option<BreakerSpec>,
}

/// The keys in which a retry policy differs from another.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RetryChange {
    /// Other attempts.
    pub attempts: Option<u16>,
    /// Another first pause.
    pub backoff: Option<Span>,
    /// Another factor.
    pub factor: Option<u32>,
    /// Another longest pause.
    pub longest: Option<Span>,
    /// Another jitter.
    pub jitter: Option<f64>,
    /// Another deadline of one step or call.
    pub step_deadline: Option<Span>,
    /// A circuit breaker.
    pub breaker: Option<BreakerSpec>,
}

/// A circuit breaker.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BreakerSpec {
    /// The share of failures in the window at which it opens, above 0 and up to 1.
    pub failures: f64,
    /// The number of last calls that count; it does not open before so many were made.
    pub window: u16,
    /// The time for which it stays open.
    pub open: Span,
    /// The number of calls that probe a half-open circuit.
    pub probes: u16,
}

impl RetrySpec {
    /// The pause before retry number `retry` (from 0), before jitter.
    pub fn pause(&self, retry: u16) -> Span {
        let factor = u64::from(self.factor).saturating_pow(u32::from(retry));
        self.backoff.saturating_mul(factor).min(self.longest)
    }

    /// This policy with the keys of a change.
    #[must_use]
    pub fn changed(&self, change: &RetryChange) -> Self {
        Self {
            attempts: change.attempts.unwrap_or(self.attempts),
            backoff: change.backoff.unwrap_or(self.backoff),
            factor: change.factor.unwrap_or(self.factor),
            longest: change.longest.unwrap_or(self.longest),
            jitter: change.jitter.unwrap_or(self.jitter),
            step_deadline: change.step_deadline.unwrap_or(self.step_deadline),
            breaker: change.breaker.or(self.breaker),
        }
    }
}

impl System {
    /// The retry policy of an operation.
    pub fn retry_of(&self, kind: OperationKind) -> RetrySpec {
        self.retry.changed(&self.operation(kind).retry)
    }

    /// The retry policy for calls to a service by a caller that otherwise follows `policy`.
    pub fn retry_at(&self, service: ServiceId, policy: &RetrySpec) -> RetrySpec {
        policy.changed(&self.services[service.index()].retry)
    }

    /// The longest of all policies, in each respect: a bound on durations.
    pub fn longest_retry(&self) -> RetrySpec {
        // Most operations and services have equal policies, and there may be a thousand of each.
        let operations = distinct(self.operations.iter().map(|operation| &operation.retry));
        let services = distinct(self.services.iter().map(|service| &service.retry));
        let policies = operations.into_iter().map(|operation| self.retry.changed(operation));
        let all =
            policies.flat_map(|policy| services.iter().map(move |service| policy.changed(service)));
        all.fold(self.retry, |most, policy| RetrySpec {
            attempts: most.attempts.max(policy.attempts),
            backoff: most.backoff.max(policy.backoff),
            factor: most.factor.max(policy.factor),
            longest: most.longest.max(policy.longest),
            jitter: most.jitter.max(policy.jitter),
            step_deadline: most.step_deadline.max(policy.step_deadline),
            breaker: most.breaker.or(policy.breaker),
        })
    }
}

/// The different ones among these changes.
fn distinct<'c>(changes: impl Iterator<Item = &'c RetryChange>) -> Vec<&'c RetryChange> {
    let mut distinct = Vec::new();
    for change in changes {
        if !distinct.contains(&change) {
            distinct.push(change);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_policy_is_that_of_all_operations_at_all_services() {
        let mut system = crate::tests::history::system();
        let millis = |millis| Some(Span::from_millis(millis));
        let slow = RetryChange { step_deadline: millis(90_000), ..RetryChange::default() };
        let quick = RetryChange { step_deadline: millis(1), ..RetryChange::default() };
        let often = RetryChange { attempts: Some(99), ..quick };
        system.services.push(system.services[0].clone());
        system.services.push(system.services[0].clone());
        system.services[1].retry = quick;
        system.services[2].retry = often;
        system.operations[1].retry = slow;
        let longest = system.longest_retry();
        assert_eq!((longest.attempts, longest.step_deadline), (99, Span::from_secs(90)));
        system.services.iter_mut().for_each(|service| service.retry = quick);
        let longest = system.longest_retry();
        assert_eq!(longest, system.retry, "services count before operations");
    }

    #[test]
    fn what_a_change_does_not_name_stays_as_it_was() {
        let millis = Span::from_millis;
        let policy = RetrySpec {
            attempts: 3,
            backoff: millis(500),
            factor: 2,
            longest: millis(5_000),
            jitter: 0.33,
            step_deadline: millis(2_000),
            breaker: None,
        };
        assert_eq!(policy.changed(&RetryChange::default()), policy);
        let change =
            RetryChange { attempts: Some(1), longest: Some(millis(700)), ..RetryChange::default() };
        let changed = policy.changed(&change);
        assert_eq!((changed.attempts, changed.backoff), (1, millis(500)));
        assert_eq!([0, 1, 2].map(|retry| changed.pause(retry)), [500, 700, 700].map(millis));
    }
}
