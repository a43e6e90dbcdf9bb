//! The format of a scenario file: every table and key, with its documentation and default.
//!
//! This is the reference of the format; the JSON Schema is generated from it. This module does not
//! look up what a name refers to; `resolve` does.

use super::decode::Fallback::{self, Empty, Fixed};
use super::keepalive::Keepalive;
use super::plan::{FaultText, VariantText};
use super::shape::{shape, words};
use super::sweep::Axes;
use super::values::{
    At, Count, Few, Independent, Length, Map, Portion, Rate, Scalar, Settle, Share, Whole,
};
use crate::kernel::{Dist, Span};

const FORCE: Fallback = Fallback::Profile(|profile| profile.force);
const DELAY: Fallback = Fallback::Profile(|profile| profile.delay);

shape! {
    /// A scenario of driftlab: a system, its load, the variants to compare and the faults.
    "a scenario"
    pub struct File {
        /// Name, seed, profile and phases.
        scenario: Head,
        /// The behaviour of clients.
        clients: Clients = Empty,
        /// The retry policy of every operation, for all nodes that retry.
        retry: Retry = Empty,
        /// The services, by name.
        services: Map<Service>,
        /// The databases, by name.
        databases: Map<Database>,
        /// The tables, by name.
        tables: Map<Table>,
        /// The broker, for the patterns that need one.
        broker: Broker = Empty,
        /// The delay and loss of messages.
        links: Links = Empty,
        /// Nodes of patterns: coordinator, orchestrator, job, relay.
        drivers: Drivers = Empty,
        /// The business operations, by name.
        operations: Map<Operation>,
        /// The loads: streams of operations, by name.
        load: Map<Load>,
        /// Read probes and readers, by name.
        reads: Map<Read>,
        /// Conditions that the tables must satisfy.
        invariants: Independent<Invariant>,
        /// Bounds for measures and for numbers of outcomes.
        expect: Independent<Expect>,
        /// The operations that `driftlab explore` and `list points` run.
        explore: Explore = Empty,
        /// The variants to compare, by name.
        variants: Map<VariantText>,
        /// The faults, with their times or trigger points.
        faults: Independent<FaultText>,
        /// The values that `driftlab sweep` varies, by key: a list or a range for each.
        sweep: Axes,
    }
}

shape! {
    /// Name, seed, profile and phases of a scenario.
    "[scenario]"
    pub struct Head {
        /// The name of the scenario, also of the folder with its results.
        name: At<String>,
        /// The subject of the scenario, in a sentence or two.
        about: Option<String>,
        /// The first seed; further runs count up from it.
        seed: Whole<0, 9_223_372_036_854_775_807> = Fixed("1", "any number will do"),
        /// Defaults for network and disk: lan-nvme, lan-cloud, multi-az, wan, slow-disk.
        profile: At<String> = Fixed("'lan-cloud'", "the most usual place of services today"),
        /// The end of the warm-up: operations that arrive earlier are not measured.
        warm_up: At<Span> = Fixed("'10s'", "ten times the longest lock wait"),
        /// The end of the load, since the start of the run; all faults end then.
        load: At<Length> = Fixed("'240s'", "room for two outages and a quiet end"),
        /// The length of the settle phase after the load: `auto`, or a duration.
        settle: At<Settle> = Fixed("'auto'", "as long as the slowest variant needs, computed"),
    }
}

shape! {
    /// The behaviour of clients.
    "[clients]"
    pub struct Clients {
        /// A client gives up this long after the arrival.
        deadline: At<Length> = Fixed("'5s'", "what a person waits; Envoy's route timeout is 15 s"),
        /// Attempts with the same idempotency key, the first included; by default those of the
        /// operation's retry policy. Only an attempt that did not arrive, was refused because a
        /// queue was full or got no answer is repeated: an answer that refuses the operation ends
        /// the attempts.
        attempts: Option<Few>,
        /// An attempt that is not the last is given up after this; by default after the
        /// `step-deadline` of the operation's retry policy. The last one waits until the deadline.
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
        /// An attempt that is not the last is given up after this.
        attempt_deadline: Option<Length>,
    }
}

shape! {
    /// The retry policy of every operation, used by client, coordinator, orchestrator and consumer
    /// alike. It covers only calls that the client's answer waits for, so that the attempts of one
    /// node do not multiply those of another; deliveries after the answer, compensations and
    /// recovery follow the pattern.
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
        /// A circuit breaker for each service or driver that is called, in the memory of the
        /// calling node; all clients together have one for each service or driver that they call.
        /// While it is open, a call fails at once. Deliveries, votes and decisions bypass it.
        breaker: Option<Breaker>,
    }
}

shape! {
    /// The keys in which a policy differs from `[retry]`: of an operation, in calls to a service,
    /// or in a variant. Keys of a service take precedence, then those of an operation.
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
        /// A circuit breaker for each service or driver that is called, in the memory of the
        /// calling node; all clients together have one for each service or driver that they call.
        /// While it is open, a call fails at once. Deliveries, votes and decisions bypass it.
        breaker: Option<At<Breaker>>,
    }
}

shape! {
    /// A circuit breaker: a node that keeps failing is not called for a while.
    "a circuit breaker"
    pub struct Breaker {
        /// The share of failed calls in the window at which it opens.
        failures: Portion = Fixed("0.5", "resilience4j"),
        /// The number of last calls that are counted; it does not open before there were as many.
        window: Few = Fixed("100", "resilience4j"),
        /// The time that it stays open.
        open: Span = Fixed("'60s'", "resilience4j"),
        /// The number of calls that probe a half-open circuit.
        probes: Few = Fixed("10", "resilience4j"),
    }
}

shape! {
    /// A service: workers, a queue and the work of one request.
    "a service"
    pub struct Service {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// The number of nodes that run it; each has its own workers and queue.
        instances: Few = Fixed("1", "one node shows a crash best"),
        /// Requests served at once, per instance.
        workers: Count = Fixed("25", "resilience4j bulkhead"),
        /// Requests that may wait, per instance; further ones are rejected.
        queue: Whole<0, 4_294_967_295> = Fixed("1024", "Envoy's pending requests"),
        /// The work of its code per request, without that of databases.
        work: Dist = Fixed("{ exponential = '2ms' }", "assumed: JSON, validation, mapping"),
        /// The time from a restart until it serves.
        recovery: Span = Fixed("'5s'", "assumed: start of a small process"),
        /// The time for which requests still go to an instance that is unreachable; then the others
        /// get them until it is back. An instance that is drained (a deployment) gets none.
        endpoint_delay: Span = Fixed("'30s'", "Kubernetes: a readiness probe that fails 3 x 10 s"),
        /// The zone of its nodes: nodes of a zone fail together. Faults call it `zone:NAME`.
        zone: Option<String>,
        /// The keys in which the retry policy of calls to it differs. A look-up is called once in
        /// each attempt at its step, unless the service that it calls has `attempts` of its own.
        retry: Option<OwnRetry>,
    }
}

shape! {
    /// A database on its own node, or co-located with a service.
    "a database"
    pub struct Database {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// The service on whose node it runs and with which it crashes.
        node: Option<At<String>>,
        /// The zone of its own node, if it has one; else it is in the zone of its service.
        zone: Option<At<String>>,
        /// The number of sessions that can be open at once.
        connections: Count = Fixed("100", "PostgreSQL: max_connections"),
        /// The number of statements that run at once.
        cores: Count = Fixed("4", "assumed: a small server"),
        /// The core time of one statement.
        work: Dist = Fixed(
            "{ log-normal = { median = '80us', p99 = '150us' } }",
            "measured, PostgreSQL 15: select and update by key",
        ),
        /// The duration of a forced write (fsync): one distribution for all, or one for each kind.
        force: Force = FORCE,
        /// A transaction that waits for a row lock gives up after this; the time begins anew
        /// whenever it was woken and did not get the lock.
        lock_timeout: At<Length> = Fixed("'1s'", "PostgreSQL's deadlock_timeout"),
        /// The order in which waiters get a row lock: `wake-all` lets them compete with each other
        /// and with newcomers, `arrival` serves them strictly in order.
        lock_order: Turn = Fixed("'wake-all'", "PostgreSQL: row locks behind a new version"),
        /// The time from waking up to asking again for a row lock that others compete for.
        wake_up: Dist = Fixed(
            "{ log-normal = { median = '50us', p99 = '150us' } }",
            "assumed: a signal and a context switch of Linux",
        ),
        /// A checkpoint is made after so many records of the log; a restart replays those behind
        /// the last one.
        checkpoint: Count = Fixed("10000", "assumed: minutes of a busy server's log"),
        /// The most rows of a table here that travel to a copy of it at once.
        copy_batch: Count = Fixed("500", "assumed: some hundred kilobytes"),
        /// A branch that was not prepared in this time aborts itself.
        branch_timeout: Length = Fixed("'10s'", "Atomikos: transaction timeout"),
        /// A transaction whose client sends no statement for this long after an answer is rolled
        /// back; without it only the other limits count (PostgreSQL's default).
        idle_in_transaction: Option<Length>,
        /// The TCP keepalive by which the database finds out that a client's machine is gone.
        keepalive: Keepalive = Empty,
        /// The fixed part of the recovery time after a restart.
        recovery: Span = Fixed("'2s'", "assumed: start of a server with a short log"),
        /// The read mode: `locking` waits for writers, `snapshot` does not.
        reads: Reads = Fixed("'locking'", "a lock shows what a snapshot hides"),
        /// True if it can take part in two-phase commit.
        xa: bool = Fixed("true", "PostgreSQL, MySQL, Oracle, SQL Server can"),
    }
}

shape! {
    /// Forced writes by kind.
    "a forced write by kind"
    pub struct ForceByKind {
        /// The forced write of a local commit.
        commit: Dist = FORCE,
        /// The forced write of a prepared record.
        prepare: Dist = FORCE,
        /// The forced write of a decision, and of everything else.
        decide: Dist = FORCE,
    }
}

words! {
    /// The order in which waiters get a row lock that was released.
    pub enum Turn {
        /// The lock passes to the first in line.
        Arrival = "arrival",
        /// Waiters wake up and compete, with each other and with newcomers.
        WakeAll = "wake-all",
    }
}

words! {
    /// The way in which readers see rows that are being written.
    pub enum Reads {
        /// Readers wait for a shared lock.
        Locking = "locking",
        /// Readers get the last committed version.
        Snapshot = "snapshot",
    }
}

shape! {
    /// A table, its owner and its shape.
    "a table"
    pub struct Table {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// The only service that may write it.
        owner: At<String>,
        /// The database that stores it.
        database: At<String>,
        /// Columns and their values in initial rows: a column holds either whole numbers or words.
        columns: Map<Scalar>,
        /// The number of initial rows.
        rows: Whole<0, 10_000_000> = Fixed("0", "most tables begin empty"),
    }
}

shape! {
    /// The message broker.
    "the broker"
    pub struct Broker {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// The time from a restart until it serves.
        recovery: Span = Fixed("'5s'", "assumed: start of a small process"),
        /// The time that it takes to store a message durably.
        force: Dist = FORCE,
        /// The work per message; a partition processes one message at a time.
        work: Dist = Fixed("'50us'", "assumed: 20,000 messages a second and partition"),
        /// The number of messages that an instance processes at once, over all partitions.
        workers: Count = Fixed("8", "Kafka: num.io.threads"),
        /// The number of nodes that share the partitions. A partition is not replicated: its
        /// messages wait until its node is up.
        instances: Few = Fixed("1", "one node shows an outage best"),
        /// The number of messages of a partition that a consumer group processes at once. With more
        /// than one, messages may overtake each other.
        in_flight: Few = Fixed("1", "Kafka: a partition is consumed in order"),
    }
}

shape! {
    /// The delay and loss of messages, by the nodes that exchange them.
    "[links]"
    pub struct Links {
        /// The link between any two nodes for which nothing else is given.
        default: Link = Empty,
        /// The link between a service and a database.
        database: Link = Empty,
        /// The links between clients and services.
        client: Link = Empty,
        /// The links between two named services, in either direction.
        between: Vec<Between>,
    }
}

shape! {
    /// The delay and loss of messages on a link.
    "a link"
    pub struct Link {
        /// The one-way delay.
        delay: Dist = DELAY,
        /// The one-way delay of replies, if it differs; not for sessions of databases.
        reply_delay: Option<Dist>,
        /// The share of messages that are lost.
        loss: Share = Fixed("0.0", "faults add loss where it is wanted"),
        /// The share of replies that are lost, if it differs; `loss` is then that of requests.
        reply_loss: Option<Share>,
        /// The share of messages that arrive twice.
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
        /// The one-way delay.
        delay: Dist = DELAY,
        /// The one-way delay of replies, if it differs.
        reply_delay: Option<Dist>,
        /// The share of messages that are lost.
        loss: Share = Fixed("0.0", "faults add loss where it is wanted"),
        /// The share of replies that are lost, if it differs; `loss` is then that of requests.
        reply_loss: Option<Share>,
        /// The share of messages that arrive twice.
        duplicate: Share = Fixed("0.0", "faults add duplicates where they are wanted"),
    }
}

shape! {
    /// Nodes of patterns: coordinator, orchestrator, job, relay.
    "[drivers]"
    pub struct Drivers {
        /// The duration of a forced write (fsync) to a driver's own log.
        force: Force = FORCE,
        /// The time from a restart until a driver works.
        recovery: Span = Fixed("'5s'", "assumed: start of a small process"),
        /// The time for which clients still turn to a coordinator or an orchestrator that is
        /// unreachable; then its other instances get their requests until it is back.
        endpoint_delay: Span = Fixed("'30s'", "as of services"),
        /// The zone of the drivers and of the broker.
        zone: Option<String>,
        /// The number of nodes of a driver. Coordinators and orchestrators divide the operations
        /// among their instances, relays the events, and jobs the rows that they correct.
        instances: Few = Fixed("1", "one node shows a crash best"),
        /// The time without a sign of life after which the share of a relay or a job goes to its
        /// other instances, until it is back.
        take_over: Span = Fixed("'15s'", "Kubernetes: lease of a leader"),
        /// The log of an orchestrator, or of the store of several, is cleared of workflows that
        /// ended whenever so many can be forgotten.
        clear_after: Count = Fixed("256", "assumed: seldom enough to cost nothing"),
        /// Steps that are worked on at once, per instance.
        workers: Count = Fixed("2", "Camunda 8: two cores and threads by default"),
        /// Requests that may wait, per instance; further ones are rejected.
        queue: Whole<0, 4_294_967_295> = Fixed("1024", "Envoy's pending requests"),
        /// The work of a driver's code per step: to accept a request, a round of requests to
        /// participants, a call to a service, a batch of events or rows.
        work: Dist = Fixed(
            "{ exponential = '500us' }",
            "assumed, between Narayana (130 us a transaction) and Temporal (2 ms an activity)",
        ),
        /// The keys in which the capacity of coordinators differs.
        coordinator: Option<DriverPart>,
        /// The keys in which the capacity of orchestrators differs.
        orchestrator: Option<DriverPart>,
        /// The keys in which the capacity of relays differs.
        relay: Option<DriverPart>,
        /// The keys in which the capacity of jobs differs.
        job: Option<DriverPart>,
    }
}

shape! {
    /// The capacity of the drivers of one kind; keys that it does not name are as in `[drivers]`.
    "the capacity of a driver"
    pub struct DriverPart {
        /// The number of nodes of the driver.
        instances: Option<Few>,
        /// The number of steps that an instance works on at once.
        workers: Option<Count>,
        /// Requests that may wait, per instance; further ones are rejected.
        queue: Option<Whole<0, 4_294_967_295>>,
        /// The work of the driver's code per step.
        work: Option<Dist>,
    }
}

shape! {
    /// The keys in which the capacity of the drivers of a variant differs.
    "another capacity of drivers"
    pub struct DriverParts {
        /// The capacity of coordinators.
        coordinator: Option<DriverPart>,
        /// The capacity of orchestrators.
        orchestrator: Option<DriverPart>,
        /// The capacity of relays.
        relay: Option<DriverPart>,
        /// The capacity of jobs.
        job: Option<DriverPart>,
        /// The capacity of the broker.
        broker: Option<BrokerPart>,
    }
}

shape! {
    /// The capacity of the broker of a variant; keys that it does not name are as in `[broker]`.
    "the capacity of a broker"
    pub struct BrokerPart {
        /// The number of nodes that share the partitions.
        instances: Option<Few>,
        /// The number of messages that an instance processes at once.
        workers: Option<Count>,
        /// The work per message.
        work: Option<Dist>,
        /// The number of messages of a partition that a consumer group processes at once.
        in_flight: Option<Few>,
    }
}

shape! {
    /// The operations that `driftlab explore` and `list points` run.
    "[explore]"
    pub struct Explore {
        /// The number of operations that are offered.
        operations: Few = Fixed("2", "assumed: the fewest that can meet"),
        /// The time that a crashed node stays down.
        outage: Length = Fixed("'2s'", "as long as the deadline of a step: it is given up once"),
    }
}

shape! {
    /// A stream of operations.
    "a load"
    pub struct Load {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// The operation that it offers.
        operation: At<String>,
        /// Poisson arrivals: independent of each other, at this rate per second.
        poisson: Option<At<Rate>>,
        /// Arrivals at equal distances of this length.
        constant: Option<At<Length>>,
        /// Poisson arrivals at a base rate, with bursts.
        bursts: Option<At<Bursts>>,
        /// Arrivals at the times in a CSV file: its path, if the times stand in a column `seconds`
        /// as seconds since the start of the run, or a table that says how they are written.
        trace: Option<At<Trace>>,
        /// Arrivals that follow those of another load and have their keys.
        follows: Option<Follows>,
        /// A closed loop: this many clients, each with one operation at a time. Blocked clients
        /// offer nothing, so that it hides blocking.
        closed: Option<Closed>,
        /// The time from which it offers operations.
        from: Span = Fixed("'0s'", "the start of the run"),
        /// The time until which it offers operations; by default the end of the load.
        until: Option<At<Span>>,
    }
    one of { "poisson" [] [] "constant" [] [] "bursts" [] [] "trace" [] [] "follows" [] []
        "closed" [] [] }
}

pub use super::trace::Trace;

shape! {
    /// Poisson arrivals whose rate is higher at regular intervals.
    "bursts"
    pub struct Bursts {
        /// The rate per second between bursts.
        base: Rate,
        /// The rate per second within bursts.
        peak: Rate,
        /// The time from the start of one burst to the start of the next.
        every: Length,
        /// The length of a burst.
        length: At<Length>,
    }
}

shape! {
    /// Arrivals that follow those of another load.
    key "follows"
    pub struct Follows {
        /// The load that is followed.
        load: At<String>,
        /// The delay after the arrival that is followed.
        delay: Dist,
        /// The share of arrivals that are followed.
        share: Share = Fixed("1.0", "every one"),
    }
}

shape! {
    /// A closed loop: clients that wait for an answer before they send the next request.
    "a closed loop"
    pub struct Closed {
        /// The number of clients.
        clients: Whole<1, 1_000_000>,
        /// The pause (think time) between an answer and the next request.
        think: Dist,
    }
}

shape! {
    /// Reads that measure what a reader sees.
    "a read"
    pub struct Read {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// The service that the reader calls. It reads its own databases and its replicas itself,
        /// and calls the owners of all other tables. By default the reader calls every owner.
        by: Option<At<String>>,
        /// The operation for whose arrivals it reads (a probe).
        operation: Option<At<String>>,
        /// The steps of the operation whose rows it reads; by default all.
        steps: Option<Vec<At<String>>>,
        /// The times of the reads, since the arrival or the moment that `after` names.
        at: Option<At<Vec<Span>>>,
        /// The moment of the operation from which the times count. `arrival` is the same in every
        /// variant; `answer` depends on the variant, and if the client gives up there is no read.
        after: Option<Anchor>,
        /// The share of the arrivals that are read for, the same ones in every variant. Measures of
        /// reads, `m4.useful` among them, are about these alone.
        share: Portion = Fixed("1.0", "every one"),
        /// The table that independent readers read.
        table: Option<At<String>>,
        /// The column that they read.
        column: Option<At<String>>,
        /// The choice of the row.
        key: Option<At<super::operation::Key>>,
        /// The reads per second.
        rate: Option<At<Rate>>,
        /// The core time of its query; by default that of any statement.
        work: Option<Dist>,
    }
    one of { "operation" ["at"] ["after" "steps" "share"] "table" ["column" "key" "rate"] ["work"] }
}

pub use super::operation::{Anchor, Expect, Invariant, Operation};
pub use super::plan::Force;
