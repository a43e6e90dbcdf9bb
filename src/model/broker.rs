//! A message broker: partitions, acknowledgement, redelivery, dead letters.
//!
//! Each consumer group (a service) gets every message that it subscribes to, in order within a
//! partition, so many at a time: a further one waits until one of these is acknowledged or given
//! up. Messages that a durable broker has acknowledged to a publisher survive its crash; a volatile
//! one loses them.
//!
//! Several instances share the partitions out evenly. Each partition is at one of them, without
//! copies elsewhere: while that one is down, nothing can be published to it or delivered from it.
//!
//! A durable broker delivers only what is durable, in the order of its log. That a group has
//! finished a message is logged but not forced, as consumers' offsets are: if a crash loses the
//! record, the message is delivered once more, and its deliveries are counted anew. With delivery
//! at most once the record is forced before the delivery, because a crash could otherwise lead to a
//! second one. The `Holds` records follow what the log contains, through crashes.
//!
//! Messages that every group has acknowledged leave the log once that is durable. Dead letters
//! stay.

mod delivery;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::rc::{Rc, Weak};

use super::call::{Message, Reply};
use super::database::EventKind;
use super::env::Ctx;
use super::lapse::Lapse;
use super::local_fault::LocalFault;
use super::point::{Action, Hook, When};
use super::process::ProcessCtx;
use super::record::{Discard, Event, MessageClass, OpId};
use super::system::{BreakerSpec, ServiceId, StepId};
use super::world::World;
use crate::kernel::{Mailbox, NodeId, Semaphore, Signal, Span};

/// The delivery guarantees and limits of a broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokerPolicy {
    /// True if messages are forced to disk before they are acknowledged to the publisher.
    pub durable: bool,
    /// The number of partitions of each topic.
    pub partitions: u16,
    /// The number of messages of a partition that a group is delivered at once.
    pub in_flight: u16,
    /// True if messages of one entity share a partition, and so keep their order.
    pub by_key: bool,
    /// True if a message that was handed out is kept until it is acknowledged.
    pub at_least_once: bool,
    /// The time without an acknowledgement after which a message is delivered again.
    pub visibility_timeout: Span,
    /// The number of deliveries after which a message becomes a dead letter.
    pub max_deliveries: u16,
    /// The time without a sign of life after which the partitions of a consumer go to the others of
    /// its group.
    pub session_timeout: Span,
}

/// A message that carries the outcome of a step.
pub trait Tells {
    /// The step and its outcome.
    fn tells(&self) -> (StepId, EventKind);
}

impl Tells for super::database::Event {
    fn tells(&self) -> (StepId, EventKind) {
        (self.step, self.kind)
    }
}

/// A message in the broker's store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stored<E> {
    number: u64,
    op: OpId,
    partition: u16,
    event: E,
}

/// A record of the broker's log.
#[derive(Clone, Copy, Debug)]
enum Line<E> {
    Stored(Stored<E>),
    Done(Done),
}

/// A note that a group has finished a message: it was acknowledged, or discarded.
#[derive(Clone, Copy, Debug)]
struct Done {
    number: u64,
    group: ServiceId,
    op: OpId,
    discarded: bool,
}

/// A message in the queue of a group, or on its way there.
struct Queued<E> {
    stored: Stored<E>,
    /// True if the message is delivered although it was acknowledged.
    again: bool,
    _backlog: Backlog,
}

/// A guard: while it lives, work is left for an operation.
struct Backlog {
    world: Weak<World>,
    op: OpId,
}

impl Backlog {
    fn new(world: &Rc<World>, op: OpId) -> Self {
        world.count_in_flight(op, 1);
        Self { world: Rc::downgrade(world), op }
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        if let Some(world) = self.world.upgrade() {
            world.count_in_flight(self.op, -1);
        }
    }
}

/// The volatile state of the broker.
struct Memory<E> {
    /// The number of the last message.
    last: u64,
    /// Messages that are appended to the log and not known to be durable, oldest first.
    unsafe_yet: VecDeque<Stored<E>>,
    queues: BTreeMap<(ServiceId, u16), Mailbox<Queued<E>>>,
    /// The number of messages that each group has not finished.
    waiting: BTreeMap<ServiceId, u64>,
    /// A semaphore for each partition, which limits its throughput.
    writers: BTreeMap<u16, Semaphore>,
    /// A signal for each consumer, given when it has restarted.
    back: BTreeMap<NodeId, Signal>,
    /// The number of log records at which the log is truncated.
    truncate_at: usize,
}

/// The length below which a log is not worth truncating.
const SHORT: usize = 32;

impl<E> Default for Memory<E> {
    fn default() -> Self {
        let (queues, writers) = (BTreeMap::new(), BTreeMap::new());
        let (unsafe_yet, waiting) = (VecDeque::new(), BTreeMap::new());
        let back = BTreeMap::new();
        Self { last: 0, unsafe_yet, queues, waiting, writers, back, truncate_at: SHORT }
    }
}

/// A broker for events of type `E`, with the settings of the pattern that uses it.
#[derive(Clone)]
pub struct Broker<E> {
    /// The nodes of its instances.
    nodes: Rc<[NodeId]>,
    policy: BrokerPolicy,
    groups: Rc<[ServiceId]>,
    wants: fn(&ProcessCtx, ServiceId, &E) -> u32,
}

impl<E: Tells + Copy + Send + 'static> Broker<E> {
    /// A broker on these nodes for these consumer groups. `wants` returns the steps of the
    /// operation for which a group gets an event, one bit for each; with none it does not get the
    /// event.
    pub fn new(
        nodes: Vec<NodeId>,
        policy: BrokerPolicy,
        groups: Vec<ServiceId>,
        wants: fn(&ProcessCtx, ServiceId, &E) -> u32,
    ) -> Self {
        Self { nodes: nodes.into(), policy, groups: groups.into(), wants }
    }

    /// The node of its first instance.
    #[cfg(test)]
    pub fn node(&self) -> NodeId {
        self.nodes[0]
    }

    /// The node that has a partition.
    fn home(&self, partition: u16) -> NodeId {
        self.nodes[usize::from(partition) % self.nodes.len()]
    }

    /// Starts an instance of the broker on its node: the messages that its log still holds are
    /// queued again, and for each group and partition so many processes deliver messages as may be
    /// in flight. `deliver` runs at the consumer and returns whether it acknowledges.
    pub fn start<D, F>(&self, here: &ProcessCtx, deliver: D)
    where
        D: Fn(ProcessCtx, E) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + 'static,
    {
        let memory = here.local::<Memory<E>>();
        for group in &*self.groups {
            self.note_waiting(here, *group, 0);
            for partition in 0..self.policy.partitions {
                if self.home(partition) != here.node() {
                    continue;
                }
                let queue = Mailbox::new(here.sim());
                memory.with(|memory| memory.queues.insert((*group, partition), queue.clone()));
                for _ in 0..self.policy.in_flight {
                    let (broker, group, deliver) = (self.clone(), *group, deliver.clone());
                    let queue = queue.clone();
                    here.spawn(move |here| async move {
                        while let Some(message) = queue.pop().await {
                            let again = broker.hand_out(&here, group, &message, &deliver).await;
                            if again {
                                queue.push(broker.queued(&here, message.stored, true));
                            }
                        }
                    });
                }
            }
        }
        self.recover(here);
    }

    /// Stores events, each with its operation, in order. Runs at the broker; returns once they are
    /// as durable as the policy requires.
    pub async fn store(&self, here: &ProcessCtx, events: &[(OpId, E)]) {
        let memory = here.local::<Memory<E>>();
        let mut number = 0;
        for (op, event) in events {
            let here = here.for_op(*op);
            let partition = self.partition(&here);
            self.write(&here, partition).await;
            number = self.next_number(&here);
            let stored = Stored { number, op: *op, partition, event: *event };
            if self.policy.durable {
                let book = || self.count_stored(&here, &stored, 1);
                here.log::<Line<E>>().append_and(Line::Stored(stored), "event", book);
            }
            memory.with(|memory| memory.unsafe_yet.push_back(stored));
        }
        if here.env().lapses(Lapse::AnswersPublisherTooEarly) {
            let broker = self.clone();
            here.spawn(async move |here: ProcessCtx| broker.secure(&here, number).await);
        } else {
            self.secure(here, number).await;
        }
    }

    /// Makes the messages up to this one as durable as the policy requires, and releases them.
    async fn secure(&self, here: &ProcessCtx, number: u64) {
        if here.env().lapses(Lapse::HandsOutTooEarly) {
            self.release_until(here, number);
        }
        if self.policy.durable {
            here.log::<Line<E>>().flush().await;
            self.truncate(here);
        }
        self.release_until(here, number);
    }

    fn release_until(&self, here: &ProcessCtx, number: u64) {
        let memory = here.local::<Memory<E>>();
        // A flush covers all messages appended before it. The first caller after it releases them
        // all, so that they are released in order.
        let next = |memory: &mut Memory<E>| {
            let safe = memory.unsafe_yet.front().is_some_and(|first| first.number <= number);
            safe.then(|| memory.unsafe_yet.pop_front()).flatten()
        };
        while let Some(stored) = memory.with(next) {
            self.release(&here.for_op(stored.op), stored);
        }
    }

    /// The number of the next message of this instance, unique among all instances.
    fn next_number(&self, here: &ProcessCtx) -> u64 {
        let index = self.nodes.iter().position(|node| *node == here.node()).unwrap_or_default();
        here.local::<Memory<E>>().with(|memory| {
            memory.last = match memory.last {
                0 => index as u64 + 1,
                last => last + self.nodes.len() as u64,
            };
            memory.last
        })
    }

    /// Releases a message to its groups, once it is as durable as the policy requires.
    fn release(&self, here: &ProcessCtx, stored: Stored<E>) {
        let (env, ctx, topic) = (here.env(), here.ctx(), here.label("event"));
        let order = env.reach(ctx, Hook::Publish, topic, here.node(), When::Before);
        let (partition, number) = (stored.partition, stored.number);
        let (step, outcome) = stored.event.tells();
        here.record(Event::Published { topic, partition, number, step, outcome });
        if order == Action::Skip || self.suffers(here, LocalFault::Loss, 0) {
            self.lose(here, stored);
            return;
        }
        if order == Action::Spoil || self.suffers(here, LocalFault::Poison, 0) {
            env.poison(stored.op, stored.number);
        }
        self.enqueue(here, stored, &BTreeSet::new());
        env.reach(ctx, Hook::Publish, topic, here.node(), When::After);
    }

    /// Loses a stored message, from the log as well: no group gets it.
    fn lose(&self, here: &ProcessCtx, stored: Stored<E>) {
        give_up(here, Discard::Lost, stored.number);
        if self.policy.durable {
            let number = stored.number;
            here.log::<Line<E>>()
                .forget_if(|line| matches!(line, Line::Stored(it) if it.number == number));
            self.count_stored(here, &stored, -1);
        }
    }

    /// Publishes events from another node: one message to each instance that has a partition of
    /// theirs, with an acknowledgement. Returns, for each event, whether it is known to be stored.
    /// The calls go through a breaker if there is one, and are given up at the deadline.
    pub async fn publish(
        &self,
        here: &ProcessCtx,
        events: &[(OpId, E)],
        (deadline, breaker): (Span, Option<BreakerSpec>),
    ) -> Vec<bool> {
        let home = |(op, _): &(OpId, E)| self.home(self.partition(&here.for_op(*op)));
        let homes: Vec<NodeId> = events.iter().map(home).collect();
        let called: BTreeSet<NodeId> = homes.iter().copied().collect();
        let calls = called.iter().map(|node| {
            let own = events.iter().zip(&homes).filter(|(_, home)| *home == node);
            let own: Vec<(OpId, E)> = own.map(|(event, _)| *event).collect();
            let (nodes, groups) = (self.nodes.to_vec(), self.groups.to_vec());
            let (policy, wants) = (self.policy, self.wants);
            let handler = move |here| {
                let broker = Self::new(nodes.clone(), policy, groups.clone(), wants);
                let events = own.clone();
                async move { broker.store(&here, &events).await }
            };
            (*here.ctx(), *node, breaker, handler)
        });
        let message = Message::control("publish", deadline).class(MessageClass::Broker);
        let replies = here.call_all_guarded(message, |()| false, calls).await;
        let stored = called.iter().zip(replies).filter(|(_, reply)| *reply == Reply::Answered(()));
        let stored: BTreeSet<NodeId> = stored.map(|(node, _)| *node).collect();
        homes.iter().map(|home| stored.contains(home)).collect()
    }

    /// Does the work of the broker on one message: one at a time for each partition, and as many as
    /// it has workers.
    async fn write(&self, here: &ProcessCtx, partition: u16) {
        let memory = here.local::<Memory<E>>();
        let writer = memory.with(|memory| {
            let fresh = || Semaphore::new(here.sim(), 1);
            memory.writers.entry(partition).or_insert_with(fresh).clone()
        });
        let _turn = writer.acquire().await;
        if let Some(mut visit) = here.occupy().await {
            visit.work(0).await;
        }
    }

    /// The partition of a message. Messages of one entity, the row of the operation's first step,
    /// share a partition; without ordering, each operation draws its own.
    fn partition(&self, here: &ProcessCtx) -> u16 {
        let info = here.env().operation(here.ctx().op);
        let first = &here.system().operation(info.kind).steps[0];
        let by_key = self.policy.by_key && !here.env().lapses(Lapse::SpreadsEntities);
        let key = if by_key { info.keys[usize::from(first.key)].0 } else { info.stream };
        // Fibonacci hashing: the upper bits of the product are spread evenly even if keys are
        // consecutive.
        let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (spread % u64::from(self.policy.partitions)) as u16
    }

    /// The groups that subscribe to a message.
    fn wanting(&self, here: &ProcessCtx, stored: &Stored<E>) -> impl Iterator<Item = ServiceId> {
        let wants = |group: &&ServiceId| (self.wants)(here, **group, &stored.event) != 0;
        let most = if here.env().lapses(Lapse::OneGroupGetsIt) { 1 } else { self.groups.len() };
        self.groups.iter().filter(wants).copied().take(most)
    }

    /// Puts a message into the queue of every group that subscribes to it and has not finished it.
    fn enqueue(&self, here: &ProcessCtx, stored: Stored<E>, done: &BTreeSet<(u64, ServiceId)>) {
        let any = here.env().lapses(Lapse::OneGroupFinishesForAll);
        let is_it = |it: &(u64, ServiceId), group| it.0 == stored.number && (any || it.1 == group);
        let open = |group: &ServiceId| !done.iter().any(|it| is_it(it, *group));
        for group in self.wanting(here, &stored).filter(open) {
            let at = (group, stored.partition);
            let queue = here.local::<Memory<E>>().with(|memory| memory.queues.get(&at).cloned());
            if let Some(queue) = queue {
                queue.push(self.queued(here, stored, false));
                self.note_waiting(here, group, 1);
            }
        }
    }

    fn queued(&self, here: &ProcessCtx, stored: Stored<E>, again: bool) -> Queued<E> {
        Queued { stored, again, _backlog: Backlog::new(here.world(), stored.op) }
    }

    fn suffers(&self, here: &ProcessCtx, local_fault: LocalFault, part: u64) -> bool {
        here.env().suffers(local_fault, stream(here), here.ctx(), part)
    }

    /// Changes the number of messages that a group has not finished.
    fn note_waiting(&self, here: &ProcessCtx, group: ServiceId, change: i64) {
        let waiting = here.local::<Memory<E>>().with(|memory| {
            let waiting = memory.waiting.entry(group).or_default();
            *waiting = waiting.saturating_add_signed(change);
            *waiting
        });
        here.record(Event::GroupLag { group, waiting });
    }

    /// Notes that a group has finished a message. The record is not forced: if a crash loses it,
    /// the message is delivered again, which at-least-once delivery allows.
    fn finish(&self, here: &ProcessCtx, group: ServiceId, stored: &Stored<E>, discarded: bool) {
        self.note_waiting(here, group, -1);
        if self.policy.durable {
            let done = Done { number: stored.number, group, op: stored.op, discarded };
            let book = || self.count_done(here, done, 1);
            here.log::<Line<E>>().append_and(Line::Done(done), "acknowledged", book);
        }
    }

    /// Removes the messages that every group has acknowledged, with all log records about them, as
    /// far as a crash could not bring them back. The log doubles between two truncations, so the
    /// cost for each record is constant on average.
    fn truncate(&self, here: &ProcessCtx) {
        let (log, memory) = (here.log::<Line<E>>(), here.local::<Memory<E>>());
        if log.len() < memory.with(|memory| memory.truncate_at) {
            return;
        }
        let mut newest = 0;
        let mut open = BTreeSet::new();
        for line in log.durable_records() {
            match line {
                Line::Stored(stored) => {
                    newest = stored.number;
                    open.extend(self.wanting(here, &stored).map(|group| (newest, group)));
                }
                // A dead letter stays for manual handling.
                Line::Done(done) if done.discarded => {}
                Line::Done(done) => drop(open.remove(&(done.number, done.group))),
            }
        }
        // After a restart numbers continue from the newest message, so that message is kept.
        let mut kept: BTreeSet<u64> = open.into_iter().map(|(number, _)| number).collect();
        kept.insert(newest);
        log.forget_if(|line| {
            let (Line::Stored(Stored { number, .. }) | Line::Done(Done { number, .. })) = line;
            *number < newest && !kept.contains(number)
        });
        memory.with(|memory| memory.truncate_at = SHORT.max(2 * log.len()));
    }

    /// The number of records in the log.
    #[cfg(test)]
    pub(super) fn kept(&self, here: &ProcessCtx) -> usize {
        here.log::<Line<E>>().len()
    }

    /// Adds (`times` = 1) or removes (-1) a message of the log in the count of work that it holds
    /// for its groups.
    fn count_stored(&self, here: &ProcessCtx, stored: &Stored<E>, times: i64) {
        let wanting = self.wanting(here, stored).count() as i64;
        count(&here.for_op(stored.op), "event", times * wanting);
    }

    /// Adds (`times` = 1) or removes (-1) the note that a group has finished a message: one message
    /// less is held, and one dead letter more if it was discarded.
    fn count_done(&self, here: &ProcessCtx, done: Done, times: i64) {
        let here = here.for_op(done.op);
        count(&here, "event", -times);
        if done.discarded {
            count(&here, "dead letter", times);
        }
    }

    /// Recovers after a restart: a durable broker queues the messages that its groups have not
    /// finished, according to its log.
    fn recover(&self, here: &ProcessCtx) {
        if !self.policy.durable || here.incarnation() == 0 {
            return;
        }
        let log = here.log::<Line<E>>();
        for line in log.take_lost() {
            match line {
                Line::Stored(stored) => self.count_stored(here, &stored, -1),
                Line::Done(done) => self.count_done(here, done, -1),
            }
        }
        let lines = log.records();
        let finished = lines.iter().filter_map(|line| match line {
            Line::Done(done) => Some((done.number, done.group)),
            Line::Stored(_) => None,
        });
        let done: BTreeSet<(u64, ServiceId)> = finished.collect();
        for line in &lines {
            if let Line::Stored(stored) = line {
                if !here.env().lapses(Lapse::BrokerRenumbers) {
                    here.local::<Memory<E>>().with(|memory| memory.last = stored.number);
                }
                let ctx = Ctx { op: stored.op, ..*here.ctx() };
                self.enqueue(&here.with(ctx), *stored, &done);
            }
        }
    }
}

/// The stream name of the instance, by which its local faults are looked up.
fn stream(here: &ProcessCtx) -> u64 {
    here.world().name(here.node()).stream
}

/// Records a change of the number of messages that are held, or that are dead letters.
fn count(here: &ProcessCtx, label: &'static str, change: i64) {
    here.record(Event::Holds { label: here.label(label), change });
}

/// Records that a message is given up.
fn give_up(here: &ProcessCtx, discard: Discard, number: u64) {
    here.record(Event::Discarded { topic: here.label("event"), discard, number });
}
