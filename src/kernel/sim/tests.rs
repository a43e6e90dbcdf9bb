//! The executor: order, nodes, crashes, clocks.

mod passing;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::kernel::{
    Either, NodeId, Semaphore, Sim, Simulation, Sleep, Span, TaskId, Time, join_all, promise, race,
};

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

fn at(millis: u64) -> Time {
    Time::ZERO + ms(millis)
}

/// The lines that processes wrote, in order.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn say(&self, what: impl ToString) {
        self.0.borrow_mut().push(what.to_string());
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.borrow_mut()).join(" ")
    }
}

/// Runs something when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn events_follow_time_then_the_order_in_which_they_were_set() {
    let simulation = Simulation::new();
    let sim = simulation.sim();
    let log = Log::default();
    for (name, delay) in [("b", 5), ("c", 5), ("a", 1), ("d", 9), ("y", 0), ("z", 0)] {
        let (sim2, log2) = (sim.clone(), log.clone());
        sim.spawn(NodeId::WORLD, async move {
            sim2.sleep(ms(delay)).await;
            log2.say(name);
        });
    }
    let ran = simulation.run_until(at(9));
    assert_eq!(log.take(), "y z a b c d");
    assert_eq!(ran.events, 12);
    assert_eq!(sim.now(), at(9));
}

#[test]
fn what_is_due_now_goes_before_what_is_ready_and_zero_delays_queue_up() {
    let simulation = Simulation::new();
    let sim = simulation.sim();
    let log = Log::default();
    let (first, l) = (sim.clone(), log.clone());
    sim.spawn_at(at(1), NodeId::WORLD, async move {
        let l2 = l.clone();
        first.spawn(NodeId::WORLD, async move { l2.say("ready") });
        first.sleep(Span::ZERO).await;
        l.say("zero");
    });
    let l = log.clone();
    sim.spawn_at(at(1), NodeId::WORLD, async move { l.say("due") });
    simulation.run_until(at(1));
    assert_eq!(log.take(), "due ready zero");
}

#[test]
fn a_process_that_starts_later_is_not_woken_before() {
    let simulation = Simulation::new();
    let sim = simulation.sim();
    let began = Rc::new(Cell::new(Time::NEVER));
    let (s, b) = (sim.clone(), began.clone());
    let task = sim.spawn_at(at(7), NodeId::WORLD, async move { b.set(s.now()) }).expect("up");
    sim.wake(task);
    simulation.run_until(at(6));
    assert!(sim.is_alive(task));
    assert_eq!(began.get(), Time::NEVER);
    simulation.run_until(at(8));
    assert_eq!(began.get(), at(7));
    assert!(!sim.is_alive(task));
}

#[test]
fn a_migrating_call_is_one_process() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    let (give, wait) = promise::<(Time, Option<NodeId>)>(&sim);
    let s = sim.clone();
    sim.spawn_at(at(2), NodeId::WORLD, async move {
        assert!(s.migrate(node));
        s.sleep(ms(3)).await;
        let here = s.current_node();
        assert!(s.migrate(NodeId::WORLD));
        s.sleep(ms(2)).await;
        give.keep((s.now(), here));
    });
    let got = Rc::new(Cell::new(None));
    let g = got.clone();
    sim.spawn(NodeId::WORLD, async move { g.set(wait.await) });
    simulation.run_until(at(10));
    assert_eq!(got.get(), Some((at(7), Some(node))));
}

#[test]
fn a_crash_drops_the_processes_of_its_node_and_only_those() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (a, b) = (sim.add_node(), sim.add_node());
    let log = Log::default();
    for node in [a, b, a] {
        let (s, l) = (sim.clone(), log.clone());
        sim.spawn(node, async move {
            let _said = OnDrop(|| l.say(format!("dropped-{}", node.0)));
            s.sleep(ms(5)).await;
            l.say(format!("done-{}", node.0));
        });
    }
    simulation.run_until(at(1));
    assert_eq!((sim.tasks_on(a), sim.tasks_on(b)), (2, 1));
    sim.crash(a);
    assert_eq!(log.take(), "dropped-1 dropped-1");
    assert_eq!((sim.tasks_on(a), sim.tasks_on(b), sim.is_up(a)), (0, 1, false));
    assert!(sim.spawn(a, async {}).is_none());
    sim.restart(a);
    assert_eq!((sim.incarnation(a), sim.is_up(a)), (1, true));
    simulation.run_until(at(9));
    assert_eq!(log.take(), "done-2 dropped-2");
}

#[test]
fn a_process_that_crashes_its_own_node_reaches_its_next_await_and_no_further() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    let log = Log::default();
    let (s, l) = (sim.clone(), log.clone());
    let task = sim.spawn(node, async move {
        let _said = OnDrop(|| l.say("dropped"));
        s.crash(node);
        s.restart(node);
        l.say("fenced");
        assert!(!s.migrate(NodeId::WORLD));
        assert!(!s.is_alive(s.current_task().expect("running")));
        let l2 = l.clone();
        s.spawn(node, async move { l2.say("next incarnation") });
        s.yield_now().await;
        l.say("never");
    });
    simulation.run_until(at(1));
    assert_eq!(log.take(), "fenced dropped next incarnation");
    assert!(!sim.is_alive(task.expect("up")));
}

#[test]
fn destructors_may_call_the_kernel() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (a, b) = (sim.add_node(), sim.add_node());
    let log = Log::default();
    let permits = Semaphore::new(&sim, 1);
    let (s, l, p) = (sim.clone(), log.clone(), permits.clone());
    sim.spawn(a, async move {
        let _permit = p.acquire().await;
        let _timer = OnDrop(|| {
            assert_eq!(s.current_task(), None);
            assert_eq!(s.spawn(a, async {}), None, "a dead node takes no process");
            let l2 = l.clone();
            s.spawn(NodeId::WORLD, async move { l2.say("spawned") });
            s.crash(b);
            l.say("a");
        });
        s.sleep(ms(50)).await;
    });
    let (s, l) = (sim.clone(), log.clone());
    sim.spawn(b, async move {
        let _said = OnDrop(|| l.say("b"));
        s.sleep(ms(50)).await;
    });
    let (l, p) = (log.clone(), permits.clone());
    sim.spawn(NodeId::WORLD, async move {
        let _permit = p.acquire().await;
        l.say("permit");
    });
    let s = sim.clone();
    sim.spawn_at(at(1), NodeId::WORLD, async move { s.crash(a) });
    simulation.run_until(at(100));
    assert_eq!(log.take(), "a b spawned permit");
    assert_eq!(permits.available(), 1);
}

#[test]
fn killing_drops_one_process() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let log = Log::default();
    let (s, l) = (sim.clone(), log.clone());
    let task = sim.spawn_at(at(3), NodeId::WORLD, async move {
        l.say("never");
        s.yield_now().await;
    });
    sim.kill(task.expect("up"));
    let (s, l) = (sim.clone(), log.clone());
    sim.spawn(NodeId::WORLD, async move {
        s.kill(s.current_task().expect("running"));
        l.say("on");
        s.yield_now().await;
        l.say("never");
    });
    simulation.run_until(at(5));
    assert_eq!(log.take(), "on");
    assert_eq!(sim.tasks_on(NodeId::WORLD), 0);
}

#[test]
fn a_paused_node_catches_up_in_order() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (a, b) = (sim.add_node(), sim.add_node());
    let log = Log::default();
    for (name, node, delay) in [("a3", a, 3), ("a2", a, 2), ("b2", b, 2), ("a20", a, 20)] {
        let (s, l) = (sim.clone(), log.clone());
        sim.spawn(node, async move {
            s.sleep(ms(delay)).await;
            l.say(format!("{name}@{}", s.now()));
        });
    }
    simulation.run_until(at(1));
    sim.pause(a);
    simulation.run_until(at(10));
    assert_eq!(log.take(), "b2@2ms");
    assert!(sim.is_paused(a));
    sim.resume(a);
    simulation.run_until(at(30));
    assert_eq!(log.take(), "a2@10ms a3@10ms a20@20ms");
}

#[test]
fn a_crash_ends_a_pause() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    sim.pause(node);
    let task = sim.spawn(node, async {}).expect("up");
    simulation.run_until(at(1));
    assert!(sim.is_alive(task));
    sim.crash(node);
    sim.restart(node);
    assert!(!sim.is_alive(task) && !sim.is_paused(node));
}

#[test]
fn sleeps_run_on_the_clock_of_their_node() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (fast, slow) = (sim.add_node(), sim.add_node());
    sim.set_clock_rate(fast, 250_000_000);
    sim.set_clock_rate(slow, -500_000_000);
    let log = Log::default();
    for node in [NodeId::WORLD, fast, slow] {
        let (s, l) = (sim.clone(), log.clone());
        sim.spawn(node, async move {
            s.sleep(ms(100)).await;
            l.say(format!("{}@{}={}", node.0, s.now(), s.local_now(node)));
        });
    }
    simulation.run_until(at(400));
    assert_eq!(log.take(), "1@80ms=100ms 0@100ms=100ms 2@200ms=100ms");
    sim.set_clock_rate(slow, 0);
    assert_eq!(sim.local_now(slow), at(200), "what it lost stays lost");
    sim.set_clock_offset(slow, 7);
    assert_eq!(sim.local_now(slow), Time::from_nanos(400_000_007));
    sim.set_clock_offset(slow, -1_000_000_000_000);
    assert_eq!(sim.local_now(slow), Time::ZERO);
}

#[test]
fn a_step_of_a_clock_is_taken_back_by_its_opposite() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    sim.set_clock_rate(node, 500_000_000);
    assert_eq!(sim.clock_rate(node), 500_000_000);
    simulation.run_until(at(100));
    sim.step_clock(node, -200_000_000);
    assert_eq!(sim.local_now(node), Time::ZERO, "no clock shows less");
    sim.step_clock(node, 200_000_000);
    assert_eq!(sim.local_now(node), at(150));
}

/// Several drifts of one clock add up without stopping it.
#[test]
fn a_clock_never_stands_still() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    sim.set_clock_rate(node, -1_800_000_000);
    simulation.run_until(at(1_000));
    assert_eq!(sim.local_now(node), at(1));
}

/// Work takes longer on a slow node, timers do not; a clock that runs wrong makes no work longer.
#[test]
fn burdens_add_up_and_slow_down_nothing_but_work() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    sim.add_slowdown(node, 1_000);
    sim.add_slowdown(node, 500);
    sim.set_clock_rate(node, 1_000_000_000);
    let log = Log::default();
    for node in [NodeId::WORLD, node] {
        let (s, l) = (sim.clone(), log.clone());
        sim.spawn(node, async move {
            s.work(ms(10)).await;
            l.say(format!("{}@{}", node.0, s.now()));
            s.sleep(ms(10)).await;
            l.say(format!("{}@{}", node.0, s.now()));
        });
    }
    simulation.run_until(at(100));
    assert_eq!(log.take(), "0@10ms 0@20ms 1@25ms 1@30ms");
    sim.add_slowdown(node, -1_500);
    let (s, l) = (sim.clone(), log.clone());
    sim.spawn(node, async move {
        s.work(ms(10)).await;
        l.say(s.now().to_string());
    });
    simulation.run_until(at(200));
    assert_eq!(log.take(), "110ms");
}

/// Ready once somebody has set the cell; says so to nobody.
struct Until(Rc<Cell<bool>>);

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.get() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Runs a timeout of 5 ms against an event at `millis`, which is set before or after the timer.
fn against_timeout(millis: u64, event_first: bool) -> Option<()> {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (flag, waiter) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(None::<TaskId>)));
    let event = |sim: &Sim| {
        let (s, f, w) = (sim.clone(), flag.clone(), waiter.clone());
        sim.spawn_at(at(millis), NodeId::WORLD, async move {
            f.set(true);
            s.wake(w.get().expect("waiting"));
        });
    };
    if event_first {
        event(&sim);
    }
    let outcome = Rc::new(Cell::new(None));
    let (s, f, w, o) = (sim.clone(), flag.clone(), waiter.clone(), outcome.clone());
    sim.spawn(NodeId::WORLD, async move {
        w.set(s.current_task());
        o.set(Some(s.timeout(ms(5), Until(f)).await));
    });
    simulation.run_until(at(1));
    if !event_first {
        event(&sim);
    }
    simulation.run_until(at(10));
    outcome.get().expect("over")
}

#[test]
fn a_timeout_loses_a_tie() {
    for event_first in [false, true] {
        assert_eq!(against_timeout(4, event_first), Some(()));
        assert_eq!(against_timeout(5, event_first), Some(()), "event first: {event_first}");
        assert_eq!(against_timeout(6, event_first), None);
    }
}

#[test]
fn races_and_joins() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let s = sim.clone();
    let task = sim.spawn(NodeId::WORLD, async move {
        let sleep = |millis| s.sleep(ms(millis));
        assert_eq!(race(sleep(3), sleep(2)).await, Either::Right(()));
        assert_eq!(race(sleep(3), sleep(3)).await, Either::Left(()));
        assert_eq!(s.now(), at(5));
        let named = |millis: u64| {
            let sleep = sleep(millis);
            Box::pin(async move {
                sleep.await;
                millis
            })
        };
        assert_eq!(join_all(vec![named(4), named(2), named(4)]).await, [4, 2, 4]);
        assert_eq!(s.now(), at(9));
        assert_eq!(join_all(Vec::<Sleep>::new()).await, []);
        let slow = std::pin::pin!(async { sleep(100).await });
        assert_eq!(s.timeout(ms(1), slow).await, None);
        assert_eq!(s.now(), at(10));
    });
    simulation.run_until(at(1_000));
    assert!(!sim.is_alive(task.expect("up")));
}

#[test]
fn stopping_leaves_the_clock_where_it_is() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    for millis in [3, 3, 4] {
        let s = sim.clone();
        sim.spawn_at(at(millis), NodeId::WORLD, async move { s.stop() });
    }
    assert_eq!(simulation.run_until(at(10)).events, 1);
    assert_eq!(sim.now(), at(3));
    assert_eq!(simulation.run_until(at(10)).events, 1);
    assert_eq!(simulation.run_until(at(10)).events, 1);
    assert_eq!(sim.now(), at(4));
    assert_eq!(simulation.run_until(at(10)).events, 0);
    assert_eq!(sim.now(), at(10));
}

#[test]
fn a_run_is_drained_when_dropped_even_after_a_panic() {
    let alive = Rc::new(());
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let node = sim.add_node();
    for delay in 1..10 {
        let (s, held) = (sim.clone(), alive.clone());
        sim.spawn(node, async move {
            let _again = OnDrop(|| _ = s.spawn(NodeId::WORLD, async {}));
            s.sleep(ms(delay)).await;
            assert_ne!(delay, 3, "the process that fails");
            drop(held);
        });
    }
    let failed = catch_unwind(AssertUnwindSafe(|| simulation.run_until(at(100))));
    assert!(failed.is_err());
    assert_eq!(sim.current_task(), None);
    assert_eq!(Rc::strong_count(&alive), 7);
    drop(simulation);
    assert_eq!(Rc::strong_count(&alive), 1);
    assert_eq!(sim.spawn(NodeId::WORLD, async {}), None, "the run is over");
}

#[test]
fn dead_timers_are_cleared_out_and_order_stays() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let log = Log::default();
    for turn in 0..4_000_u64 {
        let s = sim.clone();
        let l = log.clone();
        sim.spawn(NodeId::WORLD, async move {
            for _ in 0..3 {
                race(s.sleep(ms(1)), s.sleep(Span::from_secs(100))).await;
            }
            if turn % 500 == 0 {
                l.say(turn);
            }
        });
    }
    simulation.run_until(at(10));
    assert_eq!(log.take(), "0 500 1000 1500 2000 2500 3000 3500");
    assert!(sim.pending() < 3_000, "{} entries of nobody", sim.pending());
}
