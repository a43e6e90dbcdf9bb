//! The promises of choreography with its settings.

use super::{Acknowledge, BROKER, BrokerKind, Delivery, Ordering, Publish, RELAY, Settings};
use crate::kernel::Span;
use crate::model::contract::{Allowance, Promises, faults};
use crate::model::system::{Name, RetrySpec, ServiceSpec, System};
use crate::patterns::isolation;
use crate::patterns::promise::{self, Guarantees, HALF};

impl Settings {
    /// The guarantees and their budget: all outages together must be shorter than the time for
    /// which a message is delivered again, and none so long that the inbox has forgotten the
    /// message. Inbox retention is measured by the node's clock, so clocks must be right.
    pub(super) fn promises(&self, system: &System) -> Promises {
        let loses = !self.publish.is_stored()
            || self.broker == BrokerKind::Volatile
            || self.delivery == Delivery::AtMostOnce
            || self.acknowledge == Acknowledge::BeforeProcessing;
        let thrown_away = !self.publish.is_stored()
            || self.broker == BrokerKind::Volatile
            || self.delivery == Delivery::AtMostOnce;
        let memory = self.inbox_retention.saturating_sub(self.visibility_timeout);
        let forgetful = !self.idempotent_consumer || memory == Span::ZERO;
        let horizon = |deliveries: u16| {
            let policies = system.kinds().map(|kind| system.retry_of(kind));
            policies.map(|retry| horizon(&retry, deliveries)).min().unwrap_or_default()
        };
        // What a consumer has locked whose machine is gone outlasts so many deliveries.
        let outlasted = |deliveries: u16| {
            self.publish != Publish::InProcess && horizon(deliveries) < system.longest_silence()
        };
        let (most, failing) = (self.max_deliveries.0, self.failing_deliveries());
        let spare = most.saturating_sub(failing);
        let buried = outlasted(most);
        let gives_up = most < 3 || spare == 0 || buried;
        let refused = promise::may_be_refused_later(system);
        let unordered = self.ordering == Ordering::None || system.broker.in_flight > 1;
        let guarantees = Guarantees::everything()
            .and(&["no-phantom-event", "delivery", "no-dead-letters", "outbox-atomicity"])
            .and(&["no-suspension", "inbox-atomicity", "per-key-order"])
            .unless(loses || forgetful || gives_up, promise::ENDS)
            .unless(thrown_away, &["delivery"])
            .unless(gives_up, &["no-dead-letters"])
            .unless(!self.publish.is_stored(), &["outbox-atomicity"])
            .unless(forgetful, &["at-most-once", "no-suspension", "inbox-atomicity"])
            .unless(unordered || loses, &["per-key-order"])
            .unless(unordered && isolation::rests_on_order(system), promise::OF_EFFECTS)
            .unless(refused, &["client-contract"])
            .unless(refused && isolation::is_missed(system, true), &["convergence"])
            .unless(refused && isolation::is_overwritten(system, true), promise::OF_EFFECTS);
        // Outages in a row add up, and each adds a recovery.
        let longest = HALF.min(Span::from_nanos(horizon(spare).as_nanos() / 8)).min(memory);
        let worn_out = outlasted(spare) && !buried;
        let count = if longest == Span::ZERO || worn_out { 0 } else { 2 };
        let retry = system.longest_retry();
        let hop =
            self.poll_interval + self.visibility_timeout + retry.longest + retry.step_deadline;
        let hop = hop + retry.longest.saturating_mul(failing.into());
        let within = promise::recovery(system) + hop.saturating_mul(promise::steps(system));
        let refusals = if worn_out { 0 } else { spare / 2 };
        // A service or a driver that is down refuses, and a refusal is no delivery.
        let refusing = Allowance {
            targets: services_and_drivers(system),
            ..Allowance::new("crash", refusals.into(), HALF.min(memory))
        };
        let mut budget = promise::budget(count, longest).without(&[faults::CLOCKS]);
        budget.0.push(refusing);
        Promises { guarantees: guarantees.names(), budget, within: Some(within) }
    }

    /// How many deliveries of a message fail by themselves in a row, exceeded by hardly one
    /// message of a million.
    fn failing_deliveries(&self) -> u16 {
        let fails = match self.publish {
            Publish::InProcess => 0.0, // Nothing is delivered.
            _ => self.handler_failure,
        };
        let (mut count, mut share) = (0, 1.0);
        while fails > 0.0 && share > RARE && count < self.max_deliveries.0 {
            share *= fails;
            count += 1;
        }
        count
    }
}

/// A share that no promise counts with.
const RARE: f64 = 2e-6;

/// The nodes that are neither a database nor a client, by name.
fn services_and_drivers(system: &System) -> Vec<String> {
    let instances = |service: &ServiceSpec| {
        let names = (0..service.instances).map(|number| service.instance_name(number));
        names.map(|name| name.stream_name.to_string()).collect::<Vec<_>>()
    };
    let services = system.services.iter().flat_map(instances);
    let shown = system.services.iter().map(|service| service.name.shown.to_string());
    let instances = |driver: &'static str| {
        let numbers = 0..system.driver_instances(driver);
        numbers.map(move |number| Name::new(driver).instance(number).stream_name.to_string())
    };
    let drivers = [RELAY, BROKER].into_iter().flat_map(instances);
    services.chain(shown).chain(["driver".to_owned()]).chain(drivers).collect()
}

/// The least time for which a message is delivered again before it becomes a dead letter: the sum
/// of the pauses between deliveries that fail at once.
fn horizon(retry: &RetrySpec, max_deliveries: u16) -> Span {
    let pauses = (0..max_deliveries.saturating_sub(1)).map(|number| retry.pause(number));
    let longest = pauses.fold(Span::ZERO, |sum, pause| sum + pause);
    Span::from_nanos((longest.as_nanos() as f64 * (1.0 - retry.jitter)) as u64)
}
