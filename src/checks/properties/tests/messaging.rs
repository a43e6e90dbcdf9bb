//! Properties of events.

use super::*;
use crate::model::database::EventKind;
use crate::model::record::{Discard, RefusalReason};
use crate::model::system::{StepId, TableId};
use crate::tests::history::RENAME;

const CHANCE: RefusalReason = RefusalReason::Chance;

#[test]
fn no_phantom_event() {
    let told = |applied: bool, step: u8, outcome: EventKind| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            if applied {
                history.apply(0, 1);
            } else {
                let refused = Event::RefusedByRule { table: TableId(0), reason: CHANCE };
                history.note_with(refused, |r| (r.op, r.step) = (OpId(0), StepId(1)));
            }
            history.note_of(0, events::told(StepId(step), outcome));
        }
    };
    let judged = |applied, step, outcome| verdict("no-phantom-event", told(applied, step, outcome));
    assert_eq!(judged(true, 1, EventKind::Applied), Held);
    assert_eq!(judged(false, 1, EventKind::Refused), Held);
    assert_eq!(judged(false, 1, EventKind::Applied), Violated, "it was refused");
    assert_eq!(judged(true, 1, EventKind::Refused), Violated);
    assert_eq!(judged(true, 2, EventKind::Applied), Violated, "that was another step");
}

#[test]
fn delivery() {
    let events = |published: bool, handed: bool| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            hold(history, 0, 1);
            if published {
                history.note_of(0, events::published());
            }
            hold(history, 0, -1);
            if handed {
                history.note_of(0, events::handed(1));
            }
        }
    };
    assert_eq!(verdict("delivery", events(true, true)), Held);
    assert_eq!(verdict("delivery", events(false, false)), Violated, "marked as sent, never sent");
    assert_eq!(verdict("delivery", events(true, false)), Violated);
    let thrown_away = |history: &mut History| {
        events(true, true)(history);
        history.note_of(0, events::discarded(Discard::Lost));
    };
    assert_eq!(verdict("delivery", thrown_away), Violated);
    let mut early = History::new();
    events(false, false)(&mut early);
    assert_eq!(early.found("delivery", false).verdict(), Undecided, "the relay may yet come");
}

#[test]
fn more_deliveries_than_events_are_in_order() {
    let redelivered = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).apply(0, 0).apply(0, 1).apply(0, 2);
        hold(history, 0, 1);
        for _ in 0..2 {
            history.note_of(0, events::published());
            history.note_of(0, events::handed(1));
            history.note_of(0, events::handed(2));
        }
        hold(history, 0, -1);
    };
    for property in ["delivery", "at-most-once", "no-dead-letters", "all-or-nothing"] {
        assert_eq!(verdict(property, redelivered), Held, "{property}");
    }
}

#[test]
fn no_dead_letters() {
    let handed = |history: &mut History| {
        history.note_of(0, events::handed(1));
    };
    assert_eq!(verdict("no-dead-letters", handed), Held);
    let discarded = |history: &mut History| {
        handed(history);
        history.note_of(0, events::discarded(Discard::DeadLetter));
    };
    assert_eq!(verdict("no-dead-letters", discarded), Violated);
}

#[test]
fn per_key_order() {
    let order = |rows: [u64; 2], second: [u32; 2]| {
        let mut history = History::new();
        history.at(20_000).offer(0, RENAME, rows[0]).offer(1, RENAME, rows[1]);
        history.at(21_000).apply(0, 0).at(22_000).apply(1, 0);
        history.at(23_000).apply(second[0], 1).at(24_000).apply(second[1], 1);
        history.found("per-key-order", true).verdict()
    };
    assert_eq!(order([3, 3], [0, 1]), Held);
    assert_eq!(order([3, 3], [1, 0]), Violated);
    assert_eq!(order([3, 4], [1, 0]), Undecided, "different entities have no common order");
}
