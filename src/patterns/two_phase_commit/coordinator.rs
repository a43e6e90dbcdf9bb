//! The coordinator: work, votes, decision, delivery, and its recovery from its log.

use std::collections::{BTreeMap, BTreeSet};

use super::decisions::{Known, is_yes};
use super::participant::{self, Manners, Vote};
use super::settings::Settings;
use super::{
    COORDINATOR, FanOut, NUMBER, Participants, Place, Presumption, Transaction, TwoPhaseCommit,
};
use crate::kernel::{NodeId, Span, Time};
use crate::model::call::{Message, Reply};
use crate::model::env::Ctx;
use crate::model::once::{self, is_forgotten};
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, Decision, OpId};
use crate::model::system::{OperationSpec, ServiceId, StepId};
use crate::model::world::World;
use crate::patterns::step::{self, Failure};

/// One line of the coordinator's log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub transaction: Transaction,
    pub what: What,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// Presumed commit only: the participants, before any of them can prepare.
    Collecting(Participants),
    Decided(Decision, Participants),
    /// All have acknowledged: the transaction can be forgotten.
    End,
}

/// The volatile state of the coordinator.
#[derive(Default)]
pub(super) struct Memory {
    /// The operations that were committed before the last restart, by the log.
    committed: BTreeSet<OpId>,
    /// Transactions since the last restart.
    begun: u32,
    /// Not decided yet.
    voting: BTreeSet<Transaction>,
    /// Decided, and not acknowledged by everybody yet.
    decided: BTreeMap<Transaction, Decision>,
    /// When old answers and log records were last forgotten.
    forgot: Time,
}

/// The answer to what was committed before a restart, and to what nobody can wait for any more.
pub(super) fn earlier_answer(here: &ProcessCtx, op: OpId) -> Option<Answer> {
    if is_forgotten(here, op) {
        return Some(Answer::TechnicalNo); // Its client has given up long ago.
    }
    let committed = here.local::<Memory>().with(|memory| memory.committed.contains(&op));
    committed.then_some(Answer::Done)
}

/// Forgets, once in a while, the answers and log records of old operations, unless a transaction
/// of theirs is not over.
fn forget(here: &ProcessCtx) {
    let (now, span) = (here.now(), once::remembered(here.system()));
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
    /// One distributed transaction, from its work to its decision. The decision is delivered by a
    /// process of its own.
    pub(super) async fn coordinate(&self, here: &ProcessCtx) -> Result<(), Failure> {
        forget(here);
        let id = begin(here);
        let (involved, worked) = self.work(here, id).await;
        if worked.is_err() {
            // Nobody is in doubt before votes were asked for: there is nothing to write down, and
            // a branch that does not hear of it aborts itself.
            note_decision(here, Decision::Abort);
            self.tell(here, id, Decision::Abort, involved);
            return worked;
        }
        let all = Participants::of(operation(here, id.op));
        here.local::<Memory>().with(|memory| memory.voting.insert(id));
        if self.settings.presumption == Presumption::Commit {
            force(here, id, "collecting", What::Collecting(all)).await;
        }
        let (waiting, decision) = self.prepare(here, id, all).await;
        self.decide(here, id, decision, waiting).await;
        match decision {
            Decision::Commit => Ok(()),
            Decision::Abort => Err(Failure::Technical),
        }
    }

    /// Has every step done in its participant's branch, each after those that it follows. Also
    /// gives the participants that may hold something now.
    async fn work(
        &self,
        here: &ProcessCtx,
        id: Transaction,
    ) -> (Participants, Result<(), Failure>) {
        let operation = operation(here, id.op);
        let count = operation.steps.len() as u32;
        let mut involved = Participants::default();
        let mut done = 0_u64;
        while done.count_ones() < count {
            let mut groups = ready(operation, done);
            if self.settings.fan_out == FanOut::Sequential {
                groups.truncate(1);
            }
            here.toil("work").await;
            let asked = groups.iter().map(|(service, _)| *service);
            let message = Message::request("work", patience(here, asked));
            let calls = groups.iter().map(|(service, steps)| {
                let (steps, first) = (*steps, StepId(steps.trailing_zeros() as u8));
                let ctx = here.ctx().at_step(first, here.ctx().attempt);
                let node = id.participant(here.world(), *service);
                let sent = here.now();
                let breaker = here.retry_at(*service).breaker;
                let handler = move |here: ProcessCtx| participant::work(here, id, steps, sent);
                (ctx, node, breaker, handler)
            });
            let replies = here.call_all_guarded(message, step::is_failure, calls).await;
            let mut failure = None;
            for ((service, steps), reply) in groups.into_iter().zip(replies) {
                done |= steps;
                match reply {
                    Reply::Answered(Ok(())) => involved.add(operation, service),
                    Reply::Answered(Err(Failure::Refused)) => failure = Some(Failure::Refused),
                    Reply::Answered(Err(_)) | Reply::Refused | Reply::Rejected => {
                        failure.get_or_insert(Failure::Technical);
                    }
                    Reply::Unknown => {
                        involved.add(operation, service);
                        failure.get_or_insert(Failure::Technical);
                    }
                }
            }
            if let Some(failure) = failure {
                return (involved, Err(failure));
            }
        }
        (involved, Ok(()))
    }

    /// Asks for votes. Gives the participants that are to hear the decision, and the decision. One
    /// that does not answer may be prepared.
    pub(super) async fn prepare(
        &self,
        here: &ProcessCtx,
        id: Transaction,
        all: Participants,
    ) -> (Participants, Decision) {
        here.toil("prepare").await;
        let ctx = here.ctx().at_step(StepId::NONE, here.ctx().attempt);
        let manners = Manners::of(self);
        let operation = operation(here, id.op);
        let message = Message::control("prepare", patience(here, all.iter(operation)));
        let calls = all.iter(operation).map(|service| {
            let node = id.participant(here.world(), service);
            let steps = steps_of(operation, service);
            (ctx, node, move |here: ProcessCtx| participant::prepare(here, id, steps, manners))
        });
        let replies = self.ask(here, message, calls, is_yes).await;
        let mut waiting = all;
        for (service, reply) in all.iter(operation).zip(&replies) {
            if matches!(reply, Reply::Answered(Vote::ReadOnly | Vote::No)) {
                waiting.remove(operation, service);
            }
        }
        (waiting, self.decisions.on_votes(&replies))
    }

    /// Calls several participants at once, or one after the other for as long as `goes_on` likes
    /// the replies.
    async fn ask<R, F, Fut>(
        &self,
        here: &ProcessCtx,
        message: Message,
        calls: impl Iterator<Item = (Ctx, NodeId, F)>,
        goes_on: impl Fn(&Reply<R>) -> bool,
    ) -> Vec<Reply<R>>
    where
        R: 'static,
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        if self.settings.fan_out == FanOut::Parallel {
            return here.call_all(message, calls).await;
        }
        let mut replies = Vec::new();
        for (ctx, node, handler) in calls {
            let reply = here.with(ctx).call(node, message, handler).await;
            let last = !goes_on(&reply);
            replies.push(reply);
            if last {
                break;
            }
        }
        replies
    }

    /// Makes the decision durable as far as the presumption asks for it, and has it delivered.
    pub(super) async fn decide(
        &self,
        here: &ProcessCtx,
        id: Transaction,
        decision: Decision,
        waiting: Participants,
    ) {
        let presumption = self.settings.presumption;
        here.toil("decision").await;
        let (line, nobody) = (What::Decided(decision, waiting), waiting.is_empty());
        let written = match (decision, presumption) {
            (Decision::Commit, _) => !nobody,
            (Decision::Abort, Presumption::Nothing) => !nobody || self.settings.abort_records,
            (Decision::Abort, Presumption::Abort) => {
                if self.settings.abort_records {
                    append(here, id, "decision", line);
                }
                false
            }
            // The collecting record without a commit record is the abort.
            (Decision::Abort, Presumption::Commit) => false,
        };
        if written {
            force(here, id, "decision", line).await;
        }
        if nobody && (written || presumption == Presumption::Commit) {
            end(here, id); // Nobody will ask, so nobody needs to be told.
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
            self.insist(here, id, decision, waiting);
        } else {
            self.tell(here, id, decision, waiting);
        }
    }

    /// Tells each participant once; one that misses it will ask.
    fn tell(&self, here: &ProcessCtx, id: Transaction, decision: Decision, to: Participants) {
        let manners = Manners::of(self);
        let message = decision_message(here, decision);
        let here = here.at_step(StepId::NONE, here.ctx().attempt);
        for service in to.iter(operation(&here, id.op)) {
            let node = id.participant(here.world(), service);
            here.tell(node, message, move |here: ProcessCtx| async move {
                participant::learn(here, id, decision, manners).await;
            });
        }
    }

    /// Tells each participant until it has acknowledged, and ends the transaction then.
    fn insist(&self, here: &ProcessCtx, id: Transaction, decision: Decision, to: Participants) {
        let manners = Manners::of(self);
        let message = decision_message(here, decision);
        let protocol = Self::deciding(self.settings.clone(), self.decisions);
        let here = here.at_step(StepId::NONE, here.ctx().attempt);
        here.spawn(async move |mut here: ProcessCtx| {
            let mut missing = to;
            loop {
                let operation = operation(&here, id.op);
                let calls = missing.iter(operation).map(|service| {
                    let node = id.participant(here.world(), service);
                    let handler =
                        move |here: ProcessCtx| participant::learn(here, id, decision, manners);
                    (*here.ctx(), node, handler)
                });
                let replies = protocol.ask(&here, message, calls, |_| true).await;
                for (service, reply) in missing.iter(operation).zip(replies) {
                    if reply == Reply::Answered(true) {
                        missing.remove(operation, service);
                    }
                }
                if missing.is_empty() {
                    break;
                }
                here.retried("decision", 0_u64);
                here.sleep(protocol.settings.inquiry_interval).await;
                here = here.at_step(StepId::NONE, here.ctx().attempt.wrapping_add(1));
            }
            end(&here, id);
            here.local::<Memory>().with(|memory| memory.decided.remove(&id));
        });
    }

    /// The node that coordinates an operation.
    pub(super) fn coordinator_of(place: Place, world: &World, op: OpId) -> NodeId {
        match place {
            Place::OwnNode => world.driver_of(COORDINATOR, op),
            Place::Caller => {
                world.sticky(world.first_service(world.env().operation(op).kind), op, 0)
            }
        }
    }

    /// After a restart: whoever asks about a transaction that was committed gets the answer, and
    /// outcomes that need an acknowledgement are delivered again until they have it.
    pub(super) fn recover_coordinator(&self, here: &ProcessCtx) {
        let (log, memory) = (here.log::<Entry>().records(), here.local::<Memory>());
        for Entry { transaction, what } in &log {
            if let What::Decided(Decision::Commit, _) = what {
                memory.with(|memory| memory.committed.insert(transaction.op));
            }
        }
        let mut open = self.decisions.on_restart(&log);
        open.retain(|_, (decision, _)| self.settings.presumption.is_acknowledged(*decision));
        for (id, (decision, waiting)) in open {
            memory.with(|memory| memory.decided.insert(id, decision));
            self.insist(&here.for_op(id.op), id, decision, waiting);
        }
    }
}

/// The answer of the coordinator to a participant in doubt.
pub(super) fn inquire(here: &ProcessCtx, id: Transaction, manners: Manners) -> Option<Decision> {
    let known = here.local::<Memory>().with(|memory| match memory.decided.get(&id) {
        _ if memory.voting.contains(&id) => Known::Voting,
        Some(decision) => Known::Decided(*decision),
        None => Known::Nothing,
    });
    manners.decisions.on_inquiry(known, manners.presumption)
}

/// A transaction that has never been before.
pub(super) fn begin(here: &ProcessCtx) -> Transaction {
    let number = here.local::<Memory>().with(|memory| {
        memory.begun = (memory.begun + 1) & NUMBER;
        memory.begun
    });
    let Ctx { op, attempt, .. } = *here.ctx();
    Transaction { op, epoch: here.incarnation(), number, attempt: attempt as u8 }
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

fn note_decision(here: &ProcessCtx, decision: Decision) {
    here.decide("transaction", decision, here.ctx().attempt);
}

fn decision_message(here: &ProcessCtx, decision: Decision) -> Message {
    let label = match decision {
        Decision::Commit => "commit",
        Decision::Abort => "abort",
    };
    Message::control(label, here.retry().step_deadline)
}

/// How long calls to several services at once may take: as long as the most patient policy says.
fn patience(here: &ProcessCtx, services: impl Iterator<Item = ServiceId>) -> Span {
    let policies = services.map(|service| here.retry_at(service).step_deadline);
    policies.max().unwrap_or_default()
}

/// The declaration of an operation.
pub(super) fn operation(here: &ProcessCtx, op: OpId) -> &OperationSpec {
    here.system().operation(here.env().operation(op).kind)
}

/// The steps of an operation that a service carries out, a bit each.
fn steps_of(operation: &OperationSpec, service: ServiceId) -> u64 {
    let steps = operation.steps.iter().enumerate();
    steps.filter(|(_, step)| step.by == service).fold(0, |mask, (at, _)| mask | 1 << at)
}

/// How many rounds of requests the work of an operation takes.
pub(super) fn rounds(settings: &Settings, operation: &OperationSpec) -> usize {
    let (mut done, mut rounds) = (0_u64, 0);
    while done.count_ones() < operation.steps.len() as u32 {
        let mut groups = ready(operation, done);
        if settings.fan_out == FanOut::Sequential {
            groups.truncate(1);
        }
        done |= groups.iter().fold(0, |all, (_, steps)| all | steps);
        rounds += 1;
    }
    rounds
}

/// The steps whose predecessors are done, a bit each, by the service that does them.
fn ready(operation: &OperationSpec, done: u64) -> Vec<(ServiceId, u64)> {
    let mut groups: Vec<(ServiceId, u64)> = Vec::new();
    for (at, step) in operation.steps.iter().enumerate() {
        let is_ready = step.after.iter().all(|before| done >> before.0 & 1 == 1);
        if done >> at & 1 == 1 || !is_ready {
            continue;
        }
        let by = step.by;
        match groups.iter_mut().find(|(service, _)| *service == by) {
            Some((_, steps)) => *steps |= 1 << at,
            None => groups.push((by, 1 << at)),
        }
    }
    groups
}
