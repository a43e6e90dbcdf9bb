//! Delivery by the broker: each message is delivered until it is acknowledged or given up.
//!
//! After a failure the broker waits as the operation's retry policy says. A consumer that was
//! restarted subscribes again, which ends that wait; it has lost what it was delivered before.

use std::future::Future;

use super::{Broker, Memory, Queued, Stored, Tells, give_up, stream};
use crate::kernel::{Either, NodeId, Signal, race};
use crate::model::call::{Message, Reply};
use crate::model::lapse::Lapse;
use crate::model::local_fault::LocalFault;
use crate::model::process::ProcessCtx;
use crate::model::record::{Discard, Event, MessageClass};
use crate::model::system::{ServiceId, StepId, Work};

use super::Line;

impl<E: Tells + Copy + Send + 'static> Broker<E> {
    /// Delivers one message to one group as often as the policy says; returns whether all that must
    /// be repeated.
    pub(super) async fn hand_out<D, F>(
        &self,
        here: &ProcessCtx,
        group: ServiceId,
        message: &Queued<E>,
        deliver: &D,
    ) -> bool
    where
        D: Fn(ProcessCtx, E) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + 'static,
    {
        let stored = &message.stored;
        let here = &here.for_op(stored.op);
        if self.policy.at_least_once {
            let discarded = self.insist(here, group, stored, deliver).await;
            if message.again {
                return false;
            }
            self.finish(here, group, stored, discarded);
            return !discarded
                && self.suffers(here, LocalFault::Redelivery, u64::from(group.0) + 1);
        }
        self.finish(here, group, stored, false);
        if self.policy.durable {
            here.log::<Line<E>>().flush().await;
        }
        here.env().until_balanced(stream(here)).await;
        if self.deliver(here, group, stored, 0, deliver).await != Some(Reply::Answered(true)) {
            give_up(here, Discard::Lost, stored.number);
        }
        false
    }

    /// Delivers a message until it is acknowledged, or becomes a dead letter, in which case it
    /// returns true.
    async fn insist<D, F>(
        &self,
        here: &ProcessCtx,
        group: ServiceId,
        stored: &Stored<E>,
        deliver: &D,
    ) -> bool
    where
        D: Fn(ProcessCtx, E) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + 'static,
    {
        let (mut deliveries, mut refusals): (u16, u16) = (0, 0);
        loop {
            let here = &here.at_step(StepId::NONE, deliveries);
            here.env().until_balanced(stream(here)).await;
            let rebalance = here.env().rebalance(stream(here));
            let reply = self.deliver(here, group, stored, deliveries, deliver).await;
            match reply {
                Some(Reply::Answered(true)) if here.env().rebalance(stream(here)) == rebalance => {
                    return false;
                }
                Some(Reply::Answered(false)) if here.env().lapses(Lapse::FailureAcknowledges) => {
                    return false;
                }
                // The message did not reach the consumer, so this does not count as a delivery.
                Some(Reply::Refused | Reply::Rejected) => refusals = refusals.saturating_add(1),
                // The acknowledgement of a consumer that had the partition before a rebalance does
                // not count.
                Some(Reply::Answered(true)) => {
                    let from = self.consumer(here, group, stored.partition);
                    here.record(Event::Ignored { label: here.label("acknowledgement"), from });
                    deliveries += 1;
                }
                Some(Reply::Answered(false) | Reply::Unknown) | None => deliveries += 1,
            }
            let hasty = deliveries > 0 && here.env().lapses(Lapse::BuriesAtFirstFailure);
            if hasty || deliveries >= self.policy.max_deliveries {
                give_up(here, Discard::DeadLetter, stored.number);
                return true;
            }
            here.retried("delivery", deliveries);
            if reply.is_some() {
                let pauses = deliveries.saturating_add(refusals) - 1;
                let back = self.back(here, self.consumer(here, group, stored.partition));
                race(here.pause(&here.retry(), pauses), back.wait()).await;
            }
        }
    }

    /// Delivers a message once, after so many deliveries. Returns none if the consumer has
    /// restarted before it answered, and so has lost the message.
    async fn deliver<D, F>(
        &self,
        here: &ProcessCtx,
        group: ServiceId,
        stored: &Stored<E>,
        deliveries: u16,
        deliver: &D,
    ) -> Option<Reply<bool>>
    where
        D: Fn(ProcessCtx, E) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + 'static,
    {
        let here = here.at_step(StepId::NONE, deliveries);
        let (topic, delivery) = (here.label("event"), u64::from(deliveries) + 1);
        here.record(Event::Handed { topic, delivery, number: stored.number });
        let node = self.consumer(&here, group, stored.partition);
        let (deliver, event) = (deliver.clone(), stored.event);
        let message =
            Message::request("event", self.policy.visibility_timeout).class(MessageClass::Broker);
        let message = message.costs(Work::Steps((self.wants)(&here, group, &event)));
        let is_poison = here.env().is_poisoned(stored.op, stored.number);
        let consume = move |here| {
            let consumed = (!is_poison).then(|| deliver(here, event));
            async move {
                match consumed {
                    Some(consumed) => consumed.await,
                    None => false,
                }
            }
        };
        let call = here.call(node, message, consume);
        match race(call, self.back(&here, node).wait()).await {
            Either::Left(reply) => Some(reply),
            Either::Right(()) => None,
        }
    }

    /// The member of a group that is assigned a partition.
    fn consumer(&self, here: &ProcessCtx, group: ServiceId, partition: u16) -> NodeId {
        here.world().member(group, partition, self.policy.session_timeout)
    }

    /// The signal that a consumer has restarted.
    fn back(&self, here: &ProcessCtx, consumer: NodeId) -> Signal {
        let fresh = || Signal::new(here.sim());
        here.local::<Memory<E>>()
            .with(|memory| memory.back.entry(consumer).or_insert_with(fresh).clone())
    }

    /// Subscribes a restarted consumer again: it is delivered its messages at once, however long
    /// the broker would have waited before the next delivery.
    pub fn subscribe(&self, here: &ProcessCtx) {
        let members = |group: &ServiceId| here.world().instances(*group);
        if here.incarnation() == 0
            || !self.groups.iter().any(|group| members(group).contains(&here.node()))
        {
            return;
        }
        let consumer = here.node();
        let message =
            Message::control("subscribe", here.retry().step_deadline).class(MessageClass::Broker);
        for node in &*self.nodes {
            here.tell(*node, message, move |here| async move {
                let back = here.local::<Memory<E>>().with(|memory| memory.back.remove(&consumer));
                back.iter().for_each(Signal::notify_all);
            });
        }
    }
}
