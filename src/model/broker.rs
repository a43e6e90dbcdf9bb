//! A message broker: partitions, acknowledgement, redelivery, dead letters.
//!
//! Each consumer group (a service) gets every message it is interested in, in order within a
//! partition, one at a time: the next one waits until this one is acknowledged or given up. What a
//! durable broker has acknowledged to a publisher survives its crash; a volatile one forgets.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;

use super::call::{Message, Reply};
use super::env::Ctx;
use super::here::Here;
use super::record::{Kind, MessageClass, OpId};
use super::system::{ServiceId, StepId};
use crate::kernel::{Mailbox, NodeId, Purpose, Semaphore, Span};

/// How a broker treats messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokerPolicy {
    /// Whether messages are forced to disk before they are acknowledged to the publisher.
    pub durable: bool,
    /// How many partitions each topic has.
    pub partitions: u16,
    /// Whether messages of one entity share a partition, and so keep their order.
    pub by_key: bool,
    /// Whether a message that was handed out is kept until it is acknowledged.
    pub at_least_once: bool,
    /// A message that is not acknowledged in this time is handed out again.
    pub visibility_timeout: Span,
    /// After so many deliveries a message goes to the dead letters.
    pub max_deliveries: u16,
}

/// A message as the broker keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stored<E> {
    number: u64,
    op: OpId,
    partition: u16,
    event: E,
}

/// One line of the broker's log.
#[derive(Clone, Copy, Debug)]
enum Line<E> {
    Stored(Stored<E>),
    /// A group is done with a message: it was acknowledged, or buried.
    Done(u64, ServiceId),
}

/// What the broker has in memory.
struct Memory<E> {
    next: u64,
    queues: BTreeMap<(ServiceId, u16), Mailbox<Stored<E>>>,
    /// Bounds the throughput of each partition.
    writers: BTreeMap<u16, Semaphore>,
}

impl<E> Default for Memory<E> {
    fn default() -> Self {
        Self { next: 0, queues: BTreeMap::new(), writers: BTreeMap::new() }
    }
}

/// A broker that carries events of type `E`, as the pattern that uses it set it up.
#[derive(Clone)]
pub struct Broker<E> {
    node: NodeId,
    policy: BrokerPolicy,
    groups: Rc<[ServiceId]>,
    wants: fn(&Here, ServiceId, &E) -> bool,
}

impl<E: Copy + Send + 'static> Broker<E> {
    /// A broker at `node` for these consumer groups. `wants` says which group gets an event.
    pub fn new(
        node: NodeId,
        policy: BrokerPolicy,
        groups: Vec<ServiceId>,
        wants: fn(&Here, ServiceId, &E) -> bool,
    ) -> Self {
        Self { node, policy, groups: groups.into(), wants }
    }

    /// Where it runs.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Starts the broker on its node: what its log still holds is queued again, and a process per
    /// group and partition hands out messages. `deliver` runs at the consumer and returns whether
    /// it acknowledges.
    pub fn start<D, F>(&self, here: &Here, deliver: D)
    where
        D: Fn(Here, E) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + 'static,
    {
        let memory = here.local::<Memory<E>>();
        for group in &*self.groups {
            for partition in 0..self.policy.partitions {
                let queue = Mailbox::new(here.sim());
                memory.with(|memory| memory.queues.insert((*group, partition), queue.clone()));
                let (broker, group, deliver) = (self.clone(), *group, deliver.clone());
                here.spawn(move |here| async move {
                    while let Some(message) = queue.pop().await {
                        broker.hand_out(&here, group, message, &deliver).await;
                    }
                });
            }
        }
        self.recover(here);
    }

    /// Stores events for an operation each, in order. Runs at the broker; returns once they are as
    /// safe as the policy makes them.
    pub async fn store(&self, here: &Here, events: &[(OpId, E)]) {
        for (op, event) in events {
            let here = here.for_op(*op);
            let partition = self.partition(&here);
            self.write(&here, partition).await;
            let memory = here.local::<Memory<E>>();
            let number = memory.with(|memory| {
                memory.next += 1;
                memory.next
            });
            let stored = Stored { number, op: *op, partition, event: *event };
            if self.policy.durable {
                here.log::<Line<E>>().append(Line::Stored(stored), "event");
            }
            here.note_label(Kind::Published, "event", u64::from(partition), number);
            if self.policy.durable {
                let groups = self.groups.iter().filter(|group| (self.wants)(&here, **group, event));
                here.note_label(Kind::Holds, "event", groups.count() as u64, 0);
            }
            self.enqueue(&here, stored, &BTreeSet::new());
        }
        if self.policy.durable {
            here.log::<Line<E>>().flush().await;
        }
    }

    /// Publishes events from another node: one message to the broker, and its acknowledgement.
    /// False if nobody knows whether they were stored.
    pub async fn publish(&self, here: &Here, events: Vec<(OpId, E)>, deadline: Span) -> bool {
        let message = Message::control("publish", deadline).class(MessageClass::Broker);
        let (node, policy, wants) = (self.node, self.policy, self.wants);
        let groups: Vec<ServiceId> = self.groups.to_vec();
        let reply = here.call(self.node, message, move |here| {
            let broker = Self { node, policy, groups: groups.clone().into(), wants };
            let events = events.clone();
            async move { broker.store(&here, &events).await }
        });
        matches!(reply.await, Reply::Answered(()))
    }

    /// Work of the broker on one message; one at a time per partition.
    async fn write(&self, here: &Here, partition: u16) {
        let memory = here.local::<Memory<E>>();
        let writer = memory.with(|memory| {
            let fresh = || Semaphore::new(here.sim(), 1);
            memory.writers.entry(partition).or_insert_with(fresh).clone()
        });
        let _turn = writer.acquire().await;
        let (env, spec) = (here.env(), &here.system().broker);
        let luck = env.op_luck(here.ctx().op);
        let place = u64::from(here.ctx().step.0) | u64::from(here.ctx().attempt) << 8;
        let work =
            spec.work.sample(&mut env.luck().draw(Purpose::Work, spec.name.luck, luck, place, 0));
        here.sleep(work).await;
    }

    /// Messages of one entity share a partition: its key is that of the operation's first step.
    /// Without order, each operation has its own luck.
    fn partition(&self, here: &Here) -> u16 {
        let info = here.env().operation(here.ctx().op);
        let first = &here.system().operation(info.kind).steps[0];
        let key = if self.policy.by_key { info.keys[usize::from(first.key)].0 } else { info.luck };
        let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (spread % u64::from(self.policy.partitions)) as u16
    }

    /// Puts a message into the queue of every group that wants it and is not done with it.
    fn enqueue(&self, here: &Here, stored: Stored<E>, done: &BTreeSet<(u64, ServiceId)>) {
        for group in &*self.groups {
            if !(self.wants)(here, *group, &stored.event) || done.contains(&(stored.number, *group))
            {
                continue;
            }
            let queue = here
                .local::<Memory<E>>()
                .with(|memory| memory.queues.get(&(*group, stored.partition)).cloned());
            if let Some(queue) = queue {
                queue.push(stored);
            }
        }
    }

    /// Hands one message to one group until it is acknowledged, or buried.
    async fn hand_out<D, F>(&self, here: &Here, group: ServiceId, stored: Stored<E>, deliver: &D)
    where
        D: Fn(Here, E) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + 'static,
    {
        let here = here.for_op(stored.op);
        let node = here.world().instance(group, stored.op);
        let mut deliveries = 0;
        let mut refusals = 0;
        loop {
            let here = here.at_step(StepId::NONE, deliveries);
            here.note_label(Kind::Handed, "event", u64::from(deliveries) + 1, stored.number);
            let (deliver, event) = (deliver.clone(), stored.event);
            let message = Message::request("event", self.policy.visibility_timeout)
                .class(MessageClass::Broker);
            let reply = here.call(node, message, move |here| deliver(here, event)).await;
            match reply {
                Reply::Answered(true) => break,
                _ if !self.policy.at_least_once => break,
                // It did not get there, so it does not count as a delivery.
                Reply::Refused | Reply::Rejected => refusals += 1,
                Reply::Answered(false) | Reply::Unknown => deliveries += 1,
            }
            if deliveries >= self.policy.max_deliveries {
                here.note_label(Kind::Buried, "event", 1, stored.number);
                here.note_label(Kind::Holds, "dead letter", 1, 0);
                break;
            }
            here.note_label(Kind::Retried, "delivery", u64::from(deliveries), 0);
            here.sleep(here.env().backoff(here.ctx(), deliveries + refusals)).await;
        }
        self.done(&here, group, stored.number);
    }

    /// A group is done with a message. The record is not forced: if a crash loses it, the message
    /// is handed out once more.
    fn done(&self, here: &Here, group: ServiceId, number: u64) {
        if self.policy.durable {
            here.log::<Line<E>>().append(Line::Done(number, group), "acknowledged");
            here.note_label(Kind::Holds, "event", -1_i64 as u64, 0);
        }
    }

    /// After a restart, a durable broker queues what its groups are not done with.
    fn recover(&self, here: &Here) {
        if !self.policy.durable || here.incarnation() == 0 {
            return;
        }
        let lines = here.log::<Line<E>>().records();
        let finished = lines.iter().filter_map(|line| match line {
            Line::Done(number, group) => Some((*number, *group)),
            Line::Stored(_) => None,
        });
        let done: BTreeSet<(u64, ServiceId)> = finished.collect();
        for line in &lines {
            if let Line::Stored(stored) = line {
                here.local::<Memory<E>>().with(|memory| memory.next = stored.number);
                let ctx = Ctx { op: stored.op, ..*here.ctx() };
                self.enqueue(&here.with(ctx), *stored, &done);
            }
        }
    }
}
