//! The history: what really happened, one fixed-size record at a time.
//!
//! Records are written where an event cannot be faked: by stores when they commit, by the network
//! when it carries a message, by clients when they get an answer, by nodes when they crash.
//! Measures and checks read records and nothing else.

mod event;
mod words;

use serde::{Deserialize, Serialize};

use super::system::{DatabaseId, StepId};
use crate::kernel::{NodeId, Time};

pub use event::{Event, Kind, Station};
pub use words::StreamNames;

/// One offered business operation of a run, numbered in the order of arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct OpId(pub u32);

impl OpId {
    /// The absence of an operation.
    pub const NONE: Self = Self(u32::MAX);
}

/// The id of a local transaction, or of a branch of a distributed one, unique within its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TxnId(pub u64);

impl From<TxnId> for u64 {
    fn from(txn: TxnId) -> Self {
        txn.0
    }
}

/// The id of a distributed transaction, unique for its operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GlobalTxnId(pub u64);

/// The id of a read probe, unique within its run: the number of its first process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProbeId(pub u32);

impl From<ProbeId> for u64 {
    fn from(probe: ProbeId) -> Self {
        probe.0.into()
    }
}

/// A name in the history (of a message, a log record, a decision), as an index into the table of
/// names that a run keeps; see [`Env::label`](super::env::Env::label).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LabelId(pub u32);

/// A log: that of a database, or a node's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LogId(pub u32);

impl LogId {
    /// The logs of nodes are numbered from here on, those of databases below.
    const NODES: u32 = 1 << 16;

    /// The log of a database.
    pub const fn of_database(database: DatabaseId) -> Self {
        Self(database.0 as u32)
    }

    /// A node's own log.
    pub const fn of_node(node: NodeId) -> Self {
        Self(Self::NODES + node.0 as u32)
    }

    /// The database whose log it is, if it is that of one.
    pub const fn database(self) -> Option<DatabaseId> {
        if self.0 < Self::NODES { Some(DatabaseId(self.0 as u16)) } else { None }
    }
}

/// An entry of the history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// The time at which it happened.
    pub time: Time,
    /// The event.
    pub event: Event,
    /// The operation on whose behalf it happened, or [`OpId::NONE`].
    pub op: OpId,
    /// The process that caused it; 0 is the world itself.
    pub process: u32,
    /// The message that it is about, or 0.
    pub message: u32,
    /// The message that started the process, or 0.
    pub cause: u32,
    /// The node where it happened.
    pub node: NodeId,
    /// The number of restarts of that node.
    pub incarnation: u16,
    /// The attempt at the operation or step, from 0.
    pub attempt: u16,
    /// The step of the operation, or [`StepId::NONE`].
    pub step: StepId,
}

const _: () = assert!(size_of::<Record>() <= 56, "histories of millions of records are kept");

impl Record {
    /// The kind of event that it is about.
    #[inline]
    pub const fn kind(&self) -> Kind {
        self.event.kind()
    }
}

/// The resources that sessions of a database wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Resource {
    /// A core.
    Core = 0,
    /// A connection.
    Connection = 1,
    /// A row lock.
    Lock = 2,
}

impl Resource {
    /// All resources, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Core, Self::Connection, Self::Lock];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Connection => "connection",
            Self::Lock => "row lock",
        }
    }
}

/// The answer that a client was given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum Answer {
    /// Everything is done.
    Done = 0,
    /// The first part is done, and the rest is promised.
    Accepted = 1,
    /// A business rule said no.
    RefusedByRule = 2,
    /// Overflow, breaker, lock timeout, deadlock, participant down: no effect remains.
    TechnicalNo = 3,
    /// No answer within the deadline.
    Unknown = 4,
}

impl Answer {
    /// All answers, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Done, Self::Accepted, Self::RefusedByRule, Self::TechnicalNo, Self::Unknown];

    /// Returns whether the answer is `done` or `accepted`.
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Done | Self::Accepted)
    }

    /// Returns whether the answer is a yes, or a refusal by a business rule.
    pub const fn is_definite(self) -> bool {
        matches!(self, Self::Done | Self::Accepted | Self::RefusedByRule)
    }

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Accepted => "accepted",
            Self::RefusedByRule => "refused by rule",
            Self::TechnicalNo => "technical no",
            Self::Unknown => "unknown",
        }
    }
}

/// The cause of a rollback.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum AbortCause {
    /// The client of the session asked for it.
    Requested = 0,
    /// A business rule refused a step.
    Rule = 1,
    /// A lock was not granted in time.
    LockTimeout = 2,
    /// Deadlock detection chose the transaction as the victim.
    Deadlock = 3,
    /// Its session broke, or its process died.
    Broken = 4,
    /// The database crashed before it was durable.
    Crash = 5,
    /// Its branch was not prepared in time.
    BranchTimeout = 6,
    /// The transaction carried a fencing token lower than one that the database has seen.
    Fenced = 7,
    /// The transaction could not be serialized with others.
    Serialization = 8,
    /// The disk had no room for the log record.
    DiskFull = 9,
    /// The client did not answer the keepalive probes of the database's machine, or no longer knew
    /// the connection.
    Keepalive = 10,
    /// Its client has sent nothing for too long.
    IdleInTransaction = 11,
    /// The idempotency key was there already: the work was done before.
    Duplicate = 12,
}

impl AbortCause {
    /// The cause in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Requested => "asked to",
            Self::Rule => "rule",
            Self::LockTimeout => "lock timeout",
            Self::Deadlock => "deadlock",
            Self::Broken => "session broken",
            Self::Crash => "crash",
            Self::BranchTimeout => "not prepared in time",
            Self::Fenced => "fenced",
            Self::Serialization => "not serializable",
            Self::DiskFull => "disk full",
            Self::Keepalive => "no sign of life from its client",
            Self::IdleInTransaction => "idle in transaction",
            Self::Duplicate => "a duplicate, done before",
        }
    }
}

/// The decision on a distributed transaction or a workflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Decision {
    /// Everything takes effect.
    Commit = 0,
    /// Nothing takes effect.
    Abort = 1,
}

impl Decision {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Abort => "abort",
        }
    }
}

/// The state of a circuit breaker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Circuit {
    /// Calls go through.
    Closed = 0,
    /// Calls are refused at once.
    Open = 1,
    /// Some calls go through, as probes.
    HalfOpen = 2,
}

/// The reason why a business rule refused a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RefusalReason {
    /// A random refusal, as the scenario says.
    Chance = 0,
    /// A value would fall below its bound.
    Bound = 1,
    /// The row does not exist.
    NoRow = 2,
    /// The row exists already.
    RowExists = 3,
}

/// The reason why a transaction gave up waiting for a lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum LockFailure {
    /// The lock was not granted in time.
    Timeout = 0,
    /// Deadlock detection chose the transaction as the victim.
    Deadlock = 1,
    /// The transaction was rolled back for another reason.
    Cancelled = 2,
}

/// The part of a step's effect that a row shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Sight {
    /// Nothing, or an effect that was compensated.
    Nothing = 0,
    /// The effect, once.
    Effect = 1,
    /// Anything else.
    Other = 2,
}

/// The result of a read probe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ProbeEnd {
    /// All cells were read.
    Complete = 0,
    /// The reader got an error.
    Error = 1,
    /// The reader gave up waiting.
    TimedOut = 2,
}

/// The way in which a broker gave up a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Discard {
    /// The message is lost: no consumer gets it.
    Lost = 0,
    /// The message is kept as a dead letter for manual handling.
    DeadLetter = 1,
}

/// The part of a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Operations arrive and are not measured yet.
    WarmUp = 0,
    /// Operations arrive and are measured.
    Load = 1,
    /// No operation arrives any more.
    Settle = 2,
    /// The run is over.
    End = 3,
}

/// The purpose of a message; the cost measure counts them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum MessageClass {
    /// Between a client and its entry point.
    Client = 0,
    /// Between services, drivers and participants, requests and replies.
    Service = 1,
    /// To or from a broker.
    Broker = 2,
    /// Between a service and its database.
    Database = 3,
    /// A read probe and its reply.
    Probe = 4,
}

impl MessageClass {
    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Client, Self::Service, Self::Broker, Self::Database, Self::Probe];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Service => "service",
            Self::Broker => "broker",
            Self::Database => "database",
            Self::Probe => "probe",
        }
    }
}
