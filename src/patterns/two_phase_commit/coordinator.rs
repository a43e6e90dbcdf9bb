//! The coordinator: work, votes, decision, delivery, and its recovery from its log.

use std::collections::{BTreeMap, BTreeSet};

use super::participant::{self, Vote};
use super::{Decision, FanOut, Participants, Place, Presumption, Transaction, TwoPhaseCommit};
use crate::kernel::{NodeId, Signal};
use crate::model::call::{Message, Reply};
use crate::model::here::Here;
use crate::model::record::{Answer, Kind, OpId};
use crate::model::system::{ServiceId, StepId};
use crate::model::world::World;
use crate::patterns::step::Failure;

/// One line of the coordinator's log.
#[derive(Clone, Copy, Debug)]
struct Entry {
    transaction: Transaction,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// Presumed commit only: the participants, before any of them can prepare.
    Collecting(Participants),
    Decided(Decision, Participants),
    /// All have acknowledged: the transaction can be forgotten.
    End,
}

/// What the coordinator has in memory.
#[derive(Default)]
pub(super) struct Memory {
    running: BTreeMap<OpId, Signal>,
    ended: BTreeMap<OpId, Answer>,
    /// Not decided yet.
    voting: BTreeSet<Transaction>,
    /// Decided, and not acknowledged by everybody yet.
    decided: BTreeMap<Transaction, Decision>,
}

impl Memory {
    /// A client's question is answered; whoever asks again gets the same answer.
    pub(super) fn end(&mut self, op: OpId, answer: Answer) {
        self.ended.insert(op, answer);
        if let Some(running) = self.running.remove(&op) {
            running.notify_all();
        }
    }
}

/// The answer of an earlier attempt of the client, waiting for it if it is still under way. `None`
/// makes this the one that is under way.
pub(super) async fn earlier_answer(here: &Here, op: OpId) -> Option<Answer> {
    let memory = here.local::<Memory>();
    loop {
        let known = memory.with(|memory| memory.ended.get(&op).copied());
        if known.is_some_and(|answer| answer != Answer::TechnicalNo) {
            return known;
        }
        let running = memory.with(|memory| memory.running.get(&op).cloned());
        match running {
            Some(running) => running.wait().await,
            None => break,
        }
    }
    memory.with(|memory| memory.running.insert(op, Signal::new(here.sim())));
    None
}

impl TwoPhaseCommit {
    /// One distributed transaction, from its work to its decision. The decision is delivered by a
    /// process of its own.
    pub(super) async fn coordinate(&self, here: &Here) -> Result<(), Failure> {
        let transaction = Transaction { op: here.ctx().op, attempt: here.ctx().attempt };
        let all = participants(here, transaction.op);
        let memory = here.local::<Memory>();
        memory.with(|memory| memory.voting.insert(transaction));
        if self.settings.presumption == Presumption::Commit {
            self.force(here, transaction, "collecting", What::Collecting(all)).await;
        }
        let (involved, worked) = self.work(here, transaction).await;
        let (prepared, result) = match worked {
            Ok(()) => self.prepare(here, transaction, all).await,
            Err(failure) => (involved, Err(failure)),
        };
        let decision = if result.is_ok() { Decision::Commit } else { Decision::Abort };
        self.decide(here, transaction, decision, prepared).await;
        result
    }

    /// Has every step done in its participant's branch, each after those that it follows. Also
    /// gives the participants that may hold something now.
    async fn work(&self, here: &Here, id: Transaction) -> (Participants, Result<(), Failure>) {
        let kind = here.env().operation(id.op).kind;
        let count = here.system().operation(kind).steps.len() as u8;
        let mut involved = Participants::default();
        let mut done = 0_u64;
        while done.count_ones() < u32::from(count) {
            let ready = ready(here, kind, done);
            let mut groups = ready.clone();
            if self.settings.fan_out == FanOut::Sequential {
                groups.truncate(1);
            }
            let message = Message::request("work", here.system().retry.step_deadline);
            let calls = groups.iter().map(|(service, steps)| {
                let (steps, first) = (*steps, StepId(steps.trailing_zeros() as u8));
                let ctx = here.ctx().at_step(first, id.attempt);
                let node = here.world().instance(*service, id.op);
                (ctx, node, move |here: Here| participant::work(here, id, steps))
            });
            let replies = here.call_all(message, calls).await;
            let mut failure = None;
            for ((service, steps), reply) in groups.into_iter().zip(replies) {
                done |= steps;
                match reply {
                    Reply::Answered(Ok(())) => involved.add(service),
                    Reply::Answered(Err(Failure::Refused)) => failure = Some(Failure::Refused),
                    Reply::Answered(Err(_)) | Reply::Refused | Reply::Rejected => {
                        failure.get_or_insert(Failure::Technical);
                    }
                    Reply::Unknown => {
                        involved.add(service);
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

    /// Asks for votes. Gives the participants that wait for the decision, and whether all voted
    /// yes. One that does not answer counts as a no, but may be prepared.
    async fn prepare(
        &self,
        here: &Here,
        id: Transaction,
        all: Participants,
    ) -> (Participants, Result<(), Failure>) {
        let mut waiting = all;
        let mut result = Ok(());
        let mut vote = |service: ServiceId, reply: Reply<Vote>| match reply {
            Reply::Answered(Vote::Yes) => {}
            Reply::Answered(Vote::ReadOnly) => waiting.remove(service),
            Reply::Answered(Vote::No) | Reply::Refused | Reply::Rejected => {
                waiting.remove(service);
                result = Err(Failure::Technical);
            }
            Reply::Unknown => result = Err(Failure::Technical),
        };
        let message = Message::control("prepare", here.system().retry.step_deadline);
        let ctx = here.ctx().at_step(StepId::NONE, id.attempt);
        let settings = participant::Manners::of(&self.settings, all);
        let call = |service: ServiceId| {
            let node = here.world().instance(service, id.op);
            (ctx, node, move |here: Here| participant::prepare(here, id, settings))
        };
        match self.settings.fan_out {
            FanOut::Parallel => {
                let replies = here.call_all(message, all.iter().map(call)).await;
                all.iter().zip(replies).for_each(|(service, reply)| vote(service, reply));
            }
            FanOut::Sequential => {
                for service in all.iter() {
                    let (ctx, node, handler) = call(service);
                    let reply = here.with(ctx).call(node, message, handler).await;
                    vote(service, reply);
                }
            }
        }
        (waiting, result)
    }

    /// Makes the decision durable as far as the presumption asks for it, and has it delivered.
    async fn decide(
        &self,
        here: &Here,
        id: Transaction,
        decision: Decision,
        waiting: Participants,
    ) {
        let forced = match (decision, self.settings.presumption) {
            (Decision::Commit, _) | (Decision::Abort, Presumption::Nothing) => !waiting.is_empty(),
            (Decision::Abort, Presumption::Abort | Presumption::Commit) => false,
        };
        if forced {
            self.force(here, id, "decision", What::Decided(decision, waiting)).await;
        }
        let word = u64::from(decision == Decision::Abort);
        here.note_label(Kind::Decided, "transaction", word, u64::from(id.attempt));
        here.local::<Memory>().with(|memory| {
            memory.voting.remove(&id);
            if self.is_acknowledged(decision) {
                memory.decided.insert(id, decision);
            }
        });
        self.send_out(here, id, decision, waiting);
    }

    /// Whether participants acknowledge this decision, so that it can be forgotten.
    fn is_acknowledged(&self, decision: Decision) -> bool {
        !matches!(
            (decision, self.settings.presumption),
            (Decision::Abort, Presumption::Abort) | (Decision::Commit, Presumption::Commit)
        )
    }

    /// Starts the processes that tell each participant. Where it is acknowledged, the decision is
    /// repeated until it is, and then ends; elsewhere a participant that misses it will ask.
    fn send_out(&self, here: &Here, id: Transaction, decision: Decision, to: Participants) {
        let label = match decision {
            Decision::Commit => "commit",
            Decision::Abort => "abort",
        };
        let message = Message::control(label, here.system().retry.step_deadline);
        let manners = participant::Manners::of(&self.settings, to);
        let here = here.at_step(StepId::NONE, id.attempt);
        if !self.is_acknowledged(decision) {
            for service in to.iter() {
                let node = here.world().instance(service, id.op);
                here.tell(node, message, move |here: Here| async move {
                    participant::learn(here, id, decision, manners).await;
                });
            }
            return;
        }
        let interval = self.settings.inquiry_interval;
        here.spawn(move |here| async move {
            let mut missing = to;
            while !missing.is_empty() {
                let calls = missing.iter().map(|service| {
                    let node = here.world().instance(service, id.op);
                    let handler = move |here: Here| participant::learn(here, id, decision, manners);
                    (*here.ctx(), node, handler)
                });
                let replies = here.call_all(message, calls).await;
                for (service, reply) in missing.iter().zip(replies) {
                    if reply == Reply::Answered(true) {
                        missing.remove(service);
                    }
                }
                if !missing.is_empty() {
                    here.note_label(Kind::Retried, "decision", 0, 0);
                    here.sleep(interval).await;
                }
            }
            let end = Entry { transaction: id, what: What::End };
            here.log::<Entry>().append(end, "end");
            here.local::<Memory>().with(|memory| memory.decided.remove(&id));
        });
    }

    async fn force(&self, here: &Here, transaction: Transaction, label: &'static str, what: What) {
        let entry = Entry { transaction, what };
        here.log::<Entry>().force(entry, label).await;
    }

    /// The node that coordinates an operation.
    pub(super) fn coordinator_of(place: Place, world: &World, op: OpId) -> NodeId {
        match place {
            Place::OwnNode => world.drivers()[0],
            Place::Caller => {
                world.instance(world.first_service(world.env().operation(op).kind), op)
            }
        }
    }

    /// After a restart: what was decided is delivered again until it is acknowledged; what was
    /// only collected (presumed commit) is aborted; of anything else nothing needs to be known.
    pub(super) fn recover_coordinator(&self, here: &Here) {
        let mut open: BTreeMap<Transaction, (Decision, Participants)> = BTreeMap::new();
        for entry in here.log::<Entry>().records() {
            if let What::Decided(Decision::Commit, _) = entry.what {
                let op = entry.transaction.op;
                here.local::<Memory>().with(|memory| memory.end(op, Answer::Done));
            }
            match entry.what {
                What::Collecting(all) => {
                    open.insert(entry.transaction, (Decision::Abort, all));
                }
                What::Decided(decision, waiting) if self.is_acknowledged(decision) => {
                    open.insert(entry.transaction, (decision, waiting));
                }
                What::Decided(..) | What::End => {
                    open.remove(&entry.transaction);
                }
            }
        }
        for (id, (decision, waiting)) in open {
            here.local::<Memory>().with(|memory| memory.decided.insert(id, decision));
            self.send_out(&here.for_op(id.op), id, decision, waiting);
        }
    }
}

/// What the coordinator tells a participant in doubt: the decision, the presumption if it knows
/// nothing, or nothing yet while votes are still out.
pub(super) fn inquire(here: &Here, id: Transaction, presumption: Presumption) -> Option<Decision> {
    here.local::<Memory>().with(|memory| {
        if memory.voting.contains(&id) {
            return None;
        }
        let presumed = match presumption {
            Presumption::Nothing | Presumption::Abort => Decision::Abort,
            Presumption::Commit => Decision::Commit,
        };
        Some(memory.decided.get(&id).copied().unwrap_or(presumed))
    })
}

/// The services that carry out an operation's steps.
pub(super) fn participants(here: &Here, op: OpId) -> Participants {
    let kind = here.env().operation(op).kind;
    let mut all = Participants::default();
    here.system().operation(kind).steps.iter().for_each(|step| all.add(step.by));
    all
}

/// The steps whose predecessors are done, a bit each, by the service that does them.
fn ready(
    here: &Here,
    kind: crate::model::system::OperationKind,
    done: u64,
) -> Vec<(ServiceId, u64)> {
    let mut groups: Vec<(ServiceId, u64)> = Vec::new();
    for (at, step) in here.system().operation(kind).steps.iter().enumerate() {
        let is_ready = step.after.iter().all(|before| done >> before.0 & 1 == 1);
        if done >> at & 1 == 1 || !is_ready {
            continue;
        }
        match groups.iter_mut().find(|(service, _)| *service == step.by) {
            Some((_, steps)) => *steps |= 1 << at,
            None => groups.push((step.by, 1 << at)),
        }
    }
    groups
}
