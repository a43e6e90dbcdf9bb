//! The format of a scenario file: every table and key, with its documentation and default.
//!
//! This is the reference of the format; the JSON Schema is generated from it. Nothing here knows
//! what a name refers to; `resolve` does.

use super::decode::Fallback::{self, Empty, Fixed};
use super::plan::{FaultText, VariantText};
use super::shape::{shape, words};
use super::sweep::Axes;
use super::values::{
    At, Count, Few, Independent, Length, Map, Portion, Positive, Scalar, Settle, Share, Whole,
};
use crate::kernel::{Dist, Span};

const FORCE: Fallback = Fallback::Profile(|profile| profile.force);
const DELAY: Fallback = Fallback::Profile(|profile| profile.delay);

shape! {
    /// A scenario of driftlab: a system, its load, the variants to compare and what goes wrong.
    "a scenario"
    pub struct File {
        /// Name, seed, profile and course.
        scenario: Head,
        /// How clients behave.
        clients: Clients = Empty,
        /// The retry policy of every operation, whoever makes its attempts.
        retry: Retry = Empty,
        /// The services, by name.
        services: Map<Service>,
        /// The databases, by name.
        databases: Map<Database>,
        /// The tables, by name.
        tables: Map<Table>,
        /// The broker, for the patterns that need one.
        broker: Broker = Empty,
        /// How long messages take.
        links: Links = Empty,
        /// Nodes of patterns: coordinator, orchestrator, job, relay.
        drivers: Drivers = Empty,
        /// The business operations, by name.
        operations: Map<Operation>,
        /// Streams of operations, by name.
        load: Map<Load>,
        /// Read probes and readers, by name.
        reads: Map<Read>,
        /// Conditions that the tables must satisfy.
        invariants: Independent<Invariant>,
        /// Limits that measures and numbers of outcomes must keep.
        expect: Independent<Expect>,
        /// The operations that `driftlab explore` and `list points` run.
        explore: Explore = Empty,
        /// The variants to compare, by name.
        variants: Map<VariantText>,
        /// The faults, and when they happen.
        faults: Independent<FaultText>,
        /// The values that `driftlab sweep` varies, by their places: a list or a range each.
        sweep: Axes,
    }
}

shape! {
    /// Name, seed, profile and course of a scenario.
    "[scenario]"
    pub struct Head {
        /// The name, also of the folder with its results.
        name: At<String>,
        /// The subject of the scenario, in a sentence or two.
        about: Option<String>,
        /// The first seed; further runs count up from it.
        seed: Whole<0, 9_223_372_036_854_775_807> = Fixed("1", "any number will do"),
        /// Defaults for network and disk: lan-nvme, lan-cloud, multi-az, wan, slow-disk.
        profile: At<String> = Fixed("'lan-cloud'", "the most usual place of services today"),
        /// Operations that arrive earlier are not measured.
        warm_up: At<Span> = Fixed("'10s'", "ten times the longest lock wait"),
        /// End of the load, since the start of the run; everything is healed then.
        load: At<Length> = Fixed("'240s'", "room for two outages and a quiet end"),
        /// How long everything may settle after the load: `auto`, or a duration.
        settle: At<Settle> = Fixed("'auto'", "as long as the slowest variant needs, computed"),
    }
}

shape! {
    /// How clients behave.
    "[clients]"
    pub struct Clients {
        /// A client gives up this long after the arrival.
        deadline: At<Length> = Fixed("'5s'", "what a person waits; Envoy's route timeout is 15 s"),
        /// Attempts with the same idempotency key, the first included; by default those of the
        /// operation's retry policy. Only what did not arrive, was refused for want of room or got
        /// no answer is asked again: who answers no has used up the attempts.
        attempts: Option<Few>,
        /// One attempt of several is given up after this; by default after the `step-deadline` of
        /// the operation's retry policy. The last one waits until the deadline.
        attempt_deadline: Option<Length>,
    }
}

shape! {
    /// The keys in which the clients of a variant differ from `[clients]`.
    "clients of its own"
    pub struct OwnClients {
        /// A client gives up this long after the arrival.
        deadline: Option<Length>,
        /// Attempts with the same idempotency key, the first included.
        attempts: Option<Few>,
        /// One attempt of several is given up after this.
        attempt_deadline: Option<Length>,
    }
}

shape! {
    /// The retry policy of every operation, whoever makes its attempts: client, coordinator,
    /// orchestrator or consumer. None multiplies those of another. It covers what the client's
    /// answer waits for; deliveries behind an answer, compensations and recovery follow the
    /// pattern.
    "[retry]"
    pub struct Retry {
        /// Attempts in all, the first included.
        attempts: Few = Fixed("3", "resilience4j"),
        /// Pause before the first retry.
        backoff: Span = Fixed("'500ms'", "resilience4j"),
        /// Each further pause is this many times longer.
        factor: Count = Fixed("2", "Temporal"),
        /// Longest pause.
        longest: Length = Fixed("'5s'", "Envoy: ten times the first"),
        /// A pause is drawn from `(1 - jitter) x pause ..= pause`.
        jitter: Share = Fixed("0.33", "gRPC A6: from 0.8 to 1.2 times"),
        /// Deadline of one step or call.
        step_deadline: At<Length> = Fixed("'2s'", "twice the lock timeout, so that it shows first"),
        /// A circuit breaker before each called service or driver, in the memory of the node that
        /// calls; of all clients together there is one for each entry. While it is open, a call
        /// fails at once. Deliveries, votes and decisions do not ask it.
        breaker: Option<Breaker>,
    }
}

shape! {
    /// The keys in which a policy differs from `[retry]`: of an operation, in calls to a service,
    /// or in a variant. Of those that name the same key, the service counts first, then the
    /// operation.
    "a retry policy of its own"
    pub struct OwnRetry {
        /// Attempts in all, the first included.
        attempts: Option<Few>,
        /// Pause before the first retry.
        backoff: Option<Span>,
        /// Each further pause is this many times longer.
        factor: Option<Count>,
        /// Longest pause.
        longest: Option<Length>,
        /// A pause is drawn from `(1 - jitter) x pause ..= pause`.
        jitter: Option<Share>,
        /// Deadline of one step or call.
        step_deadline: Option<Length>,
        /// A circuit breaker before each called service or driver, in the memory of the node that
        /// calls; of all clients together there is one for each entry. While it is open, a call
        /// fails at once. Deliveries, votes and decisions do not ask it.
        breaker: Option<At<Breaker>>,
    }
}

shape! {
    /// A circuit breaker: who keeps failing is not asked for a while.
    "a circuit breaker"
    pub struct Breaker {
        /// Opens when this share of the window failed.
        failures: Portion = Fixed("0.5", "resilience4j"),
        /// How many of the last calls are looked at; it does not open before so many were made.
        window: Few = Fixed("100", "resilience4j"),
        /// How long it stays open.
        open: Span = Fixed("'60s'", "resilience4j"),
        /// How many calls probe a half-open circuit.
        probes: Few = Fixed("10", "resilience4j"),
    }
}

shape! {
    /// A service: workers, a queue and the work of one request.
    "a service"
    pub struct Service {
        /// Random draws hash this instead of the name.
        stream: Option<String>,
        /// How many nodes run it; each has its own workers and queue.
        instances: Few = Fixed("1", "one node shows a crash best"),
        /// Requests served at once, per instance.
        workers: Count = Fixed("25", "resilience4j bulkhead"),
        /// Requests that may wait, per instance; further ones are rejected.
        queue: Whole<0, 4_294_967_295> = Fixed("1024", "Envoy's pending requests"),
        /// Own work per request, beside what databases do.
        work: Dist = Fixed("{ exponential = '2ms' }", "assumed: JSON, validation, mapping"),
        /// How long it needs after a restart before it serves.
        recovery: Span = Fixed("'5s'", "assumed: start of a small process"),
        /// How long requests go on to an instance that is away; then the others get them until it
        /// is back. A drained one (a deployment) gets none.
        endpoint_delay: Span = Fixed("'30s'", "Kubernetes: a readiness probe that fails 3 x 10 s"),
        /// The zone in which its nodes stand: what fails together. Faults know it as `zone:NAME`.
        zone: Option<String>,
        /// The keys in which the retry policy of calls to it differs. A look-up is made once in
        /// each attempt at its step, unless the service that is asked has `attempts` of its own.
        retry: Option<OwnRetry>,
    }
}

shape! {
    /// A database on its own node, or co-located with a service.
    "a database"
    pub struct Database {
        /// Random draws hash this instead of the name.
        stream: Option<String>,
        /// The service on whose node it runs and with which it crashes.
        node: Option<At<String>>,
        /// The zone in which its own node stands; without one it is where its service is.
        zone: Option<At<String>>,
        /// Sessions open at once.
        connections: Count = Fixed("100", "PostgreSQL: max_connections"),
        /// Statements that run at once.
        cores: Count = Fixed("4", "assumed: a small server"),
        /// Core time of one statement.
        work: Dist = Fixed(
            "{ log-normal = { median = '80us', p99 = '150us' } }",
            "measured, PostgreSQL 15: select and update by key",
        ),
        /// A forced write: one distribution for all, or one for each kind.
        force: Force = FORCE,
        /// A waiter for a row lock gives up after this; the time begins anew whenever it was woken
        /// and did not get the lock.
        lock_timeout: At<Length> = Fixed("'1s'", "PostgreSQL's deadlock_timeout"),
        /// The order in which waiters get a row lock: `wake-all` lets them compete with each other
        /// and with newcomers, `arrival` serves them strictly in order.
        lock_order: Turn = Fixed("'wake-all'", "PostgreSQL: row locks behind a new version"),
        /// How long a waiter takes to ask again after it was woken to compete for a row lock.
        wake_up: Dist = Fixed(
            "{ log-normal = { median = '50us', p99 = '150us' } }",
            "assumed: a signal and a context switch of Linux",
        ),
        /// A branch that was not prepared in this time aborts itself.
        branch_timeout: Length = Fixed("'10s'", "Atomikos: transaction timeout"),
        /// A transaction whose client sends nothing for so long after it was answered is rolled
        /// back; without it only the other limits count (PostgreSQL's default).
        idle_in_transaction: Option<Length>,
        /// How the database finds out that a client's machine is gone.
        keepalive: Keepalive = Empty,
        /// Fixed part of recovery after a restart.
        recovery: Span = Fixed("'2s'", "assumed: start of a server with a short log"),
        /// The read mode: `locking` waits for writers, `snapshot` does not.
        reads: Reads = Fixed("'locking'", "a lock shows what a snapshot hides"),
        /// True if it can take part in two-phase commit.
        xa: bool = Fixed("true", "PostgreSQL, MySQL, Oracle, SQL Server can"),
    }
}

shape! {
    /// TCP keepalive of a session, as the database's machine does it. A machine that lives answers
    /// the probes; one that was started anew answers with a reset, which ends the session.
    "a keepalive"
    pub struct Keepalive {
        /// The first probe is sent when nothing was heard for so long.
        idle: Length = Fixed("'2h'", "Linux: tcp_keepalive_time"),
        /// The time from a probe that nobody answers to the next.
        interval: Length = Fixed("'75s'", "Linux: tcp_keepalive_intvl"),
        /// The session is ended after so many probes without an answer.
        probes: Whole<1, 127> = Fixed("9", "Linux: tcp_keepalive_probes"),
    }
}

shape! {
    /// Forced writes by kind.
    "a forced write by kind"
    pub struct ForceByKind {
        /// A local commit.
        commit: Dist = FORCE,
        /// A prepared record.
        prepare: Dist = FORCE,
        /// A decision, and everything else.
        decide: Dist = FORCE,
    }
}

words! {
    /// The order in which waiters get a row lock that was given back.
    pub enum Turn {
        /// The lock passes to the first in line.
        Arrival = "arrival",
        /// Waiters wake up and compete, with each other and with newcomers.
        WakeAll = "wake-all",
    }
}

words! {
    /// How readers see rows that are being written.
    pub enum Reads {
        /// Wait for a shared lock.
        Locking = "locking",
        /// Read the last committed version.
        Snapshot = "snapshot",
    }
}

shape! {
    /// A table, its owner and its shape.
    "a table"
    pub struct Table {
        /// Random draws hash this instead of the name.
        stream: Option<String>,
        /// The only service that may write it.
        owner: At<String>,
        /// Where it is stored.
        database: At<String>,
        /// Columns and their values in initial rows: whole numbers or words, not both in one.
        columns: Map<Scalar>,
        /// How many rows exist before the run.
        rows: Whole<0, 10_000_000> = Fixed("0", "most tables begin empty"),
    }
}

shape! {
    /// The broker.
    "the broker"
    pub struct Broker {
        /// Random draws hash this instead of the name.
        stream: Option<String>,
        /// How long it needs after a restart.
        recovery: Span = Fixed("'5s'", "assumed: start of a small process"),
        /// How long it takes to store a message durably.
        force: Dist = FORCE,
        /// Work per message, one message at a time per partition.
        work: Dist = Fixed("'50us'", "assumed: 20,000 messages a second and partition"),
        /// Messages that are worked on at once, over all partitions, per instance.
        workers: Count = Fixed("8", "Kafka: num.io.threads"),
        /// How many nodes share the partitions. There are no copies: what is at one that is down
        /// waits until it is back.
        instances: Few = Fixed("1", "one node shows an outage best"),
        /// Messages of a partition that a consumer group is handed at once. More than one may
        /// overtake each other.
        in_flight: Few = Fixed("1", "Kafka: a partition is consumed in order"),
    }
}

shape! {
    /// How long messages take, by who talks to whom.
    "[links]"
    pub struct Links {
        /// Between any two nodes, unless said otherwise.
        default: Link = Empty,
        /// Between a service and a database.
        database: Link = Empty,
        /// Between clients and services.
        client: Link = Empty,
        /// Between two named services, in either direction.
        between: Vec<Between>,
    }
}

shape! {
    /// The delay and loss of messages on a link.
    "a link"
    pub struct Link {
        /// One-way delay.
        delay: Dist = DELAY,
        /// One-way delay of replies, if it is another. Sessions of databases have none of their
        /// own.
        reply_delay: Option<Dist>,
        /// Share of messages that vanish.
        loss: Share = Fixed("0.0", "faults add loss where it is wanted"),
        /// Share of replies that vanish, if it is another; then `loss` is that of requests alone.
        reply_loss: Option<Share>,
        /// Share of messages that arrive twice.
        duplicate: Share = Fixed("0.0", "faults add duplicates where they are wanted"),
    }
}

shape! {
    /// A link between two named services.
    "a link between services"
    pub struct Between {
        /// One service.
        a: At<String>,
        /// The other service.
        b: At<String>,
        /// One-way delay.
        delay: Dist = DELAY,
        /// One-way delay of replies, if it is another.
        reply_delay: Option<Dist>,
        /// Share of messages that vanish.
        loss: Share = Fixed("0.0", "faults add loss where it is wanted"),
        /// Share of replies that vanish, if it is another; then `loss` is that of requests alone.
        reply_loss: Option<Share>,
        /// Share of messages that arrive twice.
        duplicate: Share = Fixed("0.0", "faults add duplicates where they are wanted"),
    }
}

shape! {
    /// Nodes of patterns: coordinator, orchestrator, job, relay.
    "[drivers]"
    pub struct Drivers {
        /// A forced write to a driver's own log.
        force: Force = FORCE,
        /// How long a driver needs after a restart.
        recovery: Span = Fixed("'5s'", "assumed: start of a small process"),
        /// How long clients go on turning to a coordinator or an orchestrator that is away; then
        /// its other instances get their requests until it is back.
        endpoint_delay: Span = Fixed("'30s'", "as of services"),
        /// The zone in which they stand, and the broker with them.
        zone: Option<String>,
        /// How many nodes a driver has. Coordinators and orchestrators share the operations out,
        /// relays the events and jobs the rows that they correct.
        instances: Few = Fixed("1", "one node shows a crash best"),
        /// The share of a relay or a job that was not heard of for so long goes to its other
        /// instances until it is back.
        take_over: Span = Fixed("'15s'", "Kubernetes: lease of a leader"),
        /// Steps that are worked on at once, per instance.
        workers: Count = Fixed("2", "Camunda 8: two cores and threads by default"),
        /// Requests that may wait, per instance; further ones are rejected.
        queue: Whole<0, 4_294_967_295> = Fixed("1024", "Envoy's pending requests"),
        /// Own work per step: a request that is taken in, a round of requests to participants, a
        /// call to a service, a batch of events or rows. The broker has its own.
        work: Dist = Fixed(
            "{ exponential = '500us' }",
            "assumed, between Narayana (130 us a transaction) and Temporal (2 ms an activity)",
        ),
        /// Another capacity of coordinators.
        coordinator: Option<DriverPart>,
        /// Another capacity of orchestrators.
        orchestrator: Option<DriverPart>,
        /// Another capacity of relays.
        relay: Option<DriverPart>,
        /// Another capacity of jobs.
        job: Option<DriverPart>,
    }
}

shape! {
    /// The capacity of the drivers of one kind; what it does not name is as `[drivers]` says.
    "the capacity of a driver"
    pub struct DriverPart {
        /// How many nodes the driver has.
        instances: Option<Few>,
        /// Steps that are worked on at once, per instance.
        workers: Option<Count>,
        /// Requests that may wait, per instance.
        queue: Option<Whole<0, 4_294_967_295>>,
        /// Own work per step.
        work: Option<Dist>,
    }
}

shape! {
    /// Another capacity of the drivers of one variant.
    "another capacity of drivers"
    pub struct DriverParts {
        /// Of coordinators.
        coordinator: Option<DriverPart>,
        /// Of orchestrators.
        orchestrator: Option<DriverPart>,
        /// Of relays.
        relay: Option<DriverPart>,
        /// Of jobs.
        job: Option<DriverPart>,
        /// Of brokers.
        broker: Option<BrokerPart>,
    }
}

shape! {
    /// Another capacity of the broker; what it does not name is as `[broker]` says.
    "the capacity of a broker"
    pub struct BrokerPart {
        /// How many nodes share the partitions.
        instances: Option<Few>,
        /// Messages that are worked on at once, per instance.
        workers: Option<Count>,
        /// Work per message.
        work: Option<Dist>,
        /// Messages of a partition that a consumer group is handed at once.
        in_flight: Option<Few>,
    }
}

shape! {
    /// The operations that `driftlab explore` and `list points` run.
    "[explore]"
    pub struct Explore {
        /// How many operations are offered.
        operations: Few = Fixed("2", "assumed: the fewest that can meet"),
        /// How long a crashed node stays down.
        outage: Length = Fixed("'2s'", "as long as the deadline of a step: it is given up once"),
    }
}

shape! {
    /// A stream of operations.
    "a load"
    pub struct Load {
        /// Random draws hash this instead of the name.
        stream: Option<String>,
        /// Which operation it offers.
        operation: At<String>,
        /// Independent arrivals at this rate per second.
        poisson: Option<At<Positive>>,
        /// One every so often.
        constant: Option<At<Length>>,
        /// A base rate with bursts.
        bursts: Option<At<Bursts>>,
        /// At the times in a CSV file: its path, if they stand in a column `seconds` as seconds
        /// since the start of the run, or a table that says how they are written.
        trace: Option<At<Trace>>,
        /// After arrivals of another load, whose keys it takes over.
        follows: Option<Follows>,
        /// So many clients, each with one operation at a time; hides blocking.
        closed: Option<Closed>,
        /// From when on.
        from: Span = Fixed("'0s'", "the start of the run"),
        /// Until when; by default the end of the load.
        until: Option<At<Span>>,
    }
    one of { "poisson" [] [] "constant" [] [] "bursts" [] [] "trace" [] [] "follows" [] []
        "closed" [] [] }
}

pub use super::trace::Trace;

shape! {
    /// Poisson arrivals whose rate goes up at regular times.
    "bursts"
    pub struct Bursts {
        /// Rate per second between bursts.
        base: Positive,
        /// Rate per second within bursts.
        peak: Positive,
        /// From the start of one burst to the start of the next.
        every: Length,
        /// How long a burst lasts.
        length: At<Length>,
    }
}

shape! {
    /// After arrivals of another load.
    key "follows"
    pub struct Follows {
        /// The load that is followed.
        load: At<String>,
        /// How long after the arrival.
        delay: Dist,
        /// Share of arrivals that are followed.
        share: Share = Fixed("1.0", "every one"),
    }
}

shape! {
    /// A closed loop.
    "a closed loop"
    pub struct Closed {
        /// How many clients.
        clients: Whole<1, 1_000_000>,
        /// Pause between an answer and the next request.
        think: Dist,
    }
}

shape! {
    /// Reads that measure what a reader sees.
    "a read"
    pub struct Read {
        /// Random draws hash this instead of the name.
        stream: Option<String>,
        /// The service that is asked. It reads what it reaches itself in its databases and its
        /// replicas, and asks the owners of the rest. By default the reader asks every owner.
        by: Option<At<String>>,
        /// Read for every arrival of this operation.
        operation: Option<At<String>>,
        /// The rows of these steps of the operation; by default of all.
        steps: Option<Vec<At<String>>>,
        /// How long after the arrival, or after what `after` says.
        at: Option<At<Vec<Span>>>,
        /// The moment of the operation from which the times count: the same in every variant for
        /// the arrival; as late as the variant answers for the answer, and never if the client
        /// gives up.
        after: Option<Anchor>,
        /// The share of the arrivals that are read for, the same ones in every variant. Measures
        /// of reads, `m4.useful` among them, speak of these alone.
        share: Portion = Fixed("1.0", "every one"),
        /// Read by independent readers from this table.
        table: Option<At<String>>,
        /// Which column.
        column: Option<At<String>>,
        /// Which row.
        key: Option<At<super::operation::Key>>,
        /// Reads per second.
        rate: Option<At<Positive>>,
        /// The core time of its query; by default what any statement takes.
        work: Option<Dist>,
    }
    one of { "operation" ["at"] ["after" "steps" "share"] "table" ["column" "key" "rate"] ["work"] }
}

pub use super::operation::{Anchor, Expect, Invariant, Operation};
pub use super::plan::Force;
