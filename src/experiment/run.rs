//! One run: a pure function of scenario, variant, seed and plan of faults.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::faults::plan;
use crate::faults::registry::PlannedFault;
use crate::kernel::{Luck, NodeId, Recorder, Simulation, Sink, Span, Time};
use crate::model::env::{Ctx, Env};
use crate::model::record::{Kind, Record};
use crate::model::system::System;
use crate::model::world::World;
use crate::model::{probe, workload};
use crate::patterns::registry::Prepared;

/// What is run: everything but the seed.
#[derive(Clone)]
pub struct Setup {
    /// The system, after the variant's technique was applied.
    pub system: Arc<System>,
    /// The pattern with its settings.
    pub pattern: Arc<dyn Prepared>,
    /// What goes wrong, and when.
    pub faults: Arc<[PlannedFault]>,
}

/// What is left of a run beside what its sinks saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ran {
    /// The rolling hash of the history.
    pub fingerprint: u64,
    /// How many records the history has.
    pub records: u64,
    /// How many messages travelled.
    pub messages: u32,
    /// How often a process was resumed: what the run cost the kernel, not what came out of it.
    pub events: u64,
    /// Whether everything had settled at the end.
    pub settled: bool,
}

/// Runs once, to the end of the settle phase, and shows every record to the sinks.
pub fn run(setup: &Setup, seed: u64, sinks: Vec<Rc<RefCell<dyn Sink<Record>>>>) -> Ran {
    observe(setup, seed, sinks, |_| ()).0
}

/// Runs once and lets `look` read names off the world before it is gone.
pub fn observe<T>(
    setup: &Setup,
    seed: u64,
    sinks: Vec<Rc<RefCell<dyn Sink<Record>>>>,
    look: impl FnOnce(&World) -> T,
) -> (Ran, T) {
    let simulation = Simulation::new();
    let recorder = Recorder::new(sinks);
    let luck = Luck::new(seed);
    let env = Env::new(simulation.sim().clone(), luck, Arc::clone(&setup.system), recorder);
    let world = World::new(env, &setup.pattern.drivers());
    phases(&world);
    world.run(setup.pattern.at_work(&world));
    workload::start(&world);
    probe::start(&world);
    plan::start(&world, &setup.faults);
    let end = end(&setup.system);
    let events = simulation.run_until(end).events;
    let settled = is_settled(&world, end);
    world.env().note(&Ctx::WORLD, Kind::Phase, 0, 3, u64::from(settled));
    let recorder = world.env().recorder();
    let ran = Ran {
        fingerprint: recorder.fingerprint(),
        records: recorder.len(),
        messages: world.env().messages(),
        events,
        settled,
    };
    (ran, look(&world))
}

/// When a run ends: at the end of the settle phase, the same for every variant.
pub fn end(system: &System) -> Time {
    Time::ZERO + system.phases.load + system.phases.settle
}

/// Quiescent: nothing under way for any operation, and no store has changed for twice the longest
/// period of anything that recurs.
fn is_settled(world: &World, end: Time) -> bool {
    let quiet = world.protocol().period().saturating_mul(2);
    let settle = world.env().system().phases.settle;
    quiet <= settle && world.is_quiet(Time::ZERO + (end - (Time::ZERO + quiet)))
}

/// Notes when each phase begins.
fn phases(world: &Rc<World>) {
    let spec = &world.env().system().phases;
    for (number, at) in [Span::ZERO, spec.warm_up, spec.load].into_iter().enumerate() {
        let noted = Rc::clone(world);
        world.env().sim().spawn_at(Time::ZERO + at, NodeId::WORLD, async move {
            noted.env().note(&Ctx::WORLD, Kind::Phase, 0, number as u64, 0);
        });
    }
}
