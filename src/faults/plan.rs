//! The execution of a plan of faults: each begins at its time or at its point, and all are healed
//! at the end of the load at the latest.

use std::cell::Cell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::fault::PreparedFault;
use super::trigger::{Trigger, TriggerMatcher};
use crate::kernel::{NodeId, Span, Time};
use crate::model::env::Ctx;
use crate::model::point::{Action, Point, Watcher};
use crate::model::record::Event;
use crate::model::world::World;

/// The start of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// A time since the start of the run.
    At(Span),
    /// A semantic point, once.
    On(Trigger),
}

/// A fault of the plan.
#[derive(Clone)]
pub struct PlannedFault {
    /// The start.
    pub start: Start,
    /// The length; without it, the fault lasts until the end of the load.
    pub length: Option<Span>,
    /// The fault.
    pub fault: Arc<dyn PreparedFault>,
}

impl PlannedFault {
    /// The text of the fault: its kind, its reach and its settings.
    pub fn what(&self) -> String {
        let kind = self.fault.name().replace('-', " ");
        let reach = self.fault.reach().to_string();
        let what = if reach.is_empty() { kind } else { format!("{kind} {reach}") };
        match self.fault.details() {
            details if details.is_empty() => what,
            details => format!("{what} ({})", details.join(", ")),
        }
    }
}

impl fmt::Display for PlannedFault {
    /// The fault as a sentence: `crash stock-db for 1s, at 3s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.name())?;
        match self.fault.reach().names() {
            names if names.is_empty() => {}
            names => write!(f, " {}", names.join(", "))?,
        }
        self.length.iter().try_for_each(|length| write!(f, " for {length}"))?;
        match &self.start {
            Start::At(at) => write!(f, ", at {at}"),
            Start::On(trigger) => write!(f, ", {trigger}"),
        }
    }
}

/// Starts a plan of faults in a world. Faults are identified by their position in the plan.
pub fn start(world: &Rc<World>, plan: &[PlannedFault]) {
    for (number, fault) in (0..).zip(plan) {
        match &fault.start {
            Start::At(at) => {
                let (nemesis, fault) = (Rc::clone(world), fault.clone());
                world.env().sim().spawn_at(Time::ZERO + *at, NodeId::WORLD, async move {
                    strike(&nemesis, number, &fault);
                });
            }
            Start::On(trigger) => world.env().watch(Rc::new(ArmedTrigger {
                aim: TriggerMatcher::new(world, trigger, fault.fault.action() != Action::Go),
                world: Rc::downgrade(world),
                number,
                fault: fault.clone(),
                over: Cell::new(None),
            })),
        }
    }
}

/// A fault that waits for its point.
struct ArmedTrigger {
    aim: TriggerMatcher,
    world: Weak<World>,
    number: u32,
    fault: PlannedFault,
    /// The time at which the point was reached.
    over: Cell<Option<Time>>,
}

impl Watcher for ArmedTrigger {
    fn reach(&self, point: &Point) -> Action {
        if self.over.get().is_some() {
            return Action::Go;
        }
        let Some(world) = self.world.upgrade() else { return Action::Go };
        if !self.aim.hits(&world, point) {
            return Action::Go;
        }
        self.over.set(Some(world.env().now()));
        match strike(&world, self.number, &self.fault) {
            true => self.fault.fault.action(),
            false => Action::Go,
        }
    }

    fn is_over(&self, now: Time) -> bool {
        self.over.get().is_some_and(|then| then < now)
    }
}

/// Begins a fault, unless everything was healed for good; returns whether it did.
fn strike(world: &Rc<World>, number: u32, fault: &PlannedFault) -> bool {
    let env = world.env();
    let heal_all = Time::ZERO + env.system().phases.load;
    if env.now() >= heal_all {
        return false;
    }
    let struck = fault.fault.reach().nodes(world);
    let target = struck.first().copied().unwrap_or(NodeId::WORLD);
    let nodes = struck.len() as u64;
    env.record(&Ctx::WORLD, Event::FaultBegan { fault: number, target, nodes });
    let mut stages = fault.fault.stages(world);
    stages.retain(|(after, _)| env.now() + *after < heal_all);
    let open = Rc::new(Cell::new(stages.len()));
    let length = fault.length;
    for (after, stage) in stages {
        let (world, open) = (Rc::clone(world), Rc::clone(&open));
        let ended = move |world: &World| {
            open.set(open.get() - 1);
            if open.get() == 0 {
                let ended = Event::FaultEnded { fault: number, target, nodes };
                world.env().record(&Ctx::WORLD, ended);
            }
        };
        if after == Span::ZERO {
            begin(&world, &*stage, length, ended);
        } else {
            let sim = world.env().sim().clone();
            sim.spawn_at(sim.now() + after, NodeId::WORLD, async move {
                begin(&world, &*stage, length, ended);
            });
        }
    }
    true
}

/// Begins one stage, and heals it after its length.
fn begin(
    world: &Rc<World>,
    stage: &dyn PreparedFault,
    length: Option<Span>,
    ended: impl FnOnce(&World) + 'static,
) {
    let env = world.env();
    let heal = stage.strike(world);
    let heal_all = Time::ZERO + env.system().phases.load;
    let end = length.map_or(heal_all, |length| (env.now() + length).min(heal_all));
    let healed = Rc::clone(world);
    env.sim().spawn_at(end, NodeId::WORLD, async move {
        heal();
        ended(&healed);
    });
}
