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
//! which records need not be forced and which decisions not acknowledged. With n participants:
//!
//! | presumed | commit: forced, messages | abort after n yes but one: forced, messages |
//! |---|---|---|
//! | nothing | 1 + 2n, 4n | 1 + 2(n-1), 2n + 2(n-1) |
//! | abort   | 1 + 2n, 4n | n-1, 2n + (n-1) |
//! | commit  | 2 + n, 3n  | 1 + 2(n-1), 2n + 2(n-1) |
//!
//! (forced writes at coordinator and participants, messages of the protocol itself; the work is
//! another 2n messages.)
//!
//! **Fails as**: locks held through an outage of the coordinator; with `heuristic-after`, a
//! participant that decides alone may break atomicity.
//!
//! Gray, *Notes on Data Base Operating Systems* (1978); Mohan, Lindsay and Obermarck, *Transaction
//! Management in the R\* Distributed Database Management System* (1986).

mod coordinator;
mod participant;
mod settings;

use std::rc::Rc;

use super::registry::Pattern;
use super::step::{self, Failure};
use crate::kernel::{NodeId, Span};
use crate::model::here::Here;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationKind, ServiceId, System};
use crate::model::world::World;
use coordinator::Memory;
use settings::{FanOut, Heuristic, Place, Presumption, Settings};

/// A coordinator, participants, and a log each.
pub struct TwoPhaseCommit {
    settings: Settings,
}

/// A distributed transaction: one attempt at an operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Transaction {
    op: OpId,
    attempt: u16,
}

/// Services that take part, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Participants(u64);

/// What was, or is to be, done with every branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decision {
    Commit,
    Abort,
}

impl Participants {
    fn add(&mut self, service: ServiceId) {
        self.0 |= 1 << service.0;
    }

    fn remove(&mut self, service: ServiceId) {
        self.0 &= !(1 << service.0);
    }

    fn iter(self) -> impl Iterator<Item = ServiceId> {
        (0..u64::BITS as u16).filter(move |at| self.0 >> at & 1 == 1).map(ServiceId)
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Pattern for TwoPhaseCommit {
    const NAME: &'static str = "two-phase-commit";
    const SUMMARY: &'static str = "a coordinator prepares every participant, then commits them";
    const MANUAL: &'static str = include_str!("two_phase_commit.rs");
    type Settings = Settings;

    fn check(_: &Settings, system: &System) -> Vec<String> {
        let mut problems = Vec::new();
        if system.services.len() > u64::BITS as usize {
            problems.push(format!("at most {} services can take part", u64::BITS));
        }
        for spec in system.databases.iter().filter(|spec| !spec.xa) {
            problems.push(format!(
                "`{}` has no XA support (`xa = false`), so it cannot prepare a branch",
                spec.name.shown
            ));
        }
        problems
    }

    fn drivers(settings: &Settings) -> Vec<&'static str> {
        match settings.coordinator {
            Place::OwnNode => vec!["coordinator"],
            Place::Caller => Vec::new(),
        }
    }

    fn new(settings: &Settings, _: &Rc<World>) -> Self {
        Self { settings: settings.clone() }
    }

    fn entry(&self, world: &World, kind: OperationKind, op: OpId) -> NodeId {
        match self.settings.coordinator {
            Place::OwnNode => world.drivers()[0],
            Place::Caller => world.instance(world.first_service(kind), op),
        }
    }

    /// Technical failures abort the transaction; the whole of it is tried again, as a new one.
    async fn execute(self: Rc<Self>, here: Here, op: OpId) -> Answer {
        let memory = here.local::<Memory>();
        if let Some(answer) = coordinator::earlier_answer(&here, op).await {
            return answer;
        }
        let answer = step::retry(&here, "transaction", async |here: Here| {
            match self.coordinate(&here).await {
                Ok(()) => Some(Answer::Done),
                Err(Failure::Refused) => Some(Answer::RefusedByRule),
                Err(Failure::Technical | Failure::Unknown) => None,
            }
        });
        let answer = answer.await.unwrap_or(Answer::TechnicalNo);
        memory.with(|memory| memory.end(op, answer));
        answer
    }

    fn start(self: Rc<Self>, here: Here) {
        if here.incarnation() > 0 {
            self.recover_coordinator(&here);
            self.recover_participant(&here);
        }
    }

    fn period(&self) -> Span {
        self.settings.inquiry_interval
    }
}
