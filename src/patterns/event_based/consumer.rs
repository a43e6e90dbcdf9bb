//! A consumer: it applies the step that follows an event, or compensates its own step.

use rand::RngExt;

use super::coverage::Consumed;
use super::{Acknowledge, EventBased, Publish, bus};
use crate::kernel::{Purpose, RandomStreams, Span, Time};
use crate::model::broker::Broker;
use crate::model::database::{Event, EventKind};
use crate::model::process::ProcessCtx;
use crate::model::reason::SHORTEST_PERIOD;
use crate::model::record::{Decision, OpId};
use crate::model::system::{ServiceId, StepId, TableId};
use crate::patterns::share::Share;
use crate::patterns::step::{self, ApplyOptions, Failure};

/// The settings of the pattern that a consumer needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsumerOptions {
    publish: Publish,
    acknowledge: Acknowledge,
    pub(super) idempotent: bool,
    /// Attempts at a step within one delivery.
    attempts: u16,
    /// The share of deliveries that fail.
    failure: f64,
}

impl ConsumerOptions {
    pub(crate) fn of(pattern: &EventBased) -> Self {
        Self {
            publish: pattern.settings.publish,
            acknowledge: pattern.settings.acknowledge,
            idempotent: pattern.settings.idempotent_consumer,
            attempts: pattern.settings.attempts_per_delivery.0,
            failure: pattern.settings.handler_failure,
        }
    }
}

/// The steps for which a service must act on an event, as bits: those that follow it, or, after a
/// refusal, its own that must be compensated.
pub(super) fn wanted(here: &ProcessCtx, service: ServiceId, event: &Event) -> u32 {
    concerns(here, service, event).fold(0, |mask, step| mask | 1 << step.0)
}

/// The steps of a service that an event concerns.
pub(crate) fn concerns<'a>(
    here: &'a ProcessCtx,
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
pub(super) async fn consume(here: ProcessCtx, event: Event, options: ConsumerOptions) -> bool {
    let fails = fails(&here, &event, options.failure);
    if options.acknowledge == Acknowledge::BeforeProcessing {
        if fails {
            return true;
        }
        here.spawn(move |here| async move {
            let _ = process(&here, event, options).await; // The message is acknowledged already.
        });
        return true;
    }
    let done = !fails && process(&here, event, options).await.is_ok();
    if !done {
        here.passes(Consumed::Failed);
    }
    done
}

/// Returns whether the handler of a delivery fails before it has done anything.
fn fails(here: &ProcessCtx, event: &Event, share: f64) -> bool {
    let name = here.world().name(here.node()).stream;
    let (cause, delivery) = (here.env().op_stream(event.op), here.ctx().attempt);
    let what = u64::from(event.step.0) << 8 | event.kind as u64;
    // The key is the event and its delivery, not the order of consumption, so that the same
    // deliveries fail in every variant.
    let draw = |streams: &RandomStreams| {
        streams.draw(Purpose::Failure, name, cause, what, delivery.into()).random_bool(share)
    };
    share > 0.0 && draw(here.env().streams())
}

/// Does what the event requires of this service. A caller that gets a failure should deliver the
/// event again.
pub(crate) async fn process(
    here: &ProcessCtx,
    event: Event,
    options: ConsumerOptions,
) -> Result<(), Failure> {
    let Some(service) = here.service() else { return Ok(()) };
    let here = here.for_op(event.op);
    let concerned: Vec<StepId> = concerns(&here, service, &event).collect();
    for step in concerned {
        let here = here.at_step(step, here.ctx().attempt.saturating_mul(options.attempts));
        let mut failure = Failure::Technical;
        let tries = (here.retry(), options.attempts);
        let done = step::retry(&here, "handler", tries, async |here: ProcessCtx| {
            let done = match event.kind {
                EventKind::Applied => follow(&here, step, options).await,
                EventKind::Refused | EventKind::Undone => take_back(&here, step, options).await,
            };
            match done {
                Err(again @ (Failure::Technical | Failure::Unknown)) => {
                    failure = again;
                    None
                }
                done => Some(done),
            }
        });
        done.await.unwrap_or(Err(failure))?;
    }
    Ok(())
}

/// Applies a step and publishes its event to the services that wait for it. A refusal is published
/// to every participant instead; within the process the caller gets it, too. For a duplicate the
/// stored outcome is published again, if it is not published through the database, because the
/// first publication may have been lost.
async fn follow(here: &ProcessCtx, step: StepId, options: ConsumerOptions) -> Result<(), Failure> {
    let op = here.ctx().op;
    let bus = options.publish == Publish::InProcess;
    let applied = Event { op, step, kind: EventKind::Applied };
    let with_event = |event| apply_options(here, event, options);
    let result = match bus {
        true => step::apply_to_stand(here, step, with_event(applied)).await.map(|()| applied.kind),
        false => step::outcome(here, step, with_event(applied)).await,
    };
    match result {
        Ok(kind) => {
            here.passes(Consumed::Applied);
            publish_directly(here, Event { kind, ..applied }, options).await
        }
        Err(Failure::Refused) => {
            here.passes(Consumed::Refused);
            let refused = Event { kind: EventKind::Refused, ..applied };
            step::refuse(here, step, with_event(refused)).await?;
            publish_directly(here, refused, options).await?;
            if bus { Err(Failure::Refused) } else { Ok(()) }
        }
        Err(failure) => Err(failure),
    }
}

/// Compensates a step, or bars it if it never ran.
async fn take_back(
    here: &ProcessCtx,
    step: StepId,
    options: ConsumerOptions,
) -> Result<(), Failure> {
    let options = ApplyOptions { once: options.idempotent, ..ApplyOptions::default() };
    step::undo(here, step, options).await?;
    here.passes(Consumed::TakenBack);
    here.decide("compensation", Decision::Abort, 0);
    Ok(())
}

fn apply_options(here: &ProcessCtx, event: Event, options: ConsumerOptions) -> ApplyOptions {
    let stored = options.publish.is_stored() && super::is_wanted(here, &event);
    ApplyOptions {
        once: options.idempotent,
        event: stored.then_some(event),
        ..ApplyOptions::default()
    }
}

/// Publishes an event that is not stored in the transaction: to the broker, or by calling the
/// handlers.
async fn publish_directly(
    here: &ProcessCtx,
    event: Event,
    options: ConsumerOptions,
) -> Result<(), Failure> {
    match options.publish {
        Publish::InProcess => bus::hand_over(here, event, options).await?,
        Publish::DualWrite if super::is_wanted(here, &event) => {
            let broker = here.local::<Option<Broker<Event>>>().with(|broker| broker.clone());
            if let Some(broker) = broker {
                super::publish(here, &broker, event).await;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Deletes inbox rows that are older than the retention, once in a tenth of it. The keys of other
/// patterns' operations are left alone.
pub(super) fn forget_old_keys(here: &ProcessCtx, retention: Span, share: &Share) {
    let Some(service) = here.service() else { return };
    let share = share.clone();
    here.spawn(move |here| async move {
        let pause = Span::from_nanos(retention.as_nanos() / 10).max(SHORTEST_PERIOD);
        loop {
            here.sleep(pause).await;
            let now = here.clock().as_nanos();
            let before = Time::from_nanos(now.saturating_sub(retention.as_nanos()));
            let system = here.system();
            let concerns = |op: OpId| share.has(here.env().operation(op).kind);
            let own = |table: &TableId| system.owner(*table, here.now()) == service;
            for table in system.table_ids().filter(own) {
                here.database(table).forget_keys_before(before, concerns);
            }
        }
    });
}
