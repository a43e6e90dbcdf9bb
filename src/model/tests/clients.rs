//! Clients: deadlines, retries, and what they make of silence.

use std::cell::Cell;

use super::*;

/// A client whose attempts are answered so in turn; `None` is silence. Later attempts hear the last
/// one.
fn answered(attempts: u16, answers: Vec<Option<Answer>>) -> Bench {
    let mut system = small();
    system.client.attempts = attempts;
    system.client.attempt_deadline = Span::from_secs(1);
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
fn a_definite_answer_ends_it() {
    // 1 ms there, 3 ms of work, 1 ms back.
    for answer in [Answer::Done, Answer::Accepted, Answer::RefusedByRule] {
        assert_eq!(heard(&answered(3, vec![Some(answer)])), (answer, 5, 1));
    }
}

#[test]
fn a_technical_no_is_asked_again_with_the_same_key_until_the_attempts_are_used_up() {
    let bench = answered(3, vec![Some(Answer::TechnicalNo)]);
    // Pauses of 100 and 200 ms.
    assert_eq!(heard(&bench), (Answer::TechnicalNo, 5 + 100 + 5 + 200 + 5, 3));
    assert!(
        bench.all(Kind::Decided).iter().all(|record| record.op == OpId(0)),
        "the same operation"
    );
    assert_eq!(bench.count(Kind::Retried), 2);
    assert_eq!(bench.count(Kind::Offered), 1);
}

#[test]
fn silence_is_asked_again_and_a_late_yes_is_a_yes() {
    // One worker is stuck with the first attempt, so the world gets a second.
    let mut system = small();
    system.client.attempts = 2;
    system.client.attempt_deadline = Span::from_secs(1);
    system.services[0].workers = 2;
    let asked = Cell::new(0);
    let bench = Bench::with(system, move |_, _| {
        asked.set(asked.get() + 1);
        let silent = asked.get() == 1;
        Box::pin(async move {
            if silent {
                std::future::pending::<()>().await;
            }
            Answer::Done
        })
    });
    bench.offer();
    bench.run(at(40_000));
    assert_eq!(answer(&bench), (Answer::Done, millis(1_000 + 100 + 5)));
}

#[test]
fn a_no_behind_an_attempt_in_doubt_is_no_no() {
    // The first attempt keeps the only worker; the others wait, and time out as well.
    let bench = answered(2, vec![None, Some(Answer::TechnicalNo)]);
    assert_eq!(heard(&bench).0, Answer::Unknown);
    // The crash of the silent service lets the second attempt be refused.
    let mut system = small();
    system.client.attempts = 2;
    system.client.attempt_deadline = Span::from_secs(1);
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
    system.client.attempts = 100;
    system.client.attempt_deadline = Span::from_millis(1_500);
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
