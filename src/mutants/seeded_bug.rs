//! The seeded bugs: mistakes in the logic of a pattern.
//!
//! The patterns know nothing of them. Each bug overrides one rule of a protocol (what the
//! coordinator decides, how an orchestrator takes a workflow back, how a job follows a rule), or
//! starts something else on a node of the pattern's own.

mod background_sync;
mod event_based;
mod orchestrated;
mod paxos_commit;
mod quorum;
mod two_phase_commit;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::mutated::PutToWork;

/// A mistake in the logic of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeededBug {
    /// A coordinator commits although one vote is missing.
    CommitsOneVoteShort,
    /// A coordinator that has forgotten a transaction in a crash says that it is still open.
    NeverPresumes,
    /// After its restart a coordinator delivers decisions only to participants in its memory,
    /// which is empty.
    ForgetsWhomToTell,
    /// A new leader takes every instance of a transaction for free, whatever was accepted.
    TakesAcceptedForFree,
    /// The watermark of a synchronization job moves although a correction could not be written.
    MovesOnAfterFailure,
    /// The watermark of a synchronization job is saved before the corrections are written.
    SavesBeforeItWrites,
    /// A compensation that finds nothing to undo leaves no mark for a late request.
    LeavesNoTombstone,
    /// A compensation that finds nothing to undo is taken for a failure.
    FailsOnNothingToUndo,
    /// A restarted orchestrator does not resume what it had begun.
    NeverResumes,
    /// A step whose outcome is unknown is taken for one that failed.
    ForgetsTheUnknown,
    /// Compensations run in the order of the steps.
    CompensatesForwards,
    /// A compensation that fails is reported as done.
    SwallowsFailedCompensation,
    /// A relay deletes outbox rows before the broker has them.
    DeletesBeforeItPublishes,
    /// A relay reads only rows behind the highest number that it has seen.
    ReadsBehindTheHighest,
    /// A consumer takes an event that it has dealt with before for one that it has applied.
    TakesSeenForApplied,
    /// A coordinator presumes that what it does not know has committed.
    PresumesCommit,
    /// The watermark of a synchronization job is the time of the job and not that of the rows.
    TakesItsOwnTime,
    /// A synchronization job that could not reach a store never runs again.
    DiesOfAFailure,
    /// The coordinator of a quorum counts its own store as a copy that has acknowledged.
    CountsItselfAsACopy,
}

impl SeededBug {
    /// The pattern of the bug with these settings, which makes it.
    ///
    /// # Panics
    ///
    /// If these are no settings of the pattern.
    pub(super) fn put_to_work(self, settings: &toml::Table) -> PutToWork {
        use background_sync::following;
        use event_based::relaying;
        use orchestrated::recovering;
        use two_phase_commit::deciding;
        match self {
            Self::CommitsOneVoteShort => deciding(settings, &two_phase_commit::OneVoteShort),
            Self::NeverPresumes => deciding(settings, &two_phase_commit::NeverPresumes),
            Self::ForgetsWhomToTell => deciding(settings, &two_phase_commit::ForgetsWhomToTell),
            Self::TakesAcceptedForFree => paxos_commit::taking_accepted_for_free(settings),
            Self::MovesOnAfterFailure => following(settings, background_sync::MovesOnAfterFailure),
            Self::SavesBeforeItWrites => following(settings, background_sync::SavesBeforeItWrites),
            Self::LeavesNoTombstone => recovering(settings, &orchestrated::LeavesNoTombstone),
            Self::FailsOnNothingToUndo => recovering(settings, &orchestrated::FailsOnNothingToUndo),
            Self::NeverResumes => orchestrated::never_resuming(settings),
            Self::ForgetsTheUnknown => recovering(settings, &orchestrated::ForgetsTheUnknown),
            Self::CompensatesForwards => recovering(settings, &orchestrated::CompensatesForwards),
            Self::SwallowsFailedCompensation => {
                recovering(settings, &orchestrated::SwallowsFailedCompensation)
            }
            Self::DeletesBeforeItPublishes => {
                relaying(settings, event_based::delete_before_publishing)
            }
            Self::ReadsBehindTheHighest => relaying(settings, event_based::read_behind_the_highest),
            Self::PresumesCommit => deciding(settings, &two_phase_commit::PresumesCommit),
            Self::TakesItsOwnTime => following(settings, background_sync::TakesItsOwnTime),
            Self::DiesOfAFailure => following(settings, background_sync::DiesOfAFailure),
            Self::CountsItselfAsACopy => quorum::counting_itself(settings),
            Self::TakesSeenForApplied => event_based::taking_seen_for_applied(settings),
        }
    }
}

/// Settings as a mutant names them.
fn decode<S: DeserializeOwned>(settings: &toml::Table) -> S {
    settings.clone().try_into().expect("settings of the pattern")
}
