//! A step as a local transaction, its compensation, and the retry policy: the parts that all
//! patterns share.

use crate::model::call::Message;
use crate::model::database::{DbError, Direction, Event, EventKind, IdemKey, StepRef, Txn};
use crate::model::path::{Path, Paths, all_but, paths};
use crate::model::process::{Local, ProcessCtx};
use crate::model::record::{Answer, OpId};
use crate::model::replica::quorum;
use crate::model::system::{
    Access, Columns, Lookup, RetrySpec, RowKey, ServiceId, StepId, StepSpec,
};

/// The reason why a step did not take effect, or is not known to have taken effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A business rule refused the step; it has no effect.
    Refused,
    /// An overflow, a lock timeout, a deadlock or a broken session: the step has no effect, and a
    /// retry may succeed.
    Technical,
    /// The outcome is unknown: the step was submitted and not answered, so it may have taken
    /// effect.
    Unknown,
    /// The service that was asked has used up the attempts at others that it asked in turn, and the
    /// step must not be retried. It may have taken effect there if `in_doubt`.
    UsedUp {
        /// True if an attempt got no answer.
        in_doubt: bool,
    },
    /// Another instance of the driver has committed the operation, or has claimed it and carries it
    /// out. The step has no effect, and a retry does not help.
    Taken,
    /// A holder of the lease with a higher fencing token has been at the database. The step has no
    /// effect, and a retry does not help.
    Fenced,
}

/// Returns whether a result is a technical failure of the service that was called, for circuit
/// breakers.
pub fn is_failure<T>(result: &Result<T, Failure>) -> bool {
    use Failure::{Technical, Unknown, UsedUp};
    matches!(result, Err(Technical | Unknown | UsedUp { .. }))
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Refused => Self::Refused,
            DbError::Unknown => Self::Unknown,
            DbError::Fenced => Self::Fenced,
            _ => Self::Technical,
        }
    }
}

paths! {
    /// The states in which a compensation finds its step.
    enum Undoing {
        Applied = "a compensation finds its step applied",
        NeverRan = "a compensation comes before its step, or behind its refusal",
        Undone = "a compensation is repeated",
    }
}

impl From<&ToUndo> for Path {
    fn from(found: &ToUndo) -> Self {
        match found {
            ToUndo::Applied(_) => Undoing::Applied,
            ToUndo::NeverRan(_) => Undoing::NeverRan,
            ToUndo::Undone => Undoing::Undone,
        }
        .into()
    }
}

/// The paths of compensations, if services have idempotency keys.
pub fn compensations() -> Paths {
    all_but(Undoing::ALL, [])
}

paths! {
    /// The outcomes that a copy of a request finds.
    enum Repeated {
        Applied = "a copy of a request finds its step applied",
        Refused = "a copy of a request finds its step refused",
        Undone = "a copy of a request finds its step compensated",
    }
}

impl From<EventKind> for Repeated {
    fn from(outcome: EventKind) -> Self {
        match outcome {
            EventKind::Applied => Self::Applied,
            EventKind::Refused => Self::Refused,
            EventKind::Undone => Self::Undone,
        }
    }
}

/// The paths of copies of a request, where refusals are stored if there are any, and steps may be
/// compensated.
pub fn copies(refusals: bool, compensates: bool) -> Paths {
    let never = [(!refusals, Repeated::Refused), (!compensates, Repeated::Undone)];
    all_but(Repeated::ALL, never)
}

paths! {
    /// The path of a database that refuses an outdated fencing token.
    pub enum Fence {
        Refused = "a database refuses a deposed leader",
    }
}

/// Returns whether a rule may refuse a step.
pub fn may_be_refused(step: &StepSpec) -> bool {
    step.refuse.is_some() || step.lookup.is_some_and(|lookup| lookup.refuse.is_some())
}

/// Options of a step: its protection against being applied twice or too late, and the event that is
/// published with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ApplyOptions {
    /// Claims the idempotency key of the step in the same transaction.
    pub once: bool,
    /// Writes this outbox row in the same transaction.
    pub event: Option<Event>,
    /// The fencing token, which the database checks in the same transaction.
    pub fence: Option<u64>,
    /// The instance of the driver that asks for the first step of an operation, if there are
    /// several instances; needs `once`. From then on the step belongs to that instance, and a
    /// refusal is stored.
    pub owner: Option<u16>,
}

/// The idempotency key of one direction of one step.
pub const fn key(op: OpId, step: StepId, direction: Direction) -> IdemKey {
    IdemKey { op, step, direction, consumer: 0 }
}

/// Begins a transaction in the database of a step's table, for the service that carries it out.
pub async fn begin(here: &ProcessCtx, step: StepId) -> Result<Txn, Failure> {
    let kind = here.env().operation(here.ctx().op).kind;
    let spec = &here.system().operation(kind).steps[step.index()];
    let (table, by) = (spec.table, spec.by);
    let ctx = here.ctx().at_step(step, here.ctx().attempt);
    Ok(here.database(table).begin(ctx, here.node(), by, false).await?)
}

/// Begins a transaction as [`begin`] does, and checks the fencing token first if there is one.
async fn begin_fenced(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
) -> Result<Txn, Failure> {
    let mut txn = begin(here, step).await?;
    if let Some(token) = options.fence {
        let passed = txn.fence(token).await;
        if passed == Err(DbError::Fenced) {
            here.passes(Fence::Refused);
        }
        passed?;
    }
    Ok(txn)
}

/// Applies one step in a local transaction, at the service that owns its table. With `options.once`
/// a duplicate has no effect.
pub async fn apply(here: &ProcessCtx, step: StepId, options: ApplyOptions) -> Result<(), Failure> {
    outcome(here, step, options).await?;
    Ok(())
}

/// Applies one step as [`apply`] does, for a caller that relies on the result: a step that was
/// compensated or barred meanwhile is not reported as applied. Nor is a step reported as failed
/// while a copy of the request is being processed at this node, which may yet succeed.
pub async fn apply_to_stand(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
) -> Result<(), Failure> {
    let request = Request::begin(here, step);
    let result = match outcome(here, step, options).await {
        Ok(EventKind::Applied) => Ok(()),
        Ok(_) => Err(Failure::Technical),
        Err(failure) => Err(failure),
    };
    match result {
        Err(Failure::Technical) if request.has_copies() => Err(Failure::Unknown),
        result => result,
    }
}

/// The steps that requests are being processed for at one node, one entry for each request.
#[derive(Default)]
struct AtWork(Vec<(OpId, StepId)>);

/// A request that is being processed, among possible copies of it.
struct Request {
    at_work: Local<AtWork>,
    on: (OpId, StepId),
}

impl Request {
    fn begin(here: &ProcessCtx, step: StepId) -> Self {
        let (at_work, on) = (here.local::<AtWork>(), (here.ctx().op, step));
        at_work.with(|all| all.0.push(on));
        Self { at_work, on }
    }

    fn has_copies(&self) -> bool {
        self.at_work.with(|all| all.0.iter().filter(|on| **on == self.on).count() > 1)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.at_work.with(|all| {
            if let Some(at) = all.0.iter().position(|on| *on == self.on) {
                all.0.swap_remove(at);
            }
        });
    }
}

/// Applies one step and returns its outcome: [`EventKind::Applied`], or, for a duplicate, the
/// outcome that the first delivery stored, which may have been compensated or barred since.
///
/// # Errors
///
/// [`Failure::Refused`] also if the first delivery was refused, whatever the rule would decide now.
pub async fn outcome(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
) -> Result<EventKind, Failure> {
    match forward(here, step, options).await {
        Err(Failure::Refused) if options.owner.is_some() => {
            match store_refusal(here, step, options).await? {
                EventKind::Refused => Err(Failure::Refused),
                outcome => Ok(outcome), // A copy of the request came first.
            }
        }
        result => result,
    }
}

async fn forward(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
) -> Result<EventKind, Failure> {
    let op = here.ctx().op;
    // Before the transaction: a look-up may call another service, and a transaction that is open
    // meanwhile would hold a connection and locks. A refusal does not end a step with an
    // idempotency key yet: a copy of the request may have been applied before, and its outcome
    // counts.
    let looked = lookup(here, step).await;
    if let Err(failure) = looked
        && !(options.once && failure == Failure::Refused)
    {
        return Err(failure);
    }
    let mut txn = begin_fenced(here, step, options).await?;
    if options.once {
        let forward = key(op, step, Direction::Forward);
        let found = txn.claim(forward, EventKind::Applied).await?;
        claim_for_owner(&mut txn, forward, found, options).await?;
        if let Some(found) = found {
            here.passes(Repeated::from(found));
        }
        match found {
            None => {}
            Some(EventKind::Refused) => return Err(Failure::Refused),
            Some(outcome) => {
                // The step was applied, whatever rules would refuse it now; but copies of the row
                // may lack it.
                quorum::confirm(here, step).await?;
                return Ok(outcome);
            }
        }
    }
    if looked.is_err() {
        txn.rollback().await;
        return Err(Failure::Refused);
    }
    txn.apply(StepRef::forward(op, step)).await?;
    if let Some(event) = options.event {
        txn.enqueue(event).await?;
    }
    txn.commit().await?;
    Ok(EventKind::Applied)
}

/// Claims a step for the instance of the driver that asks, if the request names one of several
/// instances and no instance has claimed it before.
///
/// # Errors
///
/// [`Failure::Taken`] if the outcome that was found belongs to the request of another instance. A
/// refusal belongs to none: an instance that was refused holds nothing that it would have to end.
async fn claim_for_owner(
    txn: &mut Txn,
    forward: IdemKey,
    found: Option<EventKind>,
    options: ApplyOptions,
) -> Result<(), Failure> {
    let Some(owner) = options.owner.filter(|_| found != Some(EventKind::Refused)) else {
        return Ok(());
    };
    let own = IdemKey { consumer: owner + 1, ..forward };
    let is_own = txn.claim(own, EventKind::Applied).await?.is_some();
    if found.is_some() && !is_own { Err(Failure::Taken) } else { Ok(()) }
}

/// Stores a refusal under the key of a step, unless an outcome is stored there. Returns the stored
/// outcome.
async fn store_refusal(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
) -> Result<EventKind, Failure> {
    let mut txn = begin_fenced(here, step, options).await?;
    let forward = key(here.ctx().op, step, Direction::Forward);
    match txn.claim(forward, EventKind::Refused).await? {
        None => txn.commit().await?,
        Some(EventKind::Refused) => {}
        found => {
            claim_for_owner(&mut txn, forward, found, options).await?;
            return Ok(found.unwrap_or(EventKind::Refused));
        }
    }
    Ok(EventKind::Refused)
}

/// Stores durably that a step was refused, with the event that informs the others. With
/// `options.once` the refusal is stored under the key of the step, so that a duplicate finds it.
pub async fn refuse(here: &ProcessCtx, step: StepId, options: ApplyOptions) -> Result<(), Failure> {
    let mut txn = begin_fenced(here, step, options).await?;
    let forward = key(here.ctx().op, step, Direction::Forward);
    if options.once && txn.claim(forward, EventKind::Refused).await?.is_some() {
        return Ok(());
    }
    if let Some(event) = options.event {
        txn.enqueue(event).await?;
    }
    Ok(txn.commit().await?)
}

/// The state in which a compensation finds its step, with the open transaction of the compensation.
pub enum ToUndo {
    /// The step may have been applied.
    Applied(Txn),
    /// The step was never applied, or was refused. The transaction has stored *undone* under its
    /// forward key, so that a request which arrives after this commit has no effect.
    NeverRan(Txn),
    /// An earlier copy of this compensation did the work.
    Undone,
}

/// Compensates one step in a local transaction. With `options.once`, a step that never ran is
/// barred instead: a late request for it has no effect.
pub async fn undo(here: &ProcessCtx, step: StepId, options: ApplyOptions) -> Result<(), Failure> {
    let found = find_to_undo(here, step, options).await?;
    here.passes(&found);
    finish_undo(here, step, options, found).await
}

/// Begins the transaction of a compensation and looks up, by the idempotency keys, what has to be
/// compensated. Without `options.once` the step counts as applied.
pub async fn find_to_undo(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
) -> Result<ToUndo, Failure> {
    let op = here.ctx().op;
    let mut txn = begin_fenced(here, step, options).await?;
    if !options.once {
        return Ok(ToUndo::Applied(txn));
    }
    if !txn.once(key(op, step, Direction::Undo)).await? {
        return Ok(ToUndo::Undone);
    }
    let forward = key(op, step, Direction::Forward);
    let found = txn.replace_outcome(forward, EventKind::Undone).await?;
    claim_for_owner(&mut txn, forward, found, options).await?;
    let applied = found == Some(EventKind::Applied);
    Ok(if applied { ToUndo::Applied(txn) } else { ToUndo::NeverRan(txn) })
}

/// Compensates what [`find_to_undo`] has found, and commits its transaction.
pub async fn finish_undo(
    here: &ProcessCtx,
    step: StepId,
    options: ApplyOptions,
    found: ToUndo,
) -> Result<(), Failure> {
    match found {
        ToUndo::Applied(mut txn) => {
            txn.apply(StepRef::undo(here.ctx().op, step)).await?;
            if let Some(event) = options.event {
                txn.enqueue(event).await?;
            }
            Ok(txn.commit().await?)
        }
        ToUndo::NeverRan(txn) => Ok(txn.commit().await?),
        ToUndo::Undone => Ok(()),
    }
}

/// Does the look-up of a step, if it has one, through the access that its service has to the table:
/// in the database, in a replica of its own, or by a call to the table's owner.
pub async fn lookup(here: &ProcessCtx, step: StepId) -> Result<(), Failure> {
    let op = here.ctx().op;
    let info = here.env().operation(op);
    let spec = &here.system().operation(info.kind).steps[step.index()];
    let Some(lookup) = spec.lookup else { return Ok(()) };
    let row = info.keys[usize::from(lookup.key)];
    let here = here.at_step(step, here.ctx().attempt);
    match here.system().access(spec.by, lookup.table, info.arrived) {
        Access::Direct => look_up(here, spec.by, lookup, row).await,
        Access::Replica(copy) => {
            look_up(here, spec.by, Lookup { table: copy, ..lookup }, row).await
        }
        Access::Call(owner) => {
            // One call for each attempt at the step, unless calls to the owner have a policy of
            // their own.
            let policy = here.retry_at(owner);
            let tries = here.system().services[owner.index()].retry.attempts.unwrap_or(1);
            let here = here.at_step(step, here.ctx().attempt.saturating_mul(tries));
            let answer = retry(&here, "look-up", (policy, tries), async |here: ProcessCtx| {
                let node = here.instance(owner);
                let message = Message::request("look-up", policy.step_deadline);
                let message = message.costs(here.system().table(lookup.table).answering());
                let reply = here.guarded(node, (policy.breaker, is_failure), || {
                    here.call(node, message, move |here| look_up(here, owner, lookup, row))
                });
                reply.await.answer().filter(|answer| *answer != Err(Failure::Technical))
            });
            let answer = answer.await.unwrap_or(Err(Failure::Technical));
            let understood =
                || here.env().is_understood(here.ctx(), lookup.table, Columns::ALL, spec.by);
            if answer.is_err() || understood() { answer } else { Err(Failure::Technical) }
        }
    }
}

/// Reads a row and evaluates the rule of the look-up. A read changes nothing, so every failure but
/// a refusal may be retried.
async fn look_up(
    here: ProcessCtx,
    by: ServiceId,
    lookup: Lookup,
    row: RowKey,
) -> Result<(), Failure> {
    let database = here.database(lookup.table);
    match database.look_up(*here.ctx(), here.node(), by, lookup, row).await {
        Ok(()) => Ok(()),
        Err(DbError::Refused) => Err(Failure::Refused),
        Err(_) => Err(Failure::Technical),
    }
}

/// Does the look-ups of every step, for patterns that carry out the whole operation in one place.
pub async fn lookups(here: &ProcessCtx, op: OpId) -> Result<(), Failure> {
    let kind = here.env().operation(op).kind;
    for at in 0..here.system().operation(kind).steps.len() as u8 {
        lookup(here, StepId(at)).await?;
    }
    Ok(())
}

/// Carries out, with the attempts that are left to the operation, the local transaction that
/// decides it, and answers `yes` once it has committed. If no attempt succeeds and the outcome of
/// one is unknown, the answer is unknown: that attempt may have committed.
pub async fn decide(
    here: &ProcessCtx,
    label: &'static str,
    yes: Answer,
    mut transaction: impl AsyncFnMut(ProcessCtx) -> Result<(), Failure>,
) -> Answer {
    let mut in_doubt = false;
    let answer =
        retry(here, label, left(here), async |here: ProcessCtx| match transaction(here).await {
            Ok(()) => Some(yes),
            Err(Failure::Refused) => Some(Answer::RefusedByRule),
            Err(failure) => {
                in_doubt |= failure == Failure::Unknown;
                None
            }
        });
    let none = |in_doubt| if in_doubt { Answer::Unknown } else { Answer::TechnicalNo };
    answer.await.unwrap_or_else(|| none(in_doubt))
}

/// The retry policy of the operation that `here` works for, and the number of attempts left to the
/// service that was asked: those of the policy less those that were used up on the way, except the
/// one that has arrived.
pub fn left(here: &ProcessCtx) -> (RetrySpec, u16) {
    let policy = here.retry();
    (policy, policy.attempts.saturating_sub(here.ctx().attempt).max(1))
}

/// Calls `attempt` under a retry policy, so many times at most, until it returns a value. Each
/// attempt sees its number in its context, counted on from the number there.
pub async fn retry<T>(
    here: &ProcessCtx,
    label: &'static str,
    (policy, tries): (RetrySpec, u16),
    mut attempt: impl AsyncFnMut(ProcessCtx) -> Option<T>,
) -> Option<T> {
    let base = here.ctx().attempt;
    for number in 0..tries {
        if number > 0 {
            here.pause(&policy, number - 1).await;
            here.retried(label, number);
        }
        let here = here.at_step(here.ctx().step, base.saturating_add(number));
        if let Some(result) = attempt(here).await {
            return Some(result);
        }
    }
    None
}

#[cfg(test)]
mod tests;
