//! The relay: it moves events from outboxes or logs to the broker. It deletes (or confirms) a row
//! only after the broker has acknowledged it, so it may publish twice and never loses.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::coverage::Relayed;
use super::settings::Settings;
use super::{EventBased, Publish, RELAY};
use crate::kernel::{Span, race};
use crate::model::contract::role;
use crate::model::database::{Database, DbError, Event, OutboxRow, Position};
use crate::model::env::label_stream;
use crate::model::process::ProcessCtx;
use crate::model::record::OpId;
use crate::model::service::Visit;
use crate::model::system::{DatabaseId, OperationKind, StepId, System};
use crate::model::world::instances::Slice;
use crate::patterns::pattern::Demand;

/// Starts a process for each database that services write.
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
                        let stored = publish(&pattern, &here, &rows).await;
                        if !stored.is_empty() {
                            delete(&here, &database, &stored).await?;
                        }
                        all_of(&rows, &stored)
                    };
                    poll(&pattern, &here, &database, forward).await;
                }
            }
        });
    }
}

/// The databases in which operations of this pattern store their events.
pub(crate) fn sources(pattern: &EventBased, here: &ProcessCtx) -> Vec<Rc<Database>> {
    let system = here.system();
    let is_written = |database: &&Rc<Database>| {
        let mut steps = pattern.share.of(system).flat_map(|operation| &operation.steps);
        steps.any(|step| system.table(step.table).database == database.id())
    };
    here.world().databases().iter().filter(is_written).cloned().collect()
}

/// The filter for the events of this relay, if several share them: all events of an entity, which
/// is the row of the operation's first step, go to the same relay and keep their order.
fn own(here: &ProcessCtx, slice: Slice) -> impl Fn(&OutboxRow) -> bool + 'static {
    let world = Rc::clone(here.world());
    move |row| {
        let info = world.env().operation(row.event.op);
        let first = &world.env().system().operation(info.kind).steps[0];
        slice.has(info.keys[usize::from(first.key)].0)
    }
}

/// The share of the events that this relay has now.
fn share(here: &ProcessCtx) -> Slice {
    here.world().slice(here.node())
}

/// Starts work on a batch whose first event is `first`. The relay takes a worker and keeps it for
/// as long as it knows of more events, also during pauses.
async fn take_up(here: &ProcessCtx, at_work: &mut Option<Visit>, first: Event) {
    if at_work.is_none() {
        *at_work = here.occupy().await;
    }
    if let Some(visit) = at_work {
        visit.on_behalf_of(here.ctx().for_op(first.op).at_step(first.step, 0));
        visit.work(label_stream("batch")).await;
    }
}

/// Polls an outbox and forwards its rows, batch by batch.
pub(crate) async fn poll(
    pattern: &EventBased,
    here: &ProcessCtx,
    database: &Rc<Database>,
    mut forward: impl AsyncFnMut(Vec<OutboxRow>) -> Result<(), DbError>,
) {
    let settings = &pattern.settings;
    let limit = settings.batch as usize;
    let mut at_work = None;
    // The period runs from start to start, or the pace would depend on the time that a batch takes.
    // The first poll comes after half an interval, so that it does not coincide with the timers
    // that are due at whole seconds.
    let mut due = here.clock() + Span::from_nanos(settings.poll_interval.as_nanos() / 2);
    loop {
        here.sleep(due - here.clock()).await;
        due += settings.poll_interval;
        loop {
            let read =
                database.outbox_read(*here.ctx(), here.node(), limit, own(here, share(here)));
            let Ok(rows) = read.await else { break };
            let full = rows.len() == limit;
            if full {
                here.passes(Relayed::Full);
            }
            if let Some(first) = rows.first() {
                take_up(here, &mut at_work, first.event).await;
            }
            let failed = !rows.is_empty() && forward(rows).await.is_err();
            if !full {
                at_work = None; // As far as it knows there is no more.
            }
            if failed || !full || !settings.drain_until_empty {
                break;
            }
        }
        // A batch that took longer than the interval is followed by one poll at once, not by a
        // burst of all that were missed.
        due = due.max(here.clock());
    }
}

/// The progress of tailing a log, for one share of its events.
struct Tailed {
    share: Slice,
    /// The last row that was read.
    position: Position,
    /// Rows that were read and that the broker is not known to have stored, oldest first.
    missing: Vec<OutboxRow>,
}

impl Tailed {
    /// The progress that begins with the first row that is not confirmed.
    fn anew(here: &ProcessCtx) -> Self {
        Self { share: share(here), position: Position::default(), missing: Vec::new() }
    }
}

/// Tails a log: waits for a commit, reads the new rows, publishes and confirms them.
async fn tail(pattern: &EventBased, here: &ProcessCtx, database: &Rc<Database>) {
    let several = here.world().named_drivers(RELAY).count() > 1;
    let mut tailed = Tailed::anew(here);
    let mut at_work = None;
    loop {
        let known = database.last_change();
        if tailed.share != share(here) {
            tailed = Tailed::anew(here);
        }
        match tail_once(pattern, here, database, &mut tailed, &mut at_work).await {
            Ok(true) => {}
            // The broker, or an instance of it, is down.
            Ok(false) if !tailed.missing.is_empty() => {
                here.sleep(pattern.settings.poll_interval).await;
            }
            // A transaction committed while the empty answer was on its way: waiting for the next
            // one would miss it.
            Ok(false) if database.last_change() > known => {}
            // Shares change also while no transaction commits.
            Ok(false) if several => {
                let change = here.sleep(here.system().take_over.max(Span::from_secs(1)));
                race(database.committed().wait(), change).await;
            }
            Ok(false) => database.committed().wait().await,
            Err(_) => {
                // The database is down: everything that is not confirmed is read again.
                tailed = Tailed::anew(here);
                here.sleep(pattern.settings.poll_interval).await;
            }
        }
    }
}

/// Publishes one batch of the log, together with the rows missing from earlier ones. Returns
/// whether there were any and all of them are published.
async fn tail_once(
    pattern: &EventBased,
    here: &ProcessCtx,
    database: &Rc<Database>,
    tailed: &mut Tailed,
    at_work: &mut Option<Visit>,
) -> Result<bool, DbError> {
    let Tailed { share, position, missing } = tailed;
    let limit = (pattern.settings.batch as usize).saturating_sub(missing.len());
    if limit > 0 {
        let read = (*position, limit);
        missing
            .extend(database.tail(*here.ctx(), here.node(), read, own(here, share.clone())).await?);
        *position = missing.last().map_or(*position, |row| row.position.max(*position));
    }
    let Some(first) = missing.first() else {
        *at_work = None;
        return Ok(false);
    };
    take_up(here, at_work, first.event).await;
    let stored = publish(pattern, here, missing).await;
    missing.retain(|row| !stored.contains(row));
    // A log is confirmed up to one position, so rows behind the first missing one must stay
    // unconfirmed, or a restarted relay would skip it. Once none is missing, those that were stored
    // in earlier attempts are confirmed, too: up to the last row that was read.
    let safe = match missing.first() {
        None => Some(*position),
        Some(first) => {
            let stored = stored.iter().map(|row| row.position);
            stored.filter(|stored| *stored < first.position).max()
        }
    };
    if let Some(safe) = safe {
        database.tail_confirm(*here.ctx(), here.node(), safe, own(here, share.clone())).await?;
    }
    Ok(missing.is_empty())
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

/// Publishes a batch and waits for the broker's acknowledgement; returns the rows that the broker
/// has stored.
pub(crate) async fn publish(
    pattern: &EventBased,
    here: &ProcessCtx,
    rows: &[OutboxRow],
) -> Vec<OutboxRow> {
    if here.incarnation() > 0 {
        here.passes(Relayed::Again);
    }
    let events: Vec<(OpId, Event)> = rows.iter().map(|row| (row.event.op, row.event)).collect();
    // No circuit breaker: a stored event is published until it is acknowledged.
    let tries = (here.retry().step_deadline, None);
    let Some(broker) = &pattern.broker else { return Vec::new() };
    let stored = broker.publish(here, &events, tries).await;
    if stored.contains(&false) {
        here.passes(Relayed::Refused);
    }
    let stored = rows.iter().zip(stored).filter(|(_, stored)| *stored);
    stored.map(|(row, _)| *row).collect()
}

/// Returns an error unless the whole batch was published.
pub(crate) fn all_of(rows: &[OutboxRow], stored: &[OutboxRow]) -> Result<(), DbError> {
    if stored.len() == rows.len() { Ok(()) } else { Err(DbError::Unavailable) }
}

/// The demands on relay and broker: the events of steps that others follow. A relay that does not
/// drain its outbox takes one batch of each database per poll, however many rows there are.
pub(super) fn demands(
    settings: &Settings,
    system: &System,
    offered: &[(OperationKind, f64)],
) -> Vec<Demand> {
    if settings.publish == Publish::InProcess {
        return Vec::new();
    }
    let mut events: BTreeMap<DatabaseId, f64> = BTreeMap::new();
    for (kind, rate) in offered {
        let steps = &system.operation(*kind).steps;
        for (at, step) in (0..).map(StepId).zip(steps) {
            if steps.iter().any(|other| other.after.contains(&at)) {
                *events.entry(system.table(step.table).database).or_default() += rate;
            }
        }
    }
    let instances = f64::from(system.driver_instances(RELAY));
    let pace = f64::from(settings.batch) / settings.poll_interval.as_secs_f64() * instances;
    let paced = settings.publish == Publish::Outbox && !settings.drain_until_empty;
    let most = events.values().copied().fold(0.0, f64::max);
    let relay = Demand { driver: RELAY, unit: "events a second", demand: most, capacity: pace };
    let broker = Demand::of_workers(system, role::BROKER, events.values().sum());
    // Each partition delivers one message at a time, and one instance has at most so many
    // partitions.
    let most = settings.partitions.div_ceil(system.broker.instances);
    let busy = f64::from(system.broker.workers).min(most.into()) / f64::from(most.max(1));
    let broker =
        broker.map(|broker| Demand { capacity: busy * f64::from(settings.partitions), ..broker });
    paced.then_some(relay).into_iter().chain(broker).collect()
}
