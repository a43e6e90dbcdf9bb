//! Calls: answers, refusals, silence, doubt.

use super::*;

const A_TO_B: (&str, &str) = ("a", "b");

/// Works for 3 ms, says that it did, and answers.
async fn work(here: ProcessCtx) -> u32 {
    here.sleep(millis(3)).await;
    mark(&here, "worked");
    7
}

fn seen(outcome: &Outcome) -> Option<(Reply<u32>, Time)> {
    *outcome.borrow()
}

#[test]
fn a_call_is_answered_after_both_ways_and_the_work() {
    let bench = Bench::new();
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), Some((Reply::Answered(7), at(1 + 3 + 1))));
    let [request, reply] = bench.all(Kind::Sent)[..] else { panic!("two messages") };
    let (a, b) = (bench.node("a"), bench.node("b"));
    let ends = bench.pick(pick!(record: Event::Sent { to, .. } => (record.node, to)));
    assert_eq!(ends, [(a, b), (b, a)]);
    assert_eq!(reply.cause, request.message, "the request is why there is a reply");
    assert_eq!(bench.label(&reply), "ping");
}

#[test]
fn a_business_request_costs_the_service_its_own_work_and_a_control_message_none() {
    let bench = Bench::new();
    let control = bench.call(A_TO_B, ping(100), |_| async { 1 });
    let request = bench.call(A_TO_B, Message::request("ask", millis(100)), |_| async { 2 });
    bench.run(at(1_000));
    assert_eq!(seen(&control), Some((Reply::Answered(1), at(2))));
    assert_eq!(seen(&request), Some((Reply::Answered(2), at(2 + 3))));
    let drawn = bench.pick(pick!(Event::Finished { work, .. } => work));
    assert_eq!(drawn, [Span::ZERO, millis(3)]);
}

#[test]
fn a_crashed_process_refuses_and_runs_nothing() {
    let bench = Bench::new();
    bench.crash("b", at(0), false);
    bench.run(at(0));
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), Some((Reply::Refused, at(2))));
    assert_eq!(bench.count(Kind::Decided), 0);
}

#[test]
fn a_crashed_machine_and_a_partition_are_silent_until_the_deadline() {
    let bench = Bench::new();
    bench.crash("b", at(0), true);
    bench.run(at(0));
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), Some((Reply::Unknown, at(100))));

    for (from, to) in [("a", "b"), ("b", "a")] {
        let bench = Bench::new();
        bench.disturb(from, to, LinkEffect::Cut);
        let outcome = bench.call(A_TO_B, ping(100), work);
        bench.run(at(1_000));
        assert_eq!(seen(&outcome), Some((Reply::Unknown, at(100))));
        let worked = bench.count(Kind::Decided);
        assert_eq!(worked, usize::from(from == "b"), "only the reply was cut off");
        assert_eq!(bench.count(Kind::Lost), 1);
    }
}

#[test]
fn a_crash_in_the_middle_of_the_work_is_unknown_to_the_caller() {
    let bench = Bench::new();
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.crash("b", at(2), false);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), Some((Reply::Unknown, at(100))));
    assert_eq!(bench.count(Kind::Decided), 0, "the rest of the work never ran");
    assert_eq!(bench.count(Kind::Sent), 1, "and nobody answers for it");
}

#[test]
fn the_callers_crash_does_not_stop_the_callee() {
    let bench = Bench::new();
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.crash("a", at(2), false);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), None, "the process that asked is gone");
    assert_eq!(bench.count(Kind::Decided), 1);
    assert_eq!(bench.count(Kind::Delivered), 2, "the reply finds nobody who waits for it");
}

#[test]
fn a_copied_request_runs_twice_and_the_first_reply_counts() {
    let bench = Bench::new();
    bench.disturb("a", "b", LinkEffect::Duplicate(1.0));
    let outcome = bench.call(A_TO_B, ping(100), |here: ProcessCtx| async move {
        let served = here.local::<u32>();
        let count = served.with(|served| {
            *served += 1;
            *served
        });
        mark(&here, "served");
        count
    });
    bench.run(at(1_000));
    assert_eq!(bench.count(Kind::Decided), 2);
    assert_eq!(bench.count(Kind::Duplicated), 1);
    assert_eq!(seen(&outcome), Some((Reply::Answered(1), at(2))));
}

#[test]
fn a_copied_reply_is_thrown_away() {
    let bench = Bench::new();
    bench.disturb("b", "a", LinkEffect::Duplicate(1.0));
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), Some((Reply::Answered(7), at(5))));
    assert_eq!(bench.count(Kind::Decided), 1);
    assert_eq!(bench.count(Kind::Delivered), 3);
}

#[test]
fn on_a_tie_with_the_deadline_the_reply_counts() {
    for (deadline, reply) in [(5_000, Reply::Answered(7)), (4_999, Reply::Unknown)] {
        let bench = Bench::new();
        let message = Message::control("ping", Span::from_micros(deadline));
        let outcome = bench.call(A_TO_B, message, work);
        bench.run(at(1_000));
        let time = Time::ZERO + Span::from_micros(deadline);
        assert_eq!(seen(&outcome), Some((reply, time)));
    }
}

#[test]
fn a_late_reply_does_not_answer_the_next_call() {
    let bench = Bench::new();
    let outcome = Outcome::default();
    let (to, seen) = (bench.node("b"), Rc::clone(&outcome));
    bench.start("a", |here| async move {
        assert_eq!(here.call(to, ping(3), work).await, Reply::Unknown);
        let reply = here.call(to, ping(100), |_| async { 8 }).await;
        *seen.borrow_mut() = Some((reply, here.now()));
    });
    bench.run(at(1_000));
    assert_eq!(self::seen(&outcome), Some((Reply::Answered(8), at(3 + 2))));
}

#[test]
fn scattered_calls_gather_their_replies_in_order_under_one_deadline() {
    let bench = Bench::new();
    bench.disturb("driver", "b", LinkEffect::Cut);
    let replies = Rc::new(RefCell::new(Vec::new()));
    let (gathered, to) = (Rc::clone(&replies), [bench.node("a"), bench.node("b")]);
    bench.start("driver", |here| async move {
        let calls = (0..4_u32).map(|number| {
            let answer = move |_: ProcessCtx| async move { number };
            (*here.ctx(), to[usize::from(number % 2 == 1)], answer)
        });
        let answers = here.call_all(ping(100), calls).await;
        *gathered.borrow_mut() = answers;
        mark(&here, "gathered");
    });
    bench.run(at(1_000));
    use Reply::{Answered, Unknown};
    assert_eq!(*replies.borrow(), [Answered(0), Unknown, Answered(2), Unknown]);
    assert_eq!(bench.all(Kind::Decided)[0].time, at(100));
}

#[test]
fn scattered_calls_return_as_soon_as_all_have_replied() {
    let bench = Bench::new();
    let to = [bench.node("a"), bench.node("b")];
    bench.start("driver", |here| async move {
        let calls = to.map(|to| (*here.ctx(), to, work));
        let answers = here.call_all(ping(100), calls).await;
        assert_eq!(answers, [Reply::Answered(7), Reply::Answered(7)]);
        here.record(Event::Intervention { label: here.label("gathered") });
    });
    bench.run(at(1_000));
    assert_eq!(bench.all(Kind::Intervention)[0].time, at(5));
}

#[test]
fn what_is_told_is_not_answered() {
    let bench = Bench::new();
    let to = bench.node("b");
    bench.start("a", |here| async move {
        here.tell(to, ping(100), |here| async move {
            mark(&here, "heard");
        });
    });
    bench.run(at(1_000));
    assert_eq!(bench.all(Kind::Decided)[0].time, at(1));
    assert_eq!(bench.count(Kind::Sent), 1);
}

#[test]
fn a_paused_service_answers_once_it_goes_on() {
    let bench = Bench::new();
    let node = bench.node("b");
    bench.world.env().sim().pause(node);
    bench.when(at(20), move |world| world.env().sim().resume(node));
    let outcome = bench.call(A_TO_B, ping(100), work);
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), Some((Reply::Answered(7), at(20 + 3 + 1))));
}

/// A call of a node to itself.
const A_TO_A: (&str, &str) = ("a", "a");

#[test]
fn what_a_node_asks_of_itself_is_no_message() {
    let bench = Bench::new();
    for effect in [LinkEffect::Cut, LinkEffect::Duplicate(1.0)] {
        bench.disturb("a", "a", effect);
    }
    let to = bench.node("a");
    bench.start("a", |here| async move {
        let here = here.with(Ctx { cause: 17, ..*here.ctx() });
        mark(&here, "asks");
        let reply = here.call(to, Message::request("ask", millis(100)), work).await;
        assert_eq!(reply, Reply::Answered(7));
        mark(&here, "heard");
    });
    bench.run(at(1_000));
    let [asks, worked, heard] = bench.all(Kind::Decided)[..] else { panic!("once each") };
    // Its own work as a service, then what it was asked to do; nothing on the way.
    assert_eq!((worked.time, heard.time), (at(3 + 3), at(3 + 3)));
    assert_ne!(asks.process, worked.process);
    assert_eq!(worked.cause, 17, "it goes on with what its asker was asked");
    assert_eq!(bench.count(Kind::Started), 1, "it takes a worker");
    assert_eq!(bench.count(Kind::Sent) + bench.count(Kind::Delivered), 0);
    assert_eq!(bench.world.env().messages(), 0);
}

#[test]
fn what_a_node_asked_of_itself_dies_with_it() {
    let bench = Bench::new();
    let outcome = bench.call(A_TO_A, ping(100), work);
    bench.crash("a", at(2), false);
    bench.restart("a", at(2));
    bench.run(at(1_000));
    assert_eq!(seen(&outcome), None);
    assert_eq!(bench.count(Kind::Decided), 0);
}
