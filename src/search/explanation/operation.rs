//! One operation of a run: its outcome, what happened on its behalf, the faults that were in force
//! meanwhile, and the locks that it waited for or that others waited for because of it.

use std::sync::Arc;

use super::recording::{self, Recording};
use super::rows::{self, RowState};
use super::selection::Selection;
use super::space_time::SpaceTime;
use super::{Involved, Planned, facts, layout, phrases, plan, story};
use crate::checks::OperationRow;
use crate::experiment::lock_waits::LockWait;
use crate::experiment::run::Setup;
use crate::experiment::trace::Trace;
use crate::kernel::Time;
use crate::model::record::{LockFailure, OpId};
use crate::model::system::System;

/// A run with its whole history, from which any of its operations can be told.
pub struct RecordedRun {
    variant: String,
    setup: Setup,
    seed: u64,
    recording: Recording,
}

/// An operation of a run with everything that reports show of it.
pub struct Story {
    /// The variant.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// The outcome of the operation.
    pub row: OperationRow,
    /// The facts about it as texts.
    pub operation: Involved,
    /// The faults that were in force while it was under way, each with its times.
    pub faults: Vec<Planned>,
    /// Its waits for row locks.
    pub waits: Vec<LockStory>,
    /// The waits of other operations for rows that it held.
    pub held_up: Vec<LockStory>,
    /// The state that each of its steps left in its row.
    pub rows: Vec<RowState>,
    /// The operation as a space-time diagram.
    pub space_time: SpaceTime,
    /// Its trace, record by record.
    pub trace: Trace,
    /// The system to which the trace refers.
    pub system: Arc<System>,
}

/// A wait for a row lock as texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockStory {
    /// The operation that waited, by number and name.
    pub waiter: Option<(u32, String)>,
    /// The operations that it waited for: the holder of the row, the operation that this one waited
    /// for at that time, and so on. Empty if a process of no operation held the row, or no one is
    /// known to have held it.
    pub holders: Vec<(u32, String)>,
    /// The database.
    pub database: String,
    /// The row.
    pub row: String,
    /// The beginning.
    pub from: Time,
    /// The end, if there was one.
    pub until: Option<Time>,
    /// The reason why the lock was not granted.
    pub failure: Option<LockFailure>,
}

/// The number of operations in a chain of waits that are followed.
const CHAIN: usize = 5;

impl RecordedRun {
    /// Makes a run of a variant and records its whole history.
    pub fn new(variant: &str, setup: Setup, seed: u64) -> Self {
        let recording = recording::record(&setup, seed);
        Self { variant: variant.to_owned(), setup, seed, recording }
    }

    /// The seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The chosen operation; none if the run has no such operation.
    pub fn find(&self, selection: &Selection) -> Option<OpId> {
        selection.find(&self.recording)
    }

    /// All operations of the run, in the order of arrival.
    pub fn operations(&self) -> &[OperationRow] {
        &self.recording.report.operations
    }

    /// Everything about one operation; none if it did not arrive.
    pub fn story(&self, op: OpId) -> Option<Story> {
        let Self { variant, setup, seed, recording } = self;
        let row = recording.report.operations.get(op.0 as usize)?;
        let own = || recording.records.iter().filter(|record| record.op == op);
        let part = (own().next()?.time, own().next_back()?.time);
        let space_time = layout::space_time(setup, recording, &[op], Some(part));
        let faults = plan(recording, &space_time).into_iter();
        let waits = recording.waits.all().iter();
        let lasted = |wait: &&LockWait| wait.until.is_none_or(|(until, _)| until > wait.from);
        let told = |wait| self.lock_story(wait);
        Some(Story {
            variant: variant.clone(),
            seed: *seed,
            row: row.clone(),
            operation: facts(setup, recording, row),
            faults: faults.filter(|fault| fault.struck.is_some()).collect(),
            waits: recording.waits.of(op).filter(lasted).map(told).collect(),
            held_up: waits.filter(|it| it.holder == Some(op)).filter(lasted).map(told).collect(),
            rows: rows::rows(&setup.system, recording, 0, row),
            space_time,
            trace: story(recording, row),
            system: Arc::clone(&setup.system),
        })
    }

    fn named(&self, op: OpId) -> Option<(u32, String)> {
        (op != OpId::NONE).then(|| (op.0, layout::name(&self.recording, op)))
    }

    fn lock_story(&self, wait: &LockWait) -> LockStory {
        let (database, table, row) = wait.row;
        let system = &self.setup.system;
        LockStory {
            waiter: self.named(wait.op),
            holders: self.chain(wait).into_iter().filter_map(|op| self.named(op)).collect(),
            database: system.databases[database.index()].name.shown.to_string(),
            row: phrases::row_text(system, table, row),
            from: wait.from,
            until: wait.until.map(|(until, _)| until),
            failure: wait.until.and_then(|(_, failure)| failure),
        }
    }

    /// The operation that a wait is for, that for which this one waits at that time, and so on.
    fn chain(&self, wait: &LockWait) -> Vec<OpId> {
        let mut chain: Vec<OpId> = Vec::new();
        let mut next = wait.holder;
        while let Some(holder) = next.filter(|op| !chain.contains(op) && chain.len() < CHAIN) {
            chain.push(holder);
            let waits_then = |other: &&LockWait| {
                let is_over = |(until, _): (Time, _)| until <= wait.from;
                other.from <= wait.from && !other.until.is_some_and(is_over)
            };
            next = self.recording.waits.of(holder).find(waits_then).and_then(|it| it.holder);
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::super::selection::{Met, Ranking};
    use super::*;
    use crate::checks::anomaly::Anomaly;
    use crate::checks::census::Headline;
    use crate::experiment::compare::setup;
    use crate::experiment::trace::trace;
    use crate::kernel::Span;
    use crate::tests::runs::scenario;
    use crate::tests::shop::EXACT_SHOP;

    /// Three orders of one product, 1 ms apart, each of which locks it until it has committed, and
    /// an order of two that comes alone.
    const LOADS: &str = r#"
        [scenario]
        name = "shop"
        warm-up = "0s"
        load = "30s"
        settle = "30s"
        [load.first]
        operation = "buy"
        constant = "10s"
        [load.second]
        operation = "buy"
        constant = "10001ms"
        [load.third]
        operation = "buy"
        constant = "10002ms"
        [variants.events]
        pattern = "event-based"
        settings = { publish = "dual-write" }
    "#;

    const CRASH: &str = r#"
        [[faults]]
        kind = "crash"
        target = "order"
        for = "1s"
        on = { who = "order-db", what = "apply", of = "first#0" }
    "#;

    fn run(variant: &str, faults: &str) -> RecordedRun {
        let scenario = scenario(&format!("{LOADS}\n{EXACT_SHOP}\n{faults}"));
        let found = scenario.variant(variant).expect("a variant of this name");
        RecordedRun::new(variant, setup(&scenario, found), 1)
    }

    fn chosen(run: &RecordedRun, selection: &Selection) -> Option<u32> {
        run.find(selection).map(|op| op.0)
    }

    #[test]
    fn an_operation_is_chosen_in_every_way() {
        let run = run("xa", "");
        let choose = |selection| chosen(&run, &selection);
        assert_eq!(choose(Selection::Number(2)), Some(2));
        assert_eq!(choose(Selection::Number(6)), None);
        assert_eq!(choose(Selection::Name("second#0".into())), Some(1));
        assert_eq!(choose(Selection::Name("second#9".into())), None);
        let worst = choose(Selection::Worst(Ranking::Latency));
        let latency = |op: usize| run.operations()[op].answered_after;
        let longest = (0..run.operations().len()).max_by_key(|op| latency(*op));
        assert_eq!(worst.map(|op| op as usize), longest);
        assert_eq!(choose(Selection::Worst(Ranking::LockWait)), Some(2));
        assert_eq!(choose(Selection::Outcome(Headline::Committed)), Some(0));
        assert_eq!(choose(Selection::Outcome(Headline::Lost)), None);
        let at = |millis| Selection::At(Time::ZERO + Span::from_millis(millis));
        assert_eq!(choose(at(9_999)), None);
        assert_eq!(choose(at(10_000)), Some(0));
        assert_eq!(choose(at(10_001)), Some(1));
        assert_eq!(choose(at(19_000)), None, "all of them are over");
    }

    /// The third waits for the second, which waits for the first.
    #[test]
    fn who_waits_for_whom_is_followed_to_its_end() {
        let run = run("xa", "");
        let story = run.story(OpId(2)).expect("the third order");
        let numbers = |wait: &LockStory| -> Vec<u32> {
            wait.holders.iter().map(|(number, _)| *number).collect()
        };
        let waits: Vec<_> = story.waits.iter().map(numbers).collect();
        assert_eq!(waits, [[0]], "the first that held the row");
        assert!(story.waits[0].until > Some(story.waits[0].from));
        assert_eq!((&*story.waits[0].database, &*story.waits[0].row), ("stock-db", "product 0"));
        let first = run.story(OpId(0)).expect("the first order");
        let held_up = first.held_up.iter().filter_map(|wait| Some(wait.waiter.as_ref()?.0));
        assert_eq!(held_up.collect::<Vec<_>>(), [1, 2]);
        let marks = story.space_time.marks.iter().map(|mark| mark.text.as_str());
        let marks: Vec<&str> = marks.filter(|text| text.contains("waited for")).collect();
        assert_eq!(marks, ["waited for product 0, held by first#0"]);
    }

    /// The event that dies with its service leaves the order stranded, and the crash is shown.
    #[test]
    fn a_story_has_the_faults_of_its_time_only() {
        let run = run("events", CRASH);
        let never = run.find(&Selection::First(Met::Never)).expect("a lost event");
        assert_eq!(run.find(&Selection::Worst(Ranking::Lag)), Some(never));
        assert_eq!(never, OpId(0));
        let story = run.story(never).expect("it arrived");
        assert_eq!(story.faults.len(), 1, "{:?}", story.faults);
        assert!(story.faults[0].text.starts_with("crash of order"), "{:?}", story.faults);
        assert_eq!(story.operation.headline, Headline::Stranded);
        let late = run.find(&Selection::Name("first#1".into())).expect("a later order");
        let late = run.story(late).expect("it arrived");
        assert!(late.faults.is_empty() && late.space_time.outages.is_empty());
    }

    #[test]
    fn a_story_has_the_trace_of_a_run_of_its_own() {
        let scenario = scenario(&format!("{LOADS}\n{EXACT_SHOP}"));
        let setup = setup(&scenario, scenario.variant("saga").expect("a variant"));
        let story = RecordedRun::new("saga", setup.clone(), 1).story(OpId(1)).expect("an order");
        let alone = trace(&setup, 1, 1);
        assert_eq!((&story.trace.records, &story.trace.row), (&alone.records, &alone.row));
        assert_eq!((&story.trace.waits, &story.trace.nodes), (&alone.waits, &alone.nodes));
    }

    #[test]
    fn anomalies_are_those_that_measures_count() {
        let twice = "[[faults]]\nkind = \"duplication\"\nat = \"5s\"\nfor = \"9s\"\n\
                     from = [\"role:driver\"]\nshare = 1.0\n";
        let run = run("saga", twice);
        let met = |row: &OperationRow| row.anomalies.contains(Anomaly::DeliveredAgain);
        assert!(run.operations().iter().take(3).all(met), "{:?}", run.operations());
        let first = run.find(&Selection::First(Met::Anomaly(Anomaly::DeliveredAgain)));
        assert_eq!(first, Some(OpId(0)));
        assert_eq!(run.find(&Selection::First(Met::Anomaly(Anomaly::DirtyRead))), None);
    }
}
