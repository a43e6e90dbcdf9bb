//! Workers and queues.

use super::*;

/// One worker and room for two; 3 ms a request.
const BUSY: (&str, &str) = ("driver", "a");

fn request() -> Message {
    Message::request("ask", millis(100))
}

fn started(bench: &Bench) -> Vec<(u64, u64)> {
    let millis = |waited: Span| waited.as_nanos() / 1_000_000;
    bench.pick(pick!(record: Event::Started { waited, .. } => {
        (u64::from(record.attempt), millis(waited))
    }))
}

/// Asks as attempt number `number`, which tells requests apart in the history.
fn ask(bench: &Bench, number: u16) -> Outcome {
    let outcome = Outcome::default();
    let (seen, to) = (Rc::clone(&outcome), bench.node(BUSY.1));
    bench.start(BUSY.0, |here| async move {
        let here = here.at_step(here.ctx().step, number);
        let reply = here.call(to, request(), move |_| async move { u32::from(number) }).await;
        *seen.borrow_mut() = Some((reply, here.now()));
    });
    outcome
}

#[test]
fn a_full_queue_turns_requests_away_and_says_so() {
    let bench = Bench::new();
    let outcomes: Vec<Outcome> = (0..5).map(|number| ask(&bench, number)).collect();
    bench.run(at(1_000));
    let outcomes: Vec<_> = outcomes.iter().map(|outcome| outcome.borrow().expect("one")).collect();
    // One is served, two wait, two are rejected; then first come, first served.
    assert_eq!(outcomes[0], (Reply::Answered(0), at(1 + 3 + 1)));
    assert_eq!(outcomes[1], (Reply::Answered(1), at(1 + 6 + 1)));
    assert_eq!(outcomes[2], (Reply::Answered(2), at(1 + 9 + 1)));
    assert_eq!(outcomes[3], (Reply::Rejected, at(2)));
    assert_eq!(outcomes[4], (Reply::Rejected, at(2)));
    assert_eq!(started(&bench), [(0, 0), (1, 3), (2, 6)]);
    let overflowed: Vec<u16> = bench.all(Kind::Overflowed).iter().map(|r| r.attempt).collect();
    assert_eq!(overflowed, [3, 4]);
    let queued = bench.pick(pick!(Event::Queued { waiting, .. } => waiting));
    assert_eq!(queued, [0, 0, 1], "how many wait ahead");
}

#[test]
fn a_crash_drops_what_waits_and_works_to_the_nanosecond() {
    let bench = Bench::new();
    ask(&bench, 0);
    bench.run(at(1));
    ask(&bench, 1);
    bench.run(at(2));
    ask(&bench, 2);
    let pool = bench.world.pool(bench.node("a")).expect("a service");
    bench.run(Time::ZERO + Span::from_micros(3_500));
    assert_eq!(pool.inside(), 3);
    bench.world.crash(bench.node("a"), false);
    assert_eq!(pool.inside(), 0);
    let dropped = bench.pick(pick!(Event::Dropped { requests, stayed, .. } => (requests, stayed)));
    // They arrived at 1, 2 and 3 ms.
    assert_eq!(dropped, [(3, Span::from_micros(2_500 + 1_500 + 500))]);
    bench.world.restart(bench.node("a"));
    bench.run(at(60));
    assert_eq!(bench.count(Kind::Finished), 0, "nothing of it comes back");
    let outcome = ask(&bench, 3);
    bench.run(at(1_000));
    assert_eq!(*outcome.borrow(), Some((Reply::Answered(3), at(60 + 5))), "all workers are free");
}

#[test]
fn an_idle_worker_serves_even_if_there_is_no_queue() {
    let mut system = small();
    system.services[0].queue = 0;
    let bench = Bench::of(system);
    let (first, second) = (ask(&bench, 0), ask(&bench, 1));
    bench.run(at(1_000));
    assert_eq!(*first.borrow(), Some((Reply::Answered(0), at(5))));
    assert_eq!(*second.borrow(), Some((Reply::Rejected, at(2))));
}

#[test]
fn instances_have_workers_of_their_own_and_share_the_operations() {
    let mut system = small();
    system.services[0].instances = 2;
    let bench = Bench::with(system, |here, _| {
        mark(&here, "served");
        Box::pin(std::future::ready(Answer::Done))
    });
    assert_eq!(bench.world.instances(super::super::system::ServiceId(0)).len(), 2);
    bench.offer();
    let second = bench.node("a#2");
    bench.run(at(20_000));
    // The only operation is the load's number 0.
    assert_eq!(bench.all(Kind::Decided)[0].node, bench.node("a"));
    assert_ne!(second, bench.node("a"));
}

#[test]
fn the_caller_that_gives_up_does_not_take_its_request_out_of_the_queue() {
    let bench = Bench::new();
    ask(&bench, 0);
    let impatient = bench.call(BUSY, Message::request("ask", millis(3)), |_| async { 1 });
    bench.run(at(1_000));
    assert_eq!(*impatient.borrow(), Some((Reply::Unknown, at(3))));
    assert_eq!(bench.count(Kind::Finished), 2);
}
