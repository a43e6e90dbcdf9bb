//! The system under study, as data that all variants of a comparison share.
//!
//! `scenario` builds a [`System`] from text; everything else in `model` executes it. All ids are
//! positions in the vectors of [`System`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kernel::{Dist, Span, Time};

mod columns;
mod databases;
mod drivers;
mod expr;
mod layouts;
mod operation;
mod ownership;
mod quorums;
mod rates;
mod retry;

pub use columns::Columns;
pub use databases::{DatabaseSpec, ForceSpec, KeepaliveSpec, LockOrder};
pub use drivers::DriverSpec;
pub use expr::{Expr, Why};
pub use layouts::{Layout, Rights};
pub use operation::{
    Below, Derive, DeriveRule, Effect, KeyChoice, KeySpec, Lookup, OperationSpec, ReadFirst,
    Refuse, RowLock, StepSpec, ValueSpec,
};
pub use ownership::{Access, Api, Feed, Grant, ReplicaSpec, Work};
pub use quorums::{QuorumLegs, QuorumRound, QuorumSpec};
pub use retry::{BreakerSpec, RetryChange, RetrySpec};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize,
        )]
        pub struct $name(pub $int);
        impl $name {
            /// The position in a vector.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(/// A service, by its position in [`System::services`].
    ServiceId(u16));
id!(/// A database, by its position in [`System::databases`].
    DatabaseId(u16));
id!(/// A table, by its position in [`System::tables`].
    TableId(u16));
id!(/// A kind of operation, by its position in [`System::operations`].
    OperationKind(u16));
id!(/// A load, by its position in [`System::loads`].
    LoadId(u16));
id!(/// A step, by its position in [`OperationSpec::steps`].
    StepId(u8));
id!(/// A row of a table. Initial rows are 0..rows; rows made by operations have the top bit set.
    RowKey(u64));

impl StepId {
    /// The absence of a step.
    pub const NONE: Self = Self(u8::MAX);
}

/// The most kinds of operations a system may have.
pub const MAX_KINDS: usize = 256;
/// The most steps an operation may have.
pub const MAX_STEPS: usize = 8;
/// The most keys an operation may have.
pub const MAX_KEYS: usize = 6;
/// The most columns a table may have.
pub const MAX_COLUMNS: usize = 64;

/// A name as shown, and the stream name that random draws hash instead of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name {
    /// The name as reports show it.
    pub shown: Arc<str>,
    /// The stream name, by default the shown one. Draws hash it, and counterexamples use it.
    pub stream_name: Arc<str>,
    /// Stable hash of the stream name.
    pub stream: u64,
}

impl Name {
    /// A name whose stream is its own text.
    pub fn new(shown: &str) -> Self {
        Self::with_stream(shown, shown)
    }

    /// Returns whether this is the shown name or the stream name.
    pub fn is_called(&self, name: &str) -> bool {
        *self.shown == *name || *self.stream_name == *name
    }

    /// This name from a time on: shown with that time, and with the same random numbers.
    #[must_use]
    pub fn later(&self, from: Span) -> Self {
        Self::with_stream(&format!("{} (from {from})", self.shown), &self.stream_name)
    }

    /// A name that draws as `stream` does, so that a rename keeps every draw.
    pub fn with_stream(shown: &str, stream: &str) -> Self {
        let shown: Arc<str> = shown.into();
        let stream_name = if *shown == *stream { Arc::clone(&shown) } else { stream.into() };
        Self { shown, stream_name, stream: xxhash_rust::xxh3::xxh3_64(stream.as_bytes()) }
    }
}

/// The system under study, with everything that all variants have in common.
#[derive(Clone, Debug)]
pub struct System {
    /// The scenario's name.
    pub name: Arc<str>,
    /// Services, in the order of the file.
    pub services: Vec<ServiceSpec>,
    /// Databases, in the order of the file.
    pub databases: Vec<DatabaseSpec>,
    /// Tables, in the order of the file.
    pub tables: Vec<TableSpec>,
    /// The broker, for the patterns that need one.
    pub broker: BrokerSpec,
    /// The links, with their delays and losses.
    pub links: Links,
    /// The disk of nodes that keep a log of their own (coordinator, orchestrator, job).
    pub driver_disk: ForceSpec,
    /// Recovery time of a driver node (coordinator, orchestrator, job, relay) after a restart.
    pub driver_recovery: Span,
    /// Time until clients notice that a driver node is down.
    pub driver_endpoint_delay: Span,
    /// The zone of the driver nodes, the broker included.
    pub driver_zone: Option<Arc<str>>,
    /// Time without a sign of life after which the share of a relay or a job goes to its other
    /// instances.
    pub take_over: Span,
    /// The log of workflows is cleared of those that ended whenever so many can be forgotten.
    pub clear_after: u32,
    /// The capacity of the driver nodes by role; that of the broker is in its own declaration.
    pub drivers: BTreeMap<&'static str, DriverSpec>,
    /// The business operations.
    pub operations: Vec<OperationSpec>,
    /// The loads: which operations arrive, when, and with which keys.
    pub loads: Vec<LoadSpec>,
    /// Read probes and readers.
    pub reads: Vec<ReadSpec>,
    /// Copies of tables that other services keep for themselves.
    pub replicas: Vec<ReplicaSpec>,
    /// Tables that are written to and read from quorums of copies.
    pub quorums: Vec<QuorumSpec>,
    /// The layouts and the times from which they hold, the first from the start; empty unless the
    /// technique is switched. Each table then has the owner that it has first, and the grants of
    /// all layouts.
    pub layouts: Vec<Layout>,
    /// The declared invariants of the tables.
    pub invariants: Vec<InvariantSpec>,
    /// The retry policy, as far as operations and called services have none of their own.
    pub retry: RetrySpec,
    /// The behaviour of clients.
    pub client: ClientSpec,
    /// Warm-up, load, settle.
    pub phases: Phases,
    /// Symbols used as values (`"open"`); a value is the position here.
    pub symbols: Vec<Arc<str>>,
}

/// A service: workers, a queue and the work of one request.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    /// Its name.
    pub name: Name,
    /// Number of nodes that run it; each has its own workers and queue.
    pub instances: u16,
    /// Requests served at once, per instance.
    pub workers: u32,
    /// Requests that may wait, per instance; further ones are rejected.
    pub queue: u32,
    /// Own work per request, beside what its databases do.
    pub work: Dist,
    /// Recovery time after a restart, before it serves.
    pub recovery: Span,
    /// Time until the load balancing over its instances notices that one is down.
    pub endpoint_delay: Span,
    /// The zone in which its nodes stand.
    pub zone: Option<Arc<str>>,
    /// The keys in which the retry policy of calls to it differs.
    pub retry: RetryChange,
    /// The service into which it was consolidated, if any: it then has no node of its own, and a
    /// fault on it is a fault on the other.
    pub within: Option<ServiceId>,
}

/// The isolation of readers from rows that are being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadMode {
    /// Wait for a shared lock.
    Locking,
    /// Read the last committed version.
    Snapshot,
}

/// A table, its owner and its shape.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its name.
    pub name: Name,
    /// The service that may write it and serves requests about it.
    pub owner: ServiceId,
    /// The consolidated service that served requests about it before, whose work they still cost;
    /// none without a consolidation.
    pub part: Option<ServiceId>,
    /// Services beside the owner that access it directly, in its database.
    pub grants: Vec<Grant>,
    /// The interface that callers of its owner depend on.
    pub api: Api,
    /// Services that keep tables of their own with the same schema, which change together with it.
    pub conformists: Vec<ServiceId>,
    /// The database that stores it.
    pub database: DatabaseId,
    /// Column names and their values in initial rows.
    pub columns: Vec<ColumnSpec>,
    /// Number of rows before the run, with keys 0..rows.
    pub rows: u64,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Its value in initial rows.
    pub initial: i64,
}

/// A column of a table, by position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ColumnRef {
    /// The table.
    pub table: TableId,
    /// The position in [`TableSpec::columns`].
    pub column: u8,
}

/// The broker that event-based patterns use.
#[derive(Clone, Debug)]
pub struct BrokerSpec {
    /// Its name.
    pub name: Name,
    /// Recovery time after a restart.
    pub recovery: Span,
    /// Time to store a message durably.
    pub force: Dist,
    /// Work for one message; limits its throughput, one message at a time for each partition.
    pub work: Dist,
    /// Messages that are worked on at once, over all partitions, per instance.
    pub workers: u32,
    /// Number of nodes that share the partitions.
    pub instances: u16,
    /// Messages of a partition that a consumer group is delivered at once.
    pub in_flight: u16,
}

/// The links between nodes, by the kinds of the two nodes.
#[derive(Clone, Debug)]
pub struct Links {
    /// One-way delay between any two nodes, unless said otherwise.
    pub default: LinkSpec,
    /// One-way delay between a service and its database.
    pub database: LinkSpec,
    /// One-way delay between clients and entry points.
    pub client: LinkSpec,
    /// Links between named services, in either direction.
    pub between: BTreeMap<(ServiceId, ServiceId), LinkSpec>,
}

/// The behaviour of one link.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// One-way delay.
    pub delay: Dist,
    /// One-way delay of replies, if it is another.
    pub reply_delay: Option<Dist>,
    /// Share of messages that are lost, 0 to 1.
    pub loss: f64,
    /// Share of replies that are lost, if it is another.
    pub reply_loss: Option<f64>,
    /// Share of messages that arrive twice, 0 to 1.
    pub duplicate: f64,
}

/// A stream of operations.
#[derive(Clone, Debug)]
pub struct LoadSpec {
    /// Its name.
    pub name: Name,
    /// The operation that it offers.
    pub operation: OperationKind,
    /// The arrival process.
    pub arrivals: Arrivals,
    /// Start, since the start of the run.
    pub from: Time,
    /// End, at the end of the load at the latest.
    pub until: Time,
}

/// The arrival process of a load.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Independent arrivals at this rate per second.
    Poisson(f64),
    /// One arrival each time this span has passed.
    Constant(Span),
    /// Poisson at `base` per second, at `peak` per second for `length` every `every`.
    Bursts {
        /// Rate between bursts.
        base: f64,
        /// Rate within bursts.
        peak: f64,
        /// From the start of one burst to the start of the next.
        every: Span,
        /// Duration of a burst.
        length: Span,
    },
    /// At these times.
    Trace(Arc<[Time]>),
    /// So many arrivals in the interval that begins at each of these times, as of a Poisson process
    /// given their number: independent and uniform in the interval.
    Counted {
        /// The start of each interval and the number of arrivals in it. Intervals do not overlap.
        rows: Arc<[(Time, u64)]>,
        /// Length of an interval.
        every: Span,
    },
    /// After each arrival of another load (not its answer), with probability `share`.
    Follows {
        /// The load whose operations are followed; keys are taken from them.
        load: LoadId,
        /// Delay after the arrival that is followed.
        delay: Dist,
        /// Share that is followed.
        share: f64,
    },
    /// Closed loop: so many clients, each with one operation at a time.
    Closed {
        /// Number of clients.
        clients: u32,
        /// Pause between an answer and the next request.
        think: Dist,
    },
}

/// Reads that measure what a reader sees.
#[derive(Clone, Debug)]
pub struct ReadSpec {
    /// Its name.
    pub name: Name,
    /// The service that is asked and reads for the reader, through its access to each table; none
    /// if the reader asks every owner itself.
    pub by: Option<ServiceId>,
    /// The consolidated service that was asked before, whose work the read still costs; none
    /// without a consolidation.
    pub part: Option<ServiceId>,
    /// Core time of its query, for readers of a column; by default that of any statement.
    pub work: Option<Dist>,
    /// The cells that are read, and when.
    pub what: ReadWhat,
}

impl ReadSpec {
    /// Returns whether the times of the read count from the clients' answers.
    pub const fn follows_answers(&self) -> bool {
        matches!(self.what, ReadWhat::Operation { after: Anchor::Answer, .. })
    }
}

/// The moment of an operation from which the times of a read count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Anchor {
    /// Its arrival: the same times in every variant.
    Arrival,
    /// Its client's answer; if the client gives up, the operation is not read.
    Answer,
}

/// The cells of a read, and when it reads them.
#[derive(Clone, Debug)]
pub enum ReadWhat {
    /// The rows of these steps for every offered operation, at these times after its arrival or its
    /// answer.
    Operation {
        /// The operation.
        kind: OperationKind,
        /// The steps whose rows are read.
        steps: Vec<StepId>,
        /// The times, since the anchor.
        at: Vec<Span>,
        /// The anchor of these times.
        after: Anchor,
        /// The share of the operations that are read, drawn per operation, equal in every variant.
        share: f64,
    },
    /// One column of a row, by independent readers.
    Column {
        /// The column.
        column: ColumnRef,
        /// The choice of the row.
        choice: KeyChoice,
        /// Reads per second.
        rate: f64,
    },
}

/// A condition on the tables.
#[derive(Clone, Debug)]
pub struct InvariantSpec {
    /// The invariant in words.
    pub name: Arc<str>,
    /// The times at which it must hold for the verdict; violations are measured at any time.
    pub when: When,
    /// The rule that must hold.
    pub rule: InvariantRule,
    /// The property whose keeping it follows from, by its name: a pattern that does not promise the
    /// one does not promise the other. None if somebody declared it, whatever the pattern.
    pub follows_from: Option<&'static str>,
}

/// The time at which an invariant must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum When {
    /// At rest: the system is quiescent.
    AtRest,
    /// At every instant.
    Always,
}

/// The incremental forms of an invariant.
#[derive(Clone, Debug)]
pub enum InvariantRule {
    /// In every row, `column` equals the number of `of` rows whose `by` holds its key and that
    /// pass the filter.
    CountEqual {
        /// The counting column.
        column: ColumnRef,
        /// The counted table.
        of: TableId,
        /// Column of the counted table that names the counting row.
        by: u8,
        /// The values of the rows that count.
        filter: Vec<(u8, i64)>,
    },
    /// These columns, summed over all rows, keep their initial sum.
    SumConstant(Vec<ColumnRef>),
    /// Every row of `table` that passes the filter has a row with the same key (or the key in
    /// `by`) in `to` that passes `to_filter`.
    References {
        /// The referring table.
        table: TableId,
        /// Column that names the referred row; by default its own key.
        by: Option<u8>,
        /// The values of the rows that refer.
        filter: Vec<(u8, i64)>,
        /// The referred table.
        to: TableId,
        /// The values that the referenced row must have.
        to_filter: Vec<(u8, i64)>,
    },
    /// In every row, `column` equals column `to` of the row with the same key (or the key in
    /// `by`), where there is such a row.
    Equal {
        /// The column that is to equal another.
        column: ColumnRef,
        /// Column of the same table that names the other row; by default its own key.
        by: Option<u8>,
        /// The other column.
        to: ColumnRef,
    },
    /// The column never leaves these bounds.
    Bound {
        /// The column.
        column: ColumnRef,
        /// Least value allowed.
        least: Option<i64>,
        /// Greatest value allowed.
        most: Option<i64>,
    },
}

/// The deadlines and attempts of clients.
#[derive(Clone, Copy, Debug)]
pub struct ClientSpec {
    /// The time after the arrival at which a client gives up.
    pub deadline: Span,
    /// Attempts with the same idempotency key, the first included; by default those of the
    /// operation's retry policy.
    pub attempts: Option<u16>,
    /// The time after which one of several attempts is given up; by default the deadline of a step
    /// in the operation's retry policy.
    pub attempt_deadline: Option<Span>,
}

/// The phases of a run.
#[derive(Clone, Debug)]
pub struct Phases {
    /// Warm-up: operations that arrive earlier are not measured.
    pub warm_up: Span,
    /// End of the load, since the start of the run, at which all faults are healed.
    pub load: Span,
    /// The longest time for the system to settle after the load.
    pub settle: Span,
}

impl System {
    /// All kinds of operations.
    pub fn kinds(&self) -> impl Iterator<Item = OperationKind> + use<> {
        (0..self.operations.len() as u16).map(OperationKind)
    }

    /// The kinds of operations that the scenario declares, without those that replace them from a
    /// switch on.
    pub fn declared_kinds(&self) -> impl Iterator<Item = OperationKind> + '_ {
        self.kinds().filter(|kind| self.declared(*kind) == *kind)
    }

    /// The declared kinds of operations that headlines pool: those that span several stores in the
    /// scenario as written or, if none does, all. It is the same in every variant.
    pub fn pooled_kinds(&self) -> Vec<OperationKind> {
        let (wide, local): (Vec<_>, Vec<_>) =
            self.declared_kinds().partition(|kind| self.operation(*kind).spans_stores);
        if wide.is_empty() { local } else { wide }
    }

    /// All services.
    pub fn service_ids(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (0..self.services.len() as u16).map(ServiceId)
    }

    /// All tables.
    pub fn table_ids(&self) -> impl Iterator<Item = TableId> + use<> {
        (0..self.tables.len() as u16).map(TableId)
    }

    /// Every step of every operation.
    pub fn steps(&self) -> impl Iterator<Item = &StepSpec> {
        self.operations.iter().flat_map(|operation| &operation.steps)
    }

    /// The operation of this kind.
    pub fn operation(&self, kind: OperationKind) -> &OperationSpec {
        &self.operations[kind.index()]
    }

    /// The table with this id.
    pub fn table(&self, table: TableId) -> &TableSpec {
        &self.tables[table.index()]
    }

    /// All zones that are named, in the order of their names.
    pub fn zones(&self) -> BTreeSet<&Arc<str>> {
        let services = self.services.iter().filter_map(|service| service.zone.as_ref());
        let databases = self.databases.iter().filter_map(|database| database.zone.as_ref());
        services.chain(databases).chain(&self.driver_zone).collect()
    }

    /// The longest recovery time of any node after a restart.
    pub fn longest_recovery(&self) -> Span {
        let services = self.services.iter().map(|service| service.recovery);
        let databases = self.databases.iter().map(|database| database.recovery);
        let drivers = [self.driver_recovery, self.broker.recovery];
        services.chain(databases).chain(drivers).max().unwrap_or_default()
    }

    /// The longest time for which any database keeps the locks of a silent client.
    pub fn longest_silence(&self) -> Span {
        self.databases.iter().map(DatabaseSpec::longest_silence).max().unwrap_or_default()
    }

    /// The service with this name.
    pub fn service_named(&self, name: &str) -> Option<ServiceId> {
        let at = self.services.iter().position(|service| service.name.is_called(name))?;
        Some(ServiceId(at as u16))
    }
}
