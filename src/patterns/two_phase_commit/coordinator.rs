//! The coordinator: work, votes, decision, delivery, and its recovery from its log.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::Inquired;
use super::decisions::{Known, is_yes};
use super::inquiry::InDoubt;
use super::{COORDINATOR, Place, Presumption, TwoPhaseCommit};
use crate::kernel::{NodeId, Time};
use crate::model::call::{Message, Reply};
use crate::model::once::{self, is_forgotten};
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, Decision, OpId};
use crate::model::system::StepId;
use crate::model::world::World;
use crate::patterns::atomic_commit::delivery::{self, ask, note_decision, tell};
use crate::patterns::atomic_commit::participant::{self, Vote};
use crate::patterns::atomic_commit::work::work;
use crate::patterns::atomic_commit::{Participants, Transaction, operation, patience, steps_of};
use crate::patterns::step::Failure;

/// A record of the coordinator's log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub transaction: Transaction,
    pub what: What,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The participants, recorded before any of them can prepare; with presumed commit only.
    Collecting(Participants),
    Decided(Decision, Participants),
    /// All participants have acknowledged: the transaction can be forgotten.
    End,
}

/// The volatile state of the coordinator.
#[derive(Default)]
pub(super) struct Memory {
    /// The operations that were committed before the last restart, according to the log.
    committed: BTreeSet<OpId>,
    /// The number of transactions begun since the last restart.
    begun: u16,
    /// Transactions without a decision.
    voting: BTreeSet<Transaction>,
    /// Transactions with a decision that some participant has not acknowledged yet.
    decided: BTreeMap<Transaction, Decision>,
    /// The time at which old answers and log records were last deleted.
    forgot: Time,
}

/// The answer to an operation that was committed before a restart.
pub(super) fn earlier_answer(here: &ProcessCtx, op: OpId) -> Option<Answer> {
    let committed = here.local::<Memory>().with(|memory| memory.committed.contains(&op));
    committed.then_some(Answer::Done)
}

/// Deletes, at intervals, the answers and log records of old operations, unless one of their
/// transactions has not ended.
fn forget(here: &ProcessCtx) {
    let (now, span) = (here.now(), once::remembered(here));
    here.local::<Memory>().with(|memory| {
        if memory.forgot + span > now {
            return;
        }
        memory.forgot = now;
        memory.committed.retain(|op| !is_forgotten(here, *op));
        here.log::<Entry>().forget_if(|Entry { transaction, .. }| {
            let is_open =
                memory.voting.contains(transaction) || memory.decided.contains_key(transaction);
            !is_open && is_forgotten(here, transaction.op)
        });
    });
}

impl TwoPhaseCommit {
    /// Carries out one distributed transaction, from its work to its decision. A process of its own
    /// delivers the decision.
    pub(super) async fn coordinate(&self, here: &ProcessCtx, keyed: bool) -> Result<(), Failure> {
        forget(here);
        let id = begin(here, self.part);
        let (involved, worked) = work(here, id, self.settings.fan_out, keyed).await;
        if worked.is_err() {
            // No participant can be in doubt before votes are asked for, so nothing is logged: a
            // branch that does not learn of the abort aborts itself.
            note_decision(here, Decision::Abort);
            tell(here, id, Decision::Abort, involved, self.options());
            return worked;
        }
        let all = Participants::of(operation(here, id.op));
        here.local::<Memory>().with(|memory| memory.voting.insert(id));
        if self.settings.presumption == Presumption::Commit {
            // Before anyone prepares: an inquiry about a transaction without a record is answered
            // with commit, which a coordinator that crashes while votes are out must not have said
            // of it.
            force(here, id, "collecting", What::Collecting(all)).await;
        }
        let (waiting, decision) = self.prepare(here, id, all).await;
        self.decide(here, id, decision, waiting).await;
        match decision {
            Decision::Commit => Ok(()),
            Decision::Abort => Err(Failure::Technical),
        }
    }

    /// Asks for votes. Returns the participants that must learn the decision, and the decision. A
    /// participant that does not answer may be prepared.
    pub(super) async fn prepare(
        &self,
        here: &ProcessCtx,
        id: Transaction,
        all: Participants,
    ) -> (Participants, Decision) {
        here.long_work("prepare").await;
        let ctx = here.ctx().at_step(StepId::NONE, here.ctx().attempt);
        let options = self.options();
        let operation = operation(here, id.op);
        let message = Message::control("prepare", patience(here, all.iter(operation)));
        let calls = all.iter(operation).map(|service| {
            let node = id.participant(here.world(), service);
            let steps = steps_of(operation, service);
            (ctx, node, move |here: ProcessCtx| participant::prepare(here, id, steps, options))
        });
        let replies = ask(here, self.settings.fan_out, message, calls, is_yes).await;
        let mut waiting = all;
        for (service, reply) in all.iter(operation).zip(&replies) {
            if matches!(reply, Reply::Answered(Vote::ReadOnly | Vote::No | Vote::Gone)) {
                waiting.remove(operation, service);
            }
        }
        (waiting, self.decisions.on_votes(&replies))
    }

    /// Makes the decision durable, as far as the presumption requires it, and has it delivered.
    pub(super) async fn decide(
        &self,
        here: &ProcessCtx,
        id: Transaction,
        decision: Decision,
        waiting: Participants,
    ) {
        let presumption = self.settings.presumption;
        here.long_work("decision").await;
        let (line, none_waits) = (What::Decided(decision, waiting), waiting.is_empty());
        let written = match (decision, presumption) {
            (Decision::Commit, _) => !none_waits,
            (Decision::Abort, Presumption::Nothing) => !none_waits || self.settings.abort_records,
            (Decision::Abort, Presumption::Abort) => {
                if self.settings.abort_records {
                    // Not forced: if a crash loses the record, an inquiry is answered with the
                    // presumption, which is abort as well.
                    append(here, id, "decision", line);
                }
                false
            }
            // A collecting record without a commit record stands for the abort.
            (Decision::Abort, Presumption::Commit) => false,
        };
        if written {
            force(here, id, "decision", line).await;
        }
        if none_waits && (written || presumption == Presumption::Commit) {
            end(here, id); // No participant will inquire, so none needs to be told.
        }
        note_decision(here, decision);
        let is_acknowledged = presumption.is_acknowledged(decision) && !waiting.is_empty();
        here.local::<Memory>().with(|memory| {
            memory.voting.remove(&id);
            if is_acknowledged {
                memory.decided.insert(id, decision);
            }
        });
        if is_acknowledged {
            self.deliver(here, id, decision, waiting);
        } else {
            tell(here, id, decision, waiting, self.options());
        }
    }

    /// Sends a decision to each participant until it has acknowledged, and then ends the
    /// transaction.
    fn deliver(&self, here: &ProcessCtx, id: Transaction, decision: Decision, to: Participants) {
        let how = (self.options(), self.settings.fan_out);
        delivery::deliver(here, id, decision, to, how, move |here| {
            end(here, id);
            here.local::<Memory>().with(|memory| memory.decided.remove(&id));
        });
    }

    /// The instances of the coordinator of an operation.
    pub(super) fn coordinators(&self, here: &ProcessCtx, op: OpId) -> Vec<NodeId> {
        coordinators(self.settings.coordinator, here.world(), op)
    }

    /// Recovers after a restart: remembers the committed operations, for clients that ask again,
    /// and delivers the outcomes that need an acknowledgement until they have it.
    pub(super) fn recover_coordinator(&self, here: &ProcessCtx) {
        let (mut log, memory) = (here.log::<Entry>().records(), here.local::<Memory>());
        log.retain(|entry| entry.transaction.part == self.part);
        self.note_recovered(here, &log);
        for Entry { transaction, what } in &log {
            if let What::Decided(Decision::Commit, _) = what {
                memory.with(|memory| memory.committed.insert(transaction.op));
            }
        }
        let mut open = self.decisions.on_restart(&log);
        open.retain(|_, (decision, _)| self.settings.presumption.is_acknowledged(*decision));
        for (id, (decision, waiting)) in open {
            memory.with(|memory| memory.decided.insert(id, decision));
            self.deliver(&here.for_op(id.op), id, decision, waiting);
        }
    }
}

/// The answer of the coordinator to a participant in doubt.
pub(super) fn inquire(here: &ProcessCtx, id: Transaction, terms: InDoubt) -> Option<Decision> {
    let known = here.local::<Memory>().with(|memory| match memory.decided.get(&id) {
        _ if memory.voting.contains(&id) => Known::Voting,
        Some(decision) => Known::Decided(*decision),
        None => Known::Nothing,
    });
    here.passes(Inquired::from(known));
    terms.decisions.on_inquiry(known, terms.presumption)
}

/// A transaction with a new name.
pub(super) fn begin(here: &ProcessCtx, part: u8) -> Transaction {
    let number = here.local::<Memory>().with(|memory| {
        memory.begun = memory.begun % u16::MAX + 1;
        memory.begun
    });
    Transaction::begun(here, part, number)
}

/// The instances of the coordinator of an operation.
pub(super) fn coordinators(place: Place, world: &World, op: OpId) -> Vec<NodeId> {
    match place {
        Place::OwnNode => world.named_drivers(COORDINATOR).collect(),
        Place::Caller => {
            world.instances(world.first_service(world.env().operation(op).kind)).to_vec()
        }
    }
}

async fn force(here: &ProcessCtx, transaction: Transaction, label: &'static str, what: What) {
    here.log::<Entry>().force(Entry { transaction, what }, label).await;
}

fn append(here: &ProcessCtx, transaction: Transaction, label: &'static str, what: What) {
    here.log::<Entry>().append(Entry { transaction, what }, label);
}

fn end(here: &ProcessCtx, transaction: Transaction) {
    append(here, transaction, "end", What::End);
}
