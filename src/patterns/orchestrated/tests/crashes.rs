//! The orchestrator crashes: what a durable one resumes and a volatile one strands.

use std::rc::Rc;
use std::sync::Arc;

use super::super::workflow::Entry;
use super::*;
use crate::experiment::compare::setup;
use crate::experiment::run::end;
use crate::kernel::{RandomStreams, Recorder, Simulation};
use crate::model::env::{Ctx, Env};
use crate::model::process::ProcessCtx;
use crate::model::workload;
use crate::model::world::World;
use crate::tests::runs::scenario;

#[test]
fn a_durable_orchestrator_resumes_what_a_volatile_one_strands() {
    for at in (4..=20).step_by(2) {
        let at = format!("{}ms", 10_000 + at);
        let crashed = |settings| Chain::of(3).with(settings).crash("role:orchestrator", &at, "5s");
        let told = crashed("").run();
        assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)], "{at}");
        assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Unknown), "{at}");
        let told = crashed("state = 'volatile'").run();
        let steps = shown(&told).len();
        assert!(steps < 3, "it was under way at {at}");
        if steps > 0 {
            let fate = fate(&told.report);
            assert_eq!(fate, (Headline::Stranded, State::Partial, Answer::Unknown), "{at}");
        }
    }
}

#[test]
fn a_crash_while_compensating_is_resumed_too() {
    let mut compensating = 0;
    for at in (20..=80).step_by(4) {
        let at = format!("{}ms", 10_000 + at);
        let told = Chain::of(3).refused_at(3).crash("role:orchestrator", &at, "5s").run();
        let history = shown(&told);
        assert_eq!(history, [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)], "{at}");
        let crashed = told.all(Kind::Crashed).map(|record| record.time).next();
        let undone = told.pick(pick!(record: Event::Shown { direction: Direction::Undo, .. }
            if Some(record.time) > crashed => ()));
        compensating += usize::from(undone.count() == 1);
    }
    assert!(compensating > 0, "some of the crashes fell between the two compensations");
}

#[test]
fn what_was_in_flight_at_the_crash_is_in_doubt() {
    // The second step is applied while nobody waits for it; then its service goes down, so that
    // every further attempt is refused. It has to be taken back all the same.
    let chain = Chain::of(3).crash("role:orchestrator", "10018ms", "5s").crash("s2", "11s", "30s");
    let told = chain.run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)]);
    assert_eq!(fate(&told.report).1, State::Reversed);
}

#[test]
fn a_client_that_asks_a_restarted_orchestrator_gets_the_answer() {
    let clients = "deadline = '30s'\nattempts = 10\nattempt-deadline = '2s'";
    let crashed = |settings| {
        let chain = Chain { clients, ..Chain::of(3).with(settings) };
        chain.crash("role:orchestrator", "10018ms", "3s").run()
    };
    let told = crashed("");
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    assert_eq!(told.logged("workflow", true), 4, "it was begun once");
    // A volatile one begins again, and finds by its keys what was done before.
    let told = crashed("state = 'volatile'");
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
}

#[test]
fn a_workflow_that_was_undone_and_forgotten_is_not_said_to_be_done() {
    // The answer is lost, the orchestrator forgets it in a crash, and the client asks again.
    let clients = "deadline = '30s'\nattempts = 10\nattempt-deadline = '2s'";
    let chain = Chain { clients, ..Chain::of(2).with("state = 'volatile'").refused_at(2) };
    let chain = chain.cut("role:orchestrator", "role:client", "9s", "2s");
    let told = chain.crash("role:orchestrator", "11s", "1s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK)]);
    let (headline, state, answer) = fate(&told.report);
    assert_eq!((headline, state), (Headline::Compensated, State::Reversed));
    assert!(!answer.is_yes(), "{answer:?}");
}

#[test]
fn ended_workflows_are_forgotten_in_time() {
    let chain = Chain { load: "constant = '20ms'", ..Chain::of(1) };
    let scenario = scenario(&chain.text());
    let setup = setup(&scenario, &scenario.variants[0]);
    let simulation = Simulation::new();
    let recorder = Recorder::new(Vec::new());
    let env = Env::new(
        simulation.sim().clone(),
        RandomStreams::new(1),
        Arc::clone(&setup.system),
        recorder,
    );
    let world = World::new(env, &setup.pattern.drivers());
    world.run(setup.pattern.at_work(&world));
    workload::start(&world, &workload::Workload::Drawn);
    simulation.run_until(end(&setup.system));
    let orchestrator = Ctx { node: world.driver("orchestrator"), ..Ctx::WORLD };
    let kept = ProcessCtx::new(Rc::clone(&world), orchestrator).log::<Entry>().records().len();
    // 2,999 workflows of three records each; 250 are younger than the client's deadline of 5 s
    // when the load ends, and up to 256 wait to be cleared.
    assert!((3 * 250..=3 * (250 + 256)).contains(&kept), "{kept}");
}
