//! # Two-phase commit
//!
//! A coordinator has every participant (a service with its database) do its part of the work in a
//! branch of one distributed transaction, then asks all of them to *prepare*. A participant that
//! votes yes has forced a prepared record first and from then on keeps its locks until it learns
//! the decision. If all vote yes, the coordinator forces `commit` before anybody hears of it;
//! otherwise it aborts. Recovery reads the log only.
//!
//! **Acknowledged**: `done` when the decision is durable, `no` when abort is decided.
//!
//! **Promises**: all participants commit or none does, whatever crashes; no reader sees a part.
//!
//! **Does not promise**: to make progress while the coordinator is down. A prepared participant
//! stays *in doubt*, with its locks, and asks again and again.
//!
//! **Presumptions** say what an inquiry is answered when the coordinator knows nothing, and so
//! which records need not be forced and which decisions not acknowledged. With n participants, of
//! whom y vote yes and the others no, and all asked at once, the protocol costs
//!
//! | presumed | commit: forced, not forced, messages | abort: forced, not forced, messages |
//! |---|---|---|
//! | nothing | 1 + 2n, 1, 4n | 1 + n + y, 1, 2n + 2y |
//! | abort   | 1 + 2n, 1, 4n | y, 1 + n, 2n + y |
//! | commit  | 2 + n, n, 3n  | 1 + n + y, 1, 2n + 2y |
//!
//! (log records of coordinator and participants together; the work is another 2n messages. With
//! `coordinator = "caller"` the first service coordinates, and what it asks of itself is no
//! message: count those of the others.) With `fan-out = "sequential"` a commit costs the same. The
//! first no, behind y times yes, ends the round, and those that were not asked hear of the abort
//! and write nothing:
//!
//! | presumed | sequential abort: forced, not forced, messages |
//! |---|---|
//! | nothing | 2 + 2y, 1, 2n + 2y |
//! | abort   | y, 2 + y, n + 1 + 2y |
//! | commit  | 2 + 2y, 1, 2n + 2y |
//!
//! The records are those of R\*: a participant that votes no writes an abort record, which is
//! forced unless aborts are presumed, and the coordinator writes one even where it could presume
//! it. No recovery needs them, and many implementations leave them out (`abort-records = false`):
//! then no participant that votes no writes anything, nor does the coordinator under presumed
//! abort, nor under presumed nothing if there is nobody whom it has to tell. Here the coordinator
//! differs from R\* in two things: it is not a participant itself, so all n are asked by message;
//! and a branch that its database has lost in a crash votes no without a record. Under presumed
//! commit the collecting record without a commit record stands for the abort.
//!
//! A participant that has changed nothing drops out at its vote: it costs two messages and no
//! record. Before votes are asked for nobody can be in doubt: an abort is then told once, and
//! nothing is logged.
//!
//! A request, each round of work, the votes and the decision are a step each of the coordinator's
//! own work, for which it needs one of its workers (`[drivers.coordinator]`; its `instances` share
//! the operations out).
//!
//! Where a step is delegated, its owner is the participant: the coordinator asks it directly,
//! whoever wants the step.
//!
//! **Messages** may come twice, late or not at all. A transaction that is tried again is a new one
//! with a new name; a participant that has ended one does not begin it again.
//!
//! **Fails as**: locks held through an outage of the coordinator; with `heuristic-after`, a
//! participant that decides alone may break atomicity.
//!
//! Gray, *Notes on Data Base Operating Systems* (1978); Mohan, Lindsay and Obermarck, *Transaction
//! Management in the R\* Distributed Database Management System* (1986).

mod branches;
pub(crate) mod coordinator;
pub(crate) mod decisions;
pub(crate) mod participant;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::pattern::{Demand, Pattern};
use super::promise::{self, Keeps};
use super::step::{self, Failure};
use crate::kernel::{NodeId, Span};
use crate::model::contract::{Driver, Promises, role};
use crate::model::process::ProcessCtx;
use crate::model::reason::Reason;
use crate::model::record::{Answer, OpId};
use crate::model::system::{
    DatabaseId, MAX_STEPS, OperationKind, OperationSpec, ServiceId, StepSpec, System,
};
use crate::model::world::World;
use crate::reason;
use decisions::{Decisions, Textbook};
use settings::{FanOut, Heuristic, Place, Presumption, Settings};

/// The name of the node of a coordinator that has a node of its own.
const COORDINATOR: &str = role::COORDINATOR;

/// A coordinator, participants, and a log each.
pub struct TwoPhaseCommit {
    settings: Settings,
    decisions: &'static dyn Decisions,
}

impl TwoPhaseCommit {
    /// Two-phase commit with these settings, whose coordinator decides by these rules.
    pub(crate) fn deciding(settings: Settings, decisions: &'static dyn Decisions) -> Self {
        Self { settings, decisions }
    }
}

/// A distributed transaction: one attempt at an operation, whoever asked for it. No two are the
/// same, so a message about one that is over cannot be taken for the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Transaction {
    op: OpId,
    /// How often the coordinator had been restarted.
    epoch: u16,
    /// Which one it is since then.
    number: u32,
    /// Which attempt at the operation it is: another one has other instances of the services.
    attempt: u8,
}

/// The numbers of transactions use so many bits: the tag of a branch holds no more.
const NUMBER: u32 = u32::MAX >> 8;

impl Transaction {
    /// The instance of a service that takes part in it, from its work to its end: whoever has done
    /// the work has the session.
    fn participant(self, world: &World, service: ServiceId) -> NodeId {
        world.sticky(service, self.op, self.attempt.into())
    }
}

/// Some of the services that carry out an operation's steps, each by a bit: that of its first step.
/// So a transaction costs a word, however many services the system has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Participants(u32);

const _: () = assert!(MAX_STEPS <= u32::BITS as usize, "a step has a bit");

impl Participants {
    /// Every service that carries out a step of the operation.
    fn of(operation: &OperationSpec) -> Self {
        let mut all = Self::default();
        operation.steps.iter().for_each(|step| all.add(operation, step.by));
        all
    }

    fn add(&mut self, operation: &OperationSpec, service: ServiceId) {
        self.0 |= Self::bit(operation, service);
    }

    fn remove(&mut self, operation: &OperationSpec, service: ServiceId) {
        self.0 &= !Self::bit(operation, service);
    }

    fn bit(operation: &OperationSpec, service: ServiceId) -> u32 {
        let first = operation.steps.iter().position(|step| step.by == service);
        first.map_or(0, |first| 1 << first)
    }

    /// The services, in their order.
    fn iter(self, operation: &OperationSpec) -> impl Iterator<Item = ServiceId> {
        let firsts = (0..).zip(&operation.steps).filter(move |(at, _)| self.0 >> at & 1 == 1);
        let services = firsts.map(|(_, step)| step.by);
        let after = move |last: Option<ServiceId>| {
            services.clone().filter(|service| Some(*service) > last).min()
        };
        std::iter::successors(after(None), move |last| after(Some(*last)))
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The problem of two participants that write the same row: each branch would hold the lock for
/// which the other one waits.
fn one_row_of_two(system: &System, operation: &OperationSpec) -> Option<Reason> {
    let steps = || operation.steps.iter();
    let same = |a: &StepSpec, b: &StepSpec| (a.table, a.key) == (b.table, b.key) && a.by != b.by;
    let step = steps().find(|step| steps().any(|other| same(step, other)))?;
    let other = steps().find(|other| same(step, other))?;
    let name = |service: ServiceId| &system.services[service.index()].name.shown;
    Some(reason!(
        "in `{}`, services `{}` and `{}` write the same row of `{}`; one branch would wait for \
         the other to end",
        operation.name.shown,
        name(step.by),
        name(other.by),
        system.table(step.table).name.shown
    ))
}

impl Pattern for TwoPhaseCommit {
    const NAME: &'static str = "two-phase-commit";
    const SUMMARY: &'static str = "a coordinator prepares every participant, then commits them";
    const MANUAL: &'static str = include_str!("two_phase_commit.rs");
    type Settings = Settings;

    fn check(_: &Settings, system: &System) -> Vec<Reason> {
        let mut problems = Vec::new();
        let is_used = |id| system.steps().any(|step| system.table(step.table).database == id);
        let databases = (0..).map(DatabaseId).zip(&system.databases);
        for (_, spec) in databases.filter(|(id, spec)| !spec.xa && is_used(*id)) {
            problems.push(reason!(
                "`{}` has no XA support (`{}`), so it cannot prepare a branch",
                spec.name.shown,
                "xa = false"
            ));
        }
        for operation in &system.operations {
            let mut places: BTreeMap<ServiceId, DatabaseId> = BTreeMap::new();
            for step in &operation.steps {
                let database = system.table(step.table).database;
                if *places.entry(step.by).or_insert(database) != database {
                    problems.push(reason!(
                        "in `{}`, service `{}` writes to two databases; a participant is a \
                         service with one database",
                        operation.name.shown,
                        system.services[step.by.index()].name.shown
                    ));
                    break;
                }
            }
            problems.extend(one_row_of_two(system, operation));
        }
        problems
    }

    /// A participant that decides alone gives up everything that needs one outcome.
    fn promises(settings: &Settings, system: &System) -> Promises {
        let alone = settings.heuristic_after.is_some();
        let guarantees = Keeps::everything()
            .and(&["agreement", "irrevocable", "commit-validity", "write-ahead"])
            .and(&["prepared-exclusion", "bounded-blocking"])
            .unless(alone, promise::ENDS)
            .unless(alone, &["agreement", "commit-validity"]);
        let retry = system.longest_retry();
        let inquiries = settings.inquiry_interval + retry.step_deadline;
        let within = promise::recovery(system)
            + promise::tries(&retry).saturating_mul(2)
            + inquiries.saturating_mul(4);
        Promises { guarantees: guarantees.names(), budget: promise::usual(), within: Some(within) }
    }

    /// A request, its rounds of work, the votes and the decision are a step each.
    fn demands(
        settings: &Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<Demand> {
        let rounds = |kind| coordinator::rounds(settings, system.operation(kind)) as f64;
        let steps = offered.iter().map(|(kind, rate)| rate * (3.0 + rounds(*kind))).sum();
        match settings.coordinator {
            Place::OwnNode => Demand::of_workers(system, COORDINATOR, steps).into_iter().collect(),
            Place::Caller => Vec::new(),
        }
    }

    fn drivers(settings: &Settings) -> Vec<Driver> {
        match settings.coordinator {
            Place::OwnNode => vec![Driver::new(COORDINATOR)],
            Place::Caller => Vec::new(),
        }
    }

    fn new(settings: &Settings, _: &Rc<World>) -> Self {
        Self::deciding(settings.clone(), &Textbook)
    }

    fn entry(&self, world: &World, kind: OperationKind, op: OpId, _: u16) -> NodeId {
        match self.settings.coordinator {
            Place::OwnNode => world.driver_of(COORDINATOR, op),
            Place::Caller => world.sticky(world.first_service(kind), op, 0),
        }
    }

    /// Technical failures abort the transaction; the whole of it is tried again, as a new one.
    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        if let Some(answer) = coordinator::earlier_answer(&here, op) {
            return answer;
        }
        let answer = step::retry(&here, "transaction", step::left(&here), async |here| match self
            .coordinate(&here)
            .await
        {
            Ok(()) => Some(Answer::Done),
            Err(Failure::Refused) => Some(Answer::RefusedByRule),
            Err(_) => None,
        });
        answer.await.unwrap_or(Answer::TechnicalNo)
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        if here.incarnation() > 0 {
            self.recover_coordinator(&here);
            self.recover_participant(&here);
        }
    }

    fn period(&self) -> Span {
        self.settings.inquiry_interval
    }

    fn dormant(_: &Settings, system: &System) -> Span {
        let timeouts = system.databases.iter().map(|database| database.branch_timeout);
        timeouts.max().unwrap_or_default()
    }
}
