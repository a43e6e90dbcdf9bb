//! Seeded bugs of event-based choreography: relays that forward, and a consumer that follows, in
//! another way.

use std::future::Future;
use std::rc::Rc;

use super::super::mutated::OtherDriver;
use super::{PutToWork, decode};
use crate::model::broker::Broker;
use crate::model::database::{Database, Direction, Event, EventKind, OutboxRow};
use crate::model::process::ProcessCtx;
use crate::patterns::event_based::consumer::{self, ConsumerOptions};
use crate::patterns::event_based::relay::{self, all_of, delete, poll, publish};
use crate::patterns::event_based::settings::Settings;
use crate::patterns::event_based::{self, BROKER, EventBased, RELAY};
use crate::patterns::pattern::{Pattern, at_work};
use crate::patterns::step::{self, Failure};

/// The pattern with another relay, a process for each outbox.
pub(super) fn relaying<F, Fut>(settings: &toml::Table, relay: F) -> PutToWork
where
    F: Fn(Rc<EventBased>, ProcessCtx, Rc<Database>) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let settings: Settings = decode(settings);
    Box::new(move |world, share| {
        let pattern = Rc::new(EventBased::beside(&settings, world, share));
        let original = at_work(Rc::clone(&pattern));
        let start = move |here: ProcessCtx| {
            for database in relay::sources(&pattern, &here) {
                let pattern = Rc::clone(&pattern);
                here.spawn(|here| relay(pattern, here, database));
            }
        };
        Rc::new(OtherDriver { original, driver: RELAY, start })
    })
}

pub(super) async fn delete_before_publishing(
    pattern: Rc<EventBased>,
    here: ProcessCtx,
    database: Rc<Database>,
) {
    let forward = async |rows: Vec<OutboxRow>| {
        delete(&here, &database, &rows).await?;
        all_of(&rows, &publish(&pattern, &here, &rows).await)
    };
    poll(&pattern, &here, &database, forward).await;
}

pub(super) async fn read_behind_the_highest(
    pattern: Rc<EventBased>,
    here: ProcessCtx,
    database: Rc<Database>,
) {
    let mut highest = 0;
    let forward = async |mut rows: Vec<OutboxRow>| {
        rows.retain(|row| row.id > highest);
        let Some(last) = rows.last() else { return Ok(()) };
        all_of(&rows, &publish(&pattern, &here, &rows).await)?;
        highest = last.id;
        delete(&here, &database, &rows).await
    };
    poll(&pattern, &here, &database, forward).await;
}

/// The pattern with other consumers, which publish that a step was applied whenever they find its
/// key in the inbox.
pub(super) fn taking_seen_for_applied(settings: &toml::Table) -> PutToWork {
    let settings: Settings = decode(settings);
    Box::new(move |world, share| {
        let pattern = Rc::new(EventBased::beside(&settings, world, share));
        let original = at_work(Rc::clone(&pattern));
        let start = move |here: ProcessCtx| {
            let options = ConsumerOptions::of(&pattern);
            if let Some(broker) = &pattern.broker {
                broker.start(&here, move |here, event| async move {
                    tell_what_was_seen(&here, event, options).await.is_ok()
                });
            }
        };
        Rc::new(OtherDriver { original, driver: BROKER, start })
    })
}

async fn tell_what_was_seen(
    here: &ProcessCtx,
    event: Event,
    options: ConsumerOptions,
) -> Result<(), Failure> {
    let here = here.for_op(event.op);
    let Some(service) = here.service().filter(|_| event.kind == EventKind::Applied) else {
        return consumer::process(&here, event, options).await;
    };
    let mut seen = Vec::new();
    for step in consumer::concerns(&here, service, &event) {
        let mut txn = step::begin(&here, step).await?;
        if !txn.once(step::key(event.op, step, Direction::Forward)).await? {
            seen.push(Event { step, ..event });
        }
        txn.rollback().await;
    }
    if seen.is_empty() {
        return consumer::process(&here, event, options).await;
    }
    let broker = here.local::<Option<Broker<Event>>>().with(|broker| broker.clone());
    for applied in seen {
        if let Some(broker) = &broker {
            event_based::publish(&here, broker, applied).await;
        }
    }
    Ok(())
}
