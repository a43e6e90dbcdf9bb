//! Clients: deadlines, retries, and what they make of silence.

use std::cell::Cell;

use super::*;
use crate::kernel::Dist;

/// A client whose attempts are answered so in turn; `None` is silence. Later attempts hear the last
/// one.
fn answered(attempts: u16, answers: Vec<Option<Answer>>) -> Bench {
    let mut system = small();
    system.client.attempts = Some(attempts);
    system.client.attempt_deadline = Some(Span::from_secs(1));
    let asked = Cell::new(0);
    let bench = Bench::with(system, move |here, op| {
        let answer = answers[asked.get().min(answers.len() - 1)];
        asked.set(asked.get() + 1);
        mark(&here.for_op(op), "asked");
        Box::pin(async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    });
    bench.offer();
    bench.run(at(40_000));
    bench
}

/// The answer that the only client heard, after how many milliseconds, and its attempts.
fn heard(bench: &Bench) -> (Answer, u64, usize) {
    let (answer, waited) = answer(bench);
    (answer, waited.as_nanos() / 1_000_000, bench.count(Kind::Decided))
}

/// The answer that the only client heard, and after what time.
fn answer(bench: &Bench) -> (Answer, Span) {
    let pick = pick!(Event::Answered { answer, waited, .. } => (answer, waited));
    let [answered] = bench.pick(pick)[..] else { panic!("one client, one answer") };
    answered
}

#[test]
fn a_definite_answer_ends_it_and_so_does_a_technical_no() {
    // 1 ms there, 3 ms of work, 1 ms back. A service that says no has used up the attempts.
    for answer in [
        Answer::Done,
        Answer::Accepted,
        Answer::RefusedByRule,
        Answer::TechnicalNo,
        Answer::Unknown,
    ] {
        assert_eq!(heard(&answered(3, vec![Some(answer)])), (answer, 5, 1));
    }
}

#[test]
fn what_was_refused_on_the_way_is_asked_again_with_the_same_key_until_the_attempts_are_used_up() {
    let mut system = small();
    system.client.attempts = Some(3);
    let bench = Bench::with(system, |_, _| Box::pin(std::future::pending()));
    bench.crash("a", at(0), false);
    bench.offer();
    bench.run(at(40_000));
    // Pauses of 100 and 200 ms.
    assert_eq!(answer(&bench), (Answer::TechnicalNo, millis(2 + 100 + 2 + 200 + 2)));
    let asked: Vec<_> = bench.all(Kind::Sent).into_iter().filter(|it| it.op == OpId(0)).collect();
    assert_eq!(asked.iter().filter(|record| record.node == NodeId::WORLD).count(), 6);
    assert_eq!(bench.count(Kind::Retried), 2);
    assert_eq!(bench.count(Kind::Offered), 1);
}

/// A service that answers after three seconds, and how often it begins.
fn slow(attempts: Option<u16>) -> (Bench, usize) {
    let mut system = small();
    system.client.attempts = attempts;
    system.services[0].workers = 2;
    let begun = std::rc::Rc::new(Cell::new(0));
    let counts = std::rc::Rc::clone(&begun);
    let bench = Bench::with(system, move |here, _| {
        counts.set(counts.get() + 1);
        Box::pin(async move {
            here.sleep(Span::from_secs(3)).await;
            Answer::Done
        })
    });
    bench.offer();
    bench.run(at(40_000));
    (bench, begun.get())
}

#[test]
fn silence_is_asked_again_and_waits_for_what_is_under_way() {
    // One attempt waits as long as the client does.
    let (bench, begun) = slow(Some(1));
    assert_eq!((answer(&bench), begun), ((Answer::Done, millis(5 + 3_000)), 1));
    // By default there are three attempts, each given up after 2 s. What is asked for again has
    // begun, and does not begin anew.
    let (bench, begun) = slow(None);
    assert_eq!((answer(&bench), begun), ((Answer::Done, millis(5 + 3_000)), 1));
    assert_eq!(bench.count(Kind::Retried), 1);
}

#[test]
fn a_no_behind_an_attempt_in_doubt_is_no_no() {
    // The first attempt keeps the only worker; the others wait, and time out as well.
    let bench = answered(2, vec![None]);
    assert_eq!(heard(&bench).0, Answer::Unknown);
    // The crash of the silent service lets the second attempt be refused.
    let mut system = small();
    system.client.attempts = Some(2);
    system.client.attempt_deadline = Some(Span::from_secs(1));
    let bench = Bench::with(system, |_, _| Box::pin(std::future::pending()));
    bench.offer();
    bench.crash("a", at(10_500), false);
    bench.run(at(40_000));
    let refused_at_once = millis(1_000 + 100 + 2);
    assert_eq!(answer(&bench), (Answer::Unknown, refused_at_once));
}

#[test]
fn a_refusal_of_the_first_attempt_leaves_no_doubt() {
    let bench = Bench::new();
    bench.crash("a", at(0), false);
    bench.offer();
    bench.run(at(40_000));
    assert_eq!(answer(&bench).0, Answer::TechnicalNo);
}

#[test]
fn at_the_deadline_a_client_gives_up_and_asks_no_more() {
    let mut system = small();
    system.client.attempts = Some(100);
    system.client.attempt_deadline = Some(Span::from_millis(1_500));
    let bench = Bench::with(system, |_, _| Box::pin(std::future::pending()));
    bench.crash("a", at(0), true);
    bench.offer();
    bench.run(at(40_000));
    // 1500, pause 100, 1500, pause 200, 1500, pause 400 would end behind the deadline of 5 s.
    assert_eq!(answer(&bench).1, millis(4_800));
    assert_eq!(bench.count(Kind::Sent), 3);
}

#[test]
fn the_last_attempt_lasts_no_longer_than_the_deadline() {
    let bench = Bench::with(small(), |_, _| Box::pin(std::future::pending()));
    bench.offer();
    bench.run(at(40_000));
    assert_eq!(answer(&bench), (Answer::Unknown, millis(5_000)));
}

/// A request that arrives after its answer would have been deleted, 5 s of the client's deadline
/// and 2 s of a call later, is not carried out: the client may have been told that it failed, and
/// nobody would take its effects back.
#[test]
fn a_request_that_is_too_late_to_be_recognised_is_not_carried_out() {
    let asked = |delay: u64| {
        let mut system = small();
        system.client.attempts = Some(1);
        system.links.client.delay = Dist::Constant(millis(delay));
        let bench = Bench::with(system, |here, op| {
            mark(&here.for_op(op), "asked");
            Box::pin(async { Answer::Done })
        });
        bench.offer();
        bench.run(at(40_000));
        bench.count(Kind::Decided)
    };
    assert_eq!((asked(6_900), asked(7_100)), (1, 0));
}
