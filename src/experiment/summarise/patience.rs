//! The retry policies and client deadlines on which availability depends, as text.

use crate::model::system::{BreakerSpec, RetryChange, RetrySpec, System};

/// The retry policy and the clients of a system, then the differences for operations and for calls
/// to services, each as `key = value`.
pub(super) fn of(system: &System) -> Vec<String> {
    let client = &system.client;
    let own = [
        ("attempts", client.attempts.map(|attempts| attempts.to_string())),
        ("attempt-deadline", client.attempt_deadline.map(|deadline| deadline.to_string())),
        ("deadline", Some(client.deadline.to_string())),
    ];
    let clients = said("clients", own);
    let operations = system.operations.iter().flat_map(|operation| {
        said(&format!("operations.{}.retry", operation.name.shown), changes(&operation.retry))
    });
    let services = system.services.iter().flat_map(|service| {
        said(&format!("services.{}.retry", service.name.shown), changes(&service.retry))
    });
    let policy = said("retry", changes(&whole(&system.retry)));
    policy.into_iter().chain(clients).chain(operations).chain(services).collect()
}

/// The part of a policy on which a ranking depends most: attempts, pauses and deadlines.
fn whole(policy: &RetrySpec) -> RetryChange {
    RetryChange {
        attempts: Some(policy.attempts),
        backoff: Some(policy.backoff),
        step_deadline: Some(policy.step_deadline),
        breaker: policy.breaker,
        ..RetryChange::default()
    }
}

fn changes(change: &RetryChange) -> [(&'static str, Option<String>); 7] {
    let breaker = |breaker: BreakerSpec| {
        let BreakerSpec { failures, window, open, .. } = breaker;
        format!("{failures} of {window}, {open}")
    };
    [
        ("attempts", change.attempts.map(|attempts| attempts.to_string())),
        ("backoff", change.backoff.map(|backoff| backoff.to_string())),
        ("factor", change.factor.map(|factor| factor.to_string())),
        ("longest", change.longest.map(|longest| longest.to_string())),
        ("jitter", change.jitter.map(|jitter| jitter.to_string())),
        ("step-deadline", change.step_deadline.map(|deadline| deadline.to_string())),
        ("breaker", change.breaker.map(breaker)),
    ]
}

/// The given settings among these, each under the name of its table.
fn said<const N: usize>(table: &str, settings: [(&'static str, Option<String>); N]) -> Vec<String> {
    let settings = settings.into_iter();
    settings.filter_map(|(key, value)| Some(format!("{table}.{key} = {}", value?))).collect()
}
