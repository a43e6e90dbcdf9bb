//! A leader: the coordinator in ballot 0, and any acceptor that takes over in a later ballot.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::acceptor::{self, acceptors};
use super::coverage::{Ballots, Inquired};
use super::rules::{Accepted, Rules};
use super::{Participants, PaxosCommit};
use crate::kernel::{NodeId, Promise, Time, promise};
use crate::model::call::{Message, Reply};
use crate::model::once::once;
use crate::model::process::ProcessCtx;
use crate::model::record::Decision;
use crate::model::system::{ServiceId, StepId};
use crate::patterns::atomic_commit::delivery::{FanOut, deliver, note_decision, tell};
use crate::patterns::atomic_commit::participant::{self, ParticipantOptions, Termination, Vote};
use crate::patterns::atomic_commit::work::work;
use crate::patterns::atomic_commit::{Transaction, operation, patience, steps_of};
use crate::patterns::step::Failure;

/// The volatile state of a coordinator.
#[derive(Default)]
pub(super) struct Memory {
    /// Transactions without a decision.
    voting: BTreeMap<Transaction, Acceptances>,
    /// Transactions with a decision that some participant has not acknowledged yet.
    decided: BTreeMap<Transaction, Decision>,
    /// The time of the last restart.
    pub restarted: Time,
}

/// The other acceptors that have accepted all votes of ballot 0.
#[derive(Default)]
struct Acceptances {
    /// The places of the acceptors, one bit for each.
    places: u32,
    /// The number that suffices, and the promise to the coordinator if it waits.
    enough: Option<(u32, Promise<()>)>,
}

/// The termination protocol of a participant in doubt.
#[derive(Clone, Copy)]
pub(super) struct InDoubt {
    pub rules: &'static dyn Rules,
    pub part: u8,
}

impl Termination for InDoubt {
    fn part(self) -> u8 {
        self.part
    }

    /// Returns true: every decision is acknowledged, so that acceptors can forget a transaction
    /// once all participants know it.
    fn is_acknowledged(self, _: Decision) -> bool {
        true
    }

    /// Asks the coordinator first, and with each further inquiry starts at the next acceptor. The
    /// first answer counts, also if its sender does not know the decision yet.
    async fn ask(self, here: &ProcessCtx, id: Transaction, number: u32) -> Option<Decision> {
        let all = acceptors(here.world(), id);
        let message = Message::control("inquire", here.retry().step_deadline);
        for turn in 0..all.len() {
            let node = all[(number as usize + turn) % all.len()];
            let reply = here.call(node, message, move |here: ProcessCtx| async move {
                inquire(&here, id, self.rules).await
            });
            if let Reply::Answered(decision) = reply.await {
                return decision;
            }
        }
        None
    }
}

impl PaxosCommit {
    /// Carries out one distributed transaction, from its work to its decision. A process of its own
    /// delivers the decision.
    pub(super) async fn coordinate(&self, here: &ProcessCtx, keyed: bool) -> Result<(), Failure> {
        let id = Transaction::begun(here, self.part, 0);
        let (involved, worked) = work(here, id, FanOut::Parallel, keyed).await;
        if worked.is_err() {
            // No participant can be in doubt before votes are asked for, so nothing is logged: a
            // branch that does not learn of the abort aborts itself.
            note_decision(here, Decision::Abort);
            tell(here, id, Decision::Abort, involved, self.options());
            return worked;
        }
        let memory = here.local::<Memory>();
        memory.with(|memory| memory.voting.insert(id, Acceptances::default()));
        let all = Participants::of(operation(here, id.op));
        let (votes, waiting, has_no) = self.prepare(here, id, all).await;
        here.long_work("decision").await;
        // A participant that has aborted never votes, so its instance stays free and every leader
        // chooses *aborted* for it: no round of Paxos is needed to know the outcome.
        let known = match has_no {
            true => Some(Decision::Abort),
            false if votes.prepared == all && is_chosen(here, id, votes).await => {
                Some(Decision::Commit)
            }
            false => None,
        };
        let decision = match known {
            Some(decision) => {
                note_decision(here, decision);
                decision
            }
            None => self.settle(here, id).await,
        };
        self.conclude(here, id, decision, waiting);
        match decision {
            Decision::Commit => Ok(()),
            Decision::Abort => Err(Failure::Technical),
        }
    }

    /// Asks for votes, which participants send to all acceptors, and to this one as the reply.
    /// Returns the votes, the participants that must learn the decision, and whether one of them
    /// has aborted. A participant that does not answer may be prepared.
    async fn prepare(
        &self,
        here: &ProcessCtx,
        id: Transaction,
        all: Participants,
    ) -> (Accepted, Participants, bool) {
        here.long_work("prepare").await;
        let ctx = here.ctx().at_step(StepId::NONE, here.ctx().attempt);
        let options = self.options();
        let operation = operation(here, id.op);
        let message = Message::control("prepare", patience(here, all.iter(operation)));
        let calls = all.iter(operation).map(|service| {
            let node = id.participant(here.world(), service);
            let steps = steps_of(operation, service);
            let handler = move |here: ProcessCtx| register_vote(here, id, service, steps, options);
            (ctx, node, handler)
        });
        let replies = here.call_all(message, calls).await;
        let (mut votes, mut waiting, mut has_no) = (Accepted::default(), all, false);
        for (service, reply) in all.iter(operation).zip(replies) {
            match reply.answer() {
                Some(Vote::Yes) => votes.prepared.add(operation, service),
                Some(Vote::ReadOnly) => {
                    votes.prepared.add(operation, service);
                    votes.read_only.add(operation, service);
                    waiting.remove(operation, service);
                }
                Some(Vote::No) => {
                    has_no = true;
                    waiting.remove(operation, service);
                }
                Some(Vote::Gone | Vote::Lost) | None => {}
            }
        }
        (votes, waiting, has_no)
    }

    /// The outcome of a transaction, as the acceptors have chosen it or choose it now. It waits
    /// until a majority of them can be reached.
    pub(super) async fn settle(&self, here: &ProcessCtx, id: Transaction) -> Decision {
        loop {
            if let Some(decision) = resolve(here, id, self.rules).await {
                return decision;
            }
            here.sleep(self.settings.inquiry_interval).await;
        }
    }

    /// Sends a decision to the participants until all have acknowledged it; then the acceptors may
    /// forget the transaction.
    pub(super) fn conclude(
        &self,
        here: &ProcessCtx,
        id: Transaction,
        decision: Decision,
        waiting: Participants,
    ) {
        here.local::<Memory>().with(|memory| {
            memory.voting.remove(&id);
            memory.decided.insert(id, decision);
        });
        deliver(here, id, decision, waiting, (self.options(), FanOut::Parallel), move |here| {
            here.local::<Memory>().with(|memory| memory.decided.remove(&id));
            let all = acceptors(here.world(), id);
            let message = Message::control("end", here.retry().step_deadline);
            acceptor::end(here, id);
            for node in &all[1..] {
                here.tell(*node, message, move |here: ProcessCtx| async move {
                    acceptor::end(&here, id);
                });
            }
        });
    }

    /// Recovers a coordinator or an acceptor after a restart: restores its state from the log and,
    /// as coordinator, finishes the transactions that have not ended.
    pub(super) fn recover(self: &Rc<Self>, here: &ProcessCtx) {
        let now = here.now();
        here.local::<Memory>().with(|memory| memory.restarted = now);
        for id in acceptor::recover(here) {
            if id.part == self.part && acceptors(here.world(), id)[0] == here.node() {
                let protocol = Rc::clone(self);
                let here = here.for_op(id.op).at_step(StepId::NONE, id.attempt.into());
                here.spawn(async move |here: ProcessCtx| {
                    protocol.finish(&here, id).await;
                });
            }
        }
    }

    /// Finds out the outcome of an earlier transaction, and has it delivered to all participants.
    pub(super) async fn finish(&self, here: &ProcessCtx, id: Transaction) -> Decision {
        let decision = self.settle(here, id).await;
        self.conclude(here, id, decision, Participants::of(operation(here, id.op)));
        decision
    }
}

/// Has a participant vote. A yes is registered with the other acceptors as well as returned to the
/// coordinator.
async fn register_vote<T: Termination>(
    here: ProcessCtx,
    id: Transaction,
    service: ServiceId,
    steps: u64,
    options: ParticipantOptions<T>,
) -> Vote {
    let vote = participant::prepare(here.clone(), id, steps, options).await;
    if matches!(vote, Vote::Yes | Vote::ReadOnly) {
        let message = Message::control("vote", here.retry().step_deadline);
        for node in acceptors(here.world(), id).split_off(1) {
            here.tell(node, message, move |here| acceptor::vote(here, id, service, vote));
        }
    }
    vote
}

/// Accepts all votes as the coordinator's own acceptor, and waits until F others have accepted
/// them. Returns false if there is a later ballot, or if they take too long.
async fn is_chosen(here: &ProcessCtx, id: Transaction, votes: Accepted) -> bool {
    if !acceptor::accept_votes(here, id, votes).await {
        return false;
    }
    let memory = here.local::<Memory>();
    let needed = acceptors(here.world(), id).len() as u32 / 2;
    let (promise, waiting) = promise(here.sim());
    memory.with(|memory| {
        if let Some(acceptances) = memory.voting.get_mut(&id) {
            acceptances.enough = Some((needed, promise));
            acceptances.check();
        }
    });
    let patience = here.retry().step_deadline;
    here.spawn(move |here| async move {
        here.sleep(patience).await;
        memory
            .with(|memory| memory.voting.get_mut(&id).map(|acceptances| acceptances.enough.take()));
    });
    waiting.await.is_some()
}

/// Notes that an acceptor has accepted all votes of ballot 0.
pub(super) fn hear_accepted(here: &ProcessCtx, id: Transaction, place: usize) {
    here.local::<Memory>().with(|memory| {
        if let Some(acceptances) = memory.voting.get_mut(&id) {
            acceptances.places |= 1 << place;
            acceptances.check();
        }
    });
}

impl Acceptances {
    /// Wakes the coordinator if enough acceptors have accepted.
    fn check(&mut self) {
        if let Some((_, promise)) =
            self.enough.take_if(|(needed, _)| self.places.count_ones() >= *needed)
        {
            promise.keep(());
        }
    }
}

/// The answer to a participant in doubt: a coordinator that is at work on the transaction says what
/// it knows; any other acceptor takes over to find the outcome.
async fn inquire(
    here: &ProcessCtx,
    id: Transaction,
    rules: &'static dyn Rules,
) -> Option<Decision> {
    let known = here.local::<Memory>().with(|memory| match memory.decided.get(&id) {
        None if memory.voting.contains_key(&id) => Some(None),
        None => None,
        Some(decision) => Some(Some(*decision)),
    });
    here.passes(Inquired::from(known));
    match known {
        Some(known) => known,
        None => resolve(here, id, rules).await,
    }
}

/// Takes over a transaction and returns its outcome. Concurrent callers wait for the same ballot,
/// and later ones get its result at once.
async fn resolve(
    here: &ProcessCtx,
    id: Transaction,
    rules: &'static dyn Rules,
) -> Option<Decision> {
    once(here, (id.op, 1 + id.name()), Option::is_some, async || {
        let here = here.at_step(StepId::NONE, id.attempt.into());
        let decision = lead(&here, id, rules).await;
        here.passes(Ballots::from(decision));
        decision.into_iter().for_each(|decision| note_decision(&here, decision));
        decision
    })
    .await
}

/// Leads one ballot, as one of the acceptors. Returns none if there is a higher ballot, or if no
/// majority of acceptors answers.
async fn lead(here: &ProcessCtx, id: Transaction, rules: &dyn Rules) -> Option<Decision> {
    let all = acceptors(here.world(), id);
    let place = all.iter().position(|node| *node == here.node())?;
    let ballot = acceptor::next_ballot(here, id, place, all.len());
    // The promise of this acceptor is forced first, so that it never leads the same ballot twice.
    let own = acceptor::promise(here.clone(), id, ballot).await?;
    let ask = move |here: ProcessCtx| acceptor::promise(here, id, ballot);
    let mut promised = majority(here, &all, "promise", ask).await?;
    promised.push(own);
    let proposal = Accepted { ballot, ..rules.propose(&promised) };
    acceptor::accept(here.clone(), id, proposal).await?;
    let ask = move |here: ProcessCtx| acceptor::accept(here, id, proposal);
    majority(here, &all, "accept", ask).await?;
    Some(proposal.decision(Participants::of(operation(here, id.op))))
}

/// The answers of as many other acceptors as make a majority with this one, as soon as they are
/// there; none if so many do not agree in time.
async fn majority<R, F, Fut>(
    here: &ProcessCtx,
    acceptors: &[NodeId],
    label: &'static str,
    ask: F,
) -> Option<Vec<R>>
where
    R: 'static,
    F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Option<R>> + 'static,
{
    let needed = acceptors.len() / 2;
    if needed == 0 {
        return Some(Vec::new());
    }
    let (promise, waiting) = promise(here.sim());
    let answers = Rc::new(RefCell::new((Vec::with_capacity(needed), Some(promise))));
    let message = Message::control(label, here.retry().step_deadline);
    for node in acceptors.iter().filter(|node| **node != here.node()) {
        let (call, answers) = (here.call(*node, message, ask.clone()), Rc::clone(&answers));
        here.spawn(move |_| async move {
            let Some(answer) = call.await.answer().flatten() else { return };
            let (got, promise) = &mut *answers.borrow_mut();
            got.push(answer);
            if got.len() == needed
                && let Some(promise) = promise.take()
            {
                promise.keep(std::mem::take(got));
            }
        });
    }
    drop(answers); // The last one that waits in vain breaks the promise.
    waiting.await
}
