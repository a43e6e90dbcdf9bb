//! Checkers have bugs, too. One-line wrong ones, each under the name of the right one, before a
//! suite of small histories: every mutant must get some history wrong.

use super::*;
use crate::checks::measures::lag::{End, Lag, consistency_lag, lag_after_answer};
use crate::checks::outcome::Outcome;
use crate::model::system::System;

/// A history, and what must be said of it.
struct Example {
    property: &'static str,
    story: fn(&mut History),
    settled: bool,
    verdict: Verdict,
}

const fn example(property: &'static str, story: fn(&mut History), verdict: Verdict) -> Example {
    Example { property, story, settled: true, verdict }
}

fn half_done(history: &mut History) {
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).at(119_000);
}

fn whole(history: &mut History) {
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).apply(0, 1).apply(0, 2).at(119_000);
}

fn twice(history: &mut History) {
    whole(history);
    history.apply(0, 1);
}

fn branches(history: &mut History, outcomes: [Decision; 2]) {
    history.at(20_000).offer(0, OPEN, 3);
    for (txn, outcome) in (1..).zip(outcomes) {
        prepare(history, 0, txn, 50);
        resolve(history, 0, txn, outcome);
    }
}

fn forgotten_in_the_outbox(history: &mut History) {
    whole(history);
    hold(history, 0, 1);
}

/// The verdicts of the right checkers.
const SUITE: &[Example] = &[
    example("at-most-once", twice, Violated),
    example("at-most-once", whole, Held),
    example("agreement", |history| branches(history, [Commit, Abort]), Violated),
    example("agreement", |history| branches(history, [Abort, Commit]), Violated),
    example("agreement", |history| branches(history, [Commit, Commit]), Held),
    example("all-or-nothing", half_done, Violated),
    Example { settled: false, ..example("all-or-nothing", half_done, Violated) },
    example("all-or-nothing", whole, Held),
    example("nothing-held", forgotten_in_the_outbox, Violated),
];

/// The examples that these checkers get wrong. A pattern promises to be done within ten seconds.
fn failures(properties: &Properties) -> usize {
    let wrong = |example: &&Example| {
        let mut history = History::new();
        (example.story)(&mut history);
        let within = Some(Span::from_secs(10));
        let found = history.found_by(properties, example.property, example.settled, within);
        found.verdict() != example.verdict
    };
    SUITE.iter().filter(wrong).count()
}

/// Declares a wrong checker: the right one's name, and what it sees, does and concludes.
macro_rules! mutant {
    ($name:ident, $property:literal, $sees:expr, $see:expr, $finish:expr) => {
        #[derive(Default)]
        struct $name(Case);

        impl Property for $name {
            const NAME: &'static str = $property;
            const SUMMARY: &'static str = "wrong";
            const MANUAL: &'static str = "";
            const WHEN: When = When::Always;
            const SEES: &'static [Kind] = $sees;

            fn new(_: &Arc<System>) -> Self {
                Self::default()
            }

            fn see(&mut self, record: &Record) {
                let see: fn(&mut Case, &Record) = $see;
                see(&mut self.0, record);
            }

            fn finish(mut self, end: &Ended) -> Finding {
                let finish: fn(&mut Case, &Ended) = $finish;
                finish(&mut self.0, end);
                self.0.conclude(Self::NAME, "nothing was seen")
            }
        }
    };
}

// Duplicates are never reported: only what shows less than never is.
mutant!(
    NoDuplicates,
    "at-most-once",
    &[Kind::Shown],
    |case, record| match record.event {
        Event::Shown { change: ..-1, .. } => case.fail(record.time, record.op, String::new),
        _ => case.chance(),
    },
    |_, _| ()
);

// Registered, and never shown anything.
mutant!(NeverShown, "agreement", &[], |_, _| (), |_, _| ());

// Looks only at one side: whether anybody aborted after a commit, not the other way round.
mutant!(
    OneSided,
    "agreement",
    &[Kind::Resolved],
    |case, record| match record.event {
        Event::Resolved { decision: Commit, .. } => case.chance(),
        _ if case.had_a_chance() => case.fail(record.time, record.op, String::new),
        _ => {}
    },
    |_, _| ()
);

// Skips what is partial whenever the run was cut off, however long it had had time.
mutant!(SkippedAtTheCap, "all-or-nothing", &[], |_, _| (), |case, end| {
    for (op, outcome) in (0..).map(OpId).zip(end.operations.all()) {
        match (outcome.is_partial(), end.settled) {
            (true, true) => case.fail(end.at, op, String::new),
            (true, false) => case.leave_open(),
            _ => case.chance(),
        }
    }
});

// Does not count what waits in an outbox.
mutant!(
    BlindForTheOutbox,
    "nothing-held",
    &[Kind::Holds],
    |case, record| match record.event {
        Event::Holds { label: label::OUTBOX, .. } => case.chance(),
        _ => case.fail(record.time, record.op, String::new),
    },
    |_, _| ()
);

#[test]
fn the_right_checkers_get_every_example_right() {
    assert_eq!(failures(&Properties::builtin()), 0);
}

#[test]
fn every_wrong_checker_gets_an_example_wrong() {
    let all = Properties::builtin;
    assert_eq!(failures(&all().with::<NoDuplicates>()), 1, "duplicates");
    assert_eq!(failures(&all().with::<NeverShown>()), 3, "a check that never looks");
    assert_eq!(failures(&all().with::<OneSided>()), 1, "one side of a comparison");
    assert_eq!(failures(&all().with::<SkippedAtTheCap>()), 1, "the cap as an excuse");
    assert_eq!(failures(&all().with::<BlindForTheOutbox>()), 1, "what is in flight");
}

#[test]
fn a_lag_that_begins_with_the_answer_is_told_from_one_that_begins_with_the_commit() {
    let mut history = History::new();
    history.at(20_000).offer(0, OPEN, 3).apply(0, 0).at(20_200).answer(0, Answer::Done);
    history.at(20_300).apply(0, 1).apply(0, 2);
    let lag = |measure: fn(&Outcome, End) -> Lag| {
        let outcome = history.outcome(OpId(0));
        let end = End { at: outcome.last, settled: true };
        measure(&outcome, end)
    };
    let right = Lag::Lasted(Span::from_millis(300).as_nanos());
    assert_eq!(lag(consistency_lag), right);
    assert_ne!(lag(lag_after_answer), right, "the mutant");
}
