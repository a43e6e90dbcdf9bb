//! The work of a distributed transaction: every step in its participant's branch, before any
//! participant is asked for its vote.

use super::delivery::FanOut;
use super::{Participants, Transaction, operation, patience};
use super::{again, participant};
use crate::model::call::{Message, Reply};
use crate::model::process::ProcessCtx;
use crate::model::system::{OperationSpec, ServiceId, StepId, Work};
use crate::patterns::step::{self, Failure};

/// Has every step carried out in its participant's branch, each after those that it follows, and
/// claims the operation's key if there are several coordinators (`keyed`). Also returns the
/// participants that may hold something by now.
pub(in crate::patterns) async fn work(
    here: &ProcessCtx,
    id: Transaction,
    fan_out: FanOut,
    keyed: bool,
) -> (Participants, Result<(), Failure>) {
    let operation = operation(here, id.op);
    let count = operation.steps.len() as u32;
    let key = keyed.then(|| again::keyed_step(operation)).flatten();
    let mut involved = Participants::default();
    let mut done = 0_u64;
    while done.count_ones() < count {
        let mut groups = ready(operation, done);
        if fan_out == FanOut::Sequential {
            groups.truncate(1);
        }
        here.long_work("work").await;
        let asked = groups.iter().map(|(service, _)| *service);
        let patience = patience(here, asked);
        let message = Message::request("work", patience);
        let all = groups.iter().fold(0, |all, (_, steps)| all | *steps);
        let message = message.costs(Work::Steps(all as u32));
        let calls = groups.iter().map(|(service, steps)| {
            let (steps, first) = (*steps, StepId(steps.trailing_zeros() as u8));
            let ctx = here.ctx().at_step(first, here.ctx().attempt);
            let node = id.participant(here.world(), *service);
            let waited_for = (here.now(), here.now() + patience);
            let breaker = here.retry_at(*service).breaker;
            let handler =
                move |here: ProcessCtx| participant::work(here, id, steps, key, waited_for);
            (ctx, node, breaker, handler)
        });
        let replies = here.call_all_guarded(message, step::is_failure, calls).await;
        let mut failure = None;
        for ((service, steps), reply) in groups.into_iter().zip(replies) {
            done |= steps;
            match reply {
                Reply::Answered(Ok(())) => involved.add(operation, service),
                Reply::Answered(Err(Failure::Taken)) => failure = Some(Failure::Taken),
                Reply::Answered(Err(Failure::Refused)) if failure != Some(Failure::Taken) => {
                    failure = Some(Failure::Refused);
                }
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

/// The number of rounds of requests that the work of an operation takes.
pub(in crate::patterns) fn rounds(fan_out: FanOut, operation: &OperationSpec) -> usize {
    asked(fan_out, operation).len()
}

/// The number of requests that the work of an operation takes.
pub(crate) fn requests(fan_out: FanOut, operation: &OperationSpec) -> usize {
    asked(fan_out, operation).iter().sum()
}

/// The number of participants that are asked for work in each round.
fn asked(fan_out: FanOut, operation: &OperationSpec) -> Vec<usize> {
    let (mut done, mut rounds) = (0_u64, Vec::new());
    while done.count_ones() < operation.steps.len() as u32 {
        let mut groups = ready(operation, done);
        if fan_out == FanOut::Sequential {
            groups.truncate(1);
        }
        done |= groups.iter().fold(0, |all, (_, steps)| all | steps);
        rounds.push(groups.len());
    }
    rounds
}

/// The steps whose predecessors are done, as bits, by the service that carries them out.
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
