//! A participant: its branches, its votes, and its behaviour in doubt.
//!
//! Messages may arrive twice, late, or out of order. So a participant remembers every transaction
//! for a while after its end, and ignores a request for work that is older than its memory: an
//! ended branch is never begun again.

use std::rc::Rc;

use super::branches::{self, Branches, Closing, Found, InDoubt, Stage};
use super::{Transaction, again};
use crate::kernel::{NodeId, Span, Time};
use crate::model::call::{Message, Reply};
use crate::model::database::{self, Ballot, Database, DbError, NoRecord, Resolution, StepRef, Txn};
use crate::model::path::{Paths, all_but, paths};
use crate::model::process::ProcessCtx;
use crate::model::record::{Decision, MessageClass, TxnId};
use crate::model::system::{DatabaseId, ServiceId, StepId, StepSpec, System};
use crate::patterns::step::{self, Failure};

paths! {
    /// The vote of a participant on *prepare*.
    pub(crate) enum Vote {
        /// The prepared record is durable: the branch can still commit or abort, and keeps its
        /// locks.
        Yes = "a participant votes yes",
        /// The branch changed nothing and has dropped out, whatever is decided.
        ReadOnly = "a participant that changed nothing votes read-only",
        /// The branch has just rolled back: it never voted yes, and never will.
        No = "a participant votes no",
        /// There is no open branch: it has ended, or a crash has lost it.
        Gone = "a participant is asked to prepare a branch that is gone",
        /// The database went down meanwhile: this is no vote, but the branch may be prepared.
        Lost = "the database of a participant goes down while it prepares",
    }
}

paths! {
    /// The way in which a participant learns of a prepared branch after a restart.
    enum Adopted {
        ByService = "a service finds a prepared branch that it does not remember",
        ByDatabase = "a restarted database reminds a service of a prepared branch",
    }
}

paths! {
    /// The state in which a decision finds its branch.
    enum Learned {
        Unprepared = "a decision ends a branch that was never prepared",
        Busy = "a decision comes while its branch prepares or is being resolved",
        Over = "a decision is told again",
        Committed = "a participant commits its prepared branch",
        Aborted = "a participant aborts its prepared branch",
        Down = "a decision finds the database of its branch down",
    }
}

/// The paths of participants of these operations.
pub(in crate::patterns) fn paths(system: &System, read_only_vote: bool) -> Paths {
    let mut reads = system.operations.iter().flat_map(|operation| {
        let all = move |by| operation.steps.iter().filter(move |step| step.by == by);
        let reads = move |step: &StepSpec| all(step.by).all(|step| step.effect.is_nothing());
        operation.steps.iter().map(reads)
    });
    let is_out = !read_only_vote || !reads.any(|reads| reads);
    let mut paths = all_but(Vote::ALL, [(is_out, Vote::ReadOnly)]);
    paths.extend(all_but(Adopted::ALL, []));
    paths.extend(all_but(Learned::ALL, []));
    paths
}

/// The termination protocol: how a participant in doubt learns the decision, and whether it
/// acknowledges it. Here the commit protocols differ.
pub(crate) trait Termination: Copy + Send + 'static {
    /// The number of this pattern among those side by side.
    fn part(self) -> u8;

    /// Returns whether participants force this decision before they acknowledge it.
    fn is_acknowledged(self, decision: Decision) -> bool;

    /// Asks others for the decision; `number` counts the inquiries of this participant, from 0.
    fn ask(
        self,
        here: &ProcessCtx,
        id: Transaction,
        number: u32,
    ) -> impl Future<Output = Option<Decision>>;
}

/// The options of a participant, which travel with the messages of the protocol.
#[derive(Clone, Copy)]
pub(in crate::patterns) struct ParticipantOptions<T> {
    pub termination: T,
    pub read_only_vote: bool,
    pub no_record: NoRecord,
    pub inquiry_interval: Span,
    /// The heuristic decision, and the time in doubt after which the participant takes it.
    pub heuristic: Option<(Span, Decision)>,
}

/// Carries out some steps (a set of bits) in this participant's branch, for a request that was sent
/// at `sent` and that the caller waits for until `until`. If the operation has a `keyed` step among
/// them, the operation's idempotency key is claimed first. A request that gets its connection after
/// `until` begins no branch: the caller would not end it, and it would keep the connection until it
/// aborts itself.
pub(in crate::patterns) async fn work(
    here: ProcessCtx,
    id: Transaction,
    steps: u64,
    keyed: Option<StepId>,
    (sent, until): (Time, Time),
) -> Result<(), Failure> {
    let first = StepId(steps.trailing_zeros() as u8);
    let (session, done) = match branches::take(&here, id).await {
        Found::Unknown if Branches::begin(&here, id, sent) => (begin(&here, first, until).await, 0),
        Found::Open(txn, done) => (Ok(txn), done),
        Found::Unknown | Found::Closed(_) => return Err(Failure::Technical),
    };
    let worked = match session {
        Ok(txn) => carry_out(&here, id, txn, steps & !done, keyed).await,
        Err(failure) => Err(failure),
    };
    let (result, session) = match worked {
        Ok(txn) => (Ok(()), Some(txn)),
        Err(failure) => (Err(failure), None),
    };
    let aborted_meanwhile = Branches::put_back(&here, id, session, done | steps);
    if aborted_meanwhile { Err(Failure::Technical) } else { result }
}

/// Begins a branch, unless that takes longer than the caller waits.
async fn begin(here: &ProcessCtx, first: StepId, until: Time) -> Result<Txn, Failure> {
    let txn = step::begin(here, first).await?;
    if here.now() <= until {
        return Ok(txn);
    }
    txn.rollback().await;
    Err(Failure::Technical)
}

/// Carries out the steps in a branch, those left by an earlier copy of the request.
async fn carry_out(
    here: &ProcessCtx,
    id: Transaction,
    txn: Txn,
    steps: u64,
    keyed: Option<StepId>,
) -> Result<Txn, Failure> {
    let mut txn = txn;
    if let Some(step) = keyed.filter(|step| steps >> step.0 & 1 == 1) {
        again::claim(&mut txn, id.op, step).await?;
    }
    for at in (0..u64::BITS as u8).filter(|at| steps >> at & 1 == 1) {
        let step = StepId(at);
        step::lookup(here, step).await?;
        txn.apply(StepRef::forward(id.op, step)).await?;
    }
    Ok(txn)
}

/// Prepares this participant's branch, in which `steps` must have been done: a crash may have lost
/// some of them. After a yes it waits for the decision.
pub(in crate::patterns) async fn prepare<T: Termination>(
    here: ProcessCtx,
    id: Transaction,
    steps: u64,
    options: ParticipantOptions<T>,
) -> Vote {
    let vote = vote(&here, id, steps, options).await;
    here.passes(vote);
    vote
}

async fn vote<T: Termination>(
    here: &ProcessCtx,
    id: Transaction,
    steps: u64,
    options: ParticipantOptions<T>,
) -> Vote {
    let txn = match branches::take(here, id).await {
        Found::Open(txn, done) if done == steps => txn,
        Found::Open(txn, _) => {
            Branches::set(here, id, Stage::Ended(Some(Decision::Abort)));
            txn.rollback_with(options.no_record).await;
            return Vote::No;
        }
        Found::Closed(vote) => return vote,
        Found::Unknown => return Vote::Gone,
    };
    Branches::set(here, id, Stage::Preparing);
    let (database, own) = (txn.database().id(), txn.id());
    let ParticipantOptions { read_only_vote, no_record, .. } = options;
    let tag = id.tag(here.service().unwrap_or(ServiceId(u16::MAX)));
    let ballot = Ballot { tag, read_only_vote, no_record };
    let (stage, vote) = match txn.prepare(ballot).await {
        Ok(database::Vote::Yes(_)) => (in_doubt(database, own, Vote::Yes), Vote::Yes),
        Ok(database::Vote::ReadOnly) => (Stage::ReadOnly, Vote::ReadOnly),
        Err(DbError::Unknown) => (in_doubt(database, own, Vote::Lost), Vote::Lost),
        Err(_) => (Stage::Ended(Some(Decision::Abort)), Vote::No),
    };
    Branches::set(here, id, stage);
    if matches!(vote, Vote::Yes | Vote::Lost) {
        let since = here.now();
        here.spawn(move |here| wait_in_doubt(here, id, options, since, false));
    }
    vote
}

fn in_doubt(database: DatabaseId, txn: TxnId, vote: Vote) -> Stage {
    Stage::InDoubt { branch: InDoubt { database, txn, vote }, resolving: false }
}

/// Carries out the decision. Returns true to acknowledge it, and false to have it sent again. A
/// repeated decision has no effect.
pub(in crate::patterns) async fn learn<T: Termination>(
    here: ProcessCtx,
    id: Transaction,
    decision: Decision,
    options: ParticipantOptions<T>,
) -> bool {
    if !Branches::knows(&here, id) {
        // This service does not remember the branch, so only its databases can know that it is
        // prepared: while one is down, the answer must wait.
        if databases(&here).any(|database| !database.is_serving()) {
            return false;
        }
        adopt(&here, options, Some(id));
    }
    let branch = match Branches::close(&here, id, decision) {
        Closing::Done(Some(txn)) => {
            here.passes(Learned::Unprepared);
            txn.rollback().await; // Never prepared, so it can only have been aborted.
            return true;
        }
        Closing::Done(None) => {
            here.passes(Learned::Over);
            return true;
        }
        Closing::Busy => {
            here.passes(Learned::Busy);
            return false;
        }
        Closing::Resolve(branch) => branch,
    };
    let forced = options.termination.is_acknowledged(decision);
    let outcome = Resolution { decision, heuristic: false, forced };
    let database = here.database_of(branch.database);
    let resolved = database.resolve(*here.ctx(), here.node(), branch.txn, outcome).await;
    let (stage, path) = match (resolved, decision) {
        (Ok(()), Decision::Commit) => (Stage::Ended(Some(decision)), Learned::Committed),
        (Ok(()), Decision::Abort) => (Stage::Ended(Some(decision)), Learned::Aborted),
        (Err(_), _) => (Stage::InDoubt { branch, resolving: false }, Learned::Down),
    };
    here.passes(path);
    Branches::set(&here, id, stage);
    resolved.is_ok()
}

/// Asks the coordinator, and peers if the protocol allows it, until the decision is known. After a
/// restart it asks at once.
async fn wait_in_doubt<T: Termination>(
    here: ProcessCtx,
    id: Transaction,
    options: ParticipantOptions<T>,
    since: Time,
    at_once: bool,
) {
    let mut number = 0;
    let mut pause = if at_once { Span::ZERO } else { options.inquiry_interval };
    let mut here = here.at_step(StepId::NONE, here.ctx().attempt);
    let limit = options.heuristic.map(|(after, decision)| (since + after, decision));
    loop {
        let next = here.now() + pause;
        let until = limit.map_or(next, |(limit, _)| next.min(limit.max(here.now())));
        here.sleep(until - here.now()).await;
        pause = options.inquiry_interval;
        if Branches::in_doubt(&here, id).is_none() {
            return;
        }
        match limit.filter(|(limit, _)| here.now() >= *limit) {
            Some((_, decision)) if decide_alone(&here, id, decision).await => return,
            Some(_) => here.sleep(pause).await, // Its database is down.
            None => {
                if let Some(decision) = options.termination.ask(&here, id, number).await {
                    learn(here.clone(), id, decision, options).await;
                }
                number += 1;
            }
        }
        here = here.at_step(StepId::NONE, here.ctx().attempt.wrapping_add(1));
    }
}

/// Takes the heuristic decision of a participant that has been in doubt for too long. Returns false
/// if it cannot be carried out now.
async fn decide_alone(here: &ProcessCtx, id: Transaction, decision: Decision) -> bool {
    let Some(InDoubt { database, txn, .. }) = Branches::in_doubt(here, id) else { return true };
    let outcome = Resolution::heuristic(decision);
    let decided =
        here.database_of(database).resolve(*here.ctx(), here.node(), txn, outcome).await.is_ok();
    if decided {
        Branches::set(here, id, Stage::Ended(None)); // What was decided is not known here.
    }
    decided
}

/// Recovers after a restart of a node. A service finds out from its databases which branches are in
/// doubt. A database that has recovered makes the services of its branches ask again, because a
/// crash may also have lost an outcome that was written but not forced.
pub(in crate::patterns) fn recover<T: Termination>(
    here: &ProcessCtx,
    options: ParticipantOptions<T>,
) {
    if here.service().is_some() {
        Branches::restarted(here);
        adopt(here, options, None);
    }
    let local = |database: &&Rc<Database>| database.node() == here.node();
    for database in here.world().databases().iter().filter(local) {
        for branch in database.prepared() {
            let (id, service) = Transaction::of_branch(branch.op, branch.tag);
            let owner = id.participant(here.world(), service);
            if options.termination.part() == id.part && owner != here.node() {
                here.for_op(id.op).spawn(move |here| remind(here, owner, id, options));
            }
        }
    }
}

/// Informs the service of a branch that the branch is in doubt, until the service has answered.
async fn remind<T: Termination>(
    here: ProcessCtx,
    owner: NodeId,
    id: Transaction,
    options: ParticipantOptions<T>,
) {
    let message = Message::control("in doubt", here.retry().step_deadline);
    let message = message.class(MessageClass::Database);
    let mut here = here;
    loop {
        let reply = here.call(owner, message, move |here: ProcessCtx| async move {
            here.passes(Adopted::ByDatabase);
            adopt(&here, options, Some(id));
        });
        if matches!(reply.await, Reply::Answered(())) {
            return;
        }
        here.sleep(options.inquiry_interval).await;
        here = here.at_step(StepId::NONE, here.ctx().attempt.wrapping_add(1));
    }
}

/// Adopts the branches of this service (or only that of `wanted`) that its databases have prepared,
/// or are preparing, and that the service does not remember; then inquires about their outcome.
fn adopt<T: Termination>(
    here: &ProcessCtx,
    options: ParticipantOptions<T>,
    wanted: Option<Transaction>,
) {
    for database in databases(here) {
        let prepared = database.prepared();
        for branch in database.preparing_or_prepared() {
            let (id, owner) = Transaction::of_branch(branch.op, branch.tag);
            if options.termination.part() != id.part
                || Some(owner) != here.service()
                || id.participant(here.world(), owner) != here.node()
                || wanted.is_some_and(|wanted| wanted != id)
                || Branches::in_doubt(here, id).is_some()
            {
                continue;
            }
            here.passes(Adopted::ByService);
            // The forced write of the record may still be lost in a crash.
            let vote = if prepared.contains(&branch) { Vote::Yes } else { Vote::Lost };
            Branches::set(here, id, in_doubt(database.id(), branch.txn, vote));
            here.for_op(id.op)
                .spawn(move |here| wait_in_doubt(here, id, options, branch.since, true));
        }
    }
}

/// The databases of the tables that this node's service writes.
fn databases(here: &ProcessCtx) -> impl Iterator<Item = &Rc<Database>> {
    let own = here.service();
    here.world().databases().iter().filter(move |database| {
        let system = here.system();
        let mut own = system.steps().filter(|step| Some(step.by) == own);
        own.any(|step| system.table(step.table).database == database.id())
    })
}
