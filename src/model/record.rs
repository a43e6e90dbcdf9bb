//! The history: what really happened, one fixed-size record at a time.
//!
//! Records are written where an event cannot be faked: by stores when they commit, by the network
//! when it carries, by clients when they hear an answer, by nodes when they crash. Measures and
//! checks read records and nothing else.

use serde::{Deserialize, Serialize};

use super::system::{OperationKind, ServiceId, StepId, TableId};
use crate::kernel::{Fingerprint, NodeId, Semantic, Time};

/// One offered business operation of a run, numbered in the order of arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct OpId(pub u32);

impl OpId {
    /// What happens on behalf of no operation.
    pub const NONE: Self = Self(u32::MAX);
}

/// A local transaction or a branch of a distributed one, unique within its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TxnId(pub u64);

/// One line of the history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// When it happened.
    pub time: Time,
    /// First word; its meaning depends on [`Kind`].
    pub a: u64,
    /// Second word; its meaning depends on [`Kind`].
    pub b: u64,
    /// The operation on whose behalf it happened, or [`OpId::NONE`].
    pub op: OpId,
    /// What it is about: a database, link, table column, topic or name; depends on [`Kind`].
    pub subject: u32,
    /// The process that did it; 0 is the world itself.
    pub process: u32,
    /// The message that it is about, or 0.
    pub message: u32,
    /// The message that started the process, or 0.
    pub cause: u32,
    /// The node where it happened.
    pub node: NodeId,
    /// How often that node had been restarted.
    pub incarnation: u16,
    /// Which attempt at the operation or step, from 0.
    pub attempt: u16,
    /// What happened.
    pub kind: Kind,
    /// The step of the operation, or [`StepId::NONE`].
    pub step: StepId,
}

impl Semantic for Record {
    fn fold(&self, into: &mut Fingerprint) {
        if matches!(self.kind, Kind::Keyed | Kind::Contended | Kind::Served) {
            return;
        }
        into.word(self.time.as_nanos());
        into.word(self.a);
        into.word(self.b);
        into.word(u64::from(self.op.0) << 32 | u64::from(self.subject));
        let place = u64::from(self.node.0) << 48 | u64::from(self.attempt) << 16;
        into.word(place | u64::from(self.kind as u8) << 8 | u64::from(self.step.0));
    }
}

/// What a [`Record`] says, and what its words mean.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    // Clients.
    /// An operation arrived. `subject` = operation kind, `a` = deadline as an instant (ns),
    /// `b` = 1 if it arrived between warm-up and the end of the load (measured), else 0.
    Offered,
    /// One key of an operation that arrived, written right behind its `Offered`, one record a
    /// step: `step`, `subject` = table, `a` = row key that this step touches.
    Touches,
    /// The client got its answer, or gave up: `a` = [`Answer`] as a number, `b` = ns since arrival.
    Answered,
    /// A read probe began: `subject` = read (index in `System::reads`), `a` = probe number, `b` =
    /// how many cells it will read. `op` = the probed operation, or none for a Poisson reader.
    ProbeBegan,
    /// A probe's read of one step's row reached the store: `a` = probe number, `b` = what the row
    /// shows of the probed operation's `step`: 0 nothing (or undone), 1 applied, 2 anything else.
    /// For a reader without an operation: `subject` = table column (see [`column_subject`]),
    /// `b` = row key.
    ProbeSaw,
    /// A probe ended: `a` = probe number, `b` = 0 all cells were read, 1 error, 2 timed out.
    ProbeEnded,

    // Stores.
    /// A transaction committed in database `subject`: `a` = transaction.
    Committed,
    /// A transaction rolled back in database `subject`: `a` = transaction, `b` = [`AbortCause`].
    Aborted,
    /// Provenance changed at a commit: `op`, `step` = whose effect, `a` = 0 forward effect,
    /// 1 compensation; `b` = change of how often the store shows it, as `i64` (+1, -1).
    /// `subject` = table column.
    Shown,
    /// A cell of a committed row has a new value: `subject` = table column, `a` = row key,
    /// `b` = value as `i64`. A row that was deleted has [`ROW_GONE`] in column 255.
    Value,
    /// A transaction waits for a row lock: `subject` = database, `a` = transaction, `b` = row hash.
    LockWait,
    /// A waiting transaction got its lock: words as in `LockWait`.
    LockGranted,
    /// A waiting transaction gave up: words as in `LockWait`; `step` keeps its meaning and
    /// `attempt` = 0 timeout, 1 deadlock victim, 2 cancelled.
    LockFailed,
    /// A row lock was given back: `subject` = database, `a` = row hash, `b` = ns it was held.
    LockHeld,
    /// A branch forced its prepared record: `subject` = database, `a` = transaction, `b` = the
    /// distributed transaction, unique for its operation.
    Prepared,
    /// A row that a prepared branch keeps locked: written right behind `Prepared`, one a row:
    /// `subject` = database, `a` = transaction, `b` = row hash.
    PreparedRow,
    /// The decision about a prepared branch is known at its store: `subject` = database,
    /// `a` = transaction, `b` = 0 commit, 1 abort, 2 heuristic commit, 3 heuristic abort.
    Resolved,
    /// A log was forced to disk: `subject` = log (see `World::log_name`), `a` = records covered,
    /// `b` = ns the device took.
    Forced,
    /// Records were appended to a log: `subject` = log, `a` = record label (interned), `b` = 1 if
    /// the writer waits for a forced write, else 0.
    Logged,
    /// A database worked: `subject` = database, `a` = ns of core time, `b` = ns waited for a core.
    Worked,

    // Network.
    /// A message left: `subject` = label (interned), `a` = destination node,
    /// `b` = [`MessageClass`].
    Sent,
    /// A message arrived at `node`: `a` = sender node, `b` = [`MessageClass`].
    Delivered,
    /// A message was lost on the way: `a` = destination, `b` = [`MessageClass`], with [`DAMAGED`]
    /// if it arrived damaged and its receiver threw it away.
    Lost,
    /// The network made a second copy of `message`: `a` = the copy's number.
    Duplicated,

    // Services.
    /// A request took its place in a queue: `subject` = service, `a` = queue length behind it.
    Queued,
    /// A request left the queue for a worker: `subject` = service, `b` = ns waited.
    Started,
    /// A request ended: `subject` = service, `a` = ns of drawn work, `b` = ns since it was queued.
    Finished,
    /// A queue was full: `subject` = service.
    Overflowed,
    /// A crash dropped requests: `subject` = service, `a` = how many, `b` = their summed ns.
    Dropped,

    // Protocols (semantic points; measures never trust them as outcomes).
    /// A step's effect was refused by a business rule at its store: `subject` = table.
    RefusedByRule,
    /// A coordinator or orchestrator decided: `a` = 0 commit, 1 abort.
    Decided,
    /// A retry was made: `subject` = label (interned).
    Retried,
    /// Something durable holds unfinished work for `op`: `a` = +1 or -1 as `i64`; `subject` =
    /// label (interned): outbox row, workflow, prepared branch, inbox, dead letter.
    Holds,
    /// A broker took a message: `subject` = topic, `a` = partition, `b` = message number.
    Published,
    /// A broker handed a message out: `subject` = topic, `a` = delivery count, `b` = number.
    Handed,
    /// A broker forgot or buried a message: `subject` = topic, `a` = 0 lost, 1 dead letter,
    /// `b` = number.
    Buried,
    /// A human is asked: retries are exhausted and nobody will move it. `subject` = label.
    Intervention,

    // The world.
    /// A fault began: `subject` = fault (index in the plan), `a` = target node or link.
    FaultBegan,
    /// A fault ended: words as in `FaultBegan`.
    FaultEnded,
    /// A node crashed: `a` = processes dropped.
    Crashed,
    /// A node is back: `a` = incarnation.
    Restarted,
    /// A phase began: `a` = 0 warm-up, 1 measured load, 2 settle, 3 end; `b` = 1 if settled
    /// (only for the end).
    Phase,

    // Leases. (New kinds come last: the numbers of the others are in fingerprints.)
    /// A lease was granted, durably: `subject` = label (interned), `a` = its epoch, which is the
    /// fencing token, `b` = the node that holds it.
    Leased,
    /// A transaction passed the fence of database `subject`: `a` = transaction, `b` = its token.
    /// One that does not pass is `Aborted` as [`AbortCause::Fenced`].
    Fenced,
    /// A transaction committed an idempotency key (a row of an inbox): `op`, `step` = what was to
    /// be done once, `subject` = database, `a` = 0 to carry it out, 1 to take it back. Written
    /// right before the transaction's `Committed`. Not part of the fingerprint.
    Keyed,
    /// A wait in a database that several services use has ended, one record for each service that
    /// held meanwhile what was waited for: `subject` = database, `a` = the part of the wait that
    /// goes to its account, ns, `b` = who waited, who held and what ([`contended_word`]). Not part
    /// of the fingerprint.
    Contended,
    /// A statement had a core of a database that several services use: `subject` = database,
    /// `a` = ns of core time, `b` = the service it was for. Not part of the fingerprint.
    Served,
    /// From now on a table has another schema: `subject` = table.
    SchemaChanged,
    /// A statement against a table, or an answer about it, failed because the service speaks an old
    /// schema: `subject` = table, `a` = service, `b` = 1 if it is the first.
    SchemaBreak,
    /// A service speaks the new schema of a table: `subject` = table, `a` = service, `b` = 1 if
    /// anything of it had failed.
    Adapted,
}

/// What sessions of a database wait for.
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
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Core, Self::Connection, Self::Lock];

    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Connection => "connection",
            Self::Lock => "row lock",
        }
    }
}

/// Packs who waited, who held (none if no service did) and what into a word.
pub const fn contended_word(
    asker: ServiceId,
    holder: Option<ServiceId>,
    resource: Resource,
) -> u64 {
    let holder = match holder {
        Some(holder) => holder.0,
        None => u16::MAX,
    };
    (resource as u64) << 32 | (holder as u64) << 16 | asker.0 as u64
}

/// Unpacks what [`contended_word`] packed.
pub const fn word_contended(word: u64) -> (ServiceId, Option<ServiceId>, Resource) {
    let holder = match (word >> 16) as u16 {
        u16::MAX => None,
        holder => Some(ServiceId(holder)),
    };
    (ServiceId(word as u16), holder, Resource::ALL[(word >> 32) as usize])
}

/// What a client was told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum Answer {
    /// Everything is done.
    Done = 0,
    /// The first part is done and the rest is promised.
    Accepted = 1,
    /// A business rule said no.
    RefusedByRule = 2,
    /// Overflow, breaker, lock timeout, deadlock, participant down: nothing stays.
    TechnicalNo = 3,
    /// No answer within the deadline.
    Unknown = 4,
}

impl Answer {
    /// All answers, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Done, Self::Accepted, Self::RefusedByRule, Self::TechnicalNo, Self::Unknown];

    /// The answer with this number.
    pub fn from_word(word: u64) -> Self {
        Self::ALL[word as usize]
    }

    /// `done` and `accepted` are a yes.
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Done | Self::Accepted)
    }

    /// A yes, or a refusal by a business rule.
    pub const fn is_definite(self) -> bool {
        matches!(self, Self::Done | Self::Accepted | Self::RefusedByRule)
    }

    /// As reports write it.
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

/// Why a transaction rolled back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum AbortCause {
    /// Its owner asked for it.
    Requested = 0,
    /// A business rule refused a step.
    Rule = 1,
    /// A lock was not granted in time.
    LockTimeout = 2,
    /// Deadlock detection chose it.
    Deadlock = 3,
    /// Its session broke, or its process died.
    Broken = 4,
    /// The database crashed before it was durable.
    Crash = 5,
    /// Its branch was not prepared in time.
    BranchTimeout = 6,
    /// It carried a fencing token lower than one that the database has seen.
    Fenced = 7,
    /// It could not be serialized with others.
    Serialization = 8,
    /// There was no room on the disk for what it had to log.
    DiskFull = 9,
}

/// What a message is for; the cost measure counts them apart.
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

    /// As reports write it.
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

/// In the second word of a `Lost` record: the message arrived, but damaged.
pub const DAMAGED: u64 = 1 << 8;

/// The value of a `Value` record that says its row was deleted.
pub const ROW_GONE: u64 = u64::MAX;

/// Packs a table and one of its columns into a record's subject.
pub const fn column_subject(table: TableId, column: u8) -> u32 {
    (table.0 as u32) << 8 | column as u32
}

/// Unpacks what [`column_subject`] packed.
pub const fn subject_column(subject: u32) -> (TableId, u8) {
    (TableId((subject >> 8) as u16), subject as u8)
}

/// Packs an operation kind into a record's subject.
pub const fn kind_subject(kind: OperationKind) -> u32 {
    kind.0 as u32
}
