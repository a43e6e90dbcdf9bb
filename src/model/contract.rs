//! The words that both sides use: those who are judged and those who judge, those who fail and
//! those who make them fail.
//!
//! Patterns say here what they promise and how much may go wrong meanwhile; checks look whether
//! they keep it, and fuzzing stays inside. Labels of messages and log records that a check must
//! recognise have fixed numbers.

use super::record::{GlobalTxnId, LabelId};
use crate::kernel::Span;

/// The promises of a pattern with its settings, which hold as long as no more goes wrong than its
/// budget allows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Promises {
    /// The names of the properties that it keeps; see `driftlab list checks`.
    pub guarantees: Vec<&'static str>,
    /// How much may go wrong.
    pub budget: Budget,
    /// How long after the load is over and everything is healed an operation may be under way;
    /// none if it does not say, and then only rest decides.
    pub within: Option<Span>,
}

/// A node of a pattern's own, beside services and databases, as the pattern declares it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Driver {
    /// The name of the node.
    pub name: &'static str,
    /// The role that it plays: a fault on `role:ROLE` strikes all nodes that play it.
    pub role: &'static str,
}

impl Driver {
    /// A node that is called as its role, because it is the only one that plays it.
    pub const fn new(name: &'static str) -> Self {
        Self { name, role: name }
    }
}

/// The roles that the model and faults know; every other is between its pattern and a scenario.
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
    /// Which steps are done by then, and by whom.
    pub steps: WaitsFor,
    /// The nodes of the pattern's own that take part, by name.
    pub drivers: Vec<&'static str>,
    /// True if services publish what they have done, for others to follow.
    pub publishes: bool,
}

/// Which steps are done before the answer, and by whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitsFor {
    /// All of them, each by its own service.
    All,
    /// All of them, by the service of the first, in one transaction.
    InOnePlace,
    /// The first; the others follow behind the answer.
    First,
}

/// How much may go wrong before a promise is off: kinds of fault that it does not list are outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Budget(pub Vec<Allowance>);

/// How much of one kind of fault is inside a budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// The kind of fault, by its name.
    pub fault: &'static str,
    /// How many of it in one run, at most.
    pub count: u32,
    /// How long one may last, at most.
    pub longest: Span,
    /// The targets that it may strike: names of nodes or roles; anything, if there is none.
    pub targets: Vec<String>,
}

impl Allowance {
    /// So many faults of a kind, each no longer than this, on anything.
    pub const fn new(fault: &'static str, count: u32, longest: Span) -> Self {
        Self { fault, count, longest, targets: Vec::new() }
    }
}

impl Budget {
    /// The same without these kinds of fault.
    #[must_use]
    pub fn without(mut self, kinds: &[&[&str]]) -> Self {
        let is_out = |fault: &str| kinds.iter().any(|kinds| kinds.contains(&fault));
        self.0.retain(|allowance| !is_out(allowance.fault));
        self
    }

    /// The allowance for a kind of fault wherever it strikes, if there is one. Of a kind that has
    /// several allowances, the first; those behind it may allow more to certain targets.
    pub fn of(&self, fault: &str) -> Option<&Allowance> {
        self.0.iter().find(|allowance| allowance.fault == fault)
    }
}

/// The kinds of fault by what they do, for budgets.
pub mod faults {
    /// Nodes lose what is volatile.
    pub const CRASHES: &[&str] = &["crash", "torn-tail", "deployment"];
    /// Nodes and databases run late, or not at all for a while, and lose nothing.
    pub const STALLS: &[&str] = &["pause", "slow-down", "expensive-query"];
    /// Clocks are wrong.
    pub const CLOCKS: &[&str] = &["clock-offset", "clock-drift", "clock-jump"];
    /// Nothing passes for a while.
    pub const CUTS: &[&str] = &["partition", "flapping"];
    /// Messages come later, also behind later ones.
    pub const LATENESS: &[&str] = &["delay", "delay-message", "bandwidth", "reordering"];
    /// Messages vanish.
    pub const LOSSES: &[&str] = &["loss", "lose-message", "corruption"];
    /// Messages come twice.
    pub const COPIES: &[&str] = &["duplication", "duplicate-message"];
    /// Disks are slow or full, and honest about it.
    pub const DISKS: &[&str] = &["disk-stall", "disk-full"];
    /// Databases turn transactions away, or break them off.
    pub const CONTENTION: &[&str] =
        &["pool-exhaustion", "deadlock-victim", "serialization-failure", "commit-unknown"];
    /// A broker hands messages out again, or not for a while.
    pub const BROKERS: &[&str] = &["broker-redelivery", "broker-rebalance"];
    /// The synchronization job runs too seldom or too often.
    pub const JOBS: &[&str] = &["job-skip", "job-overlap"];
    /// Copies of tables are late. No step writes them, and no rule is about them.
    pub const FEEDS: &[&str] = &["replica-lag"];
    /// More is offered than usual.
    pub const LOADS: &[&str] = &["load-burst"];
    /// Faults that break what everybody relies on: stored is not stored, a message can be consumed
    /// by nobody, a table is not what it was. Inside no budget.
    #[cfg(test)]
    pub const BETRAYALS: &[&str] =
        &["lying-force", "broker-loss", "poison-message", "schema-change"];
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
    /// The end of a session that wants nothing kept.
    pub const ROLLBACK: LabelId = label("rollback");
    /// The outcome of a branch, told to its database.
    pub const RESOLVE: LabelId = label("resolve");
    /// An abort: in a log, or the message that tells a branch.
    pub const ABORT: LabelId = label("abort");
    /// A row of an outbox.
    pub const OUTBOX: LabelId = label("outbox");
    /// A branch whose outcome is open.
    pub const BRANCH: LabelId = label("prepared branch");
    /// A coordinator's decision in its log, or all votes in that of an acceptor.
    pub const DECISION: LabelId = label("decision");
    /// The decision on a distributed transaction.
    pub const TRANSACTION: LabelId = label("transaction");
    /// The state of an orchestrated operation.
    pub const WORKFLOW: LabelId = label("workflow");
    /// A step that is taken back.
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
