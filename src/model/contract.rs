//! The contract between patterns, faults and checks.
//!
//! Patterns state here which guarantees they give and how many faults they tolerate; checks test
//! the guarantees, and fuzzing stays within the budget. Labels of messages and log records that a
//! check must recognise have fixed numbers.

use super::record::{GlobalTxnId, LabelId};
use crate::kernel::Span;

/// The guarantees of a pattern with its settings, which hold as long as the faults stay within its
/// budget.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Promises {
    /// The names of the properties that it guarantees; see `driftlab list checks`.
    pub guarantees: Vec<&'static str>,
    /// The faults that it tolerates.
    pub budget: Budget,
    /// The longest time after the heal for which an operation may still be under way. Without it
    /// there is no bound, and only a quiescent system can be judged.
    pub within: Option<Span>,
}

/// A driver node of a pattern, beside services and databases, as the pattern declares it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Driver {
    /// The name of the node.
    pub name: &'static str,
    /// The role of the node: a fault on `role:ROLE` affects all nodes with that role.
    pub role: &'static str,
}

impl Driver {
    /// A node whose name is its role, because it is the only one with that role.
    pub const fn new(name: &'static str) -> Self {
        Self { name, role: name }
    }
}

/// The roles that the model and the faults know. Any other role is known only to its pattern and to
/// scenarios.
pub mod role {
    /// The broker, which recovers as `[broker]` says.
    pub const BROKER: &str = "broker";
    /// The synchronization job.
    pub const JOB: &str = "job";
    /// The coordinator of distributed transactions.
    pub const COORDINATOR: &str = "coordinator";
    /// An acceptor of Paxos Commit, beside the coordinator.
    pub const ACCEPTOR: &str = "acceptor";
    /// The orchestrator of workflows.
    pub const ORCHESTRATOR: &str = "orchestrator";
    /// The relay of events.
    pub const RELAY: &str = "relay";
    /// The roles whose nodes have workers, in the order of their numbers in the history.
    pub const WORKING: [&str; 5] = [COORDINATOR, ORCHESTRATOR, RELAY, JOB, BROKER];

    /// The number of a role whose nodes have workers.
    pub fn number(role: &str) -> Option<u8> {
        WORKING.iter().position(|known| *known == role).map(|at| at as u8)
    }
}

/// The nodes that must be up for an operation to be answered yes, as its pattern says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waits {
    /// The steps that are done before the answer, and the services that do them.
    pub steps: WaitsFor,
    /// The nodes of the pattern's own that take part, by name.
    pub drivers: Vec<&'static str>,
    /// True if services publish events that others consume.
    pub publishes: bool,
}

/// The steps that are done before the answer, and the services that do them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitsFor {
    /// All steps, each by its own service.
    All,
    /// All steps, by the service of the first, in one transaction.
    InOnePlace,
    /// The first; the others follow behind the answer.
    First,
}

/// The faults within which promises hold; kinds of fault that it does not list are outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Budget(pub Vec<Allowance>);

/// The allowance of a budget for one kind of fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// The kind of fault, by its name.
    pub fault: &'static str,
    /// The most faults of this kind in one run.
    pub count: u32,
    /// The longest duration of one such fault.
    pub longest: Span,
    /// The targets that it may affect: names of nodes or roles; any target, if empty.
    pub targets: Vec<String>,
}

impl Allowance {
    /// An allowance of so many faults of a kind, each no longer than this, on any target.
    pub const fn new(fault: &'static str, count: u32, longest: Span) -> Self {
        Self { fault, count, longest, targets: Vec::new() }
    }
}

impl Budget {
    /// This budget without these kinds of fault.
    #[must_use]
    pub fn without(mut self, kinds: &[&[&str]]) -> Self {
        let is_out = |fault: &str| kinds.iter().any(|kinds| kinds.contains(&fault));
        self.0.retain(|allowance| !is_out(allowance.fault));
        self
    }

    /// The allowance for a kind of fault on any target, if there is one. Of several allowances of a
    /// kind the first counts; those after it may allow more on certain targets.
    pub fn of(&self, fault: &str) -> Option<&Allowance> {
        self.0.iter().find(|allowance| allowance.fault == fault)
    }
}

/// The kinds of fault by what they do, for budgets.
pub mod faults {
    /// Faults by which nodes lose volatile state.
    pub const CRASHES: &[&str] = &["crash", "torn-tail", "deployment"];
    /// Faults by which nodes and databases are slow or stand still for a while, and lose nothing.
    pub const STALLS: &[&str] = &["pause", "slow-down", "expensive-query"];
    /// Faults by which clocks are wrong.
    pub const CLOCKS: &[&str] = &["clock-offset", "clock-drift", "clock-jump"];
    /// Faults that cut links for a while.
    pub const CUTS: &[&str] = &["partition", "flapping"];
    /// Faults that delay or reorder messages.
    pub const LATENESS: &[&str] = &["delay", "delay-message", "bandwidth", "reordering"];
    /// Faults that lose messages.
    pub const LOSSES: &[&str] = &["loss", "lose-message", "corruption"];
    /// Faults that deliver messages twice.
    pub const COPIES: &[&str] = &["duplication", "duplicate-message"];
    /// Faults by which disks are slow or full, without losing what they acknowledged.
    pub const DISKS: &[&str] = &["disk-stall", "disk-full"];
    /// Faults by which databases refuse or abort transactions.
    pub const CONTENTION: &[&str] =
        &["pool-exhaustion", "deadlock-victim", "serialization-failure", "commit-unknown"];
    /// Faults by which a broker redelivers messages, or delivers none for a while.
    pub const BROKERS: &[&str] = &["broker-redelivery", "broker-rebalance"];
    /// Faults by which the synchronization job runs too seldom or too often.
    pub const JOBS: &[&str] = &["job-skip", "job-overlap"];
    /// Faults that delay replicas. No step writes replicas, and no rule is about them.
    pub const FEEDS: &[&str] = &["replica-lag"];
    /// Faults that raise the load.
    pub const LOADS: &[&str] = &["load-burst"];
    /// Messages can be consumed by nobody. Inside no budget, but who strikes is known: operations
    /// whose messages were given up, and no others.
    pub const POISON: &[&str] = &["poison-message"];
    /// Faults that break what everybody relies on: stored is not stored, a table is not what it
    /// was. Inside no budget.
    pub const BETRAYALS: &[&str] = &["lying-force", "broker-loss", "schema-change"];
    /// All that a budget may hold.
    pub const ALL: [&[&str]; 13] = [
        CRASHES, STALLS, CLOCKS, CUTS, LATENESS, LOSSES, COPIES, DISKS, CONTENTION, BROKERS, JOBS,
        LOADS, FEEDS,
    ];
}

/// The distributed transaction that a branch belongs to. The tag that its owner gave it names the
/// transaction and, in the lowest 16 bits, the participant (X/Open's global transaction identifier
/// and branch qualifier).
pub const fn transaction_of(tag: u128) -> GlobalTxnId {
    GlobalTxnId((tag >> 16) as u64)
}

/// Labels with fixed numbers in the history.
pub mod label {
    use super::LabelId;

    /// The texts, in the order of their numbers.
    pub const TEXTS: &[&str] = &[
        "statement",
        "commit",
        "prepare",
        "rollback",
        "resolve",
        "abort",
        "outbox",
        "prepared branch",
        "decision",
        "transaction",
        "work",
        "workflow",
        "compensation",
        "event",
        "publish",
        "watermark",
    ];

    /// A statement of a session.
    pub const STATEMENT: LabelId = label("statement");
    /// A commit: of a session, in a log, or the message that tells a branch.
    pub const COMMIT: LabelId = label("commit");
    /// The request for a vote, and the prepared record of a branch.
    pub const PREPARE: LabelId = label("prepare");
    /// The rollback of a session.
    pub const ROLLBACK: LabelId = label("rollback");
    /// The outcome of a branch, sent to its database.
    pub const RESOLVE: LabelId = label("resolve");
    /// An abort: in a log, or the message that tells a branch.
    pub const ABORT: LabelId = label("abort");
    /// A row of an outbox.
    pub const OUTBOX: LabelId = label("outbox");
    /// A branch whose outcome is open.
    pub const BRANCH: LabelId = label("prepared branch");
    /// A coordinator's decision in its log, or all votes in the log of an acceptor.
    pub const DECISION: LabelId = label("decision");
    /// The decision on a distributed transaction.
    pub const TRANSACTION: LabelId = label("transaction");
    /// The state of an orchestrated operation.
    pub const WORKFLOW: LabelId = label("workflow");
    /// The compensation of a step.
    pub const COMPENSATION: LabelId = label("compensation");
    /// An event at a broker.
    pub const EVENT: LabelId = label("event");

    /// The label of a text, found while compiling.
    const fn label(text: &str) -> LabelId {
        let mut at = 0;
        while !is_same(TEXTS[at].as_bytes(), text.as_bytes()) {
            at += 1;
        }
        LabelId(at as u32)
    }

    const fn is_same(one: &[u8], other: &[u8]) -> bool {
        let mut at = 0;
        while at < one.len() && at < other.len() && one[at] == other[at] {
            at += 1;
        }
        at == one.len() && at == other.len()
    }
}
