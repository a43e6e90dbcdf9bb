//! The relay: from outboxes or logs to the broker. It deletes (or confirms) what the broker has
//! acknowledged, never before; so it may publish twice, and never loses.

use std::rc::Rc;

use super::{EventBased, Publish};
use crate::model::database::{Database, DbError, Event, OutboxRow, Position};
use crate::model::process::ProcessCtx;
use crate::model::record::OpId;

/// Starts a process per database that services write.
pub(super) fn start(pattern: &Rc<EventBased>, here: &ProcessCtx) {
    if !pattern.settings.publish.is_stored() {
        return;
    }
    for database in sources(pattern, here) {
        let pattern = Rc::clone(pattern);
        here.spawn(move |here| async move {
            match pattern.settings.publish {
                Publish::LogTailing => tail(&pattern, &here, &database).await,
                _ => {
                    let forward = async |rows: Vec<OutboxRow>| {
                        publish(&pattern, &here, &rows).await?;
                        delete(&here, &database, &rows).await
                    };
                    poll(&pattern, &here, &database, forward).await;
                }
            }
        });
    }
}

/// The databases in which operations of this pattern leave their events.
pub(crate) fn sources(pattern: &EventBased, here: &ProcessCtx) -> Vec<Rc<Database>> {
    let system = here.system();
    let is_written = |database: &&Rc<Database>| {
        let mut steps = pattern.share.of(system).flat_map(|operation| &operation.steps);
        steps.any(|step| system.table(step.table).database == database.id())
    };
    here.world().databases().iter().filter(is_written).cloned().collect()
}

/// Polls an outbox and forwards what it finds there, batch after batch.
pub(crate) async fn poll(
    pattern: &EventBased,
    here: &ProcessCtx,
    database: &Rc<Database>,
    mut forward: impl AsyncFnMut(Vec<OutboxRow>) -> Result<(), DbError>,
) {
    let settings = &pattern.settings;
    let limit = settings.batch as usize;
    loop {
        here.sleep(settings.poll_interval).await;
        loop {
            let read = database.outbox_read(*here.ctx(), here.node(), 0, limit);
            let Ok(rows) = read.await else { break };
            if rows.is_empty() {
                break;
            }
            let full = rows.len() == limit;
            if forward(rows).await.is_err() || !full || !settings.drain_until_empty {
                break;
            }
        }
    }
}

/// Tails a log: wait for a commit, read what is new, publish it, confirm it.
async fn tail(pattern: &EventBased, here: &ProcessCtx, database: &Rc<Database>) {
    let mut position = Position::default();
    loop {
        let known = database.last_change();
        match tail_once(pattern, here, database, position).await {
            Ok(Some(confirmed)) => position = confirmed,
            // What was committed while the empty answer was on its way is not waited for.
            Ok(None) if database.last_change() > known => {}
            Ok(None) => database.committed().wait().await,
            Err(_) => {
                // The database or the broker is away: everything unconfirmed is read again.
                position = Position::default();
                here.sleep(pattern.settings.poll_interval).await;
            }
        }
    }
}

/// One batch of the log; nothing if there is nothing new.
async fn tail_once(
    pattern: &EventBased,
    here: &ProcessCtx,
    database: &Rc<Database>,
    after: Position,
) -> Result<Option<Position>, DbError> {
    let limit = pattern.settings.batch as usize;
    let rows = database.tail(*here.ctx(), here.node(), after, limit).await?;
    let Some(last) = rows.last().map(|row| row.position) else { return Ok(None) };
    publish(pattern, here, &rows).await?;
    database.tail_confirm(*here.ctx(), here.node(), last).await?;
    Ok(Some(last))
}

/// Deletes the rows of a batch from their outbox.
pub(crate) async fn delete(
    here: &ProcessCtx,
    database: &Rc<Database>,
    rows: &[OutboxRow],
) -> Result<(), DbError> {
    let ids = rows.iter().map(|row| row.id).collect();
    database.outbox_delete(*here.ctx(), here.node(), ids).await
}

/// Publishes a batch, and waits until the broker has acknowledged it.
pub(crate) async fn publish(
    pattern: &EventBased,
    here: &ProcessCtx,
    rows: &[OutboxRow],
) -> Result<(), DbError> {
    let events: Vec<(OpId, Event)> = rows.iter().map(|row| (row.event.op, row.event)).collect();
    let deadline = here.system().retry.step_deadline;
    let acknowledged = match &pattern.broker {
        Some(broker) => broker.publish(here, events, deadline).await,
        None => false,
    };
    if acknowledged { Ok(()) } else { Err(DbError::Unavailable) }
}
