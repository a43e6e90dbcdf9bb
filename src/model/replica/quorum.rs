//! Quorum replication: how versions are sent to copies, acknowledged, and read.
//!
//! The owner of a table coordinates its writes. It commits in its own store, which orders the
//! versions, and sends the version to all N copies at once, each message independently, so that a
//! later version may overtake an earlier one; a copy keeps the newer. The commit returns once W
//! copies have acknowledged it; if that takes longer than the step deadline, its outcome is
//! unknown. Copies that have not acknowledged are left alone, or with hinted handoff asked again
//! until they have.
//!
//! A reader's service asks all N copies, takes the first R answers, and returns the newest version
//! among them. The owner's own store is no copy and is never read.

use std::cell::RefCell;
use std::rc::Rc;

use crate::kernel::{NodeId, promise};
use crate::model::call::{Message, Reply};
use crate::model::database::versions::{Write, acknowledged};
use crate::model::database::{DbError, RowVersion, Shown};
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::process::ProcessCtx;
use crate::model::record::{Event, MessageClass, OpId, ProbeId};
use crate::model::system::{QuorumRound, QuorumSpec, RowKey, StepId, TableId};
use crate::model::world::World;

/// Starts the processes that send versions from a node. Each instance of a coordinator has them,
/// and the first that is free sends a version.
pub(super) fn start(world: &Rc<World>, node: NodeId) {
    for (number, spec) in world.env().system().quorums.iter().enumerate() {
        let owner = world.env().system().table(spec.of).owner;
        if world.instances(owner).contains(&node) {
            let process = world.env().next_process();
            let here = ProcessCtx::new(Rc::clone(world), Ctx { node, process, ..Ctx::WORLD });
            here.database(spec.of).versions().restart(number, spec.hinted_handoff, node);
            world.env().sim().spawn(node, send_for_ever(here, number));
        }
    }
}

async fn send_for_ever(here: ProcessCtx, number: usize) {
    let spec = here.system().quorums[number].clone();
    let (node, versions) = (here.node(), here.database(spec.of).versions());
    loop {
        for write in versions.unsent(number, spec.hinted_handoff, node) {
            let ctx = Ctx { node, cause: 0, ..write.ctx() };
            for copy in 0..spec.copies.len() {
                let write = Rc::clone(&write);
                here.with(ctx).spawn(move |here| store(here, write, copy));
            }
        }
        versions.changed().await;
    }
}

/// Sends a version to one copy: once, or with hinted handoff until the copy has it.
async fn store(here: ProcessCtx, write: Rc<Write>, copy: usize) {
    let spec = here.system().quorums[write.quorum()].clone();
    let (table, policy) = (spec.copies[copy], here.retry());
    let mut attempt = here.ctx().attempt;
    while !write.is_stored(copy) {
        let here = here.at_step(here.ctx().step, attempt);
        let round = QuorumRound::Write(write.quorum() as u16);
        if send_version(&here, round, table, write.row()).await {
            write.acknowledge(copy);
        } else if spec.hinted_handoff && !here.env().lapses(Lapse::HintsAreForgotten) {
            here.pause(&policy, attempt - write.ctx().attempt).await;
            attempt = attempt.saturating_add(1);
        } else {
            break;
        }
    }
    if write.count() == spec.copies.len() {
        here.database(spec.of).versions().close(&write);
    }
}

/// Asks the service that keeps a copy to write a version. Returns whether the copy has it.
async fn send_version(
    here: &ProcessCtx,
    round: QuorumRound,
    copy: TableId,
    row: RowVersion,
) -> bool {
    let holder = here.world().owner(copy, OpId::NONE);
    let message = Message::request("store", here.retry().step_deadline).of_quorum(round);
    let reply = here.call(holder, message, move |here| {
        let row = row.clone();
        async move { write_copy(&here, copy, row).await }
    });
    matches!(reply.await, Reply::Answered(Ok(())))
}

/// Writes, at the service that keeps a copy, a version into it, unless it has a newer one. The
/// write is not part of the operation.
async fn write_copy(here: &ProcessCtx, copy: TableId, row: RowVersion) -> Result<(), DbError> {
    let owner = here.system().table(copy).owner;
    let ctx = here.ctx().for_op(OpId::NONE);
    let mut txn = here.database(copy).begin(ctx, here.node(), owner, false).await?;
    txn.adopt(copy, row).await?;
    txn.commit().await
}

/// Makes sure, for a step that was done before, that its row has its write quorum now, before the
/// step is confirmed again. An earlier attempt may have died before the quorum was reached.
///
/// # Errors
///
/// [`DbError::Unknown`] if the quorum is not reached in time.
pub async fn confirm(here: &ProcessCtx, step: StepId) -> Result<(), DbError> {
    let info = here.env().operation(here.ctx().op);
    let spec = &here.system().operation(info.kind).steps[step.index()];
    let Some(number) = here.system().quorum_of(spec.table) else { return Ok(()) };
    let row = here.database(spec.table).newest_of(spec.table, info.keys[usize::from(spec.key)]);
    let ctx = here.ctx().at_step(step, here.ctx().attempt);
    let write = here.database(spec.table).versions().send(here.env(), number, ctx, row);
    acknowledged(here.database(spec.table), &ctx, vec![write]).await
}

/// The answers to a read, in the order of arrival: the number of the copy, and what it shows of
/// each row.
type Answers = Vec<(usize, Vec<Shown>)>;

/// Reads rows, each as the one that a step touches, from a read quorum of copies, and records what
/// the newest versions among them show. Returns false if too few copies answer in time.
pub(in crate::model) async fn read(
    here: &ProcessCtx,
    number: usize,
    rows: Vec<(StepId, RowKey)>,
    probe: ProbeId,
) -> bool {
    let Some(answers) = ask(here, number, &rows).await else { return false };
    let QuorumSpec { of, copies, .. } = &here.system().quorums[number];
    for (at, (step, _)) in rows.iter().enumerate() {
        let (copy, newest) = newest(&answers, at);
        let sight = here.database(*of).versions().sight(here.ctx().op, *step, newest);
        let here = here.at_step(*step, here.ctx().attempt);
        here.record(Event::ProbeSaw { table: copies[copy], probe, sight });
    }
    true
}

/// Asks all copies for rows. Returns the first answers, as many as a read quorum needs.
async fn ask(here: &ProcessCtx, number: usize, rows: &[(StepId, RowKey)]) -> Option<Answers> {
    let mut spec = here.system().quorums[number].clone();
    spec.read -= u16::from(here.env().lapses(Lapse::ReadsOneCopyLess));
    let (enough, waiting) = promise(here.sim());
    let answers = Rc::new(RefCell::new((Answers::new(), Some(enough))));
    for (at, copy) in spec.copies.iter().copied().enumerate() {
        let (rows, holder) = (rows.to_vec(), here.world().owner(copy, OpId::NONE));
        let message = Message::request("read-copy", here.retry().step_deadline)
            .class(MessageClass::Probe)
            .of_quorum(QuorumRound::Read(number as u16));
        let call = here.call(holder, message, move |here| {
            let rows = rows.clone();
            async move { show(&here, copy, rows).await }
        });
        let (answers, spec) = (Rc::clone(&answers), spec.clone());
        here.spawn(move |here| async move {
            let Reply::Answered(Ok(shown)) = call.await else { return };
            let (all, enough) = &mut *answers.borrow_mut();
            all.push((at, shown));
            if all.len() == usize::from(spec.read)
                && let Some(promise) = enough.take()
            {
                promise.keep(all.clone());
            }
            if spec.read_repair && all.len() == spec.copies.len() {
                repair(&here, number, &spec, all);
            }
        });
    }
    drop(answers); // The last one that waits in vain breaks the promise.
    waiting.await
}

/// Reads, at the service that keeps a copy, what the copy shows of these rows.
async fn show(
    here: &ProcessCtx,
    copy: TableId,
    rows: Vec<(StepId, RowKey)>,
) -> Result<Vec<Shown>, DbError> {
    let owner = here.system().table(copy).owner;
    here.database(copy).show(*here.ctx(), here.node(), owner, copy, rows).await
}

/// The newest version of a row among some answers, and the copy that has it; among equal ones the
/// first that arrived.
fn newest(answers: &Answers, at: usize) -> (usize, &Shown) {
    let mut shown = answers.iter().map(|(copy, rows)| (*copy, &rows[at]));
    let first = shown.next().expect("a read quorum has a member");
    shown.fold(first, |best, next| if next.1.version > best.1.version { next } else { best })
}

/// Read repair: sends the newest of the versions that were read to the copies that have older ones.
fn repair(here: &ProcessCtx, number: usize, spec: &QuorumSpec, answers: &Answers) {
    for at in 0..answers[0].1.len() {
        let newest = newest(answers, at).1;
        let stale = answers.iter().filter(|(_, rows)| rows[at].version < newest.version);
        for (copy, _) in stale {
            let (table, row) = (spec.copies[*copy], newest.row.clone());
            here.spawn(move |here| async move {
                send_version(&here, QuorumRound::Write(number as u16), table, row).await;
            });
        }
    }
}
