//! Lapses: single mistakes of the model's primitives, which mutants make and nothing else does.
//!
//! A primitive asks [`Env::lapses`](super::env::Env::lapses) at the place of a mistake that real
//! systems have made there. Only a build with the feature `mutants` can say yes; in any other the
//! question is a constant, and the code behind it is not there.

#[cfg(feature = "mutants")]
use std::cell::Cell;

/// A mistake of a primitive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "mutants", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
#[repr(u8)]
pub enum Lapse {
    // Locks.
    /// A writer takes a shared lock.
    WritersShare,
    /// A prepared branch gives back the locks of its writes.
    PreparedReleases,
    /// A prepared branch that was recovered does not take its locks again.
    RecoveredWithoutLocks,
    /// A transaction waits for a lock for as long as it takes.
    WaitsWithoutLimit,
    /// A transaction that a business rule has refused keeps its locks.
    RefusedKeepsLocks,

    // Log and recovery.
    /// A recovery takes no notice of prepared records.
    RecoverySkipsPrepared,
    /// A recovery takes a prepared record for a commit.
    RecoveryCommitsPrepared,
    /// A recovery cuts off the newest durable commit together with the torn tail.
    RecoveryCutsTooMuch,
    /// A restarted database has lost its idempotency keys.
    RecoveryForgetsKeys,
    /// A restarted database has lost the rows of its outbox.
    RecoveryForgetsOutbox,
    /// A restarted database numbers the rows of its outbox from one again.
    RecoveryRenumbersOutbox,
    /// A flush answers also those who have come while it was under way.
    FlushAnswersLatecomers,
    /// A log that is cleared keeps nothing at all.
    ClearsWhatIsNeeded,

    // Broker.
    /// A restarted broker takes a message that one group has finished for finished by all.
    OneGroupFinishesForAll,
    /// A consumer's failure is taken for its acknowledgement.
    FailureAcknowledges,
    /// A message becomes a dead letter when its first delivery fails.
    BuriesAtFirstFailure,
    /// A message is handed out before it is durable.
    HandsOutTooEarly,
    /// A publisher is answered before its message is durable.
    AnswersPublisherTooEarly,
    /// A restarted broker numbers its messages from one again.
    BrokerRenumbers,
    /// Messages of one entity are spread over all partitions.
    SpreadsEntities,
    /// A message goes to the first group that subscribes to it.
    OneGroupGetsIt,

    // Replicas and copies.
    /// The position of a feed moves before the copy has the rows.
    FeedMovesFirst,
    /// The last row of a full page is not copied.
    FeedDropsLastRow,
    /// Rows that were deleted stay in copies.
    CopiesKeepDeleted,
    /// A copy of a quorum takes over a version that is older than its own.
    OlderOverwritesNewer,
    /// A reader is content with one copy less than a read quorum.
    ReadsOneCopyLess,
    /// A version that a copy did not acknowledge is not sent again.
    HintsAreForgotten,

    // Leases.
    /// A database lets every fencing token through.
    FenceIsOpen,

    // Read probes.
    /// A reader leaves out the last cell and says that its read is complete.
    ReaderSkipsACell,
    /// A reader takes an error for an answer.
    ReaderSwallowsErrors,
    /// A reader sees an effect although it was compensated.
    ReaderSeesUndone,

    // Clients and services.
    /// A client takes silence for a no.
    SilenceIsNo,
    /// A client waits for longer than its deadline.
    ClientWaitsOn,
    /// A client repeats its request until its deadline, whatever its budget of attempts.
    ClientNeverGivesUp,
    /// A service that has answered a request carries it out again when it is repeated.
    AnswersAreForgotten,
    /// The queue of a service takes in whatever comes.
    QueueWithoutBound,

    // Network.
    /// A message that was lost arrives nevertheless.
    LostArrives,
    /// A message arrives twice under one number.
    ArrivesTwice,

    // Jobs.
    /// A page of changes has the newest rows of those that are asked for.
    NewestChangesFirst,

    // Identifiers.
    /// A compensation has the idempotency key of its step.
    KeysWithoutDirection,
    /// Every attempt at a step has an idempotency key of its own.
    KeysByAttempt,
    /// All steps of an operation have one idempotency key.
    KeysWithoutStep,
}

/// The lapses of a run.
#[derive(Default)]
pub(super) struct Lapses {
    #[cfg(feature = "mutants")]
    made: Cell<u64>,
}

impl Lapses {
    /// Makes this mistake from now on.
    #[cfg(feature = "mutants")]
    pub fn make(&self, lapse: Lapse) {
        self.made.set(self.made.get() | 1 << lapse as u8);
    }

    /// Returns whether this mistake is made.
    #[cfg(feature = "mutants")]
    #[inline]
    pub fn has(&self, lapse: Lapse) -> bool {
        self.made.get() & 1 << lapse as u8 != 0
    }

    /// Returns whether this mistake is made: never without the feature `mutants`.
    #[cfg(not(feature = "mutants"))]
    #[inline]
    #[expect(clippy::unused_self, reason = "the same with the feature")]
    pub const fn has(&self, _: Lapse) -> bool {
        false
    }
}
