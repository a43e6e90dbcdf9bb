//! An acceptor: it promises, accepts and remembers.
//!
//! An acceptor answers only after the record of its answer is durable, so a crash never takes back
//! anything that others have learned. Single votes are kept in memory only; it accepts them with
//! the last one, or when it promises a later ballot, in one record for all of them.

use std::collections::BTreeMap;

use super::coverage::{Recovered, Refused};
use super::rules::{Accepted, Ballot};
use super::{Participants, leader};
use crate::kernel::{NodeId, Time};
use crate::model::call::Message;
use crate::model::contract::role;
use crate::model::once::{self, is_forgotten};
use crate::model::process::ProcessCtx;
use crate::model::system::ServiceId;
use crate::model::world::World;
use crate::patterns::atomic_commit::participant::Vote;
use crate::patterns::atomic_commit::{Transaction, operation};

/// A record of an acceptor's log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub transaction: Transaction,
    /// The state from which it continues after a restart; none if the transaction has ended.
    pub state: Option<State>,
}

/// The state of a transaction at an acceptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct State {
    /// The lowest ballot in which it still accepts anything.
    promised: Ballot,
    accepted: Accepted,
}

/// The volatile state of an acceptor: what its log holds, and votes that are not accepted yet.
#[derive(Default)]
struct Memory {
    known: BTreeMap<Transaction, State>,
    /// The time at which votes and log records of old operations were last deleted.
    forgot: Time,
}

/// The acceptors of a transaction: its coordinator, then those on nodes of their own.
pub(super) fn acceptors(world: &World, id: Transaction) -> Vec<NodeId> {
    let coordinator = world.named_drivers(role::COORDINATOR).nth(id.coordinator.into());
    coordinator.into_iter().chain(world.playing(role::ACCEPTOR)).collect()
}

/// Registers the vote of a participant in ballot 0. With the last vote the acceptor accepts all of
/// them, and tells the coordinator.
pub(super) async fn vote(here: ProcessCtx, id: Transaction, service: ServiceId, vote: Vote) {
    let operation = operation(&here, id.op);
    let mut ballot_zero = Accepted::default();
    ballot_zero.prepared.add(operation, service);
    if vote == Vote::ReadOnly {
        ballot_zero.read_only.add(operation, service);
    }
    if is_forgotten(&here, id.op) || !accept_votes(&here, id, ballot_zero).await {
        return;
    }
    let all = acceptors(here.world(), id);
    let Some(place) = all.iter().position(|node| *node == here.node()) else { return };
    let message = Message::control("accepted", here.retry().step_deadline);
    here.tell(all[0], message, move |here: ProcessCtx| async move {
        leader::hear_accepted(&here, id, place);
    });
}

/// Takes votes of ballot 0. Returns true if they have just become complete and are accepted.
pub(super) async fn accept_votes(here: &ProcessCtx, id: Transaction, votes: Accepted) -> bool {
    let all = Participants::of(operation(here, id.op));
    forget(here);
    let complete = here.local::<Memory>().with(|memory| {
        let state = memory.known.entry(id).or_default();
        let before = state.accepted;
        if !state.promised.is_first() {
            here.passes(Refused::Vote);
        }
        if !state.promised.is_first() || before.prepared == all {
            return None;
        }
        state.accepted.prepared = before.prepared.and(votes.prepared);
        state.accepted.read_only = before.read_only.and(votes.read_only);
        (state.accepted.prepared == all).then_some(*state)
    });
    let Some(state) = complete else { return false };
    if state.accepted.read_only != all {
        force(here, id, state, "decision").await; // If all only read, no participant will inquire.
    }
    true
}

/// The next ballot that the acceptor at place `place` of `of` can lead.
pub(super) fn next_ballot(here: &ProcessCtx, id: Transaction, place: usize, of: usize) -> Ballot {
    let known = here.local::<Memory>().with(|memory| memory.known.get(&id).copied());
    known.unwrap_or_default().promised.next(place, of)
}

/// Phase 1: promises to accept nothing in a lower ballot, and returns what was accepted there; none
/// if a higher ballot was promised.
pub(super) async fn promise(here: ProcessCtx, id: Transaction, ballot: Ballot) -> Option<Accepted> {
    let state = here.local::<Memory>().with(|memory| {
        let state = memory.known.entry(id).or_default();
        (ballot >= state.promised).then(|| {
            state.promised = ballot;
            *state
        })
    });
    let Some(state) = state else {
        here.passes(Refused::Promise);
        return None;
    };
    // The promise holds in memory already, so that lower ballots are refused during the forced
    // write.
    force(&here, id, state, "promised").await;
    Some(state.accepted)
}

/// Phase 2: accepts the proposal of a leader, unless a higher ballot was promised. The record is
/// labelled as that of a decision only if it makes a commit possible that was not possible before.
pub(super) async fn accept(here: ProcessCtx, id: Transaction, proposal: Accepted) -> Option<()> {
    let all = Participants::of(operation(&here, id.op));
    let accepted = here.local::<Memory>().with(|memory| {
        let state = memory.known.entry(id).or_default();
        let is_news = proposal.prepared == all && state.accepted.prepared != all;
        (proposal.ballot >= state.promised).then(|| {
            *state = State { promised: proposal.ballot, accepted: proposal };
            (*state, if is_news { "decision" } else { "accepted" })
        })
    });
    let Some((state, label)) = accepted else {
        here.passes(Refused::Proposal);
        return None;
    };
    force(&here, id, state, label).await;
    Some(())
}

/// Notes that all participants know the outcome: the transaction can be forgotten once no client
/// can ask about it.
pub(super) fn end(here: &ProcessCtx, id: Transaction) {
    here.log::<Entry>().append(Entry { transaction: id, state: None }, "end");
}

/// Restores the state from the log after a restart. Returns the transactions that have not ended.
pub(super) fn recover(here: &ProcessCtx) -> Vec<Transaction> {
    let mut open: BTreeMap<Transaction, Option<State>> = BTreeMap::new();
    here.local::<Memory>().with(|memory| {
        for Entry { transaction, state } in here.log::<Entry>().records() {
            let path = if state.is_some() { Recovered::State } else { Recovered::End };
            here.replays(path, open.entry(transaction).or_default(), |open| *open = state);
            if let Some(state) = state {
                memory.known.insert(transaction, state);
            }
        }
    });
    open.into_iter().filter_map(|(transaction, open)| open.map(|_| transaction)).collect()
}

async fn force(here: &ProcessCtx, transaction: Transaction, state: State, label: &'static str) {
    here.log::<Entry>().force(Entry { transaction, state: Some(state) }, label).await;
}

/// Deletes, at intervals, what cannot be asked for any more: ended transactions of old operations,
/// and votes that never became complete. All others are kept for as long as it takes.
fn forget(here: &ProcessCtx) {
    let (now, span) = (here.now(), once::remembered(here));
    let is_due = here.local::<Memory>().with(|memory| {
        let is_due = memory.forgot + span <= now;
        if is_due {
            memory.forgot = now;
        }
        is_due
    });
    if !is_due {
        return;
    }
    let log = here.log::<Entry>();
    let mut open = BTreeMap::new();
    for Entry { transaction, state } in log.records() {
        open.insert(transaction, state.is_some());
    }
    let is_over =
        |id: &Transaction| is_forgotten(here, id.op) && !open.get(id).copied().unwrap_or(false);
    log.forget_if(|entry| is_over(&entry.transaction));
    here.local::<Memory>().with(|memory| memory.known.retain(|id, _| !is_over(id)));
}
