//! Properties of clients, readers and the course of a run.

use super::*;
use crate::model::record::{MessageClass, Sight};
use crate::model::system::{Derive, DeriveRule, RowKey};
use crate::tests::history::{ASSIGNMENTS, CUSTOMERS, TICKETS};

#[test]
fn client_contract() {
    let answered = |answer: Answer, steps: &'static [u8]| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3).answer(0, answer);
            steps.iter().for_each(|step| {
                history.apply(0, *step);
            });
        }
    };
    let verdict = |answer, steps| verdict("client-contract", answered(answer, steps));
    assert_eq!(verdict(Answer::Done, &[0, 1, 2]), Held);
    assert_eq!(verdict(Answer::Accepted, &[0, 1]), Violated);
    assert_eq!(verdict(Answer::RefusedByRule, &[]), Held);
    assert_eq!(verdict(Answer::TechnicalNo, &[0, 1, 2]), Violated);
    assert_eq!(verdict(Answer::Unknown, &[0, 1, 2]), Undecided, "either may be");
    let retracted = |history: &mut History| {
        answered(Answer::Accepted, &[0])(history);
        history.at(21_000).undo(0, 0);
    };
    assert_eq!(super::verdict("client-contract", retracted), Violated);
}

#[test]
fn answered_in_time() {
    let answered = |at: Option<u64>| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            if let Some(at) = at {
                history.at(at).answer(0, Answer::Done);
            }
            history.at(30_000);
        }
    };
    assert_eq!(verdict("answered-in-time", answered(Some(25_000))), Held, "the deadline is 25 s");
    assert_eq!(verdict("answered-in-time", answered(Some(25_001))), Violated);
    assert_eq!(verdict("answered-in-time", answered(None)), Violated);
}

#[test]
fn terminal_in_time() {
    let over = |at: Option<u64>, within: u64| {
        let mut history = History::new();
        history.at(99_000).offer(0, OPEN, 3).apply(0, 0).apply(0, 1);
        if let Some(at) = at {
            history.at(at).apply(0, 2);
        }
        let within = Some(Span::from_secs(within));
        history.at(119_000).found_within("terminal-in-time", false, within).verdict()
    };
    assert_eq!(over(Some(105_000), 5), Held);
    assert_eq!(over(Some(105_001), 5), Violated, "it ended, and too late");
    assert_eq!(over(None, 5), Violated);
    assert_eq!(over(None, 20), Undecided);
}

#[test]
fn fixpoint_and_no_livelock() {
    let until = |(property, event): (&str, Event), at: u64, settled: bool| {
        let mut history = History::new();
        history.at(20_000).offer(0, OPEN, 3);
        history.at(at).note_of(0, event);
        let ten = Some(Span::from_secs(10));
        history.at(at.max(118_000)).found_within(property, settled, ten).verdict()
    };
    let sent = events::sent(MessageClass::Service);
    let deleted = Event::RowDeleted { table: TICKETS, row: RowKey(3) };
    for case in [("no-livelock", sent), ("fixpoint", deleted)] {
        assert_eq!(until(case, 50_000, true), Held);
        assert_eq!(until(case, 110_000, false), Held, "up to the bound anything may happen");
        assert_eq!(until(case, 110_001, false), Violated, "still going on");
    }
    let mut early = History::new();
    early.at(105_000).value(TICKETS, 0, 3, 1);
    let ten = Some(Span::from_secs(10));
    assert_eq!(early.found_within("fixpoint", false, ten).verdict(), Undecided);
    let idle = |history: &mut History| {
        history.note(sent);
    };
    assert_eq!(verdict("no-livelock", idle), Undecided, "polling is for nobody in particular");
}

#[test]
fn resumes_after_restart() {
    let run = |restarted: bool, resumed: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3).apply(0, 0);
            hold(history, 0, 1);
            if restarted {
                history.at(21_000).note(Event::Restarted { incarnation: 1 });
            }
            if resumed {
                history.at(22_000).apply(0, 1).apply(0, 2);
                hold(history, 0, -1);
            }
        }
    };
    assert_eq!(verdict("resumes-after-restart", run(true, true)), Held);
    assert_eq!(verdict("resumes-after-restart", run(true, false)), Violated);
    assert_eq!(verdict("resumes-after-restart", run(false, false)), Undecided);
}

#[test]
fn legal_transitions() {
    let twice = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).answer(0, Answer::Done).answer(0, Answer::Done);
    };
    assert_eq!(told("legal-transitions", twice).judgement.why, "operation 0 was answered twice");
    let unprepared = |history: &mut History| resolve(history, 0, 1, Commit);
    assert_eq!(verdict("legal-transitions", unprepared), Violated);
    let workflow = |changes: &'static [i64]| {
        move |history: &mut History| {
            for change in changes {
                history.hold(0, label::WORKFLOW, *change);
            }
        }
    };
    assert_eq!(verdict("legal-transitions", workflow(&[1, -1])), Held);
    assert_eq!(verdict("legal-transitions", workflow(&[1, -1, -1])), Violated);
    assert_eq!(verdict("legal-transitions", workflow(&[1, 1])), Violated);
}

#[test]
fn bounded_queues() {
    let waiting = |length: u64| {
        move |history: &mut History| {
            history.note(events::queued(length));
        }
    };
    assert_eq!(verdict("bounded-queues", waiting(10)), Held, "the queue holds ten");
    let finding = told("bounded-queues", waiting(11));
    assert_eq!(finding.judgement.why, "11 requests wait at `desk`");
}

#[test]
fn read_committed() {
    let saw = |applied: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            if applied {
                history.apply(0, 0);
            }
            history.probe(0, &[Sight::Effect], 1);
        }
    };
    assert_eq!(verdict("read-committed", saw(true)), Held);
    assert_eq!(verdict("read-committed", saw(false)), Violated);
    let compensated_later = |history: &mut History| {
        saw(true)(history);
        history.at(21_000).undo(0, 0);
    };
    assert_eq!(verdict("read-committed", compensated_later), Held, "it was committed when read");
}

#[test]
fn no_resurrection() {
    let gone = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).value(TICKETS, 0, 70, 1);
        history.at(21_000).delete(TICKETS, 70);
    };
    assert_eq!(verdict("no-resurrection", gone), Held);
    let back = |history: &mut History| {
        gone(history);
        history.at(22_000).value(TICKETS, 0, 70, 1);
    };
    assert_eq!(verdict("no-resurrection", back), Violated);
    let undone = |history: &mut History| {
        gone(history);
        history.at(22_000).undo(0, 0).value(TICKETS, 0, 70, 1);
    };
    assert_eq!(verdict("no-resurrection", undone), Held, "the deletion was taken back");
}

/// Customers count their tickets of status 1, and each such ticket has an assignment.
fn derived() -> History {
    let mut system = system();
    let open =
        Derive { source: TICKETS, filter: vec![(0, 1)], rule: DeriveRule::Count { by: 1, to: 0 } };
    let steps = &mut system.operations[0].steps;
    steps[2].derive = Some(Derive { rule: DeriveRule::RowPer, ..open.clone() });
    steps[1].derive = Some(open);
    History::of(system)
}

#[test]
fn convergence() {
    let told = |count: i64, assigned: bool| {
        let mut history = derived();
        history.at(20_000).offer(0, OPEN, 3);
        history.value(TICKETS, 0, 1 << 63, 1).value(TICKETS, 1, 1 << 63, 3);
        history.value(CUSTOMERS, 0, 3, count);
        if assigned {
            history.value(ASSIGNMENTS, 0, 1 << 63, 0);
        }
        history.found("convergence", true)
    };
    assert_eq!(told(1, true).verdict(), Held);
    let finding = told(2, true);
    assert_eq!(finding.judgement.why, "`open` of row 3 of `customers` is not as derived");
    assert_eq!(finding.ops, [OpId(0)]);
    assert_eq!(told(1, false).verdict(), Violated);
    assert_eq!(told(0, false).judgement.why.split(';').count(), 2, "both are counted");
    assert_eq!(derived().found("convergence", true).verdict(), Undecided);
}

#[test]
fn copies_and_sums_converge() {
    let with = |rule: DeriveRule| {
        let mut system = system();
        let derive = Derive { source: TICKETS, filter: vec![], rule };
        system.operations[0].steps[1].derive = Some(derive);
        let mut history = History::of(system);
        history.at(20_000).value(TICKETS, 0, 4, 6).value(TICKETS, 1, 4, 3);
        history
    };
    let sum = || with(DeriveRule::Sum { of: 0, by: 1, to: 0, times: -1 });
    assert_eq!(sum().value(CUSTOMERS, 0, 3, -6).found("convergence", true).verdict(), Held);
    assert_eq!(sum().found("convergence", true).verdict(), Violated);
    let copy = |values| with(DeriveRule::Copy { from: 0, to: 1, values });
    assert_eq!(copy(vec![]).value(CUSTOMERS, 1, 4, 6).found("convergence", true).verdict(), Held);
    assert_eq!(copy(vec![(6, 9)]).found("convergence", true).verdict(), Violated);
    assert_eq!(copy(vec![(5, 9)]).found("convergence", true).verdict(), Held, "says nothing of 6");
}
