//! Clients: they request operations, wait, retry with the same idempotency key, and read.
//!
//! An operation has one budget of attempts. A caller repeats only what was lost or refused on its
//! own leg; the attempts that it has used travel with the request, so that the callee has as many
//! fewer. The refusal of a callee that has used up the rest is final, and is passed on as such.
//! Another attempt may go to another instance of the callee, which may find that the first instance
//! has the operation.

use std::rc::Rc;

use super::breaker::Guard;
use super::call::{Message, Reply};
use super::env::Ctx;
use super::lapse::Lapse;
use super::once::{is_forgotten, once};
use super::probe;
use super::process::ProcessCtx;
use super::record::{Answer, Event, MessageClass, OpId};
use super::system::{RetrySpec, StepId, Work};
use super::world::World;
use crate::kernel::{NodeId, Time};

/// Records that an operation arrived, which rows it touches and which operation it follows, if any;
/// schedules the reads that probe it.
pub(super) fn note_arrival(world: &Rc<World>, op: OpId, followed: Option<OpId>) {
    let env = world.env();
    let info = env.operation(op);
    let system = env.system();
    let ctx = Ctx::WORLD.for_op(op);
    let deadline = info.arrived + system.client.deadline;
    let start = Time::ZERO + system.phases.warm_up;
    let measured = info.arrived >= start && info.arrived < Time::ZERO + system.phases.load;
    env.record(&ctx, Event::Offered { kind: info.kind, deadline, measured });
    for (at, step) in system.operation(info.kind).steps.iter().enumerate() {
        let ctx = ctx.at_step(StepId(at as u8), 0);
        let row = info.keys[usize::from(step.key)];
        env.record(&ctx, Event::Touches { table: step.table, row });
    }
    if let Some(followed) = followed {
        env.record(&ctx, Event::Follows { followed });
    }
    probe::schedule(world, op, None);
}

/// Requests an operation until there is an answer, the attempts are used up, or the deadline has
/// passed. The number of the operation is the idempotency key of every attempt.
pub(super) async fn ask(world: Rc<World>, op: OpId) {
    let here = ProcessCtx::new(Rc::clone(&world), client_ctx(&world, op));
    let env = world.env();
    let info = env.operation(op);
    let client = &env.system().client;
    let policy = here.retry_to(asked(&world, op, 0).0);
    let attempts = client.attempts.unwrap_or(policy.attempts);
    let deadline = info.arrived + client.deadline;
    let mut in_doubt = false;
    let mut attempt = 0;
    let answer = loop {
        let here = here.at_step(StepId::NONE, attempt);
        let pause = env.backoff(here.ctx(), &policy, attempt);
        let left = deadline - env.now();
        let wait = match client.attempt_deadline {
            Some(wait) => wait,
            None if attempt + 1 >= attempts || policy.step_deadline + pause >= left => left,
            None => policy.step_deadline,
        };
        let carried_out = Work::Steps(world.protocol().at_entry(&world, op));
        let wait = match env.lapses(Lapse::ClientWaitsOn) {
            true => client.deadline.saturating_mul(2),
            false => wait.min(left),
        };
        let message = Message::request("ask", wait).class(MessageClass::Client);
        let (called, entry) = asked(&world, op, attempt);
        let front = (called != entry).then_some(called);
        let reply = here.guarded(called, guard(&policy), || match front {
            Some(front) => here.call(front, message, move |here| pass_on(here, op)),
            None => here.call(entry, message.costs(carried_out), move |here| carry_out(here, op)),
        });
        let reply = reply.await;
        if let Reply::Answered(EntryReply::Answer(answer)) = reply {
            break answer;
        }
        in_doubt |= reply.is_in_doubt() && !env.lapses(Lapse::SilenceIsNo);
        attempt += 1;
        let is_spent = attempt >= attempts && !env.lapses(Lapse::ClientNeverGivesUp);
        if is_spent || env.now() + pause >= deadline {
            break if in_doubt { Answer::Unknown } else { Answer::TechnicalNo };
        }
        here.sleep(pause).await;
        here.at_step(StepId::NONE, attempt - 1).retried("client", attempt);
    };
    // An earlier attempt may have run, or may run later, so a technical failure of this one is not
    // known to be final.
    let unsure = answer == Answer::TechnicalNo && in_doubt;
    let answer = if unsure { Answer::Unknown } else { answer };
    here.record(Event::Answered { kind: info.kind, answer, waited: env.now() - info.arrived });
    probe::schedule(&world, op, Some(answer));
}

/// The node that a client calls with an attempt, and the entry of the pattern behind it, which
/// mostly is that node.
fn asked(world: &World, op: OpId, attempt: u16) -> (NodeId, NodeId) {
    let entry = world.protocol().entry(world, world.env().operation(op).kind, op, attempt);
    (front(world, op, attempt).unwrap_or(entry), entry)
}

/// The node between a client and the entry of the pattern: an instance of the service that wants
/// the first step, if that service has delegated it to another one.
fn front(world: &World, op: OpId, attempt: u16) -> Option<NodeId> {
    let kind = world.env().operation(op).kind;
    let asked_by = world.env().system().operation(kind).steps[0].asked_by?;
    Some(world.attempted(asked_by, op, attempt))
}

/// The reply of a node that was asked for an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EntryReply {
    /// The answer.
    Answer(Answer),
    /// This node does not accept the operation.
    NotHere,
    /// This node has passed the operation on to another instance, or found that another one has it,
    /// and does not know its outcome.
    Elsewhere,
}

impl EntryReply {
    const fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }
}

impl Reply<EntryReply> {
    /// Returns whether the operation may have been carried out, by this node or another, or may be
    /// carried out later.
    fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unknown | Self::Answered(EntryReply::Elsewhere))
    }
}

/// Carries an operation out at the entry, once. A request that comes after its answer would have
/// been deleted is not carried out: it is late by more than the client's deadline, and the client
/// may have been told that the operation failed.
async fn carry_out(here: ProcessCtx, op: OpId) -> EntryReply {
    let protocol = Rc::clone(here.world().protocol());
    once(&here, (op, 0), EntryReply::is_answer, async || {
        if is_forgotten(&here, op) {
            return EntryReply::Answer(Answer::Unknown);
        }
        if !protocol.admits(&here) {
            return EntryReply::NotHere;
        }
        match Rc::clone(&protocol).execute(here.clone(), op).await {
            Answer::Unknown if !protocol.admits(&here) => EntryReply::Elsewhere,
            answer => EntryReply::Answer(answer),
        }
    })
    .await
}

/// Calls the entry for the node in front of it, with the attempts that are left.
async fn pass_on(here: ProcessCtx, op: OpId) -> EntryReply {
    once(&here, (op, 0), EntryReply::is_answer, async || {
        let kind = here.env().operation(op).kind;
        let mut in_doubt = false;
        let mut attempt = here.ctx().attempt;
        loop {
            let here = here.at_step(StepId::NONE, attempt);
            let entry = here.world().protocol().entry(here.world(), kind, op, attempt);
            let policy = here.retry_to(entry);
            let carried_out = Work::Steps(here.world().protocol().at_entry(here.world(), op));
            let message = Message::request("delegate", policy.step_deadline).costs(carried_out);
            let reply = here.guarded(entry, guard(&policy), || {
                here.call(entry, message, move |here| carry_out(here, op))
            });
            let reply = reply.await;
            if let Reply::Answered(EntryReply::Answer(answer)) = reply {
                return EntryReply::Answer(match answer {
                    Answer::TechnicalNo if in_doubt => Answer::Unknown,
                    answer => answer,
                });
            }
            in_doubt |= reply.is_in_doubt();
            attempt += 1;
            if attempt >= policy.attempts {
                let answer = if in_doubt { Answer::Unknown } else { Answer::TechnicalNo };
                return EntryReply::Answer(answer);
            }
            here.pause(&policy, attempt - 1).await;
            here.retried("delegate", attempt);
        }
    })
    .await
}

/// The breaker of a policy for calls that answer an operation: a technical failure counts against
/// the node that reports it, wherever it came from.
fn guard(policy: &RetrySpec) -> Guard<EntryReply> {
    let failed = |reply: &EntryReply| {
        matches!(reply, EntryReply::Answer(Answer::TechnicalNo | Answer::Unknown))
    };
    (policy.breaker, failed)
}

fn client_ctx(world: &Rc<World>, op: OpId) -> Ctx {
    Ctx { process: world.env().next_process(), ..Ctx::WORLD.for_op(op) }
}
