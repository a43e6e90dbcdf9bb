//! Read probes: what a reader sees, at times and keys that no pattern can influence.
//!
//! A reader asks the owners of the data, or one service that reads for it: a request like any
//! other, which takes a worker and the work of the service. That service reaches each table as
//! [`System::access`](super::system::System::access) says: in the database, in a replica of its
//! own, or by asking the owner.

use std::rc::Rc;

use rand::RngExt;

use super::call::{Message, Reply};
use super::env::{Ctx, Env, OpInfo};
use super::lapse::Lapse;
use super::process::ProcessCtx;
use super::record::{Answer, Event, MessageClass, OpId, ProbeEnd, ProbeId};
use super::replica::quorum;
use super::system::{
    Access, Anchor, ColumnRef, Columns, KeyChoice, ReadSpec, ReadWhat, RowKey, ServiceId, StepId,
    TableId, Work,
};
use super::workload;
use super::world::World;
use crate::kernel::{NodeId, Purpose, Span, Time};

/// The time after which a probe is given up, which is the longest deadline that measures use.
pub const PATIENCE: Span = Span::from_secs(5);

/// Schedules the probes of an operation that arrives now, or whose client gets this answer now. If
/// the client gives up, the reads that were to follow its answer are recorded as not made.
pub(super) fn schedule(world: &Rc<World>, op: OpId, answer: Option<Answer>) {
    let env = world.env();
    let info = env.operation(op);
    let declared = env.system().declared(info.kind);
    for (at, read) in env.system().reads.iter().enumerate() {
        let ReadWhat::Operation { kind, at: offsets, after, share, .. } = &read.what else {
            continue;
        };
        let anchor = if answer.is_some() { Anchor::Answer } else { Anchor::Arrival };
        if *kind != declared || *after != anchor || !is_sampled(env, read, &info, *share) {
            continue;
        }
        if answer == Some(Answer::Unknown) {
            env.record(&Ctx::WORLD.for_op(op), Event::Unread { read: at as u32 });
            continue;
        }
        for (number, offset) in offsets.iter().enumerate() {
            let world = Rc::clone(world);
            let probe = probe_operation(world, at, number as u16, op);
            env.sim().spawn_at(env.now() + *offset, NodeId::WORLD, probe);
        }
    }
}

/// Returns whether a read samples an operation. The draw depends on the operation alone, so all
/// variants sample the same ones.
fn is_sampled(env: &Env, read: &ReadSpec, info: &OpInfo, share: f64) -> bool {
    let (name, stream) = (read.name.stream, info.stream);
    env.streams().draw(Purpose::Probe, name, stream, 0, 0).random_bool(share)
}

/// Reads the rows of an operation's steps: each at the service that owns it, or all at the service
/// that reads for the client.
async fn probe_operation(world: Rc<World>, read: usize, number: u16, op: OpId) {
    let env = world.env();
    let system = std::sync::Arc::clone(env.system());
    let ReadSpec { by, part, what: ReadWhat::Operation { kind, steps, .. }, .. } =
        &system.reads[read]
    else {
        return;
    };
    let process = env.next_process();
    let ctx = Ctx { process, attempt: number, ..Ctx::WORLD.for_op(op) };
    let here = ProcessCtx::new(Rc::clone(&world), ctx);
    let (probe, read) = (ProbeId(process), read as u32);
    here.record(Event::ProbeBegan { read, probe, cells: steps.len() as u32 });
    let message = Message::request("probe", PATIENCE).class(MessageClass::Probe);
    let mask = bits(steps.iter());
    let end = if let Some(by) = *by {
        let node = world.instance(by, op);
        let message = message.costs(Work::Of(part.unwrap_or(by)));
        let here = here.at_step(steps.first().copied().unwrap_or(StepId::NONE), number);
        end_of(here.call(node, message, move |here| compose(here, by, mask, probe)).await)
    } else {
        let specs = &system.operation(*kind).steps;
        let owner_of = |step: StepId| system.owner(specs[step.index()].table, env.now());
        let message = message.costs(Work::Rows(mask as u32));
        let calls = by_owner(steps.iter().map(|step| (owner_of(*step), *step)));
        let calls = calls.into_iter().map(|(owner, mask)| {
            let step = StepId(mask.trailing_zeros() as u8);
            let node = world.instance(owner, op);
            (ctx.at_step(step, number), node, move |here: ProcessCtx| {
                look(here, owner, mask, probe)
            })
        });
        let replies = here.call_all(message, calls).await;
        replies.into_iter().map(end_of).max().unwrap_or(ProbeEnd::Complete)
    };
    here.record(Event::ProbeEnded { read, probe, end });
}

/// A set of steps as bits.
fn bits<'a>(steps: impl Iterator<Item = &'a StepId>) -> u64 {
    steps.fold(0, |bits, step| bits | 1 << step.0)
}

/// The steps as bits, by the service that is asked for them, in the order of first occurrence.
fn by_owner(steps: impl Iterator<Item = (ServiceId, StepId)>) -> Vec<(ServiceId, u64)> {
    let mut owners: Vec<(ServiceId, u64)> = Vec::new();
    for (owner, step) in steps {
        match owners.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, mask)) => *mask |= 1 << step.0,
            None => owners.push((owner, 1 << step.0)),
        }
    }
    owners
}

/// Reads, at the owner, the row of each step in `mask` and records what it shows.
async fn look(here: ProcessCtx, owner: ServiceId, mask: u64, probe: ProbeId) -> bool {
    let op = here.ctx().op;
    let info = here.env().operation(op);
    let system = std::sync::Arc::clone(here.env().system());
    for (at, step) in system.operation(info.kind).steps.iter().enumerate() {
        let is_last = at > 0 && at + 1 == system.operation(info.kind).steps.len();
        let is_skipped = is_last && here.env().lapses(Lapse::ReaderSkipsACell);
        if mask & 1 << at == 0 || is_skipped {
            continue;
        }
        let at = StepId(at as u8);
        let here = here.at_step(at, here.ctx().attempt);
        let key = info.keys[usize::from(step.key)];
        if let Some(quorum) = system.quorum_of(step.table) {
            if !quorum::read(&here, quorum, vec![(at, key)], probe).await {
                return false;
            }
            continue;
        }
        let rows = vec![(at, step.table, key)];
        let database = here.database(step.table);
        let read = database.probe(*here.ctx(), here.node(), owner, rows, probe).await;
        if read.is_err() && !here.env().lapses(Lapse::ReaderSwallowsErrors) {
            return false;
        }
    }
    true
}

/// Reads, at the service that reads for a client, the row of each step in `mask` through the access
/// that the service has to its table. It asks the owners first, all at once, and meanwhile reads
/// what it can reach itself (API composition).
async fn compose(here: ProcessCtx, by: ServiceId, mask: u64, probe: ProbeId) -> bool {
    let op = here.ctx().op;
    let info = here.env().operation(op);
    let system = std::sync::Arc::clone(here.env().system());
    let specs = &system.operation(info.kind).steps;
    let (mut own, mut asked, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    let mut in_quorums = Vec::new();
    for (step, spec) in (0..).map(StepId).zip(specs).filter(|(step, _)| mask & 1 << step.0 != 0) {
        if let Some(quorum) = system.quorum_of(spec.table) {
            in_quorums.push((quorum, vec![(step, info.keys[usize::from(spec.key)])]));
            continue;
        }
        match system.access(by, spec.table, here.now()) {
            Access::Direct => own.push((step, spec.table)),
            Access::Replica(copy) => own.push((step, copy)),
            Access::Call(owner) => {
                asked.push((owner, step));
                foreign.push(spec.table);
            }
        }
    }
    let message = Message::request("read", here.retry().step_deadline).class(MessageClass::Probe);
    let rows = bits(asked.iter().map(|(_, step)| step));
    let message = message.costs(Work::Rows(rows as u32));
    let calls = by_owner(asked.into_iter()).into_iter().map(|(owner, mask)| {
        let first = StepId(mask.trailing_zeros() as u8);
        let node = here.world().instance(owner, op);
        let ctx = here.ctx().at_step(first, here.ctx().attempt);
        (ctx, node, move |here: ProcessCtx| compose_own(here, owner, mask, probe))
    });
    let calls = here.call_all(message, calls);
    let own = read_own(&here, by, own, probe).await;
    let replies = calls.await;
    for (quorum, rows) in in_quorums {
        if !quorum::read(&here, quorum, rows, probe).await {
            return false;
        }
    }
    let understood =
        |table: &TableId| here.env().is_understood(here.ctx(), *table, Columns::ALL, by);
    let answered = replies.into_iter().all(|reply| reply == Reply::Answered(true));
    own && answered && foreign.iter().all(understood)
}

/// Reads, at an owner, its rows of these steps for a composing service.
async fn compose_own(here: ProcessCtx, owner: ServiceId, mask: u64, probe: ProbeId) -> bool {
    let kind = here.env().operation(here.ctx().op).kind;
    let steps = &here.system().operation(kind).steps;
    let own = (0..).map(StepId).zip(steps).filter(|(step, _)| mask & 1 << step.0 != 0);
    let own = own.map(|(step, spec)| (step, spec.table)).collect();
    read_own(&here, owner, own, probe).await
}

/// Reads rows that a service can reach itself, by one query for each database.
async fn read_own(
    here: &ProcessCtx,
    by: ServiceId,
    mut own: Vec<(StepId, TableId)>,
    probe: ProbeId,
) -> bool {
    let info = here.env().operation(here.ctx().op);
    let system = here.system();
    let steps = &system.operation(info.kind).steps;
    while let Some((first, table)) = own.first().copied() {
        let database = system.table(table).database;
        let together = own.extract_if(.., |(_, table)| system.table(*table).database == database);
        let rows = together
            .map(|(step, table)| (step, table, info.keys[usize::from(steps[step.index()].key)]));
        let here = here.at_step(first, here.ctx().attempt);
        let rows = rows.collect();
        let database = here.database_of(database);
        if database.probe(*here.ctx(), here.node(), by, rows, probe).await.is_err() {
            return false;
        }
    }
    true
}

fn end_of(reply: Reply<bool>) -> ProbeEnd {
    match reply {
        Reply::Answered(true) => ProbeEnd::Complete,
        Reply::Answered(false) | Reply::Refused | Reply::Rejected => ProbeEnd::Error,
        Reply::Unknown => ProbeEnd::TimedOut,
    }
}

/// Starts the readers that are independent of operations.
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

/// Runs the readers of one column, which arrive as a Poisson process from the warm-up to the end of
/// the load.
async fn readers(world: Rc<World>, read: usize, column: ColumnRef, choice: KeyChoice, rate: f64) {
    let env = world.env();
    let name = env.system().reads[read].name.stream;
    let mut stream = env.streams().stream(Purpose::Probe, name);
    let end = Time::ZERO + env.system().phases.load;
    let mut at = Time::ZERO + env.system().phases.warm_up;
    for number in 0.. {
        at += Span::from_secs_f64(-libm::log(1.0 - stream.random::<f64>()) / rate);
        if at >= end {
            return;
        }
        env.sim().sleep_until(at).await;
        let row = workload::choose_row(env, &choice, name, number);
        let work = env.system().reads[read]
            .work
            .as_ref()
            .map(|work| work.sample(&mut env.streams().draw(Purpose::Work, name, number, 0, 0)));
        let probe = ProbeId(env.next_process());
        let query = Query { cell: column, row, number, work, probe };
        env.sim().spawn(NodeId::WORLD, probe_column(Rc::clone(&world), read, query));
    }
}

/// The query of a reader of a column.
#[derive(Clone, Copy)]
struct Query {
    cell: ColumnRef,
    row: RowKey,
    /// The number of the query among those of its reader, by which instances are chosen.
    number: u64,
    /// The core time of the query; without it, that of any statement.
    work: Option<Span>,
    /// The number of the probe, and of its process.
    probe: ProbeId,
}

async fn probe_column(world: Rc<World>, read: usize, query: Query) {
    let Query { cell: column, probe, .. } = query;
    let ctx = Ctx { process: probe.0, ..Ctx::WORLD };
    let here = ProcessCtx::new(Rc::clone(&world), ctx);
    here.record(Event::ProbeBegan { read: read as u32, probe, cells: 1 });
    let message = Message::request("read", PATIENCE).class(MessageClass::Probe);
    let system = world.env().system();
    let owner = system.owner(column.table, world.env().now());
    let spec = &system.reads[read];
    let by = spec.by.unwrap_or(owner);
    let message = message.costs(match spec.by {
        Some(by) => Work::Of(spec.part.unwrap_or(by)),
        None => system.table(column.table).answering(),
    });
    let node = world.balanced(by, query.number, world.env().now());
    let reply = here.call(node, message, move |here| read_cell(here, by, query));
    let end = end_of(reply.await);
    here.record(Event::ProbeEnded { read: read as u32, probe, end });
}

/// Reads a cell at a service, through the access that it has to the table.
async fn read_cell(here: ProcessCtx, by: ServiceId, query: Query) -> bool {
    let cell = query.cell;
    match here.system().access(by, cell.table, here.now()) {
        Access::Direct => read_own_cell(here, by, query).await,
        Access::Replica(copy) => {
            let cell = ColumnRef { table: copy, ..cell };
            read_own_cell(here, by, Query { cell, ..query }).await
        }
        Access::Call(owner) => {
            let node = here.world().balanced(owner, query.number, here.now());
            let message = Message::request("read", here.retry().step_deadline);
            let message = message.class(MessageClass::Probe);
            let message = message.costs(here.system().table(cell.table).answering());
            let reply = here.call(node, message, move |here| read_own_cell(here, owner, query));
            let columns = Columns::from(Some(cell.column));
            reply.await == Reply::Answered(true)
                && here.env().is_understood(here.ctx(), cell.table, columns, by)
        }
    }
}

/// Reads a cell that a service can reach itself.
async fn read_own_cell(here: ProcessCtx, by: ServiceId, query: Query) -> bool {
    let Query { cell, row, work, probe, .. } = query;
    let database = here.database(cell.table);
    database.read_column(*here.ctx(), here.node(), by, (cell, row), probe, work).await.is_ok()
}

#[cfg(test)]
mod tests;
