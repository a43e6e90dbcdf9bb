//! Settings of event-based choreography.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Dist, Span};
use crate::model::reason::Reason;
use crate::model::registry::Attempts;
use crate::model::system::{StepSpec, System};
use crate::reason;

/// The way of an event from a local commit to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Publish {
    /// The service sends it after the commit.
    DualWrite,
    /// The event is committed to an outbox table, which a relay polls.
    #[default]
    Outbox,
    /// The event is committed to the log, which a relay tails (change data capture).
    LogTailing,
    /// There is no broker: the service calls the handlers of the following steps, one after the
    /// other, once, and answers when they have returned.
    InProcess,
}

impl Publish {
    /// Returns whether the event is stored in the transaction whose effects it announces.
    pub(super) fn is_stored(self) -> bool {
        matches!(self, Self::Outbox | Self::LogTailing)
    }
}

/// The durability of the broker's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerKind {
    /// Messages are forced to disk before they are acknowledged.
    #[default]
    Durable,
    /// Messages are in memory only.
    Volatile,
}

/// The delivery guarantee of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Until it is acknowledged.
    #[default]
    AtLeastOnce,
    /// Once: a failed delivery is not repeated.
    AtMostOnce,
}

/// The moment at which a consumer acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledge {
    /// After the commit of the handler's transaction.
    #[default]
    AfterProcessing,
    /// On receipt of the message.
    BeforeProcessing,
}

/// The messages that keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ordering {
    /// Messages of one entity: the row of the operation's first step.
    #[default]
    ByKey,
    /// None: messages go to any partition.
    None,
}

/// Settings of event-based choreography. Attempts at the first step, pauses and deadlines come from
/// the operation's `[retry]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The way of an event from a local commit to the broker.
    pub publish: Publish,
    /// Time between two polls of an outbox by the relay, from start to start.
    pub poll_interval: Span,
    /// The most events that the relay takes at once.
    pub batch: u32,
    /// True if the relay polls again at once while batches are full.
    pub drain_until_empty: bool,
    /// The durability of the broker's messages.
    pub broker: BrokerKind,
    /// Partitions of the topic; each consumer handles one message of a partition at a time, unless
    /// `in-flight` of the broker says otherwise.
    pub partitions: u16,
    /// The messages that keep their order.
    pub ordering: Ordering,
    /// The delivery guarantee of the broker.
    pub delivery: Delivery,
    /// The moment at which a consumer acknowledges.
    pub acknowledge: Acknowledge,
    /// The time without an acknowledgement after which a message is delivered again.
    pub visibility_timeout: Span,
    /// The number of deliveries after which a message becomes a dead letter.
    pub max_deliveries: Attempts,
    /// Attempts of a consumer at its step within one delivery.
    pub attempts_per_delivery: Attempts,
    /// The share of deliveries whose handler fails before it has done anything, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub handler_failure: f64,
    /// The time without a sign of life after which the partitions of a consumer go to the other
    /// instances of its service. Kafka: 45 s; RabbitMQ and SQS deliver to the consumers that are
    /// connected, which is 0 s.
    pub session_timeout: Span,
    /// True if consumers keep an inbox of what they have processed.
    pub idempotent_consumer: bool,
    /// The time for which the inbox remembers a message.
    pub inbox_retention: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            publish: Publish::default(),
            poll_interval: Span::from_millis(500),
            batch: 100,
            drain_until_empty: true,
            broker: BrokerKind::default(),
            partitions: 8,
            ordering: Ordering::default(),
            delivery: Delivery::default(),
            acknowledge: Acknowledge::default(),
            visibility_timeout: Span::from_secs(30),
            max_deliveries: Attempts(10),
            attempts_per_delivery: Attempts(1),
            handler_failure: 0.0,
            session_timeout: Span::from_secs(45),
            idempotent_consumer: true,
            inbox_retention: Span::from_secs(1_800),
        }
    }
}

impl Settings {
    /// The settings that defeat themselves on this system.
    pub(super) fn idle(&self, system: &System) -> Vec<(&'static str, Reason)> {
        if self.publish == Publish::InProcess || self.delivery == Delivery::AtMostOnce {
            return Vec::new();
        }
        let brokers = system.broker.instances;
        let mut idle = Vec::new();
        if brokers > self.partitions {
            let why = reason!("leaves {} of {brokers} brokers idle", brokers - self.partitions);
            idle.push(("partitions", why));
        }
        let consumed = system.steps().filter(|step| !step.after.is_empty());
        let longest = consumed.max_by(|a, b| work(a, system).total_cmp(&work(b, system)));
        let longest = longest.map(|step| (step, Span::from_secs_f64(work(step, system))));
        let Some((step, work)) = longest.filter(|(_, work)| *work >= self.visibility_timeout)
        else {
            return idle;
        };
        let why = reason!("is too short: the step `{}` takes {work} on average", step.name.shown);
        let why = why.and(", and is delivered again before it is done");
        idle.push(("visibility-timeout", why));
        idle
    }
}

/// The mean time that a consumer needs for a step, in seconds: its own work, the statements of the
/// inbox and of the step, and the commit.
fn work(step: &StepSpec, system: &System) -> f64 {
    let database = &system.databases[system.table(step.table).database.index()];
    let mean = |dist: &Dist| dist.mean().unwrap_or_default();
    let own = mean(&system.services[step.by.index()].work);
    own + 2.0 * mean(&database.work) + mean(&database.force.commit)
}
