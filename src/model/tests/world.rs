//! Crashes, restarts, and what survives them.

use std::rc::Weak;

use super::*;
use crate::model::point::{Action, Hook, Point, Watcher, When};

fn pinged(bench: &Bench) -> Outcome {
    bench.call(("driver", "a"), ping(100), |_| async { 1 })
}

#[test]
fn a_node_that_crashed_twice_needs_two_restarts() {
    let bench = Bench::new();
    let a = bench.node("a");
    bench.world.crash(a, false);
    bench.world.crash(a, false);
    assert_eq!(bench.count(Kind::Crashed), 1);
    bench.world.restart(a);
    bench.run(at(100));
    assert!(!bench.world.env().sim().is_up(a));
    bench.world.restart(a);
    bench.run(at(200));
    assert!(bench.world.is_ready(a));
    let [restarted] = bench.all(Kind::Restarted)[..] else { panic!("one restart") };
    assert_eq!(restarted.event, Event::Restarted { incarnation: 1 });
    assert_eq!(restarted.time, at(100));
}

#[test]
fn a_machine_stays_silent_until_the_last_fault_is_over() {
    let bench = Bench::new();
    let a = bench.node("a");
    bench.world.crash(a, false);
    assert!(!bench.world.is_silent(a));
    bench.world.crash(a, true);
    assert!(bench.world.is_silent(a));
    bench.world.restart(a);
    bench.world.restart(a);
    assert!(!bench.world.is_silent(a));
}

#[test]
fn a_node_that_recovers_refuses() {
    let bench = Bench::new();
    bench.world.crash(bench.node("a"), false);
    bench.world.restart(bench.node("a"));
    // Recovery takes 50 ms; a request takes 1 ms to get there.
    bench.run(at(48));
    let early = pinged(&bench);
    bench.run(at(49));
    let late = pinged(&bench);
    bench.run(at(1_000));
    assert_eq!(*early.borrow(), Some((Reply::Refused, at(50))));
    assert_eq!(*late.borrow(), Some((Reply::Answered(1), at(51))));
}

#[test]
fn a_crash_during_the_recovery_starts_it_anew() {
    let bench = Bench::new();
    let a = bench.node("a");
    bench.world.crash(a, false);
    bench.world.restart(a);
    bench.crash("a", at(40), false);
    bench.restart("a", at(45));
    bench.run(at(94));
    assert!(!bench.world.is_ready(a), "45 and 50 ms");
    bench.run(at(95));
    assert!(bench.world.is_ready(a));
    assert_eq!(bench.here("a").incarnation(), 2);
}

#[test]
fn memory_is_forgotten_and_the_log_kept_less_what_was_not_forced() {
    let bench = Bench::new();
    bench.here("a").local::<u32>().with(|number| *number = 7);
    bench.start("a", |here| async move {
        let log = here.log::<u32>();
        log.append(1, "line");
        log.force(2, "line").await;
        log.append(3, "line");
    });
    bench.run(at(10));
    assert_eq!(bench.here("a").log::<u32>().records(), [1, 2, 3]);
    bench.world.crash(bench.node("a"), false);
    bench.world.restart(bench.node("a"));
    bench.run(at(100));
    assert_eq!(bench.here("a").local::<u32>().with(|number| *number), 0);
    assert_eq!(bench.here("a").log::<u32>().records(), [1, 2]);
    assert!(bench.here("b").log::<u32>().records().is_empty(), "every node has its own");
    assert!(bench.here("a").log::<u64>().records().is_empty(), "and one for each purpose");
}

#[test]
fn a_crash_stops_every_process_of_the_node_and_no_other() {
    let bench = Bench::new();
    for name in ["a", "b"] {
        bench.start(name, |here| async move {
            here.sleep(millis(10)).await;
            mark(&here, "woke");
        });
    }
    bench.run(at(5));
    bench.world.crash(bench.node("a"), false);
    let [crashed] = bench.all(Kind::Crashed)[..] else { panic!("one crash") };
    assert_eq!(crashed.node, bench.node("a"));
    assert_eq!(crashed.event, Event::Crashed { processes: 1 });
    bench.run(at(1_000));
    let woke: Vec<NodeId> = bench.all(Kind::Decided).iter().map(|record| record.node).collect();
    assert_eq!(woke, [bench.node("b")]);
}

#[test]
fn a_crash_is_a_fence_for_the_process_that_is_just_running() {
    let bench = Bench::new();
    let b = bench.node("b");
    bench.start("a", |here| async move {
        here.world().crash(here.node(), false);
        mark(&here, "after the crash");
        here.tell(b, ping(100), |_| async {});
        here.log::<u32>().append(1, "line");
    });
    bench.run(at(100));
    assert_eq!(bench.count(Kind::Decided), 0);
    assert_eq!(bench.count(Kind::Sent), 0);
    assert!(bench.here("a").log::<u32>().records().is_empty());
}

#[test]
fn a_database_on_the_node_of_a_service_crashes_and_recovers_with_it() {
    let mut system = small();
    system.databases[0].node = Some(super::super::system::ServiceId(0));
    let recovery = system.databases[0].recovery;
    let bench = Bench::of(system);
    let a = bench.node("a");
    let database = Rc::clone(&bench.world.databases()[0]);
    assert_eq!(database.node(), a);
    bench.world.crash(a, false);
    assert!(!database.is_serving());
    bench.world.restart(a);
    bench.run(Time::ZERO + millis(49) + recovery);
    assert!(!bench.world.is_ready(a), "first the node, then its database");
    bench.run(Time::ZERO + millis(60) + recovery);
    assert!(bench.world.is_ready(a) && database.is_serving());
}

/// Crashes a node before its next forced write.
struct BeforeForce(Weak<World>, NodeId);

impl Watcher for BeforeForce {
    fn reach(&self, point: &Point) -> Action {
        if let Some(world) = self.0.upgrade()
            && (point.node, point.hook, point.when) == (self.1, Hook::Force, When::Before)
        {
            world.crash(self.1, false);
        }
        Action::Go
    }
}

/// A crash at a semantic point strikes in the middle of a process, which must not write on.
#[test]
fn who_crashes_at_a_point_goes_no_further() {
    let bench = Bench::new();
    let a = bench.node("a");
    bench.world.env().watch(Rc::new(BeforeForce(Rc::downgrade(&bench.world), a)));
    bench.start("a", |here| async move {
        here.log::<u32>().force(1, "line").await;
        here.retried("dead", 0_u64);
    });
    bench.run(at(10));
    assert_eq!(bench.count(Kind::Crashed), 1);
    assert_eq!(bench.count(Kind::Retried), 0);
    // The rest of such a process finds the memory of a node that is down.
    bench.here("a").local::<u32>().with(|number| *number = 7);
    bench.world.restart(a);
    bench.run(at(100));
    assert!(bench.world.is_ready(a));
    assert_eq!(bench.here("a").local::<u32>().with(|number| *number), 0);
    assert!(bench.here("a").log::<u32>().records().is_empty());
}
