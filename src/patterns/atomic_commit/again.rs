//! One operation, asked of several coordinators: a client that got no answer from one turns to
//! another, which knows nothing of what that one has begun, and cannot ask if it is down.
//!
//! So every transaction for the operation claims the same idempotency key, in the branch of the
//! first step that writes. What has claimed it commits the key with all its effects or leaves
//! neither: who finds it committed knows that an earlier transaction was, who comes while that is
//! in doubt waits for the lock on it, and of two that are at it at once one finds the other's key.
//! A coordinator that was asked with a later attempt makes a refusal durable under the same key
//! before it tells it, so that an earlier one cannot commit behind it.

use super::operation;
use crate::model::call::Message;
use crate::model::database::{Direction, EventKind, Txn};
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationSpec, StepId};
use crate::patterns::step::{self, Failure};

/// The step in whose branch an operation's key is claimed; none if the operation writes nothing,
/// which may be done any number of times.
pub(super) fn keyed_step(operation: &OperationSpec) -> Option<StepId> {
    let first = operation.steps.iter().position(|step| !step.effect.is_nothing());
    first.map(|at| StepId(at as u8))
}

/// Claims the key of an operation in a branch.
///
/// # Errors
///
/// [`Failure::Taken`] if another transaction for it was committed; [`Failure::Refused`] if it was
/// refused for good.
pub(super) async fn claim(txn: &mut Txn, op: OpId, step: StepId) -> Result<(), Failure> {
    match txn.claim(step::key(op, step, Direction::Forward), EventKind::Applied).await? {
        None => Ok(()),
        Some(EventKind::Refused) => Err(Failure::Refused),
        Some(EventKind::Applied | EventKind::Undone) => Err(Failure::Taken),
    }
}

/// The answer to the client after one transaction, if it is final. `here` is at the attempt of that
/// transaction; the operation is `keyed` if there are several coordinators, and was `asked_before`
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

/// Makes a refusal durable. Done if another coordinator has committed the operation meanwhile;
/// nothing if it cannot be found out now.
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

/// Writes a refusal under the key of an operation, unless it is committed.
async fn note_refusal(here: &ProcessCtx, step: StepId) -> Result<(), Failure> {
    let mut txn = step::begin(here, step).await?;
    let key = step::key(here.ctx().op, step, Direction::Forward);
    match txn.claim(key, EventKind::Refused).await? {
        None => Ok(txn.commit().await?),
        Some(EventKind::Refused) => Ok(()),
        Some(EventKind::Applied | EventKind::Undone) => Err(Failure::Taken),
    }
}
