//! The relay: from outboxes or logs to the broker. It deletes (or confirms) what the broker has
//! acknowledged, never before; so it may publish twice, and never loses.

use std::rc::Rc;

use super::{EventBased, Publish};
use crate::model::database::{Database, DbError, Event, OutboxRow, Position};
use crate::model::process::ProcessCtx;
use crate::model::record::OpId;
use crate::patterns::seeded_bug::SeededBug;

/// Starts a process per database that services write.
pub(super) fn start(pattern: &Rc<EventBased>, here: &ProcessCtx) {
    if !pattern.settings.publish.is_stored() {
        return;
    }
    let system = here.system();
    for database in here.world().databases() {
        let mut steps = pattern.share.of(system).flat_map(|operation| &operation.steps);
        if !steps.any(|step| system.table(step.table).database == database.id()) {
            continue;
        }
        let (pattern, database) = (Rc::clone(pattern), Rc::clone(database));
        here.spawn(move |here| async move {
            match pattern.settings.publish {
                Publish::LogTailing => tail(&pattern, &here, &database).await,
                _ => poll(&pattern, &here, &database).await,
            }
        });
    }
}

/// Polls an outbox: read a batch, publish it, delete it.
async fn poll(pattern: &EventBased, here: &ProcessCtx, database: &Rc<Database>) {
    let settings = &pattern.settings;
    let mut after = 0;
    loop {
        here.sleep(settings.poll_interval).await;
        loop {
            let limit = settings.batch as usize;
            let read = database.outbox_read(*here.ctx(), here.node(), after, limit);
            let Ok(rows) = read.await else { break };
            if rows.is_empty() {
                break;
            }
            let full = rows.len() == limit;
            let ids = rows.iter().map(|row| row.id).collect();
            if settings.seeded_bugs.makes(SeededBug::DeletesBeforeItPublishes) {
                let early = rows.iter().map(|row| row.id).collect();
                let _ = database.outbox_delete(*here.ctx(), here.node(), early).await;
            }
            if !pass_on(pattern, here, &rows).await {
                break;
            }
            if settings.seeded_bugs.makes(SeededBug::ReadsBehindTheHighest) {
                after = rows.iter().map(|row| row.id).max().unwrap_or(after);
            }
            let deleted = database.outbox_delete(*here.ctx(), here.node(), ids).await;
            if deleted.is_err() || !full || !settings.drain_until_empty {
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
    if !pass_on(pattern, here, &rows).await {
        return Err(DbError::Unavailable);
    }
    database.tail_confirm(*here.ctx(), here.node(), last).await?;
    Ok(Some(last))
}

/// Publishes a batch; true if the broker has acknowledged it.
async fn pass_on(pattern: &EventBased, here: &ProcessCtx, rows: &[OutboxRow]) -> bool {
    let events: Vec<(OpId, Event)> = rows.iter().map(|row| (row.event.op, row.event)).collect();
    let deadline = here.system().retry.step_deadline;
    match &pattern.broker {
        Some(broker) => broker.publish(here, events, deadline).await,
        None => false,
    }
}
