//! The degraded mode: what stands though more goes wrong than a pattern is made for.
//!
//! No budget holds disks that lie, brokers that lose what they stored, tables that change under a
//! service, and messages that nobody can consume. A message of the last kind strikes its operation
//! alone: it is given up within its deliveries, and every other operation keeps everything that the
//! pattern promises. Behind the others nobody can say whose effects are gone. What stands are the
//! [manners](STANDS): clients are answered, queues are bounded, and everything comes to rest.

use std::collections::BTreeSet;

use super::Case;
use crate::checks::Verdict;
use crate::checks::properties::Finding;
use crate::model::contract::{Allowance, Budget, Promises, faults};
use crate::model::record::OpId;
use crate::patterns::promise::HALF;

/// The guarantees that hold whatever is lost.
const STANDS: &[&str] = &["answered-in-time", "fixpoint", "no-livelock", "bounded-queues"];

/// The guarantee that names whoever touched a row last, though the row may be a sum that lacks
/// somebody else.
const SUMS: &str = "convergence";

/// How often such a fault strikes in a run, at most.
const COUNT: u32 = 2;

/// The promises, with a budget that also holds what no budget holds. A poison message holds up
/// those behind it for all of its deliveries, so that only rest decides what has ended.
pub(super) fn promises(promises: Promises) -> Promises {
    let Budget(mut allowances) = promises.budget;
    let outside = faults::POISON.iter().chain(faults::BETRAYALS);
    allowances.extend(outside.map(|kind| Allowance::new(kind, COUNT, HALF)));
    Promises { budget: Budget(allowances), within: None, ..promises }
}

/// Returns whether a kind of fault is drawn in this mode: what is outside of every budget, and the
/// crashes without which nobody notices that a disk has lied.
pub fn is_drawn(kind: &str) -> bool {
    [faults::POISON, faults::BETRAYALS, faults::CRASHES].iter().any(|kinds| kinds.contains(&kind))
}

/// Leaves the findings that count: all but those that are about operations whose messages were
/// given up, or, if anything struck of which nobody knows what it took, those on what stands.
pub(super) fn excuse(
    findings: &mut Vec<Finding>,
    (case, struck): (&Case, &[bool]),
    buried: &BTreeSet<OpId>,
) {
    let mut began = case.faults.iter().zip(struck).filter(|(_, struck)| **struck);
    if began.any(|(fault, _)| faults::BETRAYALS.contains(&fault.fault.name())) {
        findings.retain(|finding| STANDS.contains(&&*finding.property));
        return;
    }
    // What is about no operation in particular may be about one of these.
    findings.retain(|finding| {
        finding.verdict() != Verdict::Violated
            || buried.is_empty()
            || STANDS.contains(&&*finding.property)
            || finding.property != SUMS && finding.ops.iter().any(|op| !buried.contains(op))
    });
}
