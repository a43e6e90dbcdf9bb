//! A consumer: applies the step that follows an event, or takes its own step back.

use super::{Acknowledge, EventBased, Publish};
use crate::kernel::{Span, Time};
use crate::model::broker::Broker;
use crate::model::database::{Event, EventKind};
use crate::model::here::Here;
use crate::model::system::{ServiceId, StepId};
use crate::patterns::step::{self, Care, Failure};

/// How a consumer behaves: the settings that it needs at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    publish: Publish,
    acknowledge: Acknowledge,
    idempotent: bool,
}

impl Manners {
    pub(super) fn of(pattern: &EventBased) -> Self {
        Self {
            publish: pattern.settings.publish,
            acknowledge: pattern.settings.acknowledge,
            idempotent: pattern.settings.idempotent_consumer,
        }
    }
}

/// Whether a service has something to do about an event: a step that follows it, or, after a
/// refusal, a step of its own to take back.
pub(super) fn wants(here: &Here, service: ServiceId, event: &Event) -> bool {
    concerns(here, service, event).next().is_some()
}

/// The steps of a service that an event concerns.
fn concerns<'a>(
    here: &'a Here,
    service: ServiceId,
    event: &Event,
) -> impl Iterator<Item = StepId> + use<'a> {
    let kind = here.env().operation(event.op).kind;
    let steps = &here.system().operation(kind).steps;
    let (of, what) = (event.step, event.kind);
    (0..steps.len() as u8).map(StepId).filter(move |step| {
        let spec = &steps[step.index()];
        spec.by == service
            && match what {
                EventKind::Applied => spec.after.contains(&of),
                EventKind::Refused => *step != of,
                EventKind::Undone => false,
            }
    })
}

/// Consumes an event; true acknowledges it.
pub(super) async fn consume(here: Here, event: Event, manners: Manners) -> bool {
    if manners.acknowledge == Acknowledge::BeforeProcessing {
        here.spawn(move |here| async move {
            process(&here, event, manners).await;
        });
        return true;
    }
    process(&here, event, manners).await
}

/// Does what the event asks of this service; false if it should be asked again.
async fn process(here: &Here, event: Event, manners: Manners) -> bool {
    let Some(service) = here.service() else { return true };
    let here = here.for_op(event.op);
    let concerned: Vec<StepId> = concerns(&here, service, &event).collect();
    for step in concerned {
        let here = here.at_step(step, here.ctx().attempt);
        let done = match event.kind {
            EventKind::Applied => follow(&here, step, manners).await,
            EventKind::Refused | EventKind::Undone => take_back(&here, step, manners).await,
        };
        if done.is_err() {
            return false;
        }
    }
    true
}

/// Applies a step and tells those who wait for it. A refusal is told to everybody instead.
async fn follow(here: &Here, step: StepId, manners: Manners) -> Result<(), Failure> {
    let op = here.ctx().op;
    let applied = Event { op, step, kind: EventKind::Applied };
    match step::apply(here, step, care(here, applied, manners)).await {
        Ok(()) => publish_directly(here, applied, manners).await,
        Err(Failure::Refused) => {
            let refused = Event { kind: EventKind::Refused, ..applied };
            step::refuse(here, step, care(here, refused, manners)).await?;
            publish_directly(here, refused, manners).await;
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// Takes a step back, or bars it if it never ran.
async fn take_back(here: &Here, step: StepId, manners: Manners) -> Result<(), Failure> {
    let care = Care { once: manners.idempotent, ..Care::default() };
    step::undo(here, step, care).await?;
    here.decide("compensation", 1, 0);
    Ok(())
}

fn care(here: &Here, event: Event, manners: Manners) -> Care {
    let through_outbox = manners.publish != Publish::DualWrite && super::is_wanted(here, &event);
    let event = through_outbox.then_some(event);
    Care { once: manners.idempotent, event, ..Care::default() }
}

async fn publish_directly(here: &Here, event: Event, manners: Manners) {
    if manners.publish == Publish::DualWrite && super::is_wanted(here, &event) {
        let broker = here.local::<Option<Broker<Event>>>().with(|broker| broker.clone());
        if let Some(broker) = broker {
            super::publish(here, &broker, event).await;
        }
    }
}

/// Forgets inbox rows that are older than the retention, once in a tenth of it.
pub(super) fn forget_old_keys(here: &Here, retention: Span) {
    let Some(service) = here.service() else { return };
    here.spawn(move |here| async move {
        let pause = Span::from_nanos((retention.as_nanos() / 10).max(1));
        loop {
            here.sleep(pause).await;
            let now = here.clock().as_nanos();
            let before = Time::from_nanos(now.saturating_sub(retention.as_nanos()));
            for table in here.system().tables.iter().filter(|table| table.owner == service) {
                here.database_of(table.database).forget_keys_before(before);
            }
        }
    });
}
