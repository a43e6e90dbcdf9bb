//! The network: which node can reach which, how long a message takes, and what may happen to it.
//!
//! Every fate is a keyed draw on (link, operation, step, leg, attempt), so the same leg of the same
//! operation takes as long under every pattern.

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

/// The kind of machine of a node, by which links are chosen.
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
    /// How long it travels.
    pub delay: Span,
    /// True if the message never arrives.
    pub lost: bool,
    /// True if the message arrives damaged and the receiver discards it.
    pub damaged: bool,
    /// A second copy arrives this long after it was sent.
    pub copy: Option<Span>,
}

impl Fate {
    /// A single undamaged delivery after a delay.
    const fn after(delay: Span) -> Self {
        Self { delay, lost: false, damaged: false, copy: None }
    }

    /// This fate, as somebody who watches the message being sent wants it.
    pub(super) fn under(self, order: Action) -> Self {
        match order {
            Action::Skip => Self { lost: true, copy: None, ..self },
            Action::Twice => Self { copy: self.copy.or(Some(self.delay)), ..self },
            Action::Late(by) => Self { delay: self.delay + by, ..self },
            Action::Go | Action::Refuse(_) | Action::Mute | Action::Spoil => self,
        }
    }
}

/// A disturbance of some links, as long as it lasts.
#[derive(Clone, PartialEq, Debug)]
pub struct Disturbance {
    /// Messages from these nodes ...
    pub from: Vec<NodeId>,
    /// ... to these nodes.
    pub to: Vec<NodeId>,
    /// The effect on the messages of the link.
    pub effect: LinkEffect,
}

/// The effect of a link fault on a message.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkEffect {
    /// Nothing passes.
    Cut,
    /// This share takes this much longer.
    Slow {
        /// Which share, 0 to 1.
        share: f64,
        /// How much longer.
        by: Dist,
    },
    /// This share of these messages vanishes.
    Lose(f64, Leg),
    /// This share arrives twice.
    Duplicate(f64),
    /// This share is damaged on the way: the receiver notices and throws it away.
    Damage(f64),
    /// Each link carries one message after the other.
    Throttle {
        /// How long it is busy with one.
        each: Span,
        /// How many may wait for it; further ones vanish.
        queue: u32,
    },
}

/// The mark that tells the draws of a reply from those of its request.
pub(super) const REPLY_LEG: u64 = 1 << 32;

/// The messages of a call that a loss concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leg {
    /// Requests and replies.
    #[default]
    All,
    /// Requests, and messages that nobody answers.
    Requests,
    /// Replies: what was asked for is done, and who asked does not hear of it.
    Replies,
}

impl Leg {
    /// All of them, those that concern the most messages first.
    pub const ALL: [Self; 3] = [Self::All, Self::Requests, Self::Replies];

    /// Returns whether a reply, or else a request, is concerned.
    const fn concerns(self, is_reply: bool) -> bool {
        match self {
            Self::All => true,
            Self::Requests => !is_reply,
            Self::Replies => is_reply,
        }
    }
}

/// Names a disturbance that is in force.
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
    /// When each throttled link will have carried what it was given.
    free: BTreeMap<(NodeId, NodeId), Time>,
}

/// The network's record of a node.
struct Known {
    place: Place,
    stream: u64,
    /// Messages it sent on behalf of no operation; numbers their draws.
    unnamed: Cell<u64>,
    /// The whole machine is down: not even a refusal comes back.
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

    /// Makes a node known. `stream` names it in draws. Nodes come in the order of their numbers.
    pub fn add(&self, node: NodeId, place: Place, stream: u64) {
        let mut nodes = self.nodes.borrow_mut();
        assert_eq!(nodes.len(), usize::from(node.0), "nodes are added in order");
        nodes.push(Known::new(place, stream));
    }

    /// The kind of machine of a node.
    pub fn place(&self, node: NodeId) -> Place {
        self.nodes.borrow()[usize::from(node.0)].place
    }

    /// Returns whether anything can pass from one node to another at this moment.
    pub fn passes(&self, from: NodeId, to: NodeId) -> bool {
        self.quiet.get()
            || !self.disturbances.borrow().iter().any(|Active { disturbance, .. }| {
                disturbance.effect == LinkEffect::Cut && disturbance.touches(from, to)
            })
    }

    /// Sets whether the whole machine of a node is down: it neither sends nor answers anything.
    pub fn silence(&self, node: NodeId, silent: bool) {
        self.nodes.borrow()[usize::from(node.0)].silent.set(silent);
        self.changed.notify_all();
    }

    /// Is notified whenever a disturbance or a silence begins or ends.
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

    /// Ends a disturbance; one that has ended already is ignored.
    pub fn calm(&self, id: DisturbanceId) {
        let mut disturbances = self.disturbances.borrow_mut();
        disturbances.retain(|active| active.id != id);
        self.quiet.set(disturbances.is_empty());
        drop(disturbances);
        self.changed.notify_all();
    }

    /// Draws what happens to one leg (`leg` names it) from one node to another.
    pub fn fate(&self, env: &Env, ctx: &Ctx, from: NodeId, to: NodeId, leg: u64) -> Fate {
        self.fate_with(env, ctx, (from, to), leg, None)
    }

    /// Draws what happens to one leg, as [`Network::fate`] does, of a message that has a delay of
    /// its `own` if there is one.
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
        // Named by their rank on this link, so that one elsewhere changes no draw here.
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
        let chance = |purpose, share| {
            share > 0.0 && stream.draw(purpose, name, key, place, leg).random_bool(share)
        };
        let copy = chance(Purpose::Duplicate, 1.0 - single).then(|| {
            let rng = &mut stream.draw(Purpose::Delay, !name, key, place, leg);
            delay + usual.sample(rng)
        });
        let lost = lost || chance(Purpose::Loss, 1.0 - keep);
        Fate { delay, lost, damaged, copy }
    }
}

impl Known {
    /// Names the link to a receiver, and the operation or, where there is none, the how-manieth
    /// message it is.
    fn key(&self, to: &Self, env: &Env, ctx: &Ctx) -> (u64, u64) {
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
    /// A message takes its place at a throttled link: how long until it is through, or `None` if
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

    /// Sessions feel what a disturbance adds on average; what it loses or damages they send again,
    /// and they slow down before a queue overflows.
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
    /// The delay of a reply, or else of a request, and the share of them that vanishes.
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

/// The link between two kinds of machine.
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
