//! The list of the patterns that driftlab brings.

use super::pattern::Patterns;

impl Patterns {
    /// The patterns that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<super::local_transaction::LocalTransaction>()
            .with::<super::two_phase_commit::TwoPhaseCommit>()
            .with::<super::paxos_commit::PaxosCommit>()
            .with::<super::background_sync::BackgroundSync>()
            .with::<super::orchestrated::Orchestrated>()
            .with::<super::event_based::EventBased>()
    }
}
