//! Seeded bugs of event-based choreography: relays that forward in another way.

use std::future::Future;
use std::rc::Rc;

use super::super::mutated::OtherDriver;
use super::{PutToWork, decode};
use crate::model::database::{Database, OutboxRow};
use crate::model::process::ProcessCtx;
use crate::patterns::event_based::relay::{self, delete, poll, publish};
use crate::patterns::event_based::settings::Settings;
use crate::patterns::event_based::{EventBased, RELAY};
use crate::patterns::pattern::{Pattern, at_work};

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
        publish(&pattern, &here, &rows).await
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
        publish(&pattern, &here, &rows).await?;
        highest = last.id;
        delete(&here, &database, &rows).await
    };
    poll(&pattern, &here, &database, forward).await;
}
