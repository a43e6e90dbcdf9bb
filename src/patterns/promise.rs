//! The guarantees that patterns have in common, less those that settings give up.

use crate::kernel::Span;
use crate::model::contract::{Allowance, Budget, faults};
use crate::model::system::{Refuse, RetrySpec, System};

/// The guarantees of every pattern with any settings: those about clients, readers and the order of
/// events, not about the effects of an operation.
const ALWAYS: &[&str] = &[
    "answered-in-time",
    "fixpoint",
    "no-livelock",
    "legal-transitions",
    "bounded-queues",
    "read-committed",
    "no-resurrection",
];

/// The guarantees of every pattern that brings operations to their end, also behind a restart.
pub(super) const ENDS: &[&str] = &[
    "all-or-nothing",
    "client-contract",
    "convergence",
    "terminal-in-time",
    "nothing-held",
    "resumes-after-restart",
];

/// Those of them that a later write of another operation breaks when it hides an effect.
pub(super) const OF_EFFECTS: &[&str] = &[
    "all-or-nothing",
    "client-contract",
    "convergence",
    "terminal-in-time",
    "resumes-after-restart",
];

/// The guarantee about tables that are stored in quorums, of a pattern that answers after all of
/// its commits.
pub(super) fn of_quorums(system: &System) -> &'static [&'static str] {
    if system.quorums.is_empty() { &[] } else { &["write-quorum"] }
}

/// Returns whether a guarantee is about the effects of operations, so that any path of a pattern
/// may break it.
pub fn rests_on_paths(name: &str) -> bool {
    !ALWAYS.contains(&name)
}

/// A builder of a list of guarantees.
pub(super) struct Guarantees(Vec<&'static str>);

impl Guarantees {
    /// The guarantees of a pattern that completes every operation and applies each effect once.
    pub fn everything() -> Self {
        Self(ALWAYS.to_vec()).and(ENDS).and(&["at-most-once"])
    }

    /// Adds guarantees.
    pub fn and(mut self, more: &[&'static str]) -> Self {
        self.0.extend(more);
        self
    }

    /// Removes guarantees if a setting gives them up.
    pub fn unless(mut self, given_up: bool, these: &[&str]) -> Self {
        if given_up {
            self.0.retain(|name| !these.contains(name));
        }
        self
    }

    /// The names of the guarantees.
    pub fn names(self) -> Vec<&'static str> {
        self.0
    }
}

/// A budget of so many faults of every kind, each no longer than this, on any target.
pub(super) fn budget(count: u32, longest: Span) -> Budget {
    let all = faults::ALL.iter().flat_map(|kinds| kinds.iter());
    Budget(all.map(|kind| Allowance::new(kind, count, longest)).collect())
}

/// The usual budget: eight faults of every kind, each for at most half a minute.
pub(super) fn usual() -> Budget {
    budget(8, HALF)
}

/// Half a minute.
pub const HALF: Span = Span::from_secs(30);

/// Returns whether a rule may refuse a step after the first one, in which case an answer before
/// that step may be wrong.
pub(super) fn may_be_refused_later(system: &System) -> bool {
    let later = system.operations.iter().flat_map(|operation| operation.steps.iter().skip(1));
    later.into_iter().any(|step| step.refuse.is_some())
}

/// Returns whether a rule depends on other operations, in which case a late copy of a request may
/// be answered unlike the request itself.
pub(super) fn depends_on_others(system: &System) -> bool {
    system.steps().any(|step| matches!(step.refuse, Some(Refuse::Below { .. })))
}

/// The most steps that any operation has.
pub(super) fn steps(system: &System) -> u64 {
    let most = system.operations.iter().map(|operation| operation.steps.len() as u64).max();
    most.unwrap_or(1)
}

/// The longest time from a restart until the node serves again, and until a database releases the
/// locks of machines that are gone.
pub(super) fn recovery(system: &System) -> Span {
    let services = system.services.iter().map(|service| service.recovery);
    let databases = system.databases.iter().map(|database| database.recovery);
    let others = [system.broker.recovery, system.driver_recovery];
    services.chain(databases).chain(others).fold(system.longest_silence(), Span::max)
        + Span::from_secs(1)
}

/// The longest time that one request takes under the retry policy, with every attempt up to its
/// deadline.
pub(super) fn tries(retry: &RetrySpec) -> Span {
    let calls = retry.step_deadline.saturating_mul(u64::from(retry.attempts) * 2);
    (0..retry.attempts.saturating_sub(1)).fold(calls, |sum, number| sum + retry.pause(number))
}
