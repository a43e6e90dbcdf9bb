//! M11: back to what the run would have been without its faults, or never.

use crate::checks::RunReport;
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::recovery::{Course, NO_EFFECT, NO_FAULT, NO_WINDOW, Spread, recovery};
use crate::kernel::Span;
use crate::model::contract::label;
use crate::model::record::Answer;
use crate::tests::events::{fault_began, fault_ended};
use crate::tests::history::{History, OPEN, RENAME};

const SECOND: u64 = 1_000_000_000;
/// When the load ends, in seconds.
const LOAD: u64 = 100;

/// The end of an operation.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// Done, after so many ms.
    Done(u64),
    /// Turned away, after so many ms.
    TurnedAway(u64),
    /// Nobody answers.
    Silent,
}

/// A history with `each` operations a second that fare as `fate` says by their number, and faults
/// (from, until) in seconds; `more` adds to it at the beginning of each second.
fn run(
    each: u64,
    faults: &[(u64, u64)],
    fate: impl Fn(u64) -> Fate,
    more: impl Fn(u64, &mut History),
) -> RunReport {
    let mut events: Vec<(u64, u32, Option<Answer>)> = Vec::new();
    for number in 0..each * LOAD {
        let (at, op) = (number * 1_000 / each, number as u32);
        events.push((at, op, None));
        match fate(number) {
            Fate::Done(after) => events.push((at + after, op, Some(Answer::Done))),
            Fate::TurnedAway(after) => events.push((at + after, op, Some(Answer::TechnicalNo))),
            Fate::Silent => {}
        }
    }
    events.sort_by_key(|(at, op, answer)| (*at, answer.is_some(), *op));
    let mut history = History::new();
    let mut events = events.into_iter().peekable();
    for second in 0..=LOAD {
        history.at(second * 1_000);
        for (from, until) in faults {
            if second == *from {
                history.note(fault_began(0));
            }
            if second == *until {
                history.note(fault_ended(0));
            }
        }
        more(second, &mut history);
        while let Some((at, op, answer)) = events.next_if(|(at, ..)| *at < (second + 1) * 1_000) {
            history.at(at);
            match answer {
                None => history.offer(op, RENAME, 3),
                Some(Answer::Done) => history.apply(op, 0).answer(op, Answer::Done),
                Some(other) => history.answer(op, other),
            };
        }
    }
    history.rest()
}

/// Operations and the faults of a run in which they fare as `fate` says.
fn struck(fate: impl Fn(u64) -> Fate) -> RunReport {
    run(1, &[(50, 60)], fate, |_, _| ())
}

fn calm() -> RunReport {
    run(1, &[], |_| AT_ONCE, |_, _| ())
}

const AT_ONCE: Fate = Fate::Done(10);

fn course(report: &RunReport) -> Course {
    Course::of(report, Span::from_secs(LOAD))
}

/// M11 of a run beside its twin, of which there are no others, if nothing recurs.
fn beside(run: &RunReport, twin: &RunReport) -> Quantity {
    let (own, twin) = (course(run), course(twin));
    recovery(&own, &twin, &Spread::of([&twin], Span::ZERO), &run.faults)
}

fn seconds(seconds: u64) -> Quantity {
    Quantity::total(seconds * SECOND)
}

#[test]
fn the_judge_of_one_run_says_nothing_about_recovery() {
    assert_eq!(calm().measures.get(&RECOVERY.into()), None);
}

#[test]
fn a_fault_without_effect_is_said_to_have_none() {
    let why = Quantity::Missing { why: NO_EFFECT };
    assert_eq!(beside(&struck(|_| AT_ONCE), &calm()), why);
    assert_eq!(beside(&calm(), &calm()), Quantity::Missing { why: NO_FAULT });
}

#[test]
fn a_run_that_is_well_at_once_recovers_at_once() {
    let hit = |second| if (50..60).contains(&second) { Fate::Silent } else { AT_ONCE };
    assert_eq!(beside(&struck(hit), &calm()), seconds(0));
}

#[test]
fn recovery_waits_for_answers() {
    let hit = |second| if (50..73).contains(&second) { Fate::Silent } else { AT_ONCE };
    assert_eq!(beside(&struck(hit), &calm()), seconds(15), "in the window from 75 s on");
}

#[test]
fn a_heal_with_a_queue_has_not_recovered_before_it_is_served() {
    // What waits is answered, and in time, but 2 s late for as long as the queue is there.
    let hit = |second| if (50..80).contains(&second) { Fate::Done(2_000) } else { AT_ONCE };
    assert_eq!(beside(&struck(hit), &calm()), seconds(20));
}

#[test]
fn a_run_that_stays_down_never_recovers() {
    assert_eq!(
        beside(&struck(|s| if s >= 50 { Fate::Silent } else { AT_ONCE }), &calm()),
        Quantity::Never
    );
    let relapse = |second| if second == 97 { Fate::Silent } else { AT_ONCE };
    let relapse = beside(&struck(relapse), &calm());
    assert_eq!(relapse, Quantity::Never, "the last window is none of a run that recovered");
}

#[test]
fn five_percent_of_the_twin_are_tolerated_and_more_is_not() {
    // Of forty operations in the window from 70 s on so many are turned away, as fast as the others
    // are done.
    let turned_away = |count: u64| {
        let hit = |number: u64| (560..560 + count).contains(&number);
        let fate = |number: u64| match number / 8 {
            50..60 => Fate::Silent,
            _ if hit(number) => Fate::TurnedAway(10),
            _ => AT_ONCE,
        };
        beside(&run(8, &[(50, 60)], fate, |_, _| ()), &run(8, &[], |_| AT_ONCE, |_, _| ()))
    };
    assert_eq!((turned_away(1), turned_away(3)), (seconds(0), seconds(15)));
}

#[test]
fn what_is_lost_for_good_does_not_delay_recovery() {
    let stays = |until: u64| {
        let more = move |second, history: &mut History| {
            if second == 55 {
                history.offer(100, OPEN, 3).apply(100, 0).hold(100, label::OUTBOX, 1);
            }
            if second == until {
                history.apply(100, 1).apply(100, 2).hold(100, label::OUTBOX, -1);
            }
        };
        run(1, &[(50, 60)], |_| AT_ONCE, more)
    };
    let twin = stays(55);
    assert_eq!(beside(&stays(1_000), &twin), seconds(0), "it stays behind for ever");
    assert_eq!(beside(&stays(71), &twin), seconds(15), "it is only late");
    assert_eq!(beside(&stays(58), &twin), seconds(0));
}

/// A poll every 10 s, from 50 s on `shift` s later: what came in since the last one waits for it.
fn polled(shift: u64, faults: &[(u64, u64)]) -> RunReport {
    let phase = move |second| if second < 50 { 0 } else { shift };
    let polls = move |second: u64| second % 10 == phase(second) || second == LOAD;
    let more = move |second: u64, history: &mut History| {
        if polls(second) {
            let before = (0..second).rev().take_while(|at| !polls(*at)).count() as i64;
            history.hold(0, label::OUTBOX, -before);
        } else {
            history.hold(0, label::OUTBOX, 1);
        }
    };
    run(1, faults, |_| AT_ONCE, more)
}

#[test]
fn the_phase_of_a_poll_may_shift_for_good() {
    let (run, twin) = (polled(4, &[(50, 60)]), polled(0, &[]));
    let (own, twins) = (course(&run), course(&twin));
    let of = |period| recovery(&own, &twins, &Spread::of([&twins], period), &run.faults);
    assert_eq!(of(Span::from_secs(10)), Quantity::Missing { why: NO_EFFECT });
}

#[test]
fn fault_free_runs_that_vary_allow_a_run_to_vary() {
    // In the window from 70 s on the run takes 40 ms, and fault-free runs take 10 ms or so.
    let late = |second| match second {
        50..60 => Fate::Silent,
        70..75 => Fate::Done(40),
        _ => AT_ONCE,
    };
    let (run, twin) = (struck(late), calm());
    assert_eq!(beside(&run, &twin), seconds(15));
    let other = |ms| course(&struck(|_| Fate::Done(ms)));
    let (own, twin) = (course(&run), course(&twin));
    let of = |others: [u64; 2]| {
        let [one, two] = others.map(other);
        recovery(&own, &twin, &Spread::of([&twin, &one, &two], Span::ZERO), &run.faults)
    };
    assert_eq!((of([9, 11]), of([3, 17])), (seconds(15), seconds(0)));
}

#[test]
fn a_fault_that_lasts_to_the_end_of_the_load_leaves_no_window() {
    let hit = |second| if second >= 50 { Fate::Silent } else { AT_ONCE };
    for until in [96, 1_000] {
        let run = run(1, &[(50, until)], hit, |_, _| ());
        assert_eq!(beside(&run, &calm()), Quantity::Missing { why: NO_WINDOW });
    }
}

#[test]
fn fault_windows_are_paired_by_fault_and_target() {
    let mut history = History::new();
    history.at(50_000).note(fault_began(1));
    history.note(fault_began(2));
    history.at(55_000).note(fault_ended(1));
    let report = history.rest();
    assert_eq!(report.faults[0].ended.map(|at| at.as_nanos()), Some(55 * SECOND));
    assert_eq!(report.faults[1].ended, None);
}
