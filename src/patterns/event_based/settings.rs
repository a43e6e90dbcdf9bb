//! Settings of event-based choreography.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Dist, Span};
use crate::model::reason::Reason;
use crate::model::registry::Attempts;
use crate::model::system::{StepSpec, System};
use crate::reason;

/// How an event gets from a local commit to the broker.
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
    /// There is no broker: the service calls the handlers of those who follow, one after the other,
    /// once, and answers when they have.
    InProcess,
}

impl Publish {
    /// Returns whether the event is stored in the transaction that it tells of.
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

/// How often a message is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Until it is acknowledged.
    #[default]
    AtLeastOnce,
    /// Once, whatever becomes of it.
    AtMostOnce,
}

/// When a consumer acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledge {
    /// When its transaction has committed.
    #[default]
    AfterProcessing,
    /// When it has the message.
    BeforeProcessing,
}

/// Which messages keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ordering {
    /// Those of one entity: the row of the operation's first step.
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
    /// How an event gets from a local commit to the broker.
    pub publish: Publish,
    /// How often the relay polls an outbox, from start to start.
    pub poll_interval: Span,
    /// How many events the relay takes at once.
    pub batch: u32,
    /// True if the relay polls again at once while batches are full.
    pub drain_until_empty: bool,
    /// The durability of the broker's messages.
    pub broker: BrokerKind,
    /// Partitions of the topic; each consumer handles one message of a partition at a time, unless
    /// `in-flight` of the broker says otherwise.
    pub partitions: u16,
    /// Which messages keep their order.
    pub ordering: Ordering,
    /// How often a message is delivered.
    pub delivery: Delivery,
    /// When a consumer acknowledges.
    pub acknowledge: Acknowledge,
    /// A message that is not acknowledged in this time is delivered again.
    pub visibility_timeout: Span,
    /// After so many deliveries a message goes to the dead letters.
    pub max_deliveries: Attempts,
    /// Attempts of a consumer at its step within one delivery.
    pub attempts_per_delivery: Attempts,
    /// The share of deliveries whose handler fails before it has done anything, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub handler_failure: f64,
    /// The partitions of a consumer that was not heard of for so long go to the other instances of
    /// its service. Kafka: 45 s; RabbitMQ and SQS hand out to who is there, which is 0 s.
    pub session_timeout: Span,
    /// True if consumers keep an inbox of what they have processed.
    pub idempotent_consumer: bool,
    /// How long the inbox remembers.
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

/// The mean time that a consumer needs for a step, in seconds: its own work, the statement of the
/// inbox and that of the step, and the commit.
fn work(step: &StepSpec, system: &System) -> f64 {
    let database = &system.databases[system.table(step.table).database.index()];
    let mean = |dist: &Dist| dist.mean().unwrap_or_default();
    let own = mean(&system.services[step.by.index()].work);
    own + 2.0 * mean(&database.work) + mean(&database.force.commit)
}
