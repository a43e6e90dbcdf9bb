//! Settings of Paxos Commit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Span;
use crate::model::contract::{Driver, role};

/// The names of the acceptors' nodes beside the coordinator's, whose number limits the faults that
/// can be tolerated.
const ACCEPTORS: [&str; 2 * MOST as usize] =
    ["acceptor-1", "acceptor-2", "acceptor-3", "acceptor-4", "acceptor-5", "acceptor-6"];

/// The most faults that can be tolerated.
pub(super) const MOST: u16 = 3;

/// Settings of Paxos Commit. Attempts, pauses and the deadline of each call come from the
/// operation's `[retry]`; a retry is a new transaction.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The number F of acceptors, the coordinator among them, that may be down while transactions
    /// still end: there are 2F + 1. With 0 it is two-phase commit.
    pub tolerated_faults: u16,
    /// True if a participant that has changed nothing drops out at its vote.
    pub read_only_vote: bool,
    /// The time between two inquiries of a participant in doubt, and between two attempts of a
    /// coordinator to find out or deliver a decision.
    pub inquiry_interval: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tolerated_faults: 1, read_only_vote: true, inquiry_interval: Span::from_secs(1) }
    }
}

impl Settings {
    /// The nodes of the acceptors beside the coordinator's.
    pub(super) fn acceptors(&self) -> Vec<Driver> {
        let names = ACCEPTORS.iter().take(2 * usize::from(self.tolerated_faults));
        names.map(|name| Driver { name, role: role::ACCEPTOR }).collect()
    }
}
