//! A participant: branches, votes, and what it does while it is in doubt.

use std::collections::BTreeMap;

use super::coordinator;
use super::{
    Decision, Heuristic, Participants, Place, Presumption, Settings, Transaction, TwoPhaseCommit,
};
use crate::kernel::{Span, Time};
use crate::model::call::Message;
use crate::model::database::{self, StepRef, Txn};
use crate::model::here::Here;
use crate::model::record::{OpId, TxnId};
use crate::model::system::{DatabaseId, ServiceId, StepId};
use crate::patterns::step::{self, Failure};

/// What a participant answers to *prepare*.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Vote {
    /// Its prepared record is durable: it can still go either way, and keeps its locks.
    Yes,
    /// It has changed nothing and is out, whatever is decided.
    ReadOnly,
    /// It has rolled back.
    No,
}

/// How a participant behaves: the settings that travel with the protocol's messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    presumption: Presumption,
    coordinator: Place,
    inquiry_interval: Span,
    heuristic: Option<(Span, Heuristic)>,
    /// Whom it may ask besides the coordinator.
    peers: Participants,
}

impl Manners {
    pub(super) fn of(settings: &Settings, all: Participants) -> Self {
        let peers = if settings.cooperative_termination { all } else { Participants::default() };
        Self {
            presumption: settings.presumption,
            coordinator: settings.coordinator,
            inquiry_interval: settings.inquiry_interval,
            heuristic: settings.heuristic_after.map(|after| (after, settings.heuristic)),
            peers,
        }
    }

    /// Whether a decision is forced before it is acknowledged.
    const fn forces(&self, decision: Decision) -> bool {
        !matches!(
            (decision, self.presumption),
            (Decision::Abort, Presumption::Abort) | (Decision::Commit, Presumption::Commit)
        )
    }
}

/// What a participant has in memory.
#[derive(Default)]
struct Memory {
    /// Branches that work is done in.
    branches: BTreeMap<Transaction, Txn>,
    /// Branches that are prepared, and where.
    prepared: BTreeMap<Transaction, (DatabaseId, TxnId)>,
    /// What it knows to be decided, for peers that ask.
    decided: BTreeMap<Transaction, Decision>,
}

/// Does some steps (a bit each) in this participant's branch.
pub(super) async fn work(here: Here, id: Transaction, steps: u64) -> Result<(), Failure> {
    let memory = here.local::<Memory>();
    let first = StepId(steps.trailing_zeros() as u8);
    let known = memory.with(|memory| memory.branches.remove(&id));
    let mut txn = match known {
        Some(txn) => txn,
        None => step::begin(&here, first).await?,
    };
    for at in (0..u64::BITS as u8).filter(|at| steps >> at & 1 == 1) {
        let step = StepId(at);
        step::lookup(&here, step).await?;
        txn.apply(StepRef::forward(id.op, step)).await?;
    }
    memory.with(|memory| memory.branches.insert(id, txn));
    Ok(())
}

/// Prepares this participant's branch: from a yes on, it waits for the decision.
pub(super) async fn prepare(here: Here, id: Transaction, manners: Manners) -> Vote {
    let memory = here.local::<Memory>();
    let refused = memory.with(|memory| memory.decided.contains_key(&id));
    let Some(txn) = memory.with(|memory| memory.branches.remove(&id)) else { return Vote::No };
    if refused {
        return Vote::No; // A peer that asked was told so.
    }
    let database = txn.database().id();
    match txn.prepare(tag(&here, id)).await {
        Ok(database::Vote::Yes(txn)) => {
            memory.with(|memory| memory.prepared.insert(id, (database, txn)));
            let since = here.now();
            here.spawn(move |here| wait_in_doubt(here, id, manners, since, false));
            Vote::Yes
        }
        Ok(database::Vote::ReadOnly) => Vote::ReadOnly,
        Err(_) => Vote::No,
    }
}

/// Learns the decision; true acknowledges it. Learning it twice does no harm.
pub(super) async fn learn(
    here: Here,
    id: Transaction,
    decision: Decision,
    manners: Manners,
) -> bool {
    let memory = here.local::<Memory>();
    if let Some(txn) = memory.with(|memory| memory.branches.remove(&id)) {
        txn.rollback().await; // Never prepared, so it can only have been aborted.
        return true;
    }
    let prepared = memory.with(|memory| memory.prepared.get(&id).copied());
    let Some((database, txn)) = prepared.or_else(|| find_prepared(&here, id)) else {
        return true;
    };
    let outcome = database::Decision {
        commit: decision == Decision::Commit,
        heuristic: false,
        forced: manners.forces(decision),
    };
    let database = here.database_of(database);
    let resolved = database.resolve(*here.ctx(), here.node(), txn, outcome).await;
    if resolved.is_err() {
        return false; // The database is down; the coordinator will say it again.
    }
    memory.with(|memory| {
        memory.prepared.remove(&id);
        if !manners.peers.is_empty() {
            memory.decided.insert(id, decision);
        }
    });
    true
}

/// In doubt: asks the coordinator (and peers, if they may be asked) until the decision is known.
/// After a restart it asks at once.
async fn wait_in_doubt(
    here: Here,
    id: Transaction,
    manners: Manners,
    since: Time,
    mut at_once: bool,
) {
    let memory = here.local::<Memory>();
    let here = here.at_step(StepId::NONE, id.attempt);
    loop {
        if !at_once {
            here.sleep(manners.inquiry_interval).await;
        }
        at_once = false;
        if !memory.with(|memory| memory.prepared.contains_key(&id)) {
            return;
        }
        let mut decision = ask_coordinator(&here, id, manners).await;
        if decision.is_none() {
            decision = ask_peers(&here, id, manners).await;
        }
        if let Some(decision) = decision {
            learn(here.clone(), id, decision, manners).await;
            continue;
        }
        if let Some((after, heuristic)) = manners.heuristic
            && here.now() - since >= after
        {
            decide_alone(&here, id, heuristic).await;
        }
    }
}

async fn ask_coordinator(here: &Here, id: Transaction, manners: Manners) -> Option<Decision> {
    let node = TwoPhaseCommit::coordinator_of(manners.coordinator, here.world(), id.op);
    let message = Message::control("inquire", here.system().retry.step_deadline);
    let presumption = manners.presumption;
    let reply = here.call(node, message, move |here: Here| async move {
        coordinator::inquire(&here, id, presumption)
    });
    reply.await.answer().flatten()
}

/// Cooperative termination: a peer that knows the decision tells it, and one that has not voted
/// yet makes sure that it never will.
async fn ask_peers(here: &Here, id: Transaction, manners: Manners) -> Option<Decision> {
    let own = here.service();
    let message = Message::control("inquire peer", here.system().retry.step_deadline);
    let peers = manners.peers.iter().filter(|peer| Some(*peer) != own);
    let calls = peers.map(|peer| {
        let node = here.world().instance(peer, id.op);
        (*here.ctx(), node, move |here: Here| async move {
            let prepared = find_prepared(&here, id).is_some();
            here.local::<Memory>().with(|memory| match memory.decided.get(&id) {
                Some(decision) => Some(*decision),
                None if prepared => None,
                None => {
                    memory.decided.insert(id, Decision::Abort);
                    Some(Decision::Abort)
                }
            })
        })
    });
    let replies = here.call_all(message, calls).await;
    replies.into_iter().find_map(|reply| reply.answer().flatten())
}

/// The heuristic decision of a participant that has been in doubt for too long.
async fn decide_alone(here: &Here, id: Transaction, heuristic: Heuristic) {
    let memory = here.local::<Memory>();
    let Some((database, txn)) = memory.with(|memory| memory.prepared.get(&id).copied()) else {
        return;
    };
    let outcome = database::Decision::heuristic(heuristic == Heuristic::Commit);
    let database = here.database_of(database);
    let decided = database.resolve(*here.ctx(), here.node(), txn, outcome).await;
    if decided.is_ok() {
        memory.with(|memory| memory.prepared.remove(&id));
    }
}

impl TwoPhaseCommit {
    /// After a restart of a service: its databases know which branches are in doubt.
    pub(super) fn recover_participant(&self, here: &Here) {
        let Some(service) = here.service() else { return };
        let memory = here.local::<Memory>();
        for database in here.world().databases() {
            for branch in database.prepared() {
                let (id, owner) = untag(branch.op, branch.tag);
                if owner != service || here.world().instance(service, id.op) != here.node() {
                    continue;
                }
                memory.with(|memory| memory.prepared.insert(id, (database.id(), branch.txn)));
                let all = coordinator::participants(here, id.op);
                let manners = Manners::of(&self.settings, all);
                here.for_op(id.op)
                    .spawn(move |here| wait_in_doubt(here, id, manners, branch.since, true));
            }
        }
    }
}

/// The prepared branch of this service in one of the databases, whoever's memory forgot it.
fn find_prepared(here: &Here, id: Transaction) -> Option<(DatabaseId, TxnId)> {
    let wanted = tag(here, id);
    here.world().databases().iter().find_map(|database| {
        let branch = database
            .prepared()
            .into_iter()
            .find(|branch| branch.tag == wanted && branch.op == id.op)?;
        Some((database.id(), branch.txn))
    })
}

/// Names this service's branch in its database: the attempt and the service.
fn tag(here: &Here, id: Transaction) -> u64 {
    let service = here.service().map_or(u16::MAX, |service| service.0);
    u64::from(id.attempt) << 16 | u64::from(service)
}

fn untag(op: OpId, tag: u64) -> (Transaction, ServiceId) {
    (Transaction { op, attempt: (tag >> 16) as u16 }, ServiceId(tag as u16))
}
