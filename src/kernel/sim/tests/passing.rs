//! Waits that end within a poll, against waits that each end by a poll of their own.

use proptest::prelude::*;

use super::{Log, at, ms};
use crate::kernel::{NodeId, Simulation, join_all, race};

/// A step of a process: something that it waits for or does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Sleep(u64),
    Yield,
    /// A race of two sleeps.
    Race(u64, u64),
    /// A deadline and a sleep.
    Timeout(u64, u64),
    /// Two sleeps joined.
    Join(u64, u64),
    /// Another process that sleeps once.
    Spawn(u64),
    Migrate(bool),
    Pause(bool),
    /// Crashes the other node, or its own, and brings it up at once.
    Crash(bool),
}

/// The log of processes that carry out these steps on two nodes, the events, and how many waits
/// ended within a poll.
fn carried_out(programs: &[Vec<Step>], queues_all: bool) -> (String, u64, u64) {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    if queues_all {
        sim.queue_all();
    }
    let (nodes, log) = ([sim.add_node(), sim.add_node()], Log::default());
    for (number, steps) in programs.iter().cloned().enumerate() {
        let (s, l) = (sim.clone(), log.clone());
        sim.spawn(nodes[number % 2], async move {
            for step in steps {
                let sleep = |millis| s.sleep(ms(millis));
                match step {
                    Step::Sleep(millis) => sleep(millis).await,
                    Step::Yield => s.yield_now().await,
                    Step::Race(a, b) => l.say(format!("{:?}", race(sleep(a), sleep(b)).await)),
                    Step::Timeout(a, b) => {
                        let in_time = s.timeout(ms(a), sleep(b)).await.is_some();
                        l.say(in_time);
                    }
                    Step::Join(a, b) => drop(join_all(vec![sleep(a), sleep(b)]).await),
                    Step::Spawn(millis) => {
                        let (s2, l2) = (s.clone(), l.clone());
                        s.spawn(nodes[1], async move {
                            s2.sleep(ms(millis)).await;
                            l2.say(format!("child@{}", s2.now()));
                        });
                    }
                    Step::Migrate(to) => drop(s.migrate(nodes[usize::from(to)])),
                    Step::Pause(which) => {
                        let (s2, node) = (s.clone(), nodes[usize::from(which)]);
                        s.pause(node);
                        s.spawn_at(s.now() + ms(3), NodeId::WORLD, async move { s2.resume(node) });
                    }
                    Step::Crash(which) => {
                        s.crash(nodes[usize::from(which)]);
                        s.restart(nodes[usize::from(which)]);
                    }
                }
                l.say(format!("{number}@{}", s.now()));
            }
        });
    }
    let mut events = 0;
    for end in [7, 20, 100] {
        events += simulation.run_until(at(end)).events;
    }
    let said = format!("{} {}", log.take(), sim.now());
    (said, events, sim.passed())
}

fn any_step() -> impl Strategy<Value = Step> {
    let span = || 0_u64..6;
    prop_oneof![
        6 => span().prop_map(Step::Sleep),
        1 => Just(Step::Yield),
        1 => (span(), span()).prop_map(|(a, b)| Step::Race(a, b)),
        1 => (span(), span()).prop_map(|(a, b)| Step::Timeout(a, b)),
        1 => (span(), span()).prop_map(|(a, b)| Step::Join(a, b)),
        1 => span().prop_map(Step::Spawn),
        1 => any::<bool>().prop_map(Step::Migrate),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => any::<bool>().prop_map(Step::Crash),
    ]
}

proptest! {
    #[test]
    fn whether_a_wait_ends_within_a_poll_makes_no_difference(
        programs in prop::collection::vec(prop::collection::vec(any_step(), 0..8), 1..4),
    ) {
        let (said, events, _) = carried_out(&programs, false);
        let (queued, all, passed) = carried_out(&programs, true);
        prop_assert_eq!((said, events), (queued, all));
        prop_assert_eq!(passed, 0);
    }
}

#[test]
fn a_wait_ends_within_the_poll_only_if_nothing_happens_until_then() {
    let passed = |programs: &[Vec<Step>]| carried_out(programs, false).2;
    assert_eq!(passed(&[vec![Step::Sleep(1), Step::Sleep(0), Step::Yield]]), 3);
    // The first two waits begin at the same instant, and the shorter one is over first.
    assert_eq!(passed(&[vec![Step::Sleep(1)], vec![Step::Sleep(2)]]), 0);
    assert_eq!(passed(&[vec![Step::Sleep(1)], vec![Step::Sleep(2), Step::Sleep(2)]]), 1);
    // A run that ends, a paused or crashed node, and whoever waits for something else, too.
    assert_eq!(passed(&[vec![Step::Sleep(8)]]), 0);
    assert_eq!(passed(&[vec![Step::Pause(false), Step::Sleep(1)]]), 0);
    assert_eq!(passed(&[vec![Step::Crash(false), Step::Sleep(1)]]), 0);
    assert_eq!(passed(&[vec![Step::Crash(true), Step::Sleep(1)]]), 1);
    assert_eq!(passed(&[vec![Step::Race(1, 2), Step::Timeout(1, 2), Step::Join(1, 2)]]), 0);
}

#[test]
fn whoever_asks_whether_to_go_on_is_asked_behind_the_same_events() {
    let asked = |queues_all: bool| {
        let simulation = Simulation::new();
        let sim = simulation.sim().clone();
        if queues_all {
            sim.queue_all();
        }
        let s = sim.clone();
        sim.spawn(NodeId::WORLD, async move {
            loop {
                s.sleep(ms(1)).await;
            }
        });
        let mut times = Vec::new();
        let ran = simulation.run_while(at(1_000_000), &mut |_| {
            times.push(sim.now());
            times.len() < 3
        });
        (times, ran, sim.now())
    };
    assert_eq!(asked(false), asked(true));
}
