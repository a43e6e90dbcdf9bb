//! The relay: from outboxes or logs to the broker. It deletes (or confirms) what the broker has
//! acknowledged, never before; so it may publish twice, and never loses.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::settings::Settings;
use super::{EventBased, Publish, RELAY};
use crate::kernel::Span;
use crate::model::contract::role;
use crate::model::database::{Database, DbError, Event, OutboxRow, Position};
use crate::model::env::label_stream;
use crate::model::process::ProcessCtx;
use crate::model::record::OpId;
use crate::model::service::Visit;
use crate::model::system::{DatabaseId, OperationKind, StepId, System};
use crate::patterns::pattern::Demand;

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

/// The events of this relay, if several share them: those of an entity, the row of the operation's
/// first step, go to the same one and keep their order.
fn own(here: &ProcessCtx) -> impl Fn(&OutboxRow) -> bool + 'static {
    let (world, slice) = (Rc::clone(here.world()), here.world().slice(here.node()));
    move |row| {
        let info = world.env().operation(row.event.op);
        let first = &world.env().system().operation(info.kind).steps[0];
        slice.has(info.keys[usize::from(first.key)].0)
    }
}

/// Takes up a batch that begins with an event: with a worker, which a relay keeps for as long as it
/// knows of more, also while it pauses.
async fn take_up(here: &ProcessCtx, at_work: &mut Option<Visit>, first: Event) {
    if at_work.is_none() {
        *at_work = here.occupy().await;
    }
    if let Some(visit) = at_work {
        visit.on_behalf_of(here.ctx().for_op(first.op).at_step(first.step, 0));
        visit.work(label_stream("batch")).await;
    }
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
    let mut at_work = None;
    // From start to start, or the pace would depend on how long a batch takes. The first one comes
    // after half an interval, and not at a whole second, when other timers go off.
    let mut due = here.clock() + Span::from_nanos(settings.poll_interval.as_nanos() / 2);
    loop {
        here.sleep(due - here.clock()).await;
        due += settings.poll_interval;
        loop {
            let read = database.outbox_read(*here.ctx(), here.node(), limit, own(here));
            let Ok(rows) = read.await else { break };
            let full = rows.len() == limit;
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
        due = due.max(here.clock());
    }
}

/// Tails a log: wait for a commit, read what is new, publish it, confirm it.
async fn tail(pattern: &EventBased, here: &ProcessCtx, database: &Rc<Database>) {
    let mut position = Position::default();
    let mut at_work = None;
    loop {
        let known = database.last_change();
        match tail_once(pattern, here, database, position, &mut at_work).await {
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
    at_work: &mut Option<Visit>,
) -> Result<Option<Position>, DbError> {
    let limit = pattern.settings.batch as usize;
    let rows = database.tail(*here.ctx(), here.node(), (after, limit), own(here)).await?;
    let Some(last) = rows.last().map(|row| row.position) else {
        *at_work = None;
        return Ok(None);
    };
    take_up(here, at_work, rows[0].event).await;
    publish(pattern, here, &rows).await?;
    database.tail_confirm(*here.ctx(), here.node(), last, own(here)).await?;
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
    // What is stored is published until it is acknowledged; no breaker gives it up.
    let tries = (here.retry().step_deadline, None);
    let acknowledged = match &pattern.broker {
        Some(broker) => broker.publish(here, events, tries).await,
        None => false,
    };
    if acknowledged { Ok(()) } else { Err(DbError::Unavailable) }
}

/// The demands on relay and broker: the events of steps that others follow. A relay that does
/// not drain takes a batch of each database at a time, however many there are.
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
    let broker = broker.map(|broker| Demand {
        capacity: broker.capacity.min(settings.partitions.into()),
        ..broker
    });
    paced.then_some(relay).into_iter().chain(broker).collect()
}
