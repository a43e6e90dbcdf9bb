//! The list of the properties that driftlab brings.

use super::property::Properties;

impl Properties {
    /// The properties that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<super::all_or_nothing::AllOrNothing>()
            .with::<super::client_contract::ClientContract>()
            .with::<super::at_most_once::AtMostOnce>()
            .with::<super::nothing_held::NothingHeld>()
            .with::<super::terminal_in_time::TerminalInTime>()
            .with::<super::convergence::Convergence>()
            .with::<super::answered_in_time::AnsweredInTime>()
            .with::<super::resumes_after_restart::ResumesAfterRestart>()
            .with::<super::fixpoint::Fixpoint>()
            .with::<super::no_livelock::NoLivelock>()
            .with::<super::legal_transitions::LegalTransitions>()
            .with::<super::bounded_queues::BoundedQueues>()
            .with::<super::read_committed::ReadCommitted>()
            .with::<super::no_resurrection::NoResurrection>()
            .with::<super::agreement::Agreement>()
            .with::<super::irrevocable::Irrevocable>()
            .with::<super::commit_validity::CommitValidity>()
            .with::<super::write_ahead::WriteAhead>()
            .with::<super::prepared_exclusion::PreparedExclusion>()
            .with::<super::bounded_blocking::BoundedBlocking>()
            .with::<super::no_suspension::NoSuspension>()
            .with::<super::reverse_order::ReverseOrder>()
            .with::<super::fencing::Fencing>()
            .with::<super::inbox_atomicity::InboxAtomicity>()
            .with::<super::outbox_atomicity::OutboxAtomicity>()
            .with::<super::no_phantom_event::NoPhantomEvent>()
            .with::<super::delivery::Delivery>()
            .with::<super::no_dead_letters::NoDeadLetters>()
            .with::<super::per_key_order::PerKeyOrder>()
            .with::<super::write_quorum::WriteQuorum>()
            .with_parts()
    }
}
