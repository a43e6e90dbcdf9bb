//! Calls to several participants, and the delivery of an outcome to the participants that must
//! learn it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::participant::{self, ParticipantOptions, Termination};
use super::{Participants, Transaction, operation};
use crate::kernel::NodeId;
use crate::model::call::{Message, Reply};
use crate::model::env::Ctx;
use crate::model::process::ProcessCtx;
use crate::model::record::Decision;
use crate::model::system::StepId;

/// The order in which a coordinator calls its participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FanOut {
    /// All at once.
    #[default]
    Parallel,
    /// One after the other, as Narayana does by default. The first no ends the round.
    Sequential,
}

/// Calls several participants at once, or one after the other for as long as `goes_on` accepts the
/// replies.
pub(in crate::patterns) async fn ask<R, F, Fut>(
    here: &ProcessCtx,
    fan_out: FanOut,
    message: Message,
    calls: impl Iterator<Item = (Ctx, NodeId, F)>,
    goes_on: impl Fn(&Reply<R>) -> bool,
) -> Vec<Reply<R>>
where
    R: 'static,
    F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = R> + 'static,
{
    if fan_out == FanOut::Parallel {
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

/// Sends a decision to each participant once; a participant that misses it will inquire.
pub(in crate::patterns) fn tell<T: Termination>(
    here: &ProcessCtx,
    id: Transaction,
    decision: Decision,
    to: Participants,
    options: ParticipantOptions<T>,
) {
    let message = decision_message(here, decision);
    let here = here.at_step(StepId::NONE, here.ctx().attempt);
    for service in to.iter(operation(&here, id.op)) {
        let node = id.participant(here.world(), service);
        here.tell(node, message, move |here: ProcessCtx| async move {
            participant::learn(here, id, decision, options).await;
        });
    }
}

/// Sends a decision to each participant until it has acknowledged, and then calls `ended`.
pub(in crate::patterns) fn deliver<T: Termination>(
    here: &ProcessCtx,
    id: Transaction,
    decision: Decision,
    to: Participants,
    (options, fan_out): (ParticipantOptions<T>, FanOut),
    ended: impl FnOnce(&ProcessCtx) + 'static,
) {
    let message = decision_message(here, decision);
    let here = here.at_step(StepId::NONE, here.ctx().attempt);
    here.spawn(async move |mut here: ProcessCtx| {
        let mut missing = to;
        loop {
            let operation = operation(&here, id.op);
            let calls = missing.iter(operation).map(|service| {
                let node = id.participant(here.world(), service);
                let handler =
                    move |here: ProcessCtx| participant::learn(here, id, decision, options);
                (*here.ctx(), node, handler)
            });
            let replies = ask(&here, fan_out, message, calls, |_| true).await;
            for (service, reply) in missing.iter(operation).zip(replies) {
                if reply == Reply::Answered(true) {
                    missing.remove(operation, service);
                }
            }
            if missing.is_empty() {
                break;
            }
            here.retried("decision", 0_u64);
            here.sleep(options.inquiry_interval).await;
            // Draws are keyed by the attempt: with the same number a lost message would be lost
            // every time.
            here = here.at_step(StepId::NONE, here.ctx().attempt.wrapping_add(1));
        }
        ended(&here);
    });
}

/// Records in the history that a decision was taken.
pub(in crate::patterns) fn note_decision(here: &ProcessCtx, decision: Decision) {
    here.decide("transaction", decision, here.ctx().attempt);
}

fn decision_message(here: &ProcessCtx, decision: Decision) -> Message {
    let label = match decision {
        Decision::Commit => "commit",
        Decision::Abort => "abort",
    };
    Message::control(label, here.retry().step_deadline)
}
