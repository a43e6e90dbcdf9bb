//! Each property before three small histories: a bad one, a good one, and one without a chance.

use std::sync::Arc;

use super::*;
use crate::checks::Verdict::{self, Held, Undecided, Violated};
use crate::kernel::{Span, Time};
use crate::model::contract::label;
use crate::model::record::Decision::{Abort, Commit};
use crate::model::record::{Answer, Decision, Event, Kind, OpId, Record};
use crate::tests::events;
use crate::tests::history::{History, OPEN, system};

/// The finding of a property on a story that ends at rest.
fn told(property: &str, story: impl FnOnce(&mut History)) -> Finding {
    let mut history = History::new();
    story(&mut history);
    history.found(property, true)
}

fn verdict(property: &str, story: impl FnOnce(&mut History)) -> Verdict {
    told(property, story).verdict()
}

mod branches;
mod copies;
mod course;
mod messaging;
mod mutants;
mod parts;
mod sagas;

/// A branch of operation `op` in some database is prepared; `transaction` is the global one.
fn prepare(history: &mut History, op: u32, txn: u64, transaction: u64) {
    history.note_of(op, events::prepared(txn, transaction));
}

/// A prepared branch ends.
fn resolve(history: &mut History, op: u32, txn: u64, decision: Decision) {
    history.note_of(op, events::resolved(txn, decision));
}

fn hold(history: &mut History, op: u32, change: i64) {
    history.hold(op, label::OUTBOX, change);
}

#[test]
fn every_property_is_documented_and_has_its_own_name() {
    let properties = Properties::builtin();
    for entry in properties.iter() {
        let title = format!("# {}\n", entry.name);
        assert!(entry.page().starts_with(&title), "the page of {} is called so", entry.name);
        assert!(entry.page().len() > 200, "{} is explained", entry.name);
        assert!(!entry.summary.is_empty() && !entry.summary.ends_with('.'), "{}", entry.name);
        assert!(properties.find(entry.name).is_some());
    }
    let mut names = properties.names();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), properties.names().len());
}

#[test]
fn a_property_that_nobody_knows_decides_nothing() {
    assert_eq!(verdict("world-peace", |_| ()), Undecided);
}

#[test]
fn a_run_in_which_nothing_happened_holds_nothing() {
    for name in Properties::builtin().names() {
        let finding = told(name, |_| ());
        assert_eq!(finding.verdict(), Undecided, "{name}");
        assert!(!finding.judgement.why.is_empty(), "{name} says why");
    }
}

#[test]
fn all_or_nothing() {
    let part = |history: &mut History| {
        history.at(20_000).offer(7, OPEN, 3).apply(7, 0).apply(7, 1);
    };
    let finding = told("all-or-nothing", part);
    assert_eq!(finding.verdict(), Violated);
    assert_eq!(finding.judgement.why, "operation 7 shows 2 of its 3 effects");
    assert_eq!(finding.ops, [OpId(7)]);

    let whole = |history: &mut History| {
        part(history);
        history.at(21_000).apply(7, 2);
    };
    assert_eq!(verdict("all-or-nothing", whole), Held);
    let gone = |history: &mut History| {
        part(history);
        history.at(21_000).undo(7, 1).undo(7, 0);
    };
    assert_eq!(verdict("all-or-nothing", gone), Held);
    let nothing = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3);
    };
    assert_eq!(verdict("all-or-nothing", nothing), Undecided, "no effect, no chance");
}

#[test]
fn what_is_open_at_the_end_is_undecided_until_its_time_is_up() {
    let mut history = History::new();
    history.at(99_000).offer(0, OPEN, 3).apply(0, 0);
    assert_eq!(history.at(110_000).found("all-or-nothing", false).verdict(), Undecided);
    let mut ten = |bound| {
        let within = Some(Span::from_secs(bound));
        history.found_within("all-or-nothing", false, within).verdict()
    };
    assert_eq!(ten(11), Undecided, "the load ends at 100 s, and the run at 110 s");
    assert_eq!(ten(10), Violated);
}

#[test]
fn nothing_held() {
    let held = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3);
        hold(history, 0, 1);
    };
    let finding = told("nothing-held", held);
    assert_eq!((finding.verdict(), &*finding.ops), (Violated, &[OpId(0)][..]));
    assert_eq!(finding.judgement.why, "still held: 1 x outbox");
    let let_go = |history: &mut History| {
        held(history);
        hold(history, 0, -1);
    };
    assert_eq!(verdict("nothing-held", let_go), Held);
}

#[test]
fn at_most_once() {
    let twice = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).apply(0, 1).at(21_000).apply(0, 1);
        history.at(22_000).overwrite(0, 1);
    };
    let finding = told("at-most-once", twice);
    assert_eq!(finding.judgement.why, "step 1 of operation 0 shows 2 times");
    assert_eq!(finding.at.map(Time::as_nanos), Some(21_000_000_000), "that it went does not help");
    let undone_twice = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).apply(0, 1).undo(0, 1).at(21_000).undo(0, 1);
    };
    let finding = told("at-most-once", undone_twice);
    assert_eq!(finding.judgement.why, "step 1 of operation 0 was taken back twice");
    let within_one_commit = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3).apply(0, 1);
        history.at(21_000).apply(0, 1).overwrite(0, 1);
    };
    assert_eq!(verdict("at-most-once", within_one_commit), Held, "an instant is seen whole");
}

#[test]
fn agreement() {
    let prepared = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3);
        prepare(history, 0, 1, 50);
        prepare(history, 0, 2, 50);
    };
    let branches = |outcomes: [Decision; 2]| {
        move |history: &mut History| {
            prepared(history);
            for (txn, outcome) in (1..).zip(outcomes) {
                resolve(history, 0, txn, outcome);
            }
        }
    };
    assert_eq!(verdict("agreement", branches([Commit, Commit])), Held);
    assert_eq!(verdict("agreement", branches([Abort, Abort])), Held);
    assert_eq!(verdict("agreement", branches([Commit, Abort])), Violated);
    let alone = |history: &mut History| {
        prepared(history);
        resolve(history, 0, 1, Commit);
        history.note_of(0, events::resolved_alone(2, Abort));
    };
    assert_eq!(verdict("agreement", alone), Violated, "a heuristic abort counts");
    let two_attempts = |history: &mut History| {
        history.at(20_000).offer(0, OPEN, 3);
        prepare(history, 0, 1, 50);
        resolve(history, 0, 1, Abort);
        prepare(history, 0, 2, 51);
        resolve(history, 0, 2, Commit);
    };
    assert_eq!(verdict("agreement", two_attempts), Undecided, "each is a transaction of its own");
}

#[test]
fn a_verifier_also_judges_declared_invariants_and_takes_the_census() {
    use crate::model::system::{ColumnRef, InvariantRule, InvariantSpec, When as Moment};
    let mut system = system();
    system.invariants.push(InvariantSpec {
        name: "few open tickets".into(),
        when: Moment::Always,
        rule: InvariantRule::Bound {
            column: ColumnRef { table: crate::tests::history::CUSTOMERS, column: 0 },
            least: None,
            most: Some(5),
        },
        follows_from: None,
    });
    let mut history = History::of(system);
    history.at(20_000).offer(0, OPEN, 3).value(crate::tests::history::CUSTOMERS, 0, 3, 6);
    history.apply(0, 0).answer(0, Answer::Done);
    let (findings, census) = history.verify(&[], true);
    assert_eq!(findings[0].property, "few open tickets");
    assert_eq!(findings[0].verdict(), Violated);
    assert_eq!(findings[0].at.map(Time::as_nanos), Some(20_000_000_000));
    assert_eq!(census.of(crate::checks::census::Headline::Lost), 1);
}

/// Invariants that follow from a property are judged where that is promised, and nowhere else.
#[test]
fn a_verifier_judges_what_follows_from_a_promise_where_it_is_made() {
    use crate::model::system::{ColumnRef, InvariantRule, InvariantSpec, When as Moment};
    let column = ColumnRef { table: crate::tests::history::CUSTOMERS, column: 0 };
    let violated = |promised: &[&str], follows_from| {
        let mut system = system();
        system.invariants.push(InvariantSpec {
            name: "few open tickets".into(),
            when: Moment::AtRest,
            rule: InvariantRule::Bound { column, least: None, most: Some(5) },
            follows_from,
        });
        let mut history = History::of(system);
        history.at(20_000).offer(0, OPEN, 3).value(column.table, 0, 3, 6);
        let findings = history.verify(promised, true).0;
        findings.iter().any(|it| it.property == "few open tickets" && it.verdict() == Violated)
    };
    assert!(violated(&[], None), "declared by somebody");
    assert!(violated(&["convergence"], Some("convergence")));
    assert!(!violated(&["agreement"], Some("convergence")), "nobody promised it");
}
