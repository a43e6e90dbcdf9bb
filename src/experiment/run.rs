//! One run: a pure function of scenario, variant, seed and plan of faults.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::stop::{Guard, Limits};
use crate::faults::plan::{self, PlannedFault};
use crate::faults::random::{self, Nemesis};
use crate::kernel::{NodeId, RandomStreams, Recorder, Simulation, Sink, Span, Time};
use crate::model::env::{Ctx, Env};
use crate::model::probe;
use crate::model::record::{Event, Phase, Record};
use crate::model::system::System;
use crate::model::workload::{self, Workload};
use crate::model::world::World;
use crate::patterns::pattern::Prepared;

/// The setup of a run: everything but the seed.
#[derive(Clone)]
pub struct Setup {
    /// The system, after the variant's technique was applied.
    pub system: Arc<System>,
    /// The pattern with its settings.
    pub pattern: Arc<dyn Prepared>,
    /// The planned faults.
    pub faults: Arc<[PlannedFault]>,
    /// The random faults, drawn for each seed.
    pub nemeses: Arc<[Nemesis]>,
    /// The operations that are offered.
    pub workload: Workload,
    /// The branch seeds, with the times from which they hold, in order; see
    /// [`RandomStreams::set_branch_seed`].
    pub branch_seeds: Arc<[(Time, u64)]>,
    /// The condition for the end of the run.
    pub ending: Ending,
    /// The name of other random numbers than the common ones.
    pub random_numbers: Option<Arc<str>>,
    /// The limits that end it early.
    pub limits: Limits,
}

impl Setup {
    /// The setup of a pattern on a system with its whole load and without faults.
    pub fn new(system: Arc<System>, pattern: Arc<dyn Prepared>) -> Self {
        Self {
            system,
            pattern,
            faults: Vec::new().into(),
            nemeses: Vec::new().into(),
            workload: Workload::Drawn,
            branch_seeds: Vec::new().into(),
            ending: Ending::Whole,
            random_numbers: None,
            limits: Limits::default(),
        }
    }
}

/// The condition for the end of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ending {
    /// The end of the settle phase, so that measures are taken over the same window in every
    /// variant.
    #[default]
    Whole,
    /// The first time after the load at which everything has settled, or the end of the settle
    /// phase: sufficient for verdicts, which do not change afterwards.
    Settled,
}

/// The end of a run, with its totals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ran {
    /// The rolling hash of the history.
    pub fingerprint: u64,
    /// The number of records of the history.
    pub records: u64,
    /// The number of messages sent.
    pub messages: u32,
    /// The number of times that a process was resumed, which is the cost of the run and no result.
    pub events: u64,
    /// True if everything had settled at the end.
    pub settled: bool,
}

/// Runs once, to the end of the settle phase, and shows every record to the sinks.
pub fn run(setup: &Setup, seed: u64, sinks: Vec<Rc<RefCell<dyn Sink<Record>>>>) -> Ran {
    observe(setup, seed, sinks, |_| (), |_| ()).0
}

/// Makes one run. `ready` is called before the first event (to watch the semantic points, say), and
/// `look` after the last, while the world still exists.
pub fn observe<T>(
    setup: &Setup,
    seed: u64,
    sinks: Vec<Rc<RefCell<dyn Sink<Record>>>>,
    ready: impl FnOnce(&Rc<World>),
    look: impl FnOnce(&World) -> T,
) -> (Ran, T) {
    let simulation = Simulation::new();
    let recorder = Recorder::new(sinks);
    let stream = match &setup.random_numbers {
        Some(name) => RandomStreams::apart(seed, name),
        None => RandomStreams::new(seed),
    };
    let env = Env::new(simulation.sim().clone(), stream, Arc::clone(&setup.system), recorder);
    let world = World::new(env, &setup.pattern.drivers());
    phases(&world);
    world.run(setup.pattern.at_work(&world));
    workload::start(&world, &setup.workload);
    probe::start(&world);
    let stream = world.env().streams();
    plan::start(&world, &random::plan(&setup.faults, &setup.nemeses, &setup.system, stream));
    branch(&world, &setup.branch_seeds);
    ready(&world);
    let guard = Guard::new(&setup.limits, seed);
    let (events, settled) = to_the_end(&simulation, &world, setup.ending, &guard);
    world.env().record(&Ctx::WORLD, Event::Phase { phase: Phase::End, settled });
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

/// The interval at which a run checks whether it has settled. A prime number of milliseconds, so
/// that it does not stay in phase with periodic activities.
const LOOK: Span = Span::from_millis(487);

/// Runs to the end; returns the number of events, and whether everything has settled.
fn to_the_end(
    simulation: &Simulation,
    world: &World,
    ending: Ending,
    guard: &Guard<'_>,
) -> (u64, bool) {
    let system = world.env().system();
    let end = end(system);
    let mut events = 0;
    let mut run_until = |until| {
        events += simulation.run_while(until, &mut |node| guard.go_on(world, node)).events;
        events
    };
    if ending == Ending::Settled {
        // A process between two attempts, or a node that recovers from the last fault, leaves no
        // record, so a short silence does not mean that all is settled.
        let retry = system.longest_retry();
        let between = retry.longest + retry.step_deadline;
        let silence = between + system.longest_recovery();
        let quiet = world.period().saturating_mul(2).max(silence);
        let mut until = Time::ZERO + system.phases.load;
        let mut busy = until;
        while until + LOOK < end && !guard.is_over() {
            until += LOOK;
            let events = run_until(until);
            if !world.is_quiet(Time::NEVER) {
                busy = until; // What makes others fail until then leaves work for later.
            }
            let since = Time::ZERO + (until - (Time::ZERO + quiet));
            if until - busy >= quiet && world.is_done(since) {
                return (events, true);
            }
        }
    }
    (run_until(end), is_settled(world, end))
}

/// Sets the branch seeds, each at its time.
fn branch(world: &Rc<World>, branch_seeds: &[(Time, u64)]) {
    for (at, branch_seed) in branch_seeds.iter().copied() {
        let branched = Rc::clone(world);
        world.env().sim().spawn_at(at, NodeId::WORLD, async move {
            branched.env().streams().set_branch_seed(branch_seed);
        });
    }
}

/// The latest end of a run: the end of the settle phase, equal for every variant.
pub fn end(system: &System) -> Time {
    Time::ZERO + system.phases.load + system.phases.settle
}

/// Returns whether the system is quiescent: nothing is under way for any operation, and no store
/// has changed for twice the longest period of any recurring activity.
fn is_settled(world: &World, end: Time) -> bool {
    let quiet = world.period().saturating_mul(2);
    let settle = world.env().system().phases.settle;
    quiet <= settle && world.is_quiet(Time::ZERO + (end - (Time::ZERO + quiet)))
}

/// Records the beginning of each phase.
fn phases(world: &Rc<World>) {
    let spec = &world.env().system().phases;
    let begins =
        [(Phase::WarmUp, Span::ZERO), (Phase::Load, spec.warm_up), (Phase::Settle, spec.load)];
    for (phase, at) in begins {
        let noted = Rc::clone(world);
        world.env().sim().spawn_at(Time::ZERO + at, NodeId::WORLD, async move {
            noted.env().record(&Ctx::WORLD, Event::Phase { phase, settled: false });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::census::State;
    use crate::experiment::compare::setup;
    use crate::tests::pick;
    use crate::tests::runs::{record_run, scenario};

    /// An order, and the number of orders that a job derives from it every 20 s, while a report
    /// holds the only core of the orders until 71 s.
    const HELD_UP: &str = r#"
        [scenario]
        name = "held-up"
        warm-up = "0s"
        load = "15s"
        settle = "300s"
        [services]
        order = {}
        stock = {}
        [databases]
        order-db = { cores = 1, branch-timeout = "100s" }
        stock-db = {}
        [tables]
        order = { owner = "order", database = "order-db", columns = { product = 0 } }
        product = { owner = "stock", database = "stock-db", columns = { sold = 0 }, rows = 1 }
        [operations.buy]
        keys = { order = "new", product = { rows-of = "product" } }
        steps = [
            { name = "place", by = "order", table = "order", key = "order",
              effect = { insert = { product = "{product}" } } },
            { name = "take", by = "stock", table = "product", key = "product",
              effect = { add = { sold = 1 } },
              derive = { count = "order", by = "product", to = "sold" } },
        ]
        [load.shoppers]
        operation = "buy"
        constant = "10s"
        [variants.sync]
        pattern = "background-sync"
        settings = { interval = "20s" }
        [[faults]]
        kind = "expensive-query"
        target = "order-db"
        by = "order"
        takes = "60s"
        every = "10s"
        at = "11s"
        for = "1s"
    "#;

    /// The only worker of the stock is held for a minute by a request that nobody waits for any
    /// more: the order is not stranded, it was only not given the time.
    #[test]
    fn a_run_is_not_settled_while_a_worker_is_busy() {
        let slow = HELD_UP
            .replace("stock = {}", "stock = { workers = 1, work = \"5s\" }")
            .replace("settle = \"300s\"", "settle = \"90s\"")
            .replace("constant = \"10s\"", "constant = \"14s\"")
            .replace("pattern = \"background-sync\"", "pattern = \"orchestrated\"")
            .replace("settings = { interval = \"20s\" }", "")
            .replace("kind = \"expensive-query\"", "kind = \"slow-down\"")
            .replace("target = \"order-db\"", "target = \"stock\"\n        factor = 40.0")
            .replace("by = \"order\"\n        takes = \"60s\"\n        every = \"10s\"\n", "")
            .replace("at = \"11s\"", "at = \"13s\"")
            .replace("for = \"1s\"", "for = \"5s\"");
        let scenario = scenario(&slow);
        let told = record_run(&setup(&scenario, &scenario.variants[0]), 1);
        assert!(!told.ran.settled, "{:?}", told.ran);
    }

    #[test]
    fn a_run_is_not_over_while_what_held_others_up_is_only_just_gone() {
        let scenario = scenario(HELD_UP);
        let whole = setup(&scenario, &scenario.variants[0]);
        let early = Setup { ending: Ending::Settled, ..whole.clone() };
        let (whole, early) = (record_run(&whole, 1), record_run(&early, 1));
        assert!(early.ran.settled && early.ran.events < whole.ran.events, "it ends before");
        for told in [whole, early] {
            let states: Vec<State> =
                told.report.operations.iter().map(|operation| operation.state).collect();
            assert_eq!(states, [State::All], "the job has come round behind the report");
            let shown = pick!(record: Event::Shown { .. } => record.time);
            let last = told.pick(shown).last().expect("the number of orders");
            assert!(last > Time::ZERO + Span::from_secs(71), "it was held up: {last:?}");
        }
    }
}
