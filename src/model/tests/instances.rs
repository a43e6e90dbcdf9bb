//! Which instance of a service requests go to.

use super::*;
use crate::model::system::{ServiceId, ServiceSpec};

const A: ServiceId = ServiceId(0);
const DELAY: u64 = 100;

/// Service `a` has three instances, and it takes 100 ms to find out that one is away.
fn bench() -> Bench {
    let mut system = small();
    let endpoint_delay = millis(DELAY);
    system.services[0] = ServiceSpec { instances: 3, endpoint_delay, ..system.services[0].clone() };
    Bench::of(system)
}

/// The instance that has the second turn, as it is known at these times (in ms).
fn second(bench: &Bench, times: &[u64]) -> Vec<String> {
    let name = |time: &u64| bench.world.node_name(bench.world.balanced(A, 1, at(*time))).to_owned();
    times.iter().map(name).collect()
}

#[test]
fn who_is_away_is_known_after_the_delay_and_who_is_back_at_once() {
    let bench = bench();
    bench.crash("a#2", at(1_000), false);
    bench.restart("a#2", at(2_000));
    bench.run(at(5_000));
    // It recovers for 50 ms.
    let times = [999, 1_000, 1_099, 1_100, 2_049, 2_050, 4_000];
    assert_eq!(second(&bench, &times), ["a#2", "a#2", "a#2", "a#3", "a#3", "a#2", "a#2"]);
    let turns = |time| [0, 1, 2, 3].map(|turn| bench.world.balanced(A, turn, at(time)));
    let [a, b, c] = ["a", "a#2", "a#3"].map(|name| bench.node(name));
    assert_eq!(turns(900), [a, b, c, a], "as evenly as ever");
    assert_eq!(turns(1_500), [a, c, c, a]);
}

#[test]
fn an_outage_shorter_than_the_delay_is_never_known() {
    let bench = bench();
    bench.crash("a#2", at(1_000), true);
    bench.restart("a#2", at(1_040));
    bench.run(at(2_000));
    assert_eq!(second(&bench, &[1_000, 1_089, 1_100, 1_150]), ["a#2"; 4]);
}

#[test]
fn who_is_drained_gets_nothing_more_until_it_serves_again() {
    let bench = bench();
    let node = bench.node("a#2");
    bench.when(at(1_000), move |world| world.drain(node));
    bench.crash("a#2", at(1_200), false);
    bench.restart("a#2", at(1_400));
    bench.when(at(1_400), move |world| world.undrain(node));
    bench.run(at(3_000));
    let times = [999, 1_000, 1_449, 1_450];
    assert_eq!(second(&bench, &times), ["a#2", "a#3", "a#3", "a#2"]);
}

#[test]
fn who_stands_still_is_away_and_if_all_are_nobody_else_is_there() {
    let bench = bench();
    let [a, b, c] = ["a", "a#2", "a#3"].map(|name| bench.node(name));
    bench.when(at(1_000), move |world| world.pause(b));
    bench.crash("a", at(2_000), false);
    bench.crash("a#3", at(2_000), false);
    bench.run(at(3_000));
    assert_eq!(second(&bench, &[1_099, 1_100, 2_099, 2_100]), ["a#2", "a#3", "a#3", "a#2"]);
    let turns = [0, 1, 2].map(|turn| bench.world.balanced(A, turn, at(3_000)));
    assert_eq!(turns, [a, b, c], "whoever asks finds out");
}

#[test]
fn a_member_keeps_its_partitions_for_the_session_timeout() {
    let bench = bench();
    bench.crash("a#2", at(1_000), false);
    bench.run(at(1_300));
    let members = |timeout| {
        let of = |partition| bench.world.member(A, partition, millis(timeout));
        [0, 1, 2, 3, 4].map(|partition| bench.world.node_name(of(partition)).to_owned())
    };
    assert_eq!(members(301), ["a", "a#2", "a#3", "a", "a#2"]);
    assert_eq!(members(300), ["a", "a#3", "a#3", "a", "a#3"]);
}
