//! # Event-based (choreography)
//!
//! The first service commits locally and publishes an event; the services whose steps follow
//! consume the event, apply their step in a local transaction and publish in turn. No process
//! coordinates them. A refusal publishes a compensating event, and every service compensates its
//! steps of that operation, or bars them if they have not run.
//!
//! **Acknowledged**: `accepted` after the first local commit; with dual writes, after the attempt
//! to publish; in process, `done` after the last handler.
//!
//! **Promises** (outbox or log tailing, durable broker, at least once, acknowledged after
//! processing, idempotent consumers): every committed event reaches every consumer and takes effect
//! once; every operation ends with all of its effects or none. For that, messages must be
//! redelivered for longer than a database keeps the locks of a dead machine: `max-deliveries` and
//! the pauses of `[retry]` against `branch-timeout`.
//!
//! **Does not promise**: a bound on the lag. It is the time that the relay, the broker and the
//! consumers need, plus the outages of any of them.
//!
//! **Fails as**: `publish = "dual-write"` loses the event when the service dies between its commit
//! and the broker's acknowledgement; a volatile broker loses its messages in a crash; without
//! idempotent consumers a redelivery takes effect twice; with an acknowledgement before processing,
//! a crash in between loses the event.
//!
//! # The relay
//!
//! The relay has a process for each database, which takes a batch at a time with one of its workers
//! (`[drivers.relay]`) and keeps that for as long as it knows of more. Several `instances` share
//! the events out by entity; those of an instance without a sign of life for `take-over`
//! (`[drivers]`) are published by the others until it is back, and events that both have read are
//! published twice. With `drain-until-empty = false` it publishes one batch each `poll-interval`,
//! however many events wait.
//!
//! # The broker
//!
//! A topic has `partitions`, and each of them a process for every consumer group. The `instances`
//! of the broker (`[broker]`, or `[variants.NAME.drivers.broker]`) share the partitions out evenly;
//! there are no copies, so messages of an instance that is down are neither published nor delivered
//! until it is back. An outbox row that could not be published stays and is tried again at each
//! poll, with the rows after it as far as the batch reaches.
//!
//! A group gets one message of a partition at a time, and so in order; with `in-flight = 10` it
//! gets ten, of which a later one may overtake an earlier one. A message that fails waits as the
//! operation's `[retry]` says before it is delivered again, and keeps its place meanwhile.
//!
//! # Consumer groups
//!
//! The instances of a service are a consumer group: they share the partitions out evenly. A member
//! that is down keeps its partitions for the `session-timeout`, and their messages wait; then the
//! others take them, until it is back. A drained member leaves the group at once. A restarted one
//! subscribes again at its start, and gets its messages at once; a message that was delivered to it
//! before the restart counts as a failed delivery.
//!
//! # An event bus in the process
//!
//! `publish = "in-process"` is what a framework's event bus does within one deployable: there is no
//! broker and no relay. Once its transaction has committed, the publisher calls the handlers of the
//! services that follow, one after the other, and waits for each; these do the same in turn. In the
//! same process (see consolidation) that is no message; a handler that runs elsewhere is called
//! over the network. A service that does not answer, or could not do its own step, is called again
//! as the retry policy says; one that did its step, and failed with the services after it, is not.
//! No event is stored.
//!
//! It looks like a function call and is not one transaction: if a handler fails, the publisher
//! answers `no` although its own step is committed, the handlers after it are not called, and a
//! crash loses the rest. A client that retries makes the publisher publish again, which idempotent
//! handlers tolerate. A refusal is published to all participants in the same way, and is the
//! answer.
//!
//! # Patience
//!
//! The client's answer waits for the first step, which has the operation's attempts. The steps
//! after an `accepted` are tried by delivery: up to `max-deliveries`, after the pauses of the
//! operation's `[retry]`, with `attempts-per-delivery` attempts each, which is one unless told
//! otherwise, so that the two do not multiply. A message that could not be delivered at all,
//! because the consumer was down, does not count.
//!
//! `handler-failure` makes a share of the deliveries fail before the consumer has done anything,
//! each by itself. With a share p and at most m deliveries, a message is delivered
//! (1 - p^m) / (1 - p) times on average, and the share p^m of all messages goes to the dead
//! letters. No promise is given up as long as that is at most two of a million: of the m
//! deliveries those are counted off that fail by themselves in a row, and the budget of faults is
//! what the others last for; it is empty if they do not outlast the locks of a machine that is
//! gone.
//!
//! Where a step is delegated, its owner consumes and publishes: events reach it directly, not by
//! way of the service that wants the step.
//!
//! Settings follow Debezium (poll every 500 ms), MassTransit (batches of 100, inbox kept for
//! 30 minutes), SQS (visibility timeout of 30 s) and Kafka (session timeout of 45 s).

mod bus;
pub(crate) mod consumer;
mod coverage;
mod promises;
pub(crate) mod relay;
pub(crate) mod settings;

use std::rc::Rc;

use super::pattern::{Demand, Pattern};
use super::step::{self, ApplyOptions};
use crate::kernel::Span;
use crate::model::broker::{Broker, BrokerPolicy};
use crate::model::contract::{Driver, Promises, Waits, WaitsFor, role};
use crate::model::database::{Event, EventKind};
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::reason::{Reason, no_share, too_frequent};
use crate::model::record::{self, Answer, Discard, OpId};
use crate::model::system::{OperationKind, ServiceId, StepId, System};
use crate::model::world::World;
use crate::patterns::share::Share;
use crate::reason;
use consumer::ConsumerOptions;
use settings::{Acknowledge, BrokerKind, Delivery, Ordering, Publish, Settings};

/// Local commits, and events on which the other services act.
pub struct EventBased {
    pub(crate) settings: Settings,
    share: Share,
    /// The broker; none if the events stay within the process.
    pub(crate) broker: Option<Broker<Event>>,
}

/// The names of the nodes of the relay and the broker.
pub(crate) const RELAY: &str = role::RELAY;
pub(crate) const BROKER: &str = role::BROKER;

impl Pattern for EventBased {
    const NAME: &'static str = "event-based";
    const SUMMARY: &'static str = "a local commit; events tell the other services, which follow";
    const MANUAL: &'static str = include_str!("event_based.rs");
    type Settings = Settings;

    fn check(settings: &Settings, system: &System) -> Vec<Reason> {
        let mut problems = Vec::new();
        for operation in &system.operations {
            let several = operation.steps.iter().skip(1).filter(|step| step.after.is_empty());
            problems.extend(several.map(|step| {
                reason!(
                    "step `{}` of `{}` comes after none, and no event would ever start it",
                    step.name.shown,
                    operation.name.shown
                )
            }));
            for step in operation.steps.iter().filter(|step| step.after.len() > 1) {
                let count = step.after.len();
                problems.push(reason!(
                    "step `{}` of `{}` waits for {count} steps; a service that consumes events \
                     one by one would need a join",
                    step.name.shown,
                    operation.name.shown
                ));
            }
        }
        if settings.partitions == 0 || settings.batch == 0 {
            problems.push(reason!("`{}` and `{}` must be at least 1", "partitions", "batch"));
        }
        if settings.max_deliveries.0 == 0 || settings.attempts_per_delivery.0 == 0 {
            problems.push(reason!(
                "`{}` and `{}` must be at least 1",
                "max-deliveries",
                "attempts-per-delivery"
            ));
        }
        problems.extend(no_share("handler-failure", settings.handler_failure, 1.0));
        problems.extend(too_frequent("poll-interval", settings.poll_interval));
        problems.extend(too_frequent("inbox-retention", settings.inbox_retention));
        problems
    }

    fn idle(settings: &Settings, system: &System) -> Vec<(&'static str, Reason)> {
        settings.idle(system)
    }

    fn promises(settings: &Settings, system: &System) -> Promises {
        settings.promises(system)
    }

    fn by_default(settings: &Settings) -> Settings {
        Settings { handler_failure: settings.handler_failure, ..Settings::default() }
    }

    fn paths(settings: &Settings, system: &System) -> Paths {
        coverage::paths(settings, system)
    }

    /// The settings without effect: a relay polls only an outbox, a group with one member has no
    /// other to take its partitions, and without a broker nothing is delivered again.
    fn unused(settings: &Settings, system: &System) -> Vec<&'static str> {
        let alone = system.services.iter().all(|service| service.instances == 1);
        let in_process = settings.publish == Publish::InProcess;
        [
            (settings.publish != Publish::Outbox, "poll-interval"),
            (alone || in_process, "session-timeout"),
            (in_process, "visibility-timeout"),
            (in_process, "max-deliveries"),
            (in_process, "handler-failure"),
            (!settings.idempotent_consumer, "inbox-retention"),
        ]
        .into_iter()
        .filter_map(|(is_idle, name)| is_idle.then_some(name))
        .collect()
    }

    fn demands(
        settings: &Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<Demand> {
        relay::demands(settings, system, offered)
    }

    fn drivers(settings: &Settings) -> Vec<Driver> {
        match settings.publish {
            Publish::InProcess => Vec::new(),
            _ => vec![Driver::new(RELAY), Driver::new(BROKER)],
        }
    }

    fn waits(settings: &Settings) -> Waits {
        let bus = settings.publish == Publish::InProcess;
        let steps = if bus { WaitsFor::All } else { WaitsFor::First };
        Waits { steps, drivers: Vec::new(), publishes: true }
    }

    fn new(settings: &Settings, world: &Rc<World>) -> Self {
        Self::beside(settings, world, &Share::all())
    }

    fn beside(settings: &Settings, world: &Rc<World>, share: &Share) -> Self {
        let broker = (settings.publish != Publish::InProcess).then(|| {
            let policy = BrokerPolicy {
                durable: settings.broker == BrokerKind::Durable,
                partitions: settings.partitions,
                in_flight: world.env().system().broker.in_flight,
                by_key: settings.ordering == Ordering::ByKey,
                at_least_once: settings.delivery == Delivery::AtLeastOnce,
                visibility_timeout: settings.visibility_timeout,
                max_deliveries: settings.max_deliveries.0,
                session_timeout: settings.session_timeout,
            };
            let services = 0..world.env().system().services.len() as u16;
            let groups = services.map(ServiceId).filter(|id| takes_part(world, share, *id));
            let nodes = world.named_drivers(BROKER).collect();
            Broker::new(nodes, policy, groups.collect(), consumer::wanted)
        });
        Self { settings: settings.clone(), share: share.clone(), broker }
    }

    /// The steps at the entry. With a bus in the process those that follow at the same node are
    /// done while the client waits.
    fn at_entry(&self, _: &World, _: OpId) -> u32 {
        if self.broker.is_none() { u32::MAX } else { 1 }
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        let first = StepId(0);
        let event = Event { op, step: first, kind: EventKind::Applied };
        let options = ApplyOptions {
            once: true,
            event: self.outbox(&here, event),
            ..ApplyOptions::default()
        };
        let bus = self.settings.publish == Publish::InProcess;
        let mut published = event;
        let answer = step::decide(
            &here,
            "first step",
            Answer::Accepted,
            async |here: ProcessCtx| match bus {
                true => step::apply_to_stand(&here, first, options).await,
                false => {
                    published.kind = step::outcome(&here, first, options).await?;
                    Ok(())
                }
            },
        );
        let answer = answer.await;
        if answer == Answer::Accepted {
            match self.settings.publish {
                Publish::InProcess => {
                    return bus::tell(&here, event, ConsumerOptions::of(&self)).await;
                }
                Publish::DualWrite => self.publish_directly(&here, published).await,
                Publish::Outbox | Publish::LogTailing => {}
            }
        }
        answer
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        if here.service().is_some() {
            here.local::<Option<Broker<Event>>>().with(|broker| broker.clone_from(&self.broker));
            self.broker.iter().for_each(|broker| broker.subscribe(&here));
            consumer::forget_old_keys(&here, self.settings.inbox_retention, &self.share);
        } else if let Some(broker) = &self.broker {
            match here.driver() {
                Some(RELAY) => relay::start(&self, &here),
                Some(BROKER) => {
                    let options = ConsumerOptions::of(&self);
                    broker.start(&here, move |here, event| consumer::consume(here, event, options));
                }
                _ => {}
            }
        }
    }

    fn period(&self) -> Span {
        self.settings.poll_interval
    }

    fn dormant(settings: &Settings, _: &System) -> Span {
        settings.visibility_timeout
    }
}

impl EventBased {
    /// The event as an outbox row, if it is published through an outbox and a service consumes it.
    fn outbox(&self, here: &ProcessCtx, event: Event) -> Option<Event> {
        (self.settings.publish.is_stored() && is_wanted(here, &event)).then_some(event)
    }

    /// Publishes an event after the commit, for a dual write: no transaction covers both.
    async fn publish_directly(&self, here: &ProcessCtx, event: Event) {
        if let Some(broker) = self.broker.as_ref().filter(|_| is_wanted(here, &event)) {
            publish(here, broker, event).await;
        }
    }
}

/// Publishes one event, with the attempts of the retry policy; if all fail the event is lost.
pub(crate) async fn publish(here: &ProcessCtx, broker: &Broker<Event>, event: Event) {
    let policy = here.retry();
    let tries = (policy, policy.attempts);
    let published = step::retry(here, "publish", tries, async |here: ProcessCtx| {
        let how = (policy.step_deadline, policy.breaker);
        let stored = broker.publish(&here, &[(event.op, event)], how).await;
        stored.iter().all(|stored| *stored).then_some(())
    });
    if published.await.is_none() {
        let (topic, discard) = (here.label("publish"), Discard::Lost);
        here.record(record::Event::Discarded { topic, discard, number: 0 });
    }
}

/// Returns whether any service consumes this event.
fn is_wanted(here: &ProcessCtx, event: &Event) -> bool {
    let services = 0..here.system().services.len() as u16;
    services.map(ServiceId).any(|service| consumer::wanted(here, service, event) != 0)
}

/// Returns whether a service carries out any step of these operations.
fn takes_part(world: &World, share: &Share, service: ServiceId) -> bool {
    let mut steps = share.of(world.env().system()).flat_map(|operation| &operation.steps);
    steps.any(|step| step.by == service)
}

#[cfg(test)]
mod tests;
