//! The semantic points of a run, each named by the trigger that finds it again.
//!
//! A [`Recorder`] watches a run and keeps the points that it passes. Afterwards every point is
//! described by a [`Trigger`] with stream names, as exactly as a trigger can; points with equal
//! descriptions are distinguished by `nth`. So a fault on that trigger begins at that very point of
//! every run that went the same way up to there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use crate::experiment::run::{Setup, observe};
use crate::faults::target;
use crate::faults::trigger::{OpName, Trigger, What};
use crate::kernel::{Lookup, NodeId, Sink, Span, Time};
use crate::model::point::{Action, Hook, Point, Watcher, When};
use crate::model::record::{Event, LabelId, MessageClass, OpId, Record};
use crate::model::system::StepId;
use crate::model::world::World;

/// A point that a run passed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed {
    /// The time of the point.
    pub at: Time,
    /// The number of records of the history before the point.
    pub records: u64,
    /// True if nothing was under way in the world.
    pub quiet: bool,
    /// The point as the run reached it.
    pub point: Point,
    /// The trigger of the point.
    pub trigger: Trigger,
    /// The node at the other end of the session, with its name, if a database is at work.
    pub session: Option<(NodeId, String)>,
}

impl Passed {
    /// The other end of its message or session, with its name.
    pub fn far(&self) -> Option<(NodeId, &str)> {
        match &self.session {
            Some((node, name)) => Some((*node, name)),
            None => Some((self.point.peer, self.trigger.to.as_deref()?)),
        }
    }
}

/// The sessions of a run: the node that asked each database for each operation. A database works in
/// the session in which the operation's latest request came.
#[derive(Default)]
pub struct Sessions {
    seen: u64,
    asked: BTreeMap<(NodeId, OpId), Vec<(u64, NodeId)>>,
}

impl Sessions {
    /// The node that sent the last request for this operation to this node, before so many records.
    fn latest(&self, node: NodeId, op: OpId, records: u64) -> Option<NodeId> {
        let asked = self.asked.get(&(node, op))?;
        let before = asked.partition_point(|(place, _)| *place < records);
        Some(asked[before.checked_sub(1)?].1)
    }
}

impl Sink<Record> for Sessions {
    fn see(&mut self, record: &Record) {
        if let Event::Delivered { from, class: MessageClass::Database, .. } = record.event {
            let asked = self.asked.entry((record.node, record.op)).or_default();
            asked.push((self.seen, from));
        }
        self.seen += 1;
    }
}

/// A watcher that records the semantic points of one run.
pub struct Recorder {
    world: Weak<World>,
    seen: RefCell<Vec<Seen>>,
}

struct Seen {
    at: Time,
    records: u64,
    quiet: bool,
    point: Point,
}

impl Recorder {
    /// Adds a recorder to a world.
    pub fn watch(world: &Rc<World>) -> Rc<Self> {
        let recorder = Rc::new(Self { world: Rc::downgrade(world), seen: RefCell::default() });
        world.env().watch(Rc::clone(&recorder) as _);
        recorder
    }

    /// The points that were passed, in order, with their triggers in the world of this run;
    /// `sessions` has seen its whole history.
    pub fn named(&self, world: &World, sessions: &Sessions) -> Vec<Passed> {
        let mut words = Words::new(world);
        let databases: Vec<NodeId> = world.databases().iter().map(|it| it.node()).collect();
        let seen = self.seen.borrow();
        let named = seen.iter().map(|seen| {
            let point = seen.point;
            let works = !point.hook.has_peer() && databases.contains(&point.node);
            let far = works.then(|| sessions.latest(point.node, point.op, seen.records)).flatten();
            Passed {
                at: seen.at,
                records: seen.records,
                quiet: seen.quiet,
                point,
                trigger: words.name(&point),
                session: far.map(|far| (far, words.names[usize::from(far.0)].clone())),
            }
        });
        named.collect()
    }
}

impl Watcher for Recorder {
    fn reach(&self, point: &Point) -> Action {
        if let Some(world) = self.world.upgrade() {
            let (env, now) = (world.env(), world.env().now());
            let rest = world.period().saturating_mul(2);
            let since = (now - Time::ZERO).saturating_sub(rest);
            self.seen.borrow_mut().push(Seen {
                at: now,
                records: env.recorder().len(),
                quiet: since > Span::ZERO && world.is_quiet(Time::ZERO + since),
                point: *point,
            });
        }
        Action::Go
    }
}

/// Runs once and returns every point; the run is the same as without a watcher.
pub fn points(setup: &Setup, seed: u64) -> Vec<Passed> {
    let recorder: RefCell<Option<Rc<Recorder>>> = RefCell::default();
    let ready = |world: &Rc<World>| *recorder.borrow_mut() = Some(Recorder::watch(world));
    let sessions = Rc::new(RefCell::new(Sessions::default()));
    let sinks = vec![Rc::clone(&sessions) as _];
    let look = |world: &World| {
        let sessions = sessions.borrow();
        recorder.borrow().as_ref().map(|recorder| recorder.named(world, &sessions))
    };
    observe(setup, seed, sinks, ready, look).1.unwrap_or_default()
}

/// The name of a node in triggers and targets.
pub fn node_name(world: &World, node: NodeId) -> String {
    if node == NodeId::WORLD {
        return "role:client".into();
    }
    let several = world
        .env()
        .system()
        .services
        .iter()
        .any(|service| service.instances > 1 && service.name == *world.name(node));
    let name = &world.name(node).stream_name;
    if several { format!("{name}#1") } else { name.to_string() }
}

/// The description of a point by its trigger, without the number: hook, label, side, node, peer,
/// operation, step. The node and its peer are given by the first node with their name.
type Description = (Hook, LabelId, When, u16, Option<u16>, Option<OpId>, Option<StepId>);

/// Names points by triggers, in the order in which they are passed.
struct Words<'a> {
    world: &'a World,
    names: Vec<String>,
    /// The nodes whose names also stand for a node, by node.
    called: Vec<Vec<u16>>,
    counts: Lookup<Description, u32>,
}

impl<'a> Words<'a> {
    fn new(world: &'a World) -> Self {
        let names: Vec<String> = world.nodes().map(|node| node_name(world, node)).collect();
        let mut called = vec![Vec::new(); names.len()];
        for (name, number) in names.iter().zip(0..) {
            for node in target::nodes(world, name) {
                called[usize::from(node.0)].push(number);
            }
        }
        Self { world, names, called, counts: Lookup::new() }
    }

    /// The trigger of the next point. The point counts as one more occurrence of every trigger that
    /// matches it: a trigger without an operation also matches points of operations.
    fn name(&mut self, point: &Point) -> Trigger {
        let Point { hook, label, when, node, peer, op, step, .. } = *point;
        let op = (op != OpId::NONE).then_some(op);
        let step = self.step(op, step);
        let tos: Vec<Option<u16>> = match hook.has_peer() {
            true => self.called[usize::from(peer.0)].iter().map(|to| Some(*to)).collect(),
            false => vec![None],
        };
        let mut subjects = vec![(None, None)];
        subjects.extend(op.map(|op| (Some(op), None)));
        subjects.extend(step.as_ref().map(|(step, _)| (op, Some(*step))));
        for who in &self.called[usize::from(node.0)] {
            for to in &tos {
                for (op, step) in &subjects {
                    let fits = (hook, label, when, *who, *to, *op, *step);
                    *self.counts.get_or_insert_with(fits, || 0) += 1;
                }
            }
        }
        let to = hook.has_peer().then_some(peer.0);
        let step_id = step.as_ref().map(|(step, _)| *step);
        let itself = (hook, label, when, node.0, to, op, step_id);
        let text = |node: u16| self.names[usize::from(node)].clone();
        Trigger {
            who: Some(text(node.0)),
            what: What { hook, label: self.world.env().label_text(label).map(str::to_owned) },
            to: to.map(text),
            of: op.and_then(|op| OpName::of(self.world, op)),
            step: step.map(|(_, name)| name),
            nth: self.counts.get(&itself).copied().unwrap_or(1),
            when,
        }
    }

    /// A step of an operation, with its name.
    fn step(&self, op: Option<OpId>, step: StepId) -> Option<(StepId, String)> {
        let env = self.world.env();
        let steps = &env.system().operation(env.operation(op?).kind).steps;
        Some((step, steps.get(step.index())?.name.stream_name.to_string()))
    }
}

#[cfg(test)]
mod tests;
