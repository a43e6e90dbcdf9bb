//! Settings of two-phase commit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Span;
use crate::model::database::NoRecord;
use crate::model::record::Decision;
use crate::patterns::atomic_commit::delivery::FanOut;

/// The answer to an inquiry when the coordinator knows nothing of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Presumption {
    /// Everything is recorded and acknowledged; nothing needs to be presumed.
    Nothing,
    /// Abort: aborts are neither forced nor acknowledged. The choice of X/Open XA.
    #[default]
    Abort,
    /// Commit: commits are neither forced at participants nor acknowledged, at the price of a
    /// forced record before the votes are collected.
    Commit,
}

impl Presumption {
    /// The answer to an inquiry about a transaction that the coordinator does not know.
    pub(super) const fn answer(self) -> Decision {
        match self {
            Self::Nothing | Self::Abort => Decision::Abort,
            Self::Commit => Decision::Commit,
        }
    }

    /// Returns whether participants force this decision and acknowledge it, so that the coordinator
    /// may forget it. One that is presumed needs neither.
    pub(super) const fn is_acknowledged(self, decision: Decision) -> bool {
        !matches!(
            (self, decision),
            (Self::Abort, Decision::Abort) | (Self::Commit, Decision::Commit)
        )
    }
}

/// The node on which the coordinator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On a node of its own.
    #[default]
    OwnNode,
    /// Inside the service of the first step.
    Caller,
}

/// The heuristic decision of a participant that has been in doubt for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Heuristic {
    /// The participant commits.
    Commit,
    /// The participant aborts.
    #[default]
    Abort,
}

impl From<Heuristic> for Decision {
    fn from(heuristic: Heuristic) -> Self {
        match heuristic {
            Heuristic::Commit => Self::Commit,
            Heuristic::Abort => Self::Abort,
        }
    }
}

/// Settings of two-phase commit. Attempts, pauses and the deadline of each call come from the
/// operation's `[retry]`; a retry is a new transaction.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The presumption about a transaction that the coordinator does not know.
    pub presumption: Presumption,
    /// True if a participant that has changed nothing drops out at its vote.
    pub read_only_vote: bool,
    /// True if abort records are written that no recovery needs, as R* does: that of a participant
    /// that votes no, and that of the coordinator where it could presume the abort.
    pub abort_records: bool,
    /// The order in which participants are given work, asked for votes and told the decision.
    pub fan_out: FanOut,
    /// The node on which the coordinator runs.
    pub coordinator: Place,
    /// True if participants in doubt also ask each other.
    pub cooperative_termination: bool,
    /// The time between two inquiries of a participant in doubt, and between two deliveries of a
    /// decision that was not acknowledged. Seata retries every second.
    pub inquiry_interval: Span,
    /// The time in doubt after which a participant decides alone; by default it never does. A crash
    /// of the participant restarts the time.
    pub heuristic_after: Option<Span>,
    /// The heuristic decision of the participant.
    pub heuristic: Heuristic,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            presumption: Presumption::default(),
            read_only_vote: true,
            abort_records: true,
            fan_out: FanOut::default(),
            coordinator: Place::default(),
            cooperative_termination: false,
            inquiry_interval: Span::from_secs(1),
            heuristic_after: None,
            heuristic: Heuristic::default(),
        }
    }
}

impl Settings {
    /// The record of a participant that votes no, which is forced unless abort is presumed.
    pub(super) const fn no_record(&self) -> NoRecord {
        match (self.abort_records, self.presumption) {
            (false, _) => NoRecord::None,
            (true, Presumption::Abort) => NoRecord::Lazy,
            (true, Presumption::Nothing | Presumption::Commit) => NoRecord::Forced,
        }
    }
}
