//! Read probes: what a reader sees, at times and keys that no pattern can influence.

use std::rc::Rc;

use super::call::{Message, Reply};
use super::env::Ctx;
use super::here::Here;
use super::record::{Kind, MessageClass, OpId, column_subject};
use super::system::{ColumnRef, KeyChoice, ReadWhat, RowKey, ServiceId, StepId};
use super::workload;
use super::world::World;
use crate::kernel::{NodeId, Purpose, Span, Time, Words};

/// A probe is given up after this; the longest deadline that measures ask about.
pub const PATIENCE: Span = Span::from_secs(5);

/// How a probe ended, as the history says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Ending {
    Complete = 0,
    Error = 1,
    TimedOut = 2,
}

/// Schedules the probes of an operation that arrives now.
pub(super) fn schedule(world: &Rc<World>, op: OpId) {
    let env = world.env();
    let info = env.operation(op);
    for (at, read) in env.system().reads.iter().enumerate() {
        let ReadWhat::Operation { kind, at: offsets, .. } = &read.what else { continue };
        if *kind != info.kind {
            continue;
        }
        for (number, offset) in offsets.iter().enumerate() {
            let world = Rc::clone(world);
            let probe = probe_operation(world, at, number as u16, op);
            env.sim().spawn_at(info.arrived + *offset, NodeId::WORLD, probe);
        }
    }
}

/// Reads the rows of an operation's steps, each at the service that owns it.
async fn probe_operation(world: Rc<World>, read: usize, number: u16, op: OpId) {
    let env = world.env();
    let system = std::sync::Arc::clone(env.system());
    let ReadWhat::Operation { kind, steps, .. } = &system.reads[read].what else { return };
    let process = env.next_process();
    let ctx = Ctx { process, attempt: number, ..Ctx::WORLD.for_op(op) };
    let here = Here::new(Rc::clone(&world), ctx);
    let name = u64::from(process);
    here.note(Kind::ProbeBegan, read as u32, name, steps.len() as u64);
    let specs = &system.operation(*kind).steps;
    let mut owners: Vec<(ServiceId, u64)> = Vec::new();
    for step in steps {
        let owner = system.table(specs[step.index()].table).owner;
        match owners.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, mask)) => *mask |= 1 << step.0,
            None => owners.push((owner, 1 << step.0)),
        }
    }
    let message = Message::control("probe", PATIENCE).class(MessageClass::Probe);
    let calls = owners.into_iter().map(|(owner, mask)| {
        let step = StepId(mask.trailing_zeros() as u8);
        let node = world.instance(owner, op);
        (ctx.at_step(step, number), node, move |here: Here| look(here, mask, name))
    });
    let replies = here.call_all(message, calls).await;
    let ending = replies.into_iter().map(ending).max_by_key(|ending| *ending as u8);
    here.note(Kind::ProbeEnded, read as u32, name, ending.unwrap_or(Ending::Complete) as u64);
}

/// At the owner: reads the row of each step in `mask` and notes what it shows.
async fn look(here: Here, mask: u64, probe: u64) -> bool {
    let op = here.ctx().op;
    let info = here.env().operation(op);
    let system = std::sync::Arc::clone(here.env().system());
    for (at, step) in system.operation(info.kind).steps.iter().enumerate() {
        if mask & 1 << at == 0 {
            continue;
        }
        let here = here.at_step(StepId(at as u8), here.ctx().attempt);
        let row = info.keys[usize::from(step.key)];
        let database = here.database(step.table);
        if database.probe(*here.ctx(), here.node(), step.table, row, probe).await.is_err() {
            return false;
        }
    }
    true
}

fn ending(reply: Reply<bool>) -> Ending {
    match reply {
        Reply::Answered(true) => Ending::Complete,
        Reply::Answered(false) | Reply::Refused | Reply::Rejected => Ending::Error,
        Reply::Unknown => Ending::TimedOut,
    }
}

/// Starts the independent readers.
pub fn start(world: &Rc<World>) {
    let system = std::sync::Arc::clone(world.env().system());
    for (at, read) in system.reads.iter().enumerate() {
        if let ReadWhat::Column { column, choice, rate } = &read.what {
            let sim = world.env().sim();
            let readers = readers(Rc::clone(world), at, *column, choice.clone(), *rate);
            sim.spawn(NodeId::WORLD, readers);
        }
    }
}

/// Readers of one column arrive as a Poisson stream, from the warm-up to the end of the load.
async fn readers(world: Rc<World>, read: usize, column: ColumnRef, choice: KeyChoice, rate: f64) {
    let env = world.env();
    let name = env.system().reads[read].name.luck;
    let mut stream = env.luck().stream(Purpose::Probe, name);
    let end = Time::ZERO + env.system().phases.load;
    let mut at = Time::ZERO + env.system().phases.warm_up;
    for number in 0.. {
        at += Span::from_secs_f64(-libm::log(1.0 - stream.unit()) / rate);
        if at >= end {
            return;
        }
        env.sim().sleep_until(at).await;
        let row = workload::choose_row(env, &choice, name, number);
        env.sim().spawn(NodeId::WORLD, probe_column(Rc::clone(&world), read, column, row));
    }
}

async fn probe_column(world: Rc<World>, read: usize, column: ColumnRef, row: RowKey) {
    let process = world.env().next_process();
    let ctx = Ctx { process, ..Ctx::WORLD };
    let here = Here::new(Rc::clone(&world), ctx);
    let name = u64::from(process);
    here.note(Kind::ProbeBegan, read as u32, name, 1);
    let message = Message::control("read", PATIENCE).class(MessageClass::Probe);
    let node = world.owner(column.table, OpId::NONE);
    let reply = here.call(node, message, move |here: Here| async move {
        let subject = column_subject(column.table, column.column);
        let database = here.database(column.table);
        database.read_column(*here.ctx(), here.node(), subject, row, name).await.is_ok()
    });
    let ending = ending(reply.await);
    here.note(Kind::ProbeEnded, read as u32, name, ending as u64);
}
