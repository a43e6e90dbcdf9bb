//! A system of three services whose every delay is constant, so that each moment of a distributed
//! transaction can be computed, and what holds whichever protocol commits it.

pub(in crate::patterns) use std::collections::BTreeMap;

use proptest::prelude::*;

pub(in crate::patterns) use crate::checks::census::Headline;
pub(in crate::patterns) use crate::checks::measures::Measure;
pub(in crate::patterns) use crate::checks::measures::catalogue::{BLOCKED_EACH, IN_DOUBT_EACH};
pub(in crate::patterns) use crate::model::record::{
    Decision, Event, GlobalTxnId, Kind, OpId, Record, TxnId,
};
pub(in crate::patterns) use crate::model::system::DatabaseId;
pub(in crate::patterns) use crate::tests::pick;
pub(in crate::patterns) use crate::tests::runs::{RecordedRun, record_text};

pub(in crate::patterns) const US: u64 = 1_000;
pub(in crate::patterns) const MS: u64 = 1_000 * US;
pub(in crate::patterns) const SECOND: u64 = 1_000 * MS;

/// One way between a client and its entry.
pub(in crate::patterns) const CLIENT: u64 = 200 * US;
/// One way between services and the coordinator.
pub(in crate::patterns) const LINK: u64 = 300 * US;
/// One way between a service and its database.
pub(in crate::patterns) const WIRE: u64 = 100 * US;
/// A service's own work for one request.
pub(in crate::patterns) const WORK: u64 = 1_000 * US;
/// A database's work for one statement.
pub(in crate::patterns) const STATEMENT: u64 = 50 * US;
/// A database forces a prepared record.
pub(in crate::patterns) const PREPARE: u64 = 600 * US;
/// A database forces an outcome.
pub(in crate::patterns) const DECIDE: u64 = 500 * US;
/// The coordinator forces a record.
pub(in crate::patterns) const FORCE: u64 = 900 * US;
/// How long the coordinator and the services need after a restart.
pub(in crate::patterns) const RECOVERY: u64 = 2 * SECOND;
/// When the first operation arrives; the others follow at this distance.
pub(in crate::patterns) const ARRIVAL: u64 = 10 * SECOND;

/// Three services with a database and a row each. `transfer` adds to the row of `a`, then to those
/// of `b` and `c`; `SETTINGS` and `UNTIL` are filled in.
pub(in crate::patterns) const BASE: &str = r#"
[scenario]
name = "three"
warm-up = "0s"
load = "UNTIL"
settle = "200s"

[clients]
deadline = "100s"

[retry]
attempts = 1
backoff = "500ms"
jitter = 0.0
step-deadline = "2s"

[services]
a = { work = "1ms", recovery = "2s" }
b = { work = "1ms", recovery = "2s" }
c = { work = "1ms", recovery = "2s" }

[databases.a-db]
work = "50us"
wake-up = "0ns"
force = { commit = "700us", prepare = "600us", decide = "500us" }
[databases.b-db]
work = "50us"
wake-up = "0ns"
force = { commit = "700us", prepare = "600us", decide = "500us" }
[databases.c-db]
work = "50us"
wake-up = "0ns"
force = { commit = "700us", prepare = "600us", decide = "500us" }

[drivers]
force = "900us"
work = "0s"
recovery = "2s"

[links]
default = { delay = "300us" }
database = { delay = "100us" }
client = { delay = "200us" }

[tables]
alpha = { owner = "a", database = "a-db", columns = { n = 0 }, rows = 1 }
beta = { owner = "b", database = "b-db", columns = { n = 0 }, rows = 1 }
gamma = { owner = "c", database = "c-db", columns = { n = 0 }, rows = 1 }

[operations.transfer]
keys = { row = { rows-of = "alpha" } }

[[operations.transfer.steps]]
name = "first"
by = "a"
table = "alpha"
key = "row"
effect = { add = { n = 1 } }

[[operations.transfer.steps]]
name = "second"
by = "b"
table = "beta"
key = "row"
after = ["first"]
effect = { add = { n = 1 } }

[[operations.transfer.steps]]
name = "third"
by = "c"
table = "gamma"
key = "row"
after = ["first"]
effect = { add = { n = 1 } }

[load.transfers]
operation = "transfer"
constant = "10s"
LAST

[variants.tpc]
single-store = "through-driver"
pattern = "PATTERN"
settings = { SETTINGS }
"#;

/// The scenario with these settings, load for `seconds`, and more lines, such as faults.
pub(in crate::patterns) fn scenario(settings: &str, seconds: u64, more: &str) -> String {
    scenario_of("two-phase-commit", settings, seconds, more)
}

/// The same under any pattern.
pub(in crate::patterns) fn scenario_of(
    pattern: &str,
    settings: &str,
    seconds: u64,
    more: &str,
) -> String {
    let base = BASE
        .replace("PATTERN", pattern)
        .replace("SETTINGS", settings)
        .replace("UNTIL", &format!("{seconds}s"));
    format!("{base}{more}").replace("LAST\n", "")
}

/// The same with one transfer only, and so long a load that a fault may last until 25 s.
pub(in crate::patterns) fn single(settings: &str, more: &str) -> String {
    single_of("two-phase-commit", settings, more)
}

/// The same under any pattern.
pub(in crate::patterns) fn single_of(pattern: &str, settings: &str, more: &str) -> String {
    let base = BASE.replace("PATTERN", pattern).replace("LAST", "until = '12s'");
    format!("{base}{more}").replace("SETTINGS", settings).replace("UNTIL", "25s")
}

/// Waiting for a lock takes as long as it takes.
pub(in crate::patterns) fn patient(text: &str) -> String {
    let databases = text.replace("-db]\n", "-db]\nlock-timeout = '60s'\nbranch-timeout = '300s'\n");
    databases.replace("step-deadline = \"2s\"", "step-deadline = \"90s\"")
}

pub(in crate::patterns) fn run(text: &str) -> RecordedRun {
    record_text(text, "tpc", 1)
}

/// A crash of `target`, in nanoseconds.
pub(in crate::patterns) fn crash(target: &str, at: u64, length: u64) -> String {
    format!("[[faults]]\nkind = 'crash'\ntarget = '{target}'\nat = '{at}ns'\nfor = '{length}ns'\n")
}

/// A crash of somebody, with the length of the outage in nanoseconds.
#[derive(Clone, Debug)]
pub(in crate::patterns) struct Crash {
    pub target: &'static str,
    at: u64,
    length: u64,
    machine: bool,
}

impl Crash {
    /// The crash as an entry of a scenario.
    pub(in crate::patterns) fn fault(&self) -> String {
        let Self { target, at, length, machine } = self;
        crash(target, *at, *length) + &format!("machine = {machine}\n")
    }
}

/// Fewer than `most` crashes of these targets, near the moments of the protocol: in steps that hit
/// every one of them.
pub(in crate::patterns) fn crashes(
    targets: &'static [&'static str],
    most: usize,
) -> impl Strategy<Value = Vec<Crash>> {
    let crash = (
        prop::sample::select(targets),
        (1_u64..40, 0_u64..120),
        prop_oneof![50 * MS..SECOND, SECOND..8 * SECOND],
        any::<bool>(),
    );
    let crash = crash.prop_map(|(target, (slot, step), length, machine)| Crash {
        target,
        at: slot * 500 * MS + step * 100 * US,
        length,
        machine,
    });
    prop::collection::vec(crash, 1..most)
}

/// The scenario with a transfer every half a second, and clients that try twice.
pub(in crate::patterns) fn busy(text: &str) -> String {
    let text = text.replace("\"10s\"", "\"500ms\"").replace("attempts = 1", "attempts = 2");
    text.replace("[clients]\n", "[clients]\nattempts = 2\nattempt-deadline = '9s'\n")
}

/// How many branches were committed, and how many aborted.
pub(in crate::patterns) fn outcomes(told: &RecordedRun) -> (usize, usize) {
    let decisions = told.pick(pick!(Event::Resolved { decision, .. } => decision));
    let (commits, aborts): (Vec<_>, Vec<_>) =
        decisions.partition(|decision| *decision == Decision::Commit);
    (commits.len(), aborts.len())
}

/// Nothing gets from `from` to `to` that leaves around `at`.
pub(in crate::patterns) fn swallow(from: &str, to: &str, at: u64) -> String {
    let at = at - 10 * US;
    format!(
        "[[faults]]\nkind = 'loss'\nfrom = ['{from}']\nto = [{to}]\none-way = true\nshare = 1.0\n\
         at = '{at}ns'\nfor = '20us'\n"
    )
}

/// The moments of an undisturbed transfer whose coordinator has a node of its own, asks all at
/// once, and presumes nothing or abort.
#[derive(Clone, Copy)]
pub(in crate::patterns) struct Moments {
    /// `a` has its row lock.
    pub locked: u64,
    /// All work is done, and the votes are asked for.
    pub asked: u64,
    /// The prepared records are durable.
    pub prepared: u64,
    /// The participants know that.
    pub voted: u64,
    /// The decision is durable.
    pub decided: u64,
    /// When the decision is durable at the participants.
    pub resolved: u64,
    /// The client knows.
    pub answered: u64,
}

impl Moments {
    /// Those of the first transfer under this presumption.
    pub fn under(presumption: &str) -> Self {
        // Presumed commit forces a record before it asks for votes.
        Self::of(ARRIVAL).later(if presumption == "commit" { FORCE } else { 0 })
    }

    pub const fn of(arrival: u64) -> Self {
        let begun = arrival + CLIENT;
        let locked = begun + LINK + WORK + WIRE;
        let asked = begun + 2 * (2 * LINK + WORK + 2 * WIRE + STATEMENT);
        let prepared = asked + LINK + WIRE + PREPARE;
        let voted = prepared + WIRE;
        let decided = voted + LINK + FORCE;
        let resolved = decided + LINK + WIRE + DECIDE;
        Self { locked, asked, prepared, voted, decided, resolved, answered: decided + CLIENT }
    }

    /// The same if the votes are asked for so much later.
    pub const fn later(self, by: u64) -> Self {
        Self {
            locked: self.locked,
            asked: self.asked + by,
            prepared: self.prepared + by,
            voted: self.voted + by,
            decided: self.decided + by,
            resolved: self.resolved + by,
            answered: self.answered + by,
        }
    }
}

/// When the first record of this kind about database number `database` was made for `op`.
pub(in crate::patterns) fn when(told: &RecordedRun, kind: Kind, database: u16, op: u32) -> u64 {
    let here = |record: &&Record| {
        record.event.database() == Some(DatabaseId(database)) && record.op == OpId(op)
    };
    let found = told.all(kind).find(here);
    found.unwrap_or_else(|| panic!("no {kind:?} of {op} at {database}")).time.as_nanos()
}

pub(in crate::patterns) fn values<'a>(
    told: &'a RecordedRun,
    measure: &'static Measure,
) -> &'a [u64] {
    &told.report.measures.values(measure).values
}

pub(in crate::patterns) fn headlines(told: &RecordedRun) -> Vec<Headline> {
    told.report.operations.iter().map(|row| row.headline).collect()
}

/// Checks what holds in every run of this protocol under any faults, but for heuristic
/// decisions. Settled means that no lock, branch or session is left.
pub(in crate::patterns) fn check_sound(told: &RecordedRun, what: &str) {
    assert!(told.ran.settled, "not settled: {what}");
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}: {what}");
    for row in &told.report.operations {
        assert!(!row.headline.is_wrong(), "{:?} is {:?}: {what}", row.op, row.headline);
    }
    // Agreement: never one branch committed and another aborted in one transaction.
    let mut decisions: BTreeMap<(OpId, GlobalTxnId), (Decision, bool)> = BTreeMap::new();
    let mut open: BTreeMap<TxnId, GlobalTxnId> = BTreeMap::new();
    for record in &told.records {
        match record.event {
            Event::Prepared { txn, transaction, .. } => {
                open.insert(txn, transaction);
            }
            Event::Resolved { txn, decision, heuristic, .. } => {
                let transaction = open.remove(&txn);
                let transaction =
                    transaction.unwrap_or_else(|| panic!("resolved unprepared: {what}"));
                let known =
                    decisions.entry((record.op, transaction)).or_insert((decision, heuristic));
                assert_eq!(*known, (decision, heuristic), "{:?} disagrees: {what}", record.op);
            }
            _ => {}
        }
    }
    assert_eq!(open.len(), 0, "still in doubt: {what}");
}
