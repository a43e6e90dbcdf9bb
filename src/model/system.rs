//! The system under study, as data: what every variant of a comparison shares.
//!
//! `scenario` builds a [`System`] from text; everything else in `model` brings it to life. All ids
//! are positions in the vectors of [`System`].

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
            /// As a position in a vector.
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
    /// The stream name, by default the shown one: what draws hash, and what counterexamples call
    /// it.
    pub lasting: Arc<str>,
    /// Stable hash of the stream name.
    pub stream: u64,
}

impl Name {
    /// A name whose stream is its own text.
    pub fn new(shown: &str) -> Self {
        Self::with_stream(shown, shown)
    }

    /// Returns whether it is called so, now or lastingly.
    pub fn is_called(&self, name: &str) -> bool {
        *self.shown == *name || *self.lasting == *name
    }

    /// The same from a time on: shown with that time, and with the same random numbers.
    #[must_use]
    pub fn later(&self, from: Span) -> Self {
        Self::with_stream(&format!("{} (from {from})", self.shown), &self.lasting)
    }

    /// A name that draws as `stream` does, so that a rename keeps every draw.
    pub fn with_stream(shown: &str, stream: &str) -> Self {
        let shown: Arc<str> = shown.into();
        let lasting = if *shown == *stream { Arc::clone(&shown) } else { stream.into() };
        Self { shown, lasting, stream: xxhash_rust::xxh3::xxh3_64(stream.as_bytes()) }
    }
}

/// Everything that a run of any variant has in common.
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
    /// How long messages take.
    pub links: Links,
    /// The disk of nodes that keep a log of their own (coordinator, orchestrator, job).
    pub driver_disk: ForceSpec,
    /// How long a driver node (coordinator, orchestrator, job, relay) needs after a restart.
    pub driver_recovery: Span,
    /// How long it takes to find out that a driver node to which clients turn is away.
    pub driver_endpoint_delay: Span,
    /// The zone of the driver nodes, the broker included.
    pub driver_zone: Option<Arc<str>>,
    /// The share of a relay or a job that was not heard of for so long goes to its other instances.
    pub take_over: Span,
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
    /// The layouts and the times from which they hold, the first from the start, where the
    /// technique is switched; else empty. Each table then has the owner that it has first, and
    /// whatever any of them grants.
    pub layouts: Vec<Layout>,
    /// The declared invariants of the tables.
    pub invariants: Vec<InvariantSpec>,
    /// The retry policy, as far as operations and called services have none of their own.
    pub retry: RetrySpec,
    /// How clients behave.
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
    /// How many nodes run it; each has its own workers and queue.
    pub instances: u16,
    /// Requests served at once, per instance.
    pub workers: u32,
    /// Requests that may wait, per instance; further ones are rejected.
    pub queue: u32,
    /// Own work per request, beside what its databases do.
    pub work: Dist,
    /// How long it needs after a restart before it serves.
    pub recovery: Span,
    /// How long those who spread requests over its instances need to find out that one is away.
    pub endpoint_delay: Span,
    /// The zone in which its nodes stand.
    pub zone: Option<Arc<str>>,
    /// The keys in which the retry policy of calls to it differs.
    pub retry: RetryChange,
    /// Set if it was consolidated into another service: it has no node of its own, does nothing
    /// under its own name, and what strikes it strikes the other.
    pub within: Option<ServiceId>,
}

/// How readers see rows that are being written.
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
    /// The service that may write it and answers for it to others.
    pub owner: ServiceId,
    /// The service that answered for it before that one was consolidated, and whose work it still
    /// costs; none if nothing was.
    pub part: Option<ServiceId>,
    /// Services beside the owner that go to it directly, in its database.
    pub grants: Vec<Grant>,
    /// The interface that callers of its owner depend on.
    pub api: Api,
    /// Services that keep tables of their own with the same schema, which change with it.
    pub conformists: Vec<ServiceId>,
    /// Where it is stored.
    pub database: DatabaseId,
    /// Column names and their values in initial rows.
    pub columns: Vec<ColumnSpec>,
    /// How many rows exist before the run, with keys 0..rows.
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
    /// How long it needs after a restart.
    pub recovery: Span,
    /// How long it takes to store a message durably.
    pub force: Dist,
    /// Work per message; bounds its throughput, one message at a time per partition.
    pub work: Dist,
    /// Messages that are worked on at once, over all partitions, per instance.
    pub workers: u32,
    /// How many nodes share the partitions.
    pub instances: u16,
    /// Messages of a partition that a consumer group is handed at once.
    pub in_flight: u16,
}

/// How long messages take, by who talks to whom.
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
    /// Share of messages that vanish, 0 to 1.
    pub loss: f64,
    /// Share of replies that vanish, if it is another.
    pub reply_loss: Option<f64>,
    /// Share of messages that arrive twice, 0 to 1.
    pub duplicate: f64,
}

/// A stream of operations.
#[derive(Clone, Debug)]
pub struct LoadSpec {
    /// Its name.
    pub name: Name,
    /// Which operation it offers.
    pub operation: OperationKind,
    /// When.
    pub arrivals: Arrivals,
    /// From when on, since the start of the run.
    pub from: Time,
    /// Until when, at most the end of the load.
    pub until: Time,
}

/// When the operations of a load arrive.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Independent arrivals at this rate per second.
    Poisson(f64),
    /// One every so often.
    Constant(Span),
    /// Poisson at `base` per second, at `peak` per second for `length` every `every`.
    Bursts {
        /// Rate between bursts.
        base: f64,
        /// Rate within bursts.
        peak: f64,
        /// From the start of one burst to the start of the next.
        every: Span,
        /// How long a burst lasts.
        length: Span,
    },
    /// At these times.
    Trace(Arc<[Time]>),
    /// So many in the interval that begins at each of these times, as of a Poisson process of which
    /// that many came: drawn independently, and each instant as likely as another.
    Counted {
        /// When an interval begins, and how many come in it. None begins before another is over.
        rows: Arc<[(Time, u64)]>,
        /// How long an interval is.
        every: Span,
    },
    /// After each arrival of another load (not its answer), with probability `share`.
    Follows {
        /// The load whose operations are followed; keys are taken over from them.
        load: LoadId,
        /// How long after.
        delay: Dist,
        /// Share that is followed.
        share: f64,
    },
    /// Closed loop: so many clients, each with one operation at a time.
    Closed {
        /// How many.
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
    /// The service that is asked and reads for the reader, each table by the path that it has to
    /// it; none if the reader asks every owner itself.
    pub by: Option<ServiceId>,
    /// The service that was asked before that one was consolidated, and whose work it still costs;
    /// none if nothing was.
    pub part: Option<ServiceId>,
    /// Core time of its query, unless what any statement takes; for readers of a column.
    pub work: Option<Dist>,
    /// The cells that are read, and when.
    pub what: ReadWhat,
}

impl ReadSpec {
    /// Returns whether it looks at operations so long after their clients were answered.
    pub const fn follows_answers(&self) -> bool {
        matches!(self.what, ReadWhat::Operation { after: Anchor::Answer, .. })
    }
}

/// The moment of an operation from which the times of a read count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Anchor {
    /// Its arrival: the same times in every variant.
    Arrival,
    /// Its client's answer; an operation whose client gives up is not read.
    Answer,
}

/// The cells of a read, and when it reads them.
#[derive(Clone, Debug)]
pub enum ReadWhat {
    /// For every offered operation, the rows of these steps, at these times after its arrival or
    /// its answer.
    Operation {
        /// The operation.
        kind: OperationKind,
        /// Which of its steps.
        steps: Vec<StepId>,
        /// When.
        at: Vec<Span>,
        /// The moment from which these times count.
        after: Anchor,
        /// The share of the operations that are read, drawn per operation, equal in every variant.
        share: f64,
    },
    /// One column of a row, by independent readers.
    Column {
        /// The column.
        column: ColumnRef,
        /// How the row is chosen.
        choice: KeyChoice,
        /// Reads per second.
        rate: f64,
    },
}

/// Something that must be true of the tables.
#[derive(Clone, Debug)]
pub struct InvariantSpec {
    /// The invariant in words.
    pub name: Arc<str>,
    /// When it must hold for a verdict; how long it does not is measured regardless.
    pub when: When,
    /// The rule that must hold.
    pub rule: InvariantRule,
}

/// When an invariant must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum When {
    /// Once everything has settled.
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
        /// Which rows count.
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
        /// Which rows refer.
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

/// How clients behave.
#[derive(Clone, Copy, Debug)]
pub struct ClientSpec {
    /// A client gives up this long after the arrival.
    pub deadline: Span,
    /// Attempts with the same idempotency key, the first included; those of the operation's retry
    /// policy, unless clients differ.
    pub attempts: Option<u16>,
    /// One attempt of several is given up after this; after the deadline of a step in the
    /// operation's retry policy, unless clients differ.
    pub attempt_deadline: Option<Span>,
}

/// The course of a run.
#[derive(Clone, Debug)]
pub struct Phases {
    /// Operations that arrive earlier are not measured.
    pub warm_up: Span,
    /// End of the load, since the start of the run; everything is healed then.
    pub load: Span,
    /// How long the system may take to settle after the load, at most.
    pub settle: Span,
}

impl System {
    /// All kinds of operations.
    pub fn kinds(&self) -> impl Iterator<Item = OperationKind> + use<> {
        (0..self.operations.len() as u16).map(OperationKind)
    }

    /// The kinds of operations that the scenario declares, without those that a switch brings in
    /// their places.
    pub fn declared_kinds(&self) -> impl Iterator<Item = OperationKind> + '_ {
        self.kinds().filter(|kind| self.declared(*kind) == *kind)
    }

    /// The declared kinds of operations that headlines pool: those that span several stores in the
    /// scenario as written or, where none does, all. The same in every variant.
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

    /// The longest that any node needs after a restart before it serves.
    pub fn longest_recovery(&self) -> Span {
        let services = self.services.iter().map(|service| service.recovery);
        let databases = self.databases.iter().map(|database| database.recovery);
        let drivers = [self.driver_recovery, self.broker.recovery];
        services.chain(databases).chain(drivers).max().unwrap_or_default()
    }

    /// The longest time for which any database keeps the locks of a client of which it hears
    /// nothing.
    pub fn longest_silence(&self) -> Span {
        self.databases.iter().map(DatabaseSpec::longest_silence).max().unwrap_or_default()
    }

    /// The service with this name.
    pub fn service_named(&self, name: &str) -> Option<ServiceId> {
        let at = self.services.iter().position(|service| service.name.is_called(name))?;
        Some(ServiceId(at as u16))
    }
}
