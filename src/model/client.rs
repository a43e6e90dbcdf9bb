//! Clients: they ask, wait, may ask again with the same idempotency key, and read.

use std::rc::Rc;

use super::call::{Message, Reply};
use super::env::Ctx;
use super::probe;
use super::process::ProcessCtx;
use super::record::{Answer, Event, MessageClass, OpId};
use super::system::StepId;
use super::world::World;
use crate::kernel::{NodeId, Time};

/// Notes that an operation arrived, which rows it touches, and which other it follows, if any;
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
    probe::schedule(world, op);
}

/// Asks for an operation until there is a definite answer, the attempts are used up, or the
/// deadline has passed. The operation's number is the idempotency key of every attempt.
pub(super) async fn ask(world: Rc<World>, op: OpId) {
    let here = ProcessCtx::new(Rc::clone(&world), client_ctx(&world, op));
    let env = world.env();
    let info = env.operation(op);
    let client = &env.system().client;
    let deadline = info.arrived + client.deadline;
    let mut answer = Answer::TechnicalNo;
    let mut in_doubt = false;
    for attempt in 0..client.attempts {
        if attempt > 0 {
            let pause = env.backoff(here.ctx(), attempt - 1);
            if env.now() + pause >= deadline {
                break;
            }
            here.sleep(pause).await;
            here.retried("client", attempt);
        }
        let left = (deadline - env.now()).min(client.attempt_deadline);
        let message = Message::request("ask", left).class(MessageClass::Client);
        let here = here.at_step(StepId::NONE, attempt);
        let entry = world.protocol().entry(&world, info.kind, op, attempt);
        let reply = here.call_by_way_of(
            front(&world, op, attempt),
            entry,
            message,
            move |here: ProcessCtx| Rc::clone(here.world().protocol()).execute(here, op),
        );
        answer = match reply.await {
            Reply::Answered(answer) => answer,
            Reply::Refused | Reply::Rejected => Answer::TechnicalNo,
            Reply::Unknown => Answer::Unknown,
        };
        match answer {
            Answer::Done | Answer::Accepted | Answer::RefusedByRule => break,
            Answer::Unknown => in_doubt = true,
            Answer::TechnicalNo => {}
        }
    }
    if answer == Answer::TechnicalNo && in_doubt {
        answer = Answer::Unknown; // An earlier attempt may have run, or may yet.
    }
    here.record(Event::Answered { kind: info.kind, answer, waited: env.now() - info.arrived });
}

/// The node that stands between a client and the entry of the pattern: an instance of the service
/// that wants the first step, where that has delegated it to another.
fn front(world: &World, op: OpId, attempt: u16) -> Option<NodeId> {
    let kind = world.env().operation(op).kind;
    let asked_by = world.env().system().operation(kind).steps[0].asked_by?;
    Some(world.attempted(asked_by, op, attempt))
}

fn client_ctx(world: &Rc<World>, op: OpId) -> Ctx {
    Ctx { process: world.env().next_process(), ..Ctx::WORLD.for_op(op) }
}
