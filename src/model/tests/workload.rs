//! Arrivals and keys: the same whatever else is going on.

use super::*;
use crate::kernel::Dist;
use crate::model::system::{Arrivals, LoadId, LoadSpec, Name, RowKey};

/// An arrival: when, what, and the rows that it touches.
type Arrival = (Time, OperationKind, Vec<RowKey>);

/// The arrivals of one kind of operation.
fn arrivals(bench: &Bench, kind: u16) -> Vec<Arrival> {
    let touched = bench.pick(pick!(record: Event::Touches { row, .. } => (record.op, row)));
    let rows = |op| touched.iter().filter(move |(of, _)| *of == op).map(|(_, row)| *row);
    let wanted = OperationKind(kind);
    bench.pick(pick!(record: Event::Offered { kind, .. } if kind == wanted => {
        (record.time, kind, rows(record.op).collect())
    }))
}

fn load(name: &str, arrivals: Arrivals) -> LoadSpec {
    let (from, until) = (Time::ZERO, at(20_000));
    LoadSpec { name: Name::new(name), operation: OperationKind(0), arrivals, from, until }
}

fn offered(loads: Vec<LoadSpec>) -> Bench {
    let mut system = small();
    system.loads = loads;
    system.services[0].queue = 1_000;
    run(system)
}

fn run(system: System) -> Bench {
    let bench = Bench::of(system);
    bench.offer();
    bench.run(at(60_000));
    bench
}

fn times(bench: &Bench) -> Vec<Time> {
    bench.all(Kind::Offered).iter().map(|record| record.time).collect()
}

#[test]
fn constant_and_traced_arrivals_come_on_the_dot() {
    let constant = offered(vec![load("even", Arrivals::Constant(Span::from_secs(6)))]);
    assert_eq!(times(&constant), [at(6_000), at(12_000), at(18_000)]);
    let trace = [at(1), at(7), at(7), at(19_999), at(20_000), at(30_000)];
    let traced = offered(vec![load("trace", Arrivals::Trace(trace.into()))]);
    assert_eq!(times(&traced), trace[..4], "nothing arrives once the load is over");
}

#[test]
fn counted_arrivals_are_as_many_as_counted_and_spread_evenly_over_their_intervals() {
    let every = Span::from_secs(5);
    let rows = [(at(0), 400), (at(5_000), 0), (at(12_000), 1_000), (at(18_000), 500)];
    let bench = offered(vec![load("counted", Arrivals::Counted { rows: rows.into(), every })]);
    let times = times(&bench);
    assert!(times.is_sorted());
    let within = |from, until| times.iter().filter(|t| (at(from)..at(until)).contains(t)).count();
    assert_eq!((within(0, 5_000), within(5_000, 12_000)), (400, 0));
    assert_eq!(within(12_000, 17_000), 1_000);
    // The last interval is cut off by the end of the load: 2 of its 5 s are left.
    let cut = within(18_000, 20_000) as f64;
    assert!((cut - 200.0).abs() < 4.0 * (500.0_f64 * 0.4 * 0.6).sqrt(), "{cut} of 500");
    // The mean of 1,000 uniform draws from 0 to 5 s is 2.5 s, with a standard error of 5 s /
    // √12,000.
    let past = times.iter().map(|time| time.since(at(12_000)).as_secs_f64());
    let third: Vec<f64> = past.filter(|past| (0.0..5.0).contains(past)).collect();
    let third = &third[third.len() - 1_000..];
    let mean = third.iter().sum::<f64>() / third.len() as f64;
    assert!((mean - 2.5).abs() < 4.0 * 5.0 / 12_000_f64.sqrt(), "{mean} s into the interval");
}

#[test]
fn a_poisson_load_has_its_rate_and_the_spread_of_chance() {
    let bench = offered(vec![load("poisson", Arrivals::Poisson(200.0))]);
    let times = times(&bench);
    let n = times.len() as f64;
    assert!((n - 4_000.0).abs() < 4.0 * 4_000.0_f64.sqrt(), "{n} in 20 s");
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let squares = gaps.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>();
    let variation = (squares / gaps.len() as f64).sqrt() / mean;
    // The coefficient of variation of exponential gaps is 1, estimated to about 1 / sqrt(n).
    assert!((variation - 1.0).abs() < 4.0 / n.sqrt(), "{variation}");
}

#[test]
fn bursts_have_their_rates() {
    let (every, length) = (Span::from_secs(4), Span::from_secs(1));
    let bursts = Arrivals::Bursts { base: 50.0, peak: 400.0, every, length };
    let bench = offered(vec![load("bursts", bursts)]);
    let in_burst = |time: &Time| time.as_nanos() % every.as_nanos() < length.as_nanos();
    let times = times(&bench);
    let peak = times.iter().filter(|time| in_burst(time)).count() as f64;
    let base = times.len() as f64 - peak;
    // Five bursts of a second in 20 s.
    for (found, expected) in [(peak, 5.0 * 400.0), (base, 15.0 * 50.0)] {
        assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found} against {expected}");
    }
}

#[test]
fn nothing_else_in_the_world_changes_arrivals_and_keys() {
    let poisson = || load("poisson", Arrivals::Poisson(50.0));
    let alone = arrivals(&offered(vec![poisson()]), 0);
    assert!(alone.len() > 800);
    // Another load of another operation, another service and table, and a service that is slow.
    let mut system = small();
    system.loads = vec![poisson(), load("other", Arrivals::Poisson(30.0))];
    system.operations.push(system.operations[0].clone());
    system.loads[1].operation = OperationKind(1);
    system.services.push(system.services[1].clone());
    system.tables.push(system.tables[1].clone());
    system.services[0].work = Dist::Exponential { mean: millis(100) };
    let crowded = run(system);
    assert_eq!(arrivals(&crowded, 0), alone);
    assert!(arrivals(&crowded, 1).len() > 400);
    // What a load is called decides its draws, unless its stream name is kept.
    let renamed = offered(vec![load("renamed", Arrivals::Poisson(50.0))]);
    assert_ne!(arrivals(&renamed, 0), alone);
    let mut kept = load("poisson", Arrivals::Poisson(50.0));
    kept.name = Name::with_stream("renamed", "poisson");
    assert_eq!(arrivals(&offered(vec![kept]), 0), alone);
}

#[test]
fn new_keys_are_never_used_twice() {
    let bench =
        offered(vec![load("one", Arrivals::Poisson(50.0)), load("two", Arrivals::Poisson(50.0))]);
    let mut fresh =
        bench.pick(pick!(record: Event::Touches { row, .. } if record.step.0 == 1 => row));
    let many = fresh.len();
    assert!(many > 1_600);
    fresh.sort_unstable();
    fresh.dedup();
    assert_eq!(fresh.len(), many);
}

#[test]
fn a_load_that_follows_takes_over_keys_and_comes_at_its_delay() {
    let follows = |share| Arrivals::Follows {
        load: LoadId(0),
        delay: Dist::Constant(Span::from_millis(2_500)),
        share,
    };
    let with = |share| {
        let mut system = small();
        let mut following = system.operations[0].clone();
        for key in &mut following.keys {
            key.choice = crate::model::system::KeyChoice::Followed;
        }
        system.operations.push(following);
        system.loads = vec![load("lead", Arrivals::Poisson(50.0)), load("follow", follows(share))];
        system.loads[1].operation = OperationKind(1);
        system.services[0].queue = 1_000;
        run(system)
    };
    let bench = with(1.0);
    let leaders = arrivals(&bench, 0).into_iter();
    let expected: Vec<Arrival> = leaders
        .map(|(time, _, rows)| (time + Span::from_millis(2_500), OperationKind(1), rows))
        .filter(|(time, ..)| *time < at(20_000))
        .collect();
    assert_eq!(arrivals(&bench, 1), expected);
    let follows = pick!(record: Event::Follows { followed } => (record.op, followed));
    let follows = bench.pick(follows);
    assert_eq!(follows.len(), expected.len());
    let arrived = |op| bench.world.env().operation(op).arrived;
    let wait = Span::from_millis(2_500);
    assert!(follows.iter().all(|(follower, led)| arrived(*follower) == arrived(*led) + wait));
    let some = with(0.3);
    let followers = arrivals(&some, 1);
    assert!(followers.iter().all(|follower| expected.contains(follower)));
    let n = expected.len() as f64;
    let share = followers.len() as f64 / n;
    assert!((share - 0.3).abs() < 4.0 * (0.3_f64 * 0.7 / n).sqrt(), "{share}");
}

#[test]
fn a_closed_loop_has_one_operation_a_client() {
    let think = Dist::Constant(millis(7));
    let closed = Arrivals::Closed { clients: 3, think };
    let mut system = small();
    system.loads = vec![load("closed", closed)];
    system.services[0].workers = 3;
    let bench = run(system);
    // Each thinks for 7 ms and waits for 5 ms, and the last thought ends before 20 s.
    let offered = times(&bench);
    assert_eq!(offered.len(), 3 * (20_000_usize - 7).div_ceil(7 + 5));
    assert!(offered.iter().all(|time| time.as_nanos() % 12_000_000 == 7_000_000));
}

#[test]
fn operations_are_measured_between_the_warm_up_and_the_end_of_the_load() {
    let mut system = small();
    system.phases.warm_up = Span::from_secs(5);
    system.loads = vec![load("even", Arrivals::Constant(Span::from_millis(2_500)))];
    let measured = run(system).pick(pick!(Event::Offered { measured, .. } => measured));
    assert_eq!(measured, [false, true, true, true, true, true, true]);
}
