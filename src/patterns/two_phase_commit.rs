//! # Two-phase commit
//!
//! A coordinator has every participant (a service with its database) do its part of the work in a
//! branch of one distributed transaction, then asks all of them to *prepare*. A participant that
//! votes yes has forced a prepared record first and from then on keeps its locks until it learns
//! the decision. If all vote yes, the coordinator forces a commit record before it tells anyone;
//! otherwise it aborts. Recovery reads the log only.
//!
//! **Acknowledged**: `done` when the decision is durable, `no` when abort is decided.
//!
//! **Promises**: all participants commit or none does, whatever crashes; no reader sees a part.
//!
//! **Does not promise**: to make progress while the coordinator is down. A prepared participant
//! stays *in doubt*, with its locks, and asks again and again.
//!
//! **Presumptions** determine the answer to an inquiry when the coordinator has no record, and so
//! which records need not be forced and which decisions need no acknowledgement. With n
//! participants, of whom y vote yes and the others no, and all asked at once, the protocol costs
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
//! abort, nor under presumed nothing if it has no participant to tell. Here the coordinator differs
//! from R\* in two things: it is not a participant itself, so all n are asked by message; and a
//! branch that its database has lost in a crash votes no without a record. Under presumed commit
//! the collecting record without a commit record stands for the abort.
//!
//! A participant that has changed nothing drops out at its vote: it costs two messages and no
//! record. Before votes are asked for no participant can be in doubt: an abort is then sent once,
//! and nothing is logged.
//!
//! A request, each round of work, the votes and the decision are a step each of the coordinator's
//! own work, for which it needs one of its workers (`[drivers.coordinator]`).
//!
//! Several `instances` of the coordinator (or of the service that coordinates) share the operations
//! out, each with a log of its own, and a transaction stays with the one that has begun it. A
//! client that gets no answer turns to the next one, and all clients do once it is known that one
//! is down (`endpoint-delay` of `[drivers]`). The second cannot ask the first one what it has done,
//! but finds out by a key: with several instances, every transaction claims the operation's
//! idempotency key in the branch of its first step that writes, at the cost of one statement. If
//! the key is committed, so is the operation; while it is in doubt, its lock makes others wait. If
//! another instance was asked for the operation before, a refusal is made durable under the key
//! before the client is told.
//!
//! Where a step is delegated, its owner is the participant: the coordinator calls it directly, not
//! by way of the service that wants the step.
//!
//! **Messages** may arrive twice, late or not at all. A retry is a new transaction with a new name;
//! a participant does not begin an ended one again. The name contains the coordinator and, where
//! patterns run side by side, the pattern: recovery takes only its own transactions.
//!
//! **Fails as**: locks held through an outage of the coordinator; with `heuristic-after`, a
//! participant that decides alone may break atomicity.
//!
//! Gray, *Notes on Data Base Operating Systems* (1978); Mohan, Lindsay and Obermarck, *Transaction
//! Management in the R\* Distributed Database Management System* (1986).

pub(crate) mod coordinator;
mod coverage;
pub(crate) mod decisions;
mod inquiry;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::atomic_commit;
use super::atomic_commit::work::rounds;
use super::atomic_commit::{again, participant};
use super::pattern::{Demand, Pattern};
use super::promise::{self, Guarantees};
use super::share::Share;
use super::step;
use crate::kernel::{NodeId, Span};
use crate::model::contract::{Driver, Promises, role};
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::reason::Reason;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationKind, System};
use crate::model::world::World;
use decisions::{Decisions, Textbook};
use settings::{Heuristic, Place, Presumption, Settings};

/// The name of the node of a coordinator that has a node of its own.
const COORDINATOR: &str = role::COORDINATOR;

/// A coordinator and participants, each with a log.
pub struct TwoPhaseCommit {
    settings: Settings,
    decisions: &'static dyn Decisions,
    /// The number of this pattern among those side by side.
    part: u8,
}

impl TwoPhaseCommit {
    /// Two-phase commit with these settings, whose coordinator decides by these rules.
    pub(crate) fn deciding(settings: Settings, decisions: &'static dyn Decisions) -> Self {
        Self { settings, decisions, part: 0 }
    }
}

impl Pattern for TwoPhaseCommit {
    const NAME: &'static str = "two-phase-commit";
    const SUMMARY: &'static str = "a coordinator prepares every participant, then commits them";
    const MANUAL: &'static str = include_str!("two_phase_commit.rs");
    type Settings = Settings;

    fn check(_: &Settings, system: &System) -> Vec<Reason> {
        atomic_commit::check(system)
    }

    /// The promises with these settings. A participant that decides heuristically gives up every
    /// guarantee that needs a common outcome.
    fn promises(settings: &Settings, system: &System) -> Promises {
        let alone = settings.heuristic_after.is_some();
        let guarantees = Guarantees::everything()
            .and(&["agreement", "irrevocable", "commit-validity", "write-ahead"])
            .and(&["prepared-exclusion", "bounded-blocking"])
            .unless(alone, promise::ENDS)
            .unless(alone, &["agreement", "commit-validity"])
            // What was committed alone is done again when the client asks again.
            .unless(alone && settings.heuristic == Heuristic::Commit, &["at-most-once"]);
        let retry = system.longest_retry();
        let inquiries = settings.inquiry_interval + retry.step_deadline;
        let within = promise::recovery(system)
            + promise::tries(&retry).saturating_mul(2)
            + inquiries.saturating_mul(4);
        Promises { guarantees: guarantees.names(), budget: promise::usual(), within: Some(within) }
    }

    fn paths(settings: &Settings, system: &System) -> Paths {
        coverage::paths(settings, system)
    }

    /// The demands of operations: a request, its rounds of work, the votes and the decision are a
    /// step each.
    fn demands(
        settings: &Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<Demand> {
        let rounds = |kind| rounds(settings.fan_out, system.operation(kind)) as f64;
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

    fn beside(settings: &Settings, world: &Rc<World>, share: &Share) -> Self {
        Self { part: share.part, ..Self::new(settings, world) }
    }

    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        match self.settings.coordinator {
            Place::OwnNode => world.driver_of(COORDINATOR, op, attempt),
            Place::Caller => world.sticky(world.first_service(kind), op, attempt),
        }
    }

    /// Carries out an operation. After a technical failure the transaction is aborted and the whole
    /// of it is tried again, as a new transaction.
    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        if let Some(answer) = coordinator::earlier_answer(&here, op) {
            return answer;
        }
        let keyed = self.coordinators(&here, op).len() > 1;
        let asked_before = here.ctx().attempt > 0;
        let answer = step::retry(&here, "transaction", step::left(&here), async |here| {
            let result = self.coordinate(&here, keyed).await;
            again::answer(&here, (keyed, asked_before), result).await
        });
        answer.await.unwrap_or(Answer::TechnicalNo)
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        if here.incarnation() > 0 {
            self.recover_coordinator(&here);
            participant::recover(&here, self.options());
        }
    }

    fn period(&self) -> Span {
        self.settings.inquiry_interval
    }

    fn dormant(_: &Settings, system: &System) -> Span {
        atomic_commit::dormant(system)
    }
}
