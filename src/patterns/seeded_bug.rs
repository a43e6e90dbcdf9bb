//! SeededBugs: the logic mistakes of the mutants, each at the place where people make it.
//!
//! A pattern asks its [`SeededBugs`] whether it is to make one. No scenario file can say so, and in
//! a build without the feature `mutants` the answer is always no. Mistakes that weaken a primitive
//! (a forced write that is answered early) need no seeded bug: they watch the semantic points.

/// A mistake in the logic of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SeededBug {
    /// A coordinator commits although one vote is missing.
    CommitsOneVoteShort,
    /// A coordinator that has forgotten a transaction in a crash says that it is still open.
    NeverPresumes,
    /// After its restart a coordinator delivers decisions only to participants in its memory,
    /// which is empty.
    ForgetsWhomToTell,
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
}

/// Which seeded bug a pattern makes, if any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SeededBugs {
    #[cfg(feature = "mutants")]
    seeded_bug: Option<SeededBug>,
}

impl SeededBugs {
    /// Exactly this seeded bug.
    #[cfg(feature = "mutants")]
    pub const fn only(seeded_bug: SeededBug) -> Self {
        Self { seeded_bug: Some(seeded_bug) }
    }

    /// Returns whether this seeded bug is made.
    #[cfg(feature = "mutants")]
    pub fn makes(self, seeded_bug: SeededBug) -> bool {
        self.seeded_bug == Some(seeded_bug)
    }

    /// Returns whether this seeded bug is made: not in this build.
    #[cfg(not(feature = "mutants"))]
    pub const fn makes(self, _: SeededBug) -> bool {
        false
    }
}
