//! The network: which nodes can reach each other, how long a message takes, and what happens to it.
//!
//! The fate of a message is a keyed draw on (link, operation, step, leg, attempt), so the same leg
//! of the same operation takes equally long under every pattern.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::database::wire::Wire;
use super::env::{Ctx, Env};
use super::point::Action;
use super::record::OpId;
use super::system::{LinkSpec, Links, ServiceId};
use crate::kernel::{Dist, NodeId, Purpose, Signal, Sim, Span, Time};

/// The kind of a node, by which links are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The world and its clients.
    Client,
    /// An instance of a service.
    Service(ServiceId),
    /// A database.
    Database,
    /// A coordinator, orchestrator, job, relay or broker.
    Driver,
}

/// The fate of one message in the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fate {
    /// The delay until it arrives.
    pub delay: Span,
    /// True if the message never arrives.
    pub lost: bool,
    /// True if the message arrives damaged and the receiver discards it.
    pub damaged: bool,
    /// The delay of a second copy, if there is one.
    pub copy: Option<Span>,
}

impl Fate {
    /// A single undamaged delivery after a delay.
    const fn after(delay: Span) -> Self {
        Self { delay, lost: false, damaged: false, copy: None }
    }

    /// This fate, changed by the action of a watcher.
    pub(super) fn under(self, order: Action) -> Self {
        match order {
            Action::Skip => Self { lost: true, copy: None, ..self },
            Action::Twice => Self { copy: self.copy.or(Some(self.delay)), ..self },
            Action::Late(by) => Self { delay: self.delay + by, ..self },
            Action::Go | Action::Refuse(_) | Action::Mute | Action::Spoil => self,
        }
    }
}

/// A disturbance that affects some links while it lasts.
#[derive(Clone, PartialEq, Debug)]
pub struct Disturbance {
    /// The senders whose messages it affects.
    pub from: Vec<NodeId>,
    /// The receivers whose messages it affects.
    pub to: Vec<NodeId>,
    /// The effect on the messages of the link.
    pub effect: LinkEffect,
}

/// The effect of a link fault on a message.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkEffect {
    /// No message passes.
    Cut,
    /// A share of the messages is delayed.
    Slow {
        /// The share, 0 to 1.
        share: f64,
        /// The additional delay.
        by: Dist,
    },
    /// A share of these messages is lost.
    Lose(f64, Leg),
    /// A share of the messages arrives twice.
    Duplicate(f64),
    /// A share of the messages is damaged on the way: the receiver notices and discards it.
    Damage(f64),
    /// Each link carries one message after the other.
    Throttle {
        /// The time that a link needs for one message.
        each: Span,
        /// The number of messages that may wait for a link; further ones are lost.
        queue: u32,
    },
}

/// The bit that distinguishes the draws of a reply from those of its request.
pub(super) const REPLY_LEG: u64 = 1 << 32;

/// The messages of a call that a loss concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leg {
    /// Requests and replies.
    #[default]
    All,
    /// Requests, and messages without a reply.
    Requests,
    /// Replies: the work is done, and the caller does not learn of it.
    Replies,
}

impl Leg {
    /// The choices, those that affect the most messages first.
    pub const ALL: [Self; 3] = [Self::All, Self::Requests, Self::Replies];

    /// Returns whether a reply, or else a request, is affected.
    const fn concerns(self, is_reply: bool) -> bool {
        match self {
            Self::All => true,
            Self::Requests => !is_reply,
            Self::Replies => is_reply,
        }
    }
}

/// The id of a disturbance in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DisturbanceId(u64);

/// The network's state.
pub struct Network {
    nodes: RefCell<Vec<Known>>,
    sim: Sim,
    disturbances: RefCell<Vec<Active>>,
    quiet: Cell<bool>,
    next: Cell<u64>,
    changed: Signal,
}

/// A disturbance in force.
struct Active {
    id: DisturbanceId,
    disturbance: Disturbance,
    /// The time at which each throttled link will be free.
    free: BTreeMap<(NodeId, NodeId), Time>,
}

/// The network's state of a node.
struct Known {
    place: Place,
    stream: u64,
    /// The number of messages that it has sent for no operation, which keys their draws.
    unnamed: Cell<u64>,
    /// True while the whole machine is down, which does not even refuse.
    silent: Cell<bool>,
}

impl Network {
    /// A network without nodes and disturbances.
    pub fn new(env: &Env) -> Self {
        Self {
            nodes: RefCell::new(vec![Known::new(Place::Client, 0)]),
            sim: env.sim().clone(),
            disturbances: RefCell::default(),
            quiet: Cell::new(true),
            next: Cell::new(0),
            changed: Signal::new(env.sim()),
        }
    }

    /// Adds a node. `stream` keys its draws. Nodes must be added in the order of their numbers.
    pub fn add(&self, node: NodeId, place: Place, stream: u64) {
        let mut nodes = self.nodes.borrow_mut();
        assert_eq!(nodes.len(), usize::from(node.0), "nodes are added in order");
        nodes.push(Known::new(place, stream));
    }

    /// The kind of a node.
    pub fn place(&self, node: NodeId) -> Place {
        self.nodes.borrow()[usize::from(node.0)].place
    }

    /// Returns whether messages pass from one node to another at this moment.
    pub fn passes(&self, from: NodeId, to: NodeId) -> bool {
        self.quiet.get()
            || !self.disturbances.borrow().iter().any(|Active { disturbance, .. }| {
                disturbance.effect == LinkEffect::Cut && disturbance.touches(from, to)
            })
    }

    /// Sets whether the whole machine of a node is down: it then neither sends nor answers
    /// anything.
    pub fn silence(&self, node: NodeId, silent: bool) {
        self.nodes.borrow()[usize::from(node.0)].silent.set(silent);
        self.changed.notify_all();
    }

    /// A signal that is given whenever a disturbance or a machine failure begins or ends.
    pub fn changed(&self) -> &Signal {
        &self.changed
    }

    /// Begins a disturbance.
    pub fn disturb(&self, disturbance: Disturbance) -> DisturbanceId {
        let id = DisturbanceId(self.next.get());
        self.next.set(id.0 + 1);
        self.disturbances.borrow_mut().push(Active { id, disturbance, free: BTreeMap::new() });
        self.quiet.set(false);
        self.changed.notify_all();
        id
    }

    /// Ends a disturbance; ending it again has no effect.
    pub fn calm(&self, id: DisturbanceId) {
        let mut disturbances = self.disturbances.borrow_mut();
        disturbances.retain(|active| active.id != id);
        self.quiet.set(disturbances.is_empty());
        drop(disturbances);
        self.changed.notify_all();
    }

    /// Draws the fate of one leg, which `leg` names, from one node to another.
    pub fn fate(&self, env: &Env, ctx: &Ctx, from: NodeId, to: NodeId, leg: u64) -> Fate {
        self.fate_with(env, ctx, (from, to), leg, None)
    }

    /// Draws the fate of one leg, as [`Network::fate`] does, of a message that may have a delay
    /// distribution of its `own`.
    pub fn fate_with(
        &self,
        env: &Env,
        ctx: &Ctx,
        (from, to): (NodeId, NodeId),
        leg: u64,
        own: Option<&Dist>,
    ) -> Fate {
        let nodes = self.nodes.borrow();
        let (sender, receiver) = (&nodes[usize::from(from.0)], &nodes[usize::from(to.0)]);
        let (name, key) = sender.key(receiver, env, ctx);
        let place = u64::from(ctx.step.0) | u64::from(ctx.attempt) << 8;
        let stream = env.streams();
        let spec = link(&env.system().links, sender.place, receiver.place);
        let is_reply = leg & REPLY_LEG != 0;
        let (usual, loss) = spec.of(is_reply);
        let usual = own.unwrap_or(usual);
        let mut delay = usual.sample(&mut stream.draw(Purpose::Delay, name, key, place, leg));
        if self.quiet.get() && loss == 0.0 && spec.duplicate == 0.0 {
            return Fate::after(delay);
        }
        let mut keep = 1.0 - loss;
        let mut single = 1.0 - spec.duplicate;
        let (mut lost, mut damaged) = (false, false);
        let mut disturbances = self.disturbances.borrow_mut();
        let touching = disturbances.iter_mut().filter(|it| it.disturbance.touches(from, to));
        // The key is the rank among the disturbances of this link, so that a disturbance elsewhere
        // changes no draw here.
        for (rank, active) in (1..).zip(touching) {
            let rng = || stream.draw(Purpose::Nemesis, name ^ rank, key, place, leg);
            match &active.disturbance.effect {
                LinkEffect::Cut => lost = true,
                LinkEffect::Slow { share, by } => {
                    let rng = &mut rng();
                    if rng.random_bool(*share) {
                        delay += by.sample(rng);
                    }
                }
                LinkEffect::Lose(share, of) if of.concerns(is_reply) => keep *= 1.0 - share,
                LinkEffect::Lose(..) => {}
                LinkEffect::Duplicate(share) => single *= 1.0 - share,
                LinkEffect::Damage(share) => damaged |= rng().random_bool(*share),
                &LinkEffect::Throttle { each, queue } => {
                    let longest = each.saturating_mul(u64::from(queue) + 1);
                    match active.line_up((from, to), env.now(), each, longest) {
                        Some(wait) => delay += wait,
                        None => lost = true,
                    }
                }
            }
        }
        // One draw against the product of all shares, with the key that an undisturbed link has: a
        // loss that happens without a disturbance also happens with one.
        let chance = |purpose, share| {
            share > 0.0 && stream.draw(purpose, name, key, place, leg).random_bool(share)
        };
        let copy = chance(Purpose::Duplicate, 1.0 - single).then(|| {
            // The inverted name gives the copy a delay of its own.
            let rng = &mut stream.draw(Purpose::Delay, !name, key, place, leg);
            delay + usual.sample(rng)
        });
        let lost = lost || chance(Purpose::Loss, 1.0 - keep);
        Fate { delay, lost, damaged, copy }
    }
}

impl Known {
    /// The key of a message to a receiver: the link, and the operation or, without one, the number
    /// of the message among those of its sender.
    fn key(&self, to: &Self, env: &Env, ctx: &Ctx) -> (u64, u64) {
        // The rotation distinguishes the two directions of a link.
        let name = self.stream.rotate_left(23) ^ to.stream;
        if ctx.op != OpId::NONE {
            return (name, env.op_stream(ctx.op));
        }
        let number = self.unnamed.get() + 1;
        self.unnamed.set(number);
        (name, number)
    }

    fn new(place: Place, stream: u64) -> Self {
        Self { place, stream, unnamed: Cell::new(0), silent: Cell::new(false) }
    }
}

impl Active {
    /// Queues a message at a throttled link. Returns the time until it has passed, or `None` if
    /// that would be longer than `longest`.
    fn line_up(
        &mut self,
        link: (NodeId, NodeId),
        now: Time,
        each: Span,
        longest: Span,
    ) -> Option<Span> {
        let free = self.free.entry(link).or_default();
        let through = (*free).max(now) + each;
        (through - now <= longest).then(|| {
            *free = through;
            through - now
        })
    }
}

impl Disturbance {
    fn touches(&self, from: NodeId, to: NodeId) -> bool {
        self.from.contains(&from) && self.to.contains(&to)
    }
}

impl Wire for Network {
    fn up(&self, from: NodeId, to: NodeId) -> bool {
        self.passes(from, to)
    }

    fn is_silent(&self, node: NodeId) -> bool {
        self.nodes.borrow()[usize::from(node.0)].silent.get()
    }

    fn changed(&self) -> Signal {
        self.changed.clone()
    }

    /// The mean additional delay of sessions under disturbances. Lost or damaged packets are sent
    /// again by the session, and senders slow down before a queue overflows.
    fn extra(&self, from: NodeId, to: NodeId) -> Span {
        if self.quiet.get() {
            return Span::ZERO;
        }
        let (mut mean, mut waits) = (0.0, Span::ZERO);
        let mut disturbances = self.disturbances.borrow_mut();
        for active in disturbances.iter_mut().filter(|it| it.disturbance.touches(from, to)) {
            match &active.disturbance.effect {
                LinkEffect::Slow { share, by } => mean += share * by.mean().unwrap_or_default(),
                &LinkEffect::Throttle { each, .. } => {
                    let (now, longest) = (self.sim.now(), Span::MAX);
                    let wait = active.line_up((from, to), now, each, longest);
                    waits += wait.unwrap_or_default();
                }
                _ => {}
            }
        }
        Span::from_secs_f64(mean) + waits
    }
}

impl LinkSpec {
    /// The delay distribution of a reply, or else of a request, and the share of them that is lost.
    fn of(&self, is_reply: bool) -> (&Dist, f64) {
        match is_reply {
            true => {
                let delay = self.reply_delay.as_ref().unwrap_or(&self.delay);
                (delay, self.reply_loss.unwrap_or(self.loss))
            }
            false => (&self.delay, self.loss),
        }
    }
}

/// The link between two kinds of nodes.
fn link(links: &Links, from: Place, to: Place) -> &LinkSpec {
    match (from, to) {
        (Place::Client, _) | (_, Place::Client) => &links.client,
        (Place::Database, _) | (_, Place::Database) => &links.database,
        (Place::Service(a), Place::Service(b)) => {
            let named = links.between.get(&(a, b)).or_else(|| links.between.get(&(b, a)));
            named.unwrap_or(&links.default)
        }
        _ => &links.default,
    }
}
