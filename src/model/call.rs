//! Calls: a request and a reply with a deadline, each of which the network may delay, lose or copy.
//!
//! A message in flight is a process of the world, so a crash of its sender does not remove it. On
//! arrival the process migrates to the receiver, and with the reply back into the network.
//!
//! A call of a node to itself is no message: it is another process of that node, which begins at
//! once and answers as soon as it is done, whatever the network does.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::env::{Ctx, label_stream};
use super::lapse::Lapse;
use super::network::{Fate, REPLY_LEG};
use super::point::{Action, Hook, When};
use super::process::ProcessCtx;
use super::record::{Event, LabelId, MessageClass, Station};
use super::system::{QuorumRound, Work};
use super::world::World;
use crate::kernel::{NodeId, Sleep, Span, TaskId, beside_others};

/// The name of a call and its demand on the receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// The name in the history, in diagrams and in draws.
    pub label: &'static str,
    /// The class by which its cost is counted.
    pub class: MessageClass,
    /// The work that the receiver does for it before anything else.
    pub work: Work,
    /// The time after which the caller gives up.
    pub deadline: Span,
    /// The quorum round that it belongs to, if any.
    pub round: Option<QuorumRound>,
}

impl Message {
    /// A business request: costs the receiver its own work.
    pub const fn request(label: &'static str, deadline: Span) -> Self {
        Self { label, class: MessageClass::Service, work: Work::Own, deadline, round: None }
    }

    /// A protocol message such as a vote or a decision: needs a worker, but no work of its own.
    pub const fn control(label: &'static str, deadline: Span) -> Self {
        Self { label, class: MessageClass::Service, work: Work::None, deadline, round: None }
    }

    /// This message with a demand on the receiver.
    #[must_use]
    pub const fn costs(self, work: Work) -> Self {
        Self { work, ..self }
    }

    /// This message as part of a round between a coordinator and the copies of a table.
    #[must_use]
    pub const fn of_quorum(self, round: QuorumRound) -> Self {
        Self { round: Some(round), ..self }
    }

    /// This message, counted in another class.
    #[must_use]
    pub const fn class(self, class: MessageClass) -> Self {
        Self { class, ..self }
    }
}

/// The outcome of a call, as the caller knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply<R> {
    /// The receiver answered.
    Answered(R),
    /// The receiver's process was down: the work did not run. This is never returned for a request
    /// that the network has copied, because the other copy may have run, or may run later.
    Refused,
    /// The receiver's queue was full, or the caller's circuit breaker open: the work did not run.
    Rejected,
    /// There was no answer within the deadline: the work may have run, may be running, or may run
    /// later.
    Unknown,
}

impl<R> Reply<R> {
    /// Returns whether the work is known not to have run.
    const fn has_not_run(&self) -> bool {
        matches!(self, Self::Refused | Self::Rejected)
    }

    /// The answer, if there is one.
    pub fn answer(self) -> Option<R> {
        match self {
            Self::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

/// The place where a reply waits for its caller.
struct Slot<R> {
    caller: Cell<Option<TaskId>>,
    reply: RefCell<Option<Reply<R>>>,
    /// True once the first reply has arrived; further ones are ignored.
    filled: Cell<bool>,
}

impl<R> Slot<R> {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            caller: Cell::new(None),
            reply: RefCell::new(None),
            filled: Cell::new(false),
        })
    }

    /// Stores a reply, unless there is one already or the caller has gone. Returns whether it was
    /// stored.
    fn fill(&self, world: &World, reply: Reply<R>) -> bool {
        let counts = !self.filled.replace(true);
        if counts {
            *self.reply.borrow_mut() = Some(reply);
            if let Some(caller) = self.caller.get() {
                world.env().sim().wake(caller);
            }
        }
        counts
    }

    /// Closes the slot when the caller has gone: no reply is stored from now on.
    fn abandon(&self) {
        self.caller.set(None);
        self.filled.set(true);
    }
}

/// A call in progress. It resolves with the reply, or with [`Reply::Unknown`] at the deadline; a
/// reply that arrives at the instant of the deadline counts.
#[must_use = "a call does nothing for its caller unless awaited"]
pub struct Call<R> {
    world: Rc<World>,
    slot: Rc<Slot<R>>,
    deadline: Deadline,
}

/// A deadline that lets all other events of the same instant happen first.
struct Deadline {
    sleep: Sleep,
    passed: bool,
}

impl Deadline {
    fn new(sleep: Sleep) -> Self {
        Self { sleep, passed: false }
    }

    /// Returns `Ready` once the deadline has passed.
    fn poll(&mut self, world: &World) -> Poll<()> {
        if self.passed {
            return Poll::Ready(());
        }
        if Pin::new(&mut self.sleep).poll(&mut beside_others()).is_ready() {
            self.passed = true;
            if let Some(caller) = world.env().sim().current_task() {
                world.env().sim().wake(caller); // Behind what is due now.
            }
        }
        Poll::Pending
    }
}

impl<R> Future for Call<R> {
    type Output = Reply<R>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Reply<R>> {
        let this = self.get_mut();
        if let Some(reply) = this.slot.reply.take() {
            return Poll::Ready(reply);
        }
        this.slot.caller.set(this.world.env().sim().current_task());
        this.deadline.poll(&this.world).map(|()| Reply::Unknown)
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        self.slot.abandon();
    }
}

/// Several calls under one deadline (scatter-gather). It resolves when all have replied, or at the
/// deadline with [`Reply::Unknown`] for those that have not.
#[must_use = "a call does nothing for its caller unless awaited"]
pub struct CallAll<R> {
    world: Rc<World>,
    slots: Vec<Rc<Slot<R>>>,
    deadline: Deadline,
}

impl<R> Future for CallAll<R> {
    type Output = Vec<Reply<R>>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // Only the reply that this finds missing wakes the caller; the others need not.
        if let Some(missing) = this.slots.iter().find(|slot| !slot.filled.get()) {
            missing.caller.set(this.world.env().sim().current_task());
            if this.deadline.poll(&this.world).is_pending() {
                return Poll::Pending;
            }
        }
        let replies = this.slots.iter().map(|slot| slot.reply.take().unwrap_or(Reply::Unknown));
        Poll::Ready(replies.collect())
    }
}

impl<R> Drop for CallAll<R> {
    fn drop(&mut self) {
        self.slots.iter().for_each(|slot| slot.abandon());
    }
}

/// A message in the network, with its sender, its receiver and what will happen to it.
#[derive(Clone, Copy)]
struct Envelope {
    sender: Ctx,
    to: NodeId,
    number: u32,
    /// The label in the history.
    label: LabelId,
    /// The label in draws.
    leg: u32,
    class: MessageClass,
    work: Work,
    /// True if the message will arrive damaged.
    damaged: bool,
    /// True if the network has made a copy of it, or it is one.
    copied: bool,
    deadline: Span,
    round: Option<QuorumRound>,
}

impl ProcessCtx {
    /// Calls `handler` at node `to`. A request that was sent is served even if this process dies.
    pub fn call<R, F, Fut>(&self, to: NodeId, message: Message, handler: F) -> Call<R>
    where
        R: 'static,
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        let slot = Slot::new();
        send(self, to, message, Some(Rc::clone(&slot)), handler);
        let deadline = Deadline::new(self.sim().sleep(message.deadline));
        Call { world: Rc::clone(self.world()), slot, deadline }
    }

    /// Calls a handler at each of several nodes at once, under one deadline. The replies come in
    /// the order of the calls.
    pub fn call_all<R, F, Fut>(
        &self,
        message: Message,
        calls: impl IntoIterator<Item = (Ctx, NodeId, F)>,
    ) -> CallAll<R>
    where
        R: 'static,
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        let mut slots = Vec::new();
        for (ctx, to, handler) in calls {
            let slot = Slot::new();
            send(&self.with(ctx), to, message, Some(Rc::clone(&slot)), handler);
            slots.push(slot);
        }
        let deadline = Deadline::new(self.sim().sleep(message.deadline));
        CallAll { world: Rc::clone(self.world()), slots, deadline }
    }

    /// Sends a message without a reply.
    pub fn tell<F, Fut>(&self, to: NodeId, message: Message, handler: F)
    where
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        send(self, to, message, None, handler);
    }
}

/// Sends a request into the network, and perhaps a copy of it.
fn send<R, F, Fut>(
    from: &ProcessCtx,
    to: NodeId,
    message: Message,
    slot: Option<Rc<Slot<R>>>,
    handler: F,
) where
    R: 'static,
    F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = R> + 'static,
{
    let (world, sender) = (from.world(), *from.ctx());
    let env = world.env();
    if !env.sim().is_up(sender.node) {
        return; // A node that has crashed sends nothing more.
    }
    if to == sender.node {
        from.spawn(move |here| answer(here, message, slot, handler));
        return;
    }
    let label = env.label(message.label);
    let order = env.reach_sending(&sender, Hook::Send, label, to, message.deadline);
    if !env.sim().is_up(sender.node) {
        return;
    }
    let mut envelope = Envelope {
        sender,
        to,
        number: env.next_message(),
        label,
        leg: label_stream(message.label),
        class: message.class,
        work: message.work,
        damaged: false,
        copied: false,
        deadline: message.deadline,
        round: message.round,
    };
    let fate = world.dispatch(&envelope, &sender, sender.node, to, 0, order);
    envelope.copied = fate.copy.is_some();
    envelope.damaged = fate.damaged;
    if let Some(after) = fate.copy {
        let copy = world.duplicate(&envelope);
        world.transmit(copy, after, slot.clone(), handler.clone());
    }
    if !fate.lost {
        if env.lapses(Lapse::ArrivesTwice) && envelope.number.is_multiple_of(16) {
            world.count_in_flight(sender.op, 1);
            world.transmit(envelope, fate.delay, slot.clone(), handler.clone());
        }
        world.transmit(envelope, fate.delay, slot, handler);
    }
    env.reach(&sender, Hook::Send, label, to, When::After);
}

/// Serves a request of a node to itself: like any other request, but without the network.
fn answer<R, F, Fut>(
    here: ProcessCtx,
    message: Message,
    slot: Option<Rc<Slot<R>>>,
    handler: F,
) -> impl Future<Output = ()>
where
    F: Fn(ProcessCtx) -> Fut,
    Fut: Future<Output = R>,
{
    async move {
        let leg = label_stream(message.label);
        let reply = serve(here.world(), *here.ctx(), message.work, leg, &handler).await;
        if let Some(slot) = slot {
            slot.fill(here.world(), reply);
        }
    }
}

/// Carries one request: to its receiver, through its service, and back with the reply.
fn carry<R, F, Fut>(
    world: Rc<World>,
    envelope: Envelope,
    slot: Option<Rc<Slot<R>>>,
    handler: F,
) -> impl Future<Output = ()>
where
    R: 'static,
    F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = R> + 'static,
{
    async move {
        let Envelope { sender, to, label, .. } = envelope;
        if !world.arrives(&envelope, sender.node, to) {
            return;
        }
        let arrival = Ctx { node: to, cause: envelope.number, ..sender };
        if world.is_ready(to) {
            world.env().reach(&arrival, Hook::Receive, label, sender.node, When::Before);
        }
        let (reply, writer) = if world.is_ready(to) && world.env().sim().migrate(to) {
            if world.env().sim().is_paused(to) {
                world.env().sim().yield_now().await; // Runs once the node does.
            }
            let server = Ctx { process: world.env().next_process(), ..arrival };
            world.env().reach(&server, Hook::Receive, label, sender.node, When::After);
            if !world.env().sim().is_up(to) {
                return; // It crashed within this very poll: nothing leaves any more.
            }
            let reply = serve(&world, server, envelope.work, envelope.leg, &handler).await;
            if !world.env().sim().is_up(to) {
                return;
            }
            (reply, server)
        } else {
            // The operating system refuses, not the dead process: the world makes the record.
            (Reply::Refused, Ctx { node: NodeId::WORLD, ..sender })
        };
        // The caller would take the refusal of one copy for the answer to both.
        let is_believed = !(envelope.copied && reply.has_not_run());
        let Some(slot) = slot.filter(|_| is_believed) else { return };
        let order = match writer.node == to {
            true => {
                let deadline = envelope.deadline;
                world.env().reach_sending(&writer, Hook::Reply, label, sender.node, deadline)
            }
            false => Action::Go,
        };
        if !world.env().sim().is_up(writer.node) {
            return;
        }
        let mut back = Envelope { number: world.env().next_message(), ..envelope };
        let fate = world.dispatch(&back, &writer, to, sender.node, REPLY_LEG, order);
        back.damaged = fate.damaged;
        world.env().sim().migrate(NodeId::WORLD);
        if writer.node == to {
            world.env().reach(&writer, Hook::Reply, label, sender.node, When::After);
        }
        if let Some(after) = fate.copy {
            world.deliver_duplicate(&back, after);
        }
        if fate.lost {
            return;
        }
        world.env().sim().sleep(fate.delay).await;
        if world.arrives(&back, to, sender.node) {
            deliver_reply(&world, &back, &slot, reply);
        }
    }
}

/// Delivers a reply to its caller.
fn deliver_reply<R>(world: &World, back: &Envelope, slot: &Slot<R>, reply: Reply<R>) {
    let Envelope { sender, to, label, .. } = *back;
    world.env().reach(&sender, Hook::Hear, label, to, When::Before);
    if !slot.fill(world, reply) {
        world.record_ignored(back);
    }
    world.env().reach(&sender, Hook::Hear, label, to, When::After);
}

impl World {
    /// Records that a message is sent, and draws its fate. A lost message is recorded as lost at
    /// once.
    fn dispatch(
        &self,
        envelope: &Envelope,
        ctx: &Ctx,
        from: NodeId,
        to: NodeId,
        leg: u64,
        order: Action,
    ) -> Fate {
        let env = self.env();
        let Envelope { number, label, class, .. } = *envelope;
        env.record_message(ctx, number, Event::Sent { label, to, class });
        let leg = leg | u64::from(envelope.leg);
        let own = envelope.round;
        let own = own.and_then(|round| env.system().quorum_delay(round, leg & REPLY_LEG != 0));
        let mut fate = self.network().fate_with(env, ctx, (from, to), leg, own).under(order);
        if fate.lost {
            env.record_message(ctx, number, Event::Lost { label, to, class, damaged: false });
            fate.lost = !env.lapses(Lapse::LostArrives);
        }
        if !fate.lost {
            self.count_in_flight(ctx.op, 1);
        }
        fate
    }

    /// Starts the process of a message that arrives after `delay`.
    fn transmit<R, F, Fut>(
        self: &Rc<Self>,
        envelope: Envelope,
        delay: Span,
        slot: Option<Rc<Slot<R>>>,
        handler: F,
    ) where
        R: 'static,
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        let (sim, world) = (self.env().sim(), Rc::clone(self));
        sim.spawn_at(sim.now() + delay, NodeId::WORLD, carry(world, envelope, slot, handler));
    }

    /// Makes the network's second copy of a message.
    fn duplicate(&self, envelope: &Envelope) -> Envelope {
        let number = self.env().next_message();
        let copy = Envelope { number, damaged: false, ..*envelope };
        let ctx = Ctx { node: NodeId::WORLD, ..envelope.sender };
        let Envelope { number, label, class, .. } = *envelope;
        let event = Event::Duplicated { label, copy: copy.number, class };
        self.env().record_message(&ctx, number, event);
        self.count_in_flight(ctx.op, 1);
        copy
    }

    /// Sends a second copy of a reply, which arrives and is ignored.
    fn deliver_duplicate(self: &Rc<Self>, back: &Envelope, after: Span) {
        let (world, copy) = (Rc::clone(self), self.duplicate(back));
        let sim = self.env().sim();
        sim.spawn_at(sim.now() + after, NodeId::WORLD, async move {
            if world.arrives(&copy, copy.to, copy.sender.node) {
                world.record_ignored(&copy);
            }
        });
    }

    /// Records that a reply was ignored.
    fn record_ignored(&self, back: &Envelope) {
        let &Envelope { sender, number, label, to: from, .. } = back;
        self.env().record_message(&sender, number, Event::Ignored { label, from });
    }

    /// Returns whether a message reaches its node now, undamaged, and records it as delivered or
    /// lost.
    fn arrives(&self, envelope: &Envelope, from: NodeId, to: NodeId) -> bool {
        let env = self.env();
        let Envelope { sender, number, label, class, .. } = *envelope;
        self.count_in_flight(sender.op, -1);
        let arrived = self.network().passes(from, to) && !self.is_silent(to);
        let node = if arrived && env.sim().is_up(to) { to } else { NodeId::WORLD };
        let ctx = Ctx { node, ..sender };
        let whole = arrived && !envelope.damaged;
        let event = match whole {
            true => Event::Delivered { label, from, class },
            false => Event::Lost { label, to, class, damaged: arrived },
        };
        env.record_message(&ctx, number, event);
        whole
    }
}

/// Takes a worker, does the node's own work and runs the handler. A driver gives its worker back
/// before the handler runs.
fn serve<R, F, Fut>(
    world: &Rc<World>,
    ctx: Ctx,
    work: Work,
    leg: u32,
    handler: &F,
) -> impl Future<Output = Reply<R>>
where
    F: Fn(ProcessCtx) -> Fut,
    Fut: Future<Output = R>,
{
    async move {
        let Some(pool) = world.pool(ctx.node) else {
            return Reply::Answered(handler(ProcessCtx::new(Rc::clone(world), ctx)).await);
        };
        let is_driver = matches!(pool.station(), Station::Driver(_));
        let mut visit = None;
        if work != Work::None || !is_driver {
            let Some(mut entered) = pool.enter(ctx).await else { return Reply::Rejected };
            match pool.parts(&ctx, work) {
                None if work == Work::None => {}
                None => entered.work(leg).await,
                Some(parts) => {
                    for part in parts {
                        entered.work_as(part, leg).await;
                    }
                }
            }
            visit = (!is_driver).then_some(entered);
        }
        let answer = handler(ProcessCtx::new(Rc::clone(world), ctx)).await;
        drop(visit);
        Reply::Answered(answer)
    }
}
