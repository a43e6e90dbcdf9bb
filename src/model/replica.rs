//! Replicas: copies of tables that services keep in order to read without a call, and how they are
//! updated.
//!
//! Both feeds carry rows as they are committed in the source, in the order of its log, and write
//! them into the copy in local transactions of the copy's owner. Each continues from a position in
//! that log which it holds in memory: the position advances when the copy has committed, not
//! before. A restarted consumer has lost its position and begins with the first change again, which
//! repairs the copy whatever was lost; rows that the copy has already are not written again.
//!
//! - [`Feed::Periodic`] pulls: a process of the copy's owner asks the source's owner on a
//!   timetable, as cron would, until it has everything. A pull that fails leaves the rest to the
//!   next.
//! - [`Feed::Events`] pushes: a process of the source's owner tails its own log, and sends what is
//!   new as soon as it is committed. What is not acknowledged is sent again, with the pauses of the
//!   scenario's retry policy, for as long as it takes.
//!
//! Copies show no step of their own and break no rule: an operation is judged by the tables that
//! its steps name. While a copy lags behind, a run is not settled.
//!
//! A fault may hold a feed back: rows that were read from the source then wait before the copy gets
//! them.

use std::rc::Rc;

use super::call::{Message, Reply};
use super::database::{DbError, RowVersion};
use super::env::Ctx;
use super::lapse::Lapse;
use super::process::ProcessCtx;
use super::record::OpId;
use super::system::{Feed, ReplicaSpec, TableId};
use super::world::World;
use crate::kernel::{NodeId, Span};

pub(super) mod lag;
pub mod quorum;

/// The error of a replica that could not be updated: the source, the copy or the network between
/// them is down.
struct Unreachable;

/// Rows in the order of their commits, and the position after them.
type Page = (Vec<RowVersion>, u64);

/// Starts the feeds that run on a node.
pub(super) fn start(world: &Rc<World>, node: NodeId) {
    quorum::start(world, node);
    for (number, replica) in world.env().system().replicas.iter().enumerate() {
        let from = match replica.feed {
            Feed::Periodic(_) => replica.copy,
            Feed::Events => replica.of,
        };
        if world.owner(from, OpId::NONE) == node {
            let process = world.env().next_process();
            let ctx = Ctx { node, process, ..Ctx::WORLD };
            let feeding = feed(ProcessCtx::new(Rc::clone(world), ctx), number, replica.clone());
            world.env().sim().spawn(node, feeding);
        }
    }
}

async fn feed(here: ProcessCtx, number: usize, replica: ReplicaSpec) {
    match replica.feed {
        Feed::Periodic(every) => pull_for_ever(&here, number, &replica, every).await,
        Feed::Events => push_for_ever(&here, number, &replica).await,
    }
}

/// Pulls at the start, and then periodically on the node's clock, from start to start.
async fn pull_for_ever(here: &ProcessCtx, number: usize, replica: &ReplicaSpec, every: Span) {
    let mut place = 0;
    let mut due = here.clock();
    loop {
        // Rows that were copied before the failure stay; the rest is left to the next pull.
        let _ = pull(here, number, replica, &mut place).await;
        due += every;
        while due < here.clock() {
            due += every;
        }
        here.sleep(due - here.clock()).await;
    }
}

/// Copies everything that was committed after a position.
async fn pull(
    here: &ProcessCtx,
    number: usize,
    replica: &ReplicaSpec,
    place: &mut u64,
) -> Result<(), Unreachable> {
    let (of, source) = (replica.of, here.world().owner(replica.of, OpId::NONE));
    loop {
        let after = *place;
        let message = Message::request("copy", here.retry().step_deadline);
        let message = message.costs(here.system().table(of).answering());
        let asked =
            here.call(source, message, move |here| async move { changes(&here, of, after).await });
        let Reply::Answered(Ok((rows, last))) = asked.await else { return Err(Unreachable) };
        if rows.is_empty() {
            return Ok(());
        }
        let is_last = rows.len() < at_once(here, of);
        if here.env().lapses(Lapse::FeedMovesFirst) {
            *place = last;
        }
        here.env().held_back(number).await;
        write_copy(here, number, replica.copy, (rows, last)).await.map_err(|_| Unreachable)?;
        *place = last;
        if is_last {
            return Ok(());
        }
    }
}

/// Waits for commits and pushes what is new, and repeats until it has arrived.
async fn push_for_ever(here: &ProcessCtx, number: usize, replica: &ReplicaSpec) {
    let database = Rc::clone(here.database(replica.of));
    let (mut place, mut failures) = (0, 0);
    loop {
        if database.newest(replica.of) == place {
            database.committed().wait().await;
        } else if push(here, number, replica, &mut place).await.is_ok() {
            failures = 0;
        } else {
            here.pause(&here.retry(), failures).await;
            failures = failures.saturating_add(1);
        }
    }
}

/// Pushes the next changes.
async fn push(
    here: &ProcessCtx,
    number: usize,
    replica: &ReplicaSpec,
    place: &mut u64,
) -> Result<(), Unreachable> {
    let page = changes(here, replica.of, *place).await.map_err(|_| Unreachable)?;
    let last = page.1;
    if here.env().lapses(Lapse::FeedMovesFirst) {
        *place = last;
    }
    here.env().held_back(number).await;
    let (copy, holder) = (replica.copy, here.world().owner(replica.copy, OpId::NONE));
    let message = Message::request("copy", here.retry().step_deadline);
    let message = message.costs(here.system().table(copy).answering());
    let reply = here.call(holder, message, move |here| {
        let page = page.clone();
        async move { write_copy(&here, number, copy, page).await }
    });
    let Reply::Answered(Ok(())) = reply.await else { return Err(Unreachable) };
    *place = last;
    Ok(())
}

/// The most rows of a table that travel at once.
fn at_once(here: &ProcessCtx, of: TableId) -> usize {
    let system = here.system();
    system.databases[system.table(of).database.index()].copy_batch
}

/// At the source's owner: what was committed behind a place.
async fn changes(here: &ProcessCtx, of: TableId, after: u64) -> Result<Page, DbError> {
    let owner = here.system().table(of).owner;
    let mut txn = here.database(of).begin(*here.ctx(), here.node(), owner, false).await?;
    let mut page = txn.committed(of, after, at_once(here, of)).await?;
    txn.rollback().await;
    if page.0.len() == at_once(here, of) && here.env().lapses(Lapse::FeedDropsLastRow) {
        page.0.pop();
    }
    Ok(page)
}

/// Writes, at the copy's owner, rows into the copy.
async fn write_copy(
    here: &ProcessCtx,
    number: usize,
    copy: TableId,
    (rows, last): Page,
) -> Result<(), DbError> {
    let owner = here.system().table(copy).owner;
    let mut txn = here.database(copy).begin(*here.ctx(), here.node(), owner, false).await?;
    txn.copy(copy, rows).await?;
    txn.commit().await?;
    here.world().has_copied(number, last);
    Ok(())
}

#[cfg(test)]
mod tests;
