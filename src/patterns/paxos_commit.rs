//! # Paxos Commit
//!
//! Two-phase commit whose decision does not depend on a single node. Every participant does its
//! part of the work in a branch of one distributed transaction, as in two-phase commit, and when
//! the coordinator asks, it forces a prepared record before it votes yes. But it registers that
//! vote with 2F + 1 *acceptors*, the coordinator being one of them (F is `tolerated-faults`, 1 by
//! default; the other 2F have nodes of their own, of the role `acceptor`). An acceptor that has all
//! votes forces one record for all of them and reports that to the coordinator. Once F + 1
//! acceptors have such a record, its own among them, the transaction is committed: the coordinator
//! needs no record of a decision beside it.
//!
//! For each participant there is one instance of the Paxos consensus algorithm, which chooses
//! *prepared* or *aborted*, and the transaction commits if all choose *prepared*. The votes are
//! ballot 0, in which each participant proposes for itself. When the coordinator is silent, a
//! participant in doubt asks an acceptor, which leads a higher *ballot*: it has F + 1 acceptors
//! promise to accept nothing in a lower one and tell what they have accepted there, proposes that,
//! and *aborted* for every instance that is free; what F + 1 accept is the decision. Any number of
//! leaders may try at the same time, and none of them can choose what another one has not.
//!
//! **Acknowledged**: `done` when F + 1 acceptors have all votes, `no` when abort is decided.
//!
//! **Promises**: all participants commit or none does, whatever crashes or is lost; no reader sees
//! a part. No participant waits for one node: in doubt, it learns the decision as soon as F + 1
//! acceptors and one of them to lead can be reached, within an `inquiry-interval`, a call or two to
//! nodes that do not answer, and four messages between acceptors.
//!
//! **Does not promise**: to make progress while more than F acceptors are down: then branches stay
//! in doubt, as in two-phase commit. Nor to answer operations while the coordinator that has begun
//! them is down: only their transactions end without it. Once restarted, it asks the acceptors for
//! the outcome of an operation before it tries the operation again. Other `instances` of it take
//! new operations, and those that got no answer, as with two-phase commit.
//!
//! **Costs**: with n participants, of whom y vote yes and the others no, beside two-phase commit
//! that presumes nothing or abort
//!
//! | | forced | not forced | messages | delays |
//! |---|---|---|---|---|
//! | commit | 2n + 2F + 1 | 2F + 1 | (2F + 4) n + 4F | 3 and 2; 2 and 2 if F = 0 |
//! | abort | 2y | 2F + 1 | 2n + (2F + 2) y + 2F | 2 and 1 |
//! | two-phase commit: commit | 2n + 1 | 1 | 4n | 2 and 2 |
//!
//! (log records of all together; the work is another 2n messages. The delays are those of messages
//! and of forced writes, one after the other, from the first *prepare* until the decision is
//! durable; the participants learn it one message later.) With F = 0 the coordinator is the only
//! acceptor, its record of the votes is the commit record of two-phase commit, and a commit costs
//! the same. An abort differs, because the instance of a participant that has aborted is free for
//! ever: the coordinator aborts as soon as it hears of one, without a record, as if it presumed
//! abort, and the participant writes none. But outcomes are always forced and acknowledged, as with
//! presumed nothing: acceptors may forget a transaction only when no inquiry about it is possible
//! any more. They get that message once, without an acknowledgement: one that misses it keeps its
//! record of that transaction, which only costs space. Each ballot of another leader costs 4F
//! messages and at least 2F + 2 forced records.
//!
//! Gray and Lamport (section 4.3) count (n + 1)(F + 3) - 4 messages and n + F + 1 forced writes for
//! a commit, against 3n - 1 and n + 1, and five message delays against four. They send votes to F +
//! 1 acceptors, and to the others only if one of those is silent, where here all are asked at once
//! and none is kept in reserve; they begin with a message of the first participant, which is then
//! not asked, where here the coordinator has distributed the work and asks all; and they count
//! neither the commit records of participants, nor acknowledgements, nor the messages that let
//! acceptors forget. Counted like that, the protocol is the same. Their *faster* variant, in which
//! acceptors tell the participants themselves, saves a delay and is not here.
//!
//! A participant that has changed nothing registers that, drops out at its vote and hears nothing
//! more; if all participants do, no acceptor writes a record of the votes.
//!
//! **Three-phase commit** is not here. Skeen's protocol does not block when nodes crash as long as
//! nothing else goes wrong, but rests on timeouts that tell a crash from a slow or cut network: in
//! a partition its sides may decide differently, or it blocks after all. Paxos Commit takes no more
//! message delays, decides by majorities and is safe however late messages are.
//!
//! **Fails as**: locks held while more than F acceptors are down or cut off; a transaction that a
//! new leader aborts because its coordinator was only slow.
//!
//! Gray and Lamport, *Consensus on Transaction Commit* (2006); Skeen, *Nonblocking Commit
//! Protocols* (1981).

mod acceptor;
mod coverage;
mod leader;
pub(crate) mod rules;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::atomic_commit::again;
use super::atomic_commit::delivery::FanOut;
use super::atomic_commit::participant::{self, ParticipantOptions};
use super::atomic_commit::work::rounds;
use super::atomic_commit::{self, Participants, Transaction};
use super::pattern::{Demand, Pattern};
use super::promise::{self, Guarantees};
use super::share::Share;
use super::step;
use crate::kernel::{NodeId, Span};
use crate::model::contract::{Driver, Promises, Waits, WaitsFor, role};
use crate::model::database::NoRecord;
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::reason::Reason;
use crate::model::record::{Answer, Decision, OpId};
use crate::model::system::{OperationKind, System};
use crate::model::world::World;
use crate::reason;
use leader::InDoubt;
use rules::{Rules, Textbook};
use settings::{MOST, Settings};

/// Participants with a log each, and acceptors that agree on the votes.
pub struct PaxosCommit {
    settings: Settings,
    rules: &'static dyn Rules,
    /// The number of this pattern among those side by side.
    part: u8,
}

impl PaxosCommit {
    /// Paxos Commit with these settings, whose leaders propose by these rules.
    pub(crate) fn proposing(settings: Settings, rules: &'static dyn Rules) -> Self {
        Self { settings, rules, part: 0 }
    }

    /// The options of the participants.
    fn options(&self) -> ParticipantOptions<InDoubt> {
        ParticipantOptions {
            termination: InDoubt { rules: self.rules, part: self.part },
            read_only_vote: self.settings.read_only_vote,
            no_record: NoRecord::None,
            inquiry_interval: self.settings.inquiry_interval,
            heuristic: None,
        }
    }

    /// The answer to an operation about which this coordinator may have forgotten something in a
    /// crash: done, because an earlier transaction was committed. None if no earlier transaction of
    /// it was committed or ever will be.
    async fn earlier_answer(&self, here: &ProcessCtx, op: OpId) -> Option<Answer> {
        let restarted = here.local::<leader::Memory>().with(|memory| memory.restarted);
        if here.env().operation(op).arrived > restarted {
            return None;
        }
        let policy = here.retry().attempts;
        let attempts = here.system().client.attempts.map_or(policy, |most| most.max(policy));
        for epoch in 0..here.incarnation() {
            for attempt in 0..attempts as u8 {
                let id = Transaction { epoch, attempt, ..Transaction::begun(here, self.part, 0) };
                if self.finish(here, id).await == Decision::Commit {
                    return Some(Answer::Done);
                }
            }
        }
        None
    }
}

impl Pattern for PaxosCommit {
    const NAME: &'static str = "paxos-commit";
    const SUMMARY: &'static str = "two-phase commit whose outcome a majority of acceptors knows";
    const MANUAL: &'static str = include_str!("paxos_commit.rs");
    type Settings = Settings;

    fn check(settings: &Settings, system: &System) -> Vec<Reason> {
        let mut problems = atomic_commit::check(system);
        if settings.tolerated_faults > MOST {
            problems.push(reason!("`{}` must be at most {MOST}", "tolerated-faults"));
        }
        problems
    }

    fn promises(settings: &Settings, system: &System) -> Promises {
        let guarantees = Guarantees::everything()
            .and(&["agreement", "irrevocable", "commit-validity", "write-ahead"])
            .and(&["prepared-exclusion", "bounded-blocking"]);
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
    fn demands(_: &Settings, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand> {
        let rounds = |kind| rounds(FanOut::Parallel, system.operation(kind)) as f64;
        let steps = offered.iter().map(|(kind, rate)| rate * (3.0 + rounds(*kind))).sum();
        Demand::of_workers(system, role::COORDINATOR, steps).into_iter().collect()
    }

    fn drivers(settings: &Settings) -> Vec<Driver> {
        let coordinator = Driver::new(role::COORDINATOR);
        std::iter::once(coordinator).chain(settings.acceptors()).collect()
    }

    /// The nodes that must be up: the coordinator, and any others that make a majority with it.
    fn waits(settings: &Settings) -> Waits {
        let acceptors = settings.acceptors().into_iter().take(settings.tolerated_faults.into());
        let others = acceptors.map(|acceptor| acceptor.name);
        let drivers = std::iter::once(role::COORDINATOR).chain(others).collect();
        Waits { steps: WaitsFor::All, drivers, publishes: false }
    }

    fn new(settings: &Settings, _: &Rc<World>) -> Self {
        Self::proposing(settings.clone(), &Textbook)
    }

    fn beside(settings: &Settings, world: &Rc<World>, share: &Share) -> Self {
        Self { part: share.part, ..Self::new(settings, world) }
    }

    fn entry(&self, world: &World, _: OperationKind, op: OpId, attempt: u16) -> NodeId {
        world.driver_of(role::COORDINATOR, op, attempt)
    }

    /// Carries out an operation. After a technical failure the transaction is aborted and the whole
    /// of it is tried again, as a new transaction.
    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        if let Some(answer) = self.earlier_answer(&here, op).await {
            return answer;
        }
        let keyed = here.world().named_drivers(role::COORDINATOR).count() > 1;
        let asked_before = here.ctx().attempt > 0;
        let answer = step::retry(&here, "transaction", step::left(&here), async |here| {
            let result = self.coordinate(&here, keyed).await;
            again::answer(&here, (keyed, asked_before), result).await
        });
        answer.await.unwrap_or(Answer::TechnicalNo)
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        if here.incarnation() == 0 {
            return;
        }
        participant::recover(&here, self.options());
        if here.driver().is_some() {
            self.recover(&here);
        }
    }

    fn period(&self) -> Span {
        self.settings.inquiry_interval
    }

    fn dormant(_: &Settings, system: &System) -> Span {
        atomic_commit::dormant(system)
    }
}
