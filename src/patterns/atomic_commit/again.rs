//! One operation that several coordinators were asked for: a client that got no answer from one
//! turns to another, which does not know what the first one has begun, and cannot ask it while it
//! is down.
//!
//! So every transaction for the operation claims the same idempotency key, in the branch of the
//! first step that writes. A transaction commits the key with all its effects, or neither. A
//! coordinator that finds the key committed therefore knows that an earlier transaction was
//! committed; while that one is in doubt, the claim waits for its lock; and of two concurrent
//! transactions one finds the key of the other. A coordinator that was asked with a later attempt
//! makes a refusal durable under the same key before it answers, so that an earlier transaction
//! cannot commit afterwards.

use super::operation;
use crate::model::call::Message;
use crate::model::database::{Direction, EventKind, Txn};
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationSpec, StepId};
use crate::patterns::step::{self, Failure};

/// The step in whose branch the key of an operation is claimed; none if the operation writes
/// nothing, since it may then be repeated at will.
pub(super) fn keyed_step(operation: &OperationSpec) -> Option<StepId> {
    let first = operation.steps.iter().position(|step| !step.effect.is_nothing());
    first.map(|at| StepId(at as u8))
}

/// Claims the key of an operation in a branch.
///
/// # Errors
///
/// [`Failure::Taken`] if another transaction for the operation was committed; [`Failure::Refused`]
/// if it was refused for good.
pub(super) async fn claim(txn: &mut Txn, op: OpId, step: StepId) -> Result<(), Failure> {
    match txn.claim(step::key(op, step, Direction::Forward), EventKind::Applied).await? {
        None => Ok(()),
        Some(EventKind::Refused) => Err(Failure::Refused),
        Some(EventKind::Applied | EventKind::Undone) => Err(Failure::Taken),
    }
}

/// The answer to the client after one transaction, if it is final. `here` is at the attempt of that
/// transaction. The operation is `keyed` if there are several coordinators, and was `asked_before`
/// if its client has turned to another one first.
pub(in crate::patterns) async fn answer(
    here: &ProcessCtx,
    (keyed, asked_before): (bool, bool),
    result: Result<(), Failure>,
) -> Option<Answer> {
    match result {
        Ok(()) | Err(Failure::Taken) => Some(Answer::Done),
        Err(Failure::Refused) => match keyed_step(operation(here, here.ctx().op)) {
            Some(step) if keyed && asked_before => refuse(here, step).await,
            _ => Some(Answer::RefusedByRule),
        },
        Err(_) => None,
    }
}

/// Makes a refusal durable. Returns done if another coordinator has committed the operation
/// meanwhile, and none if that cannot be found out now.
async fn refuse(here: &ProcessCtx, step: StepId) -> Option<Answer> {
    let service = operation(here, here.ctx().op).steps[step.index()].by;
    let here = here.at_step(step, here.ctx().attempt);
    let message = Message::control("refuse", here.retry_at(service).step_deadline);
    let node = here.instance(service);
    let reply =
        here.call(
            node,
            message,
            move |here: ProcessCtx| async move { note_refusal(&here, step).await },
        );
    match reply.await.answer()? {
        Ok(()) => Some(Answer::RefusedByRule),
        Err(Failure::Taken) => Some(Answer::Done),
        Err(_) => None,
    }
}

/// Stores a refusal under the key of an operation, unless it is committed.
async fn note_refusal(here: &ProcessCtx, step: StepId) -> Result<(), Failure> {
    let mut txn = step::begin(here, step).await?;
    let key = step::key(here.ctx().op, step, Direction::Forward);
    match txn.claim(key, EventKind::Refused).await? {
        None => Ok(txn.commit().await?),
        Some(EventKind::Refused) => Ok(()),
        Some(EventKind::Applied | EventKind::Undone) => Err(Failure::Taken),
    }
}
