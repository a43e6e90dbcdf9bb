//! M4 and M5: the answers that readers get, and their latency.

use serde::{Deserialize, Serialize};

use super::by_kind::ByKind;
use super::copies::Copies;
use super::expected_reads::{ExpectedReads, Missing};
use super::reads::ReadTally;
use super::{Better, Distribution, Measure, Measured, Quantity, Scope, Unit};
use crate::checks::census::Headline;
use crate::checks::outcome::{Operations, Outcome, Part};
use crate::kernel::{Numbered, Span};
use crate::model::record::{Answer, Event, OpId, ProbeEnd, ProbeId, Record, Sight};
use crate::model::system::{OperationKind, System};

/// The three shares of M4 for one deadline of a reader.
macro_rules! within {
    ($right:ident, $wrong:ident, $blocked:ident, $id:literal, $time:literal, $head:literal) => {
        #[doc = concat!("M4, right answer within ", $time, ".")]
        pub const $right: &Measure = &Measure::number(
            concat!("m4.", $id),
            concat!("right, answered within ", $time),
            Unit::Share,
            Better::Higher,
            concat!(
                "Share of all scheduled reads that take no longer than ",
                $time,
                " and return the right answer: every operation answered yes before the read began \
                 is wholly there, every one answered no is absent, any other is wholly there or \
                 wholly absent. How soon after the arrival a read is made is another matter: see \
                 `reads.NAME@TIME.right`."
            ),
        )
        .by_operation()
        .head($head);
        #[doc = concat!("M4, stale or torn within ", $time, ".")]
        pub const $wrong: &Measure = &Measure::number(
            concat!("m4.", $id, ".wrong"),
            concat!("stale or torn within ", $time),
            Unit::Share,
            Better::Lower,
            concat!(
                "Share of all scheduled reads that return within ",
                $time,
                ", but not the right answer."
            ),
        )
        .by_operation();
        #[doc = concat!("M4, no answer within ", $time, ".")]
        pub const $blocked: &Measure = &Measure::number(
            concat!("m4.", $id, ".blocked"),
            concat!("no answer within ", $time),
            Unit::Share,
            Better::Lower,
            concat!(
                "Share of all scheduled reads that were blocked, timed out, or returned after more \
                 than ",
                $time,
                "."
            ),
        )
        .by_operation();
    };
}

within!(RIGHT_50MS, WRONG_50MS, BLOCKED_50MS, "50ms", "50 ms", "right, answered in 50ms");
within!(RIGHT_500MS, WRONG_500MS, BLOCKED_500MS, "500ms", "500 ms", "right, answered in 500ms");
within!(RIGHT_5S, WRONG_5S, BLOCKED_5S, "5s", "5 s", "right, answered in 5s");

/// M4, read errors.
pub const READ_ERRORS: &Measure = &Measure::number(
    "m4.error",
    "read errors",
    Unit::Share,
    Better::Lower,
    "Share of all scheduled reads that ended with an error.",
)
.by_operation();

/// M4, useful operations.
pub const USEFUL: &Measure = &Measure::number(
    "m4.useful",
    "useful operations",
    Unit::Share,
    Better::Higher,
    "Share of the measured operations that reads were sent to look at which were answered yes, \
     committed as a whole, and were seen by reads that all came back right.",
)
.by_operation()
.head("useful")
.told("the most useful operations", "the fewest useful operations")
.at_rest();

/// M5, stale reads.
pub const STALE: &Measure = &Measure::number(
    "m5",
    "stale reads",
    Unit::Share,
    Better::Lower,
    "Share of the reads that came back, however late, which missed an effect of an operation \
     answered yes before the read began; or, of a column in a service's replica, which saw \
     another value than its source held at that moment.",
)
.by_operation()
.told("the fewest stale reads", "the most stale reads");

/// M5, torn reads.
pub const TORN: &Measure = &Measure::number(
    "m5.torn",
    "torn reads",
    Unit::Share,
    Better::Lower,
    "Share of the reads that came back, however late, which saw some effects of an operation and \
     not others: of one that was under way, or was taken back later.",
)
.by_operation();

/// M5, age of stale reads.
pub const STALE_AGE: &Measure = &Measure::many(
    "m5.age",
    "age of stale reads",
    Unit::Nanoseconds,
    Better::Lower,
    "Per stale read: since when the client of the oldest missing operation had its yes; or, in \
     a replica, since when its source no longer held what was seen.",
)
.by_operation();

/// M5, versions behind.
pub const VERSIONS_BEHIND: &Measure = &Measure::many(
    "m5.behind",
    "versions behind",
    Unit::Count,
    Better::Lower,
    "Per stale read: how many operations answered yes before it began are missing; or, in a \
     replica, how many values its source has taken on since.",
)
.by_operation();

/// The times within which a right answer counts as in time.
pub const DEADLINES: [Span; 3] =
    [Span::from_millis(50), Span::from_millis(500), Span::from_secs(5)];

/// The results of probes, for each of the [`DEADLINES`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ProbeTally {
    /// Scheduled probes.
    pub scheduled: u64,
    /// Probes that were answered with an error.
    pub error: u64,
    /// The results of the others, for each deadline.
    pub within: [Within; DEADLINES.len()],
    /// Probes that read all their cells, at any time; the denominator of M5.
    pub read: u64,
    /// Of those, probes that missed an effect whose client had heard yes.
    pub stale: u64,
}

/// The results of probes, given the deadline of their reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Within {
    /// In time, with the right answer.
    pub right: u64,
    /// In time, and an effect was missing whose client had heard yes.
    pub stale: u64,
    /// In time, and some effects were there that should not be, or not without others.
    pub torn: u64,
    /// Too late, or never.
    pub blocked: u64,
}

impl ProbeTally {
    /// The number of probes without an answer.
    pub const fn timed_out(&self) -> u64 {
        self.scheduled - self.error - self.read
    }

    /// The sum of two tallies.
    pub fn plus(mut self, other: &Self) -> Self {
        self.scheduled += other.scheduled;
        self.error += other.error;
        self.read += other.read;
        self.stale += other.stale;
        for (sum, more) in self.within.iter_mut().zip(&other.within) {
            sum.right += more.right;
            sum.stale += more.stale;
            sum.torn += more.torn;
            sum.blocked += more.blocked;
        }
        self
    }
}

/// The right answer to a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    /// All effects or none.
    Either,
    /// All effects: its client heard yes before.
    All,
    /// No effect: its client heard no before.
    Nothing,
}

/// A probe in progress.
#[derive(Clone, Copy, Debug)]
struct Probe {
    op: OpId,
    read: u32,
    /// The position of its time among those of the read.
    time: u16,
    began: u64,
    counted: bool,
    /// The operation that it looks at; none for a reader of a column.
    kind: Option<OperationKind>,
    expected: Expected,
    /// The number of cells, by what they showed, in the order of [`Sight`].
    saw: [u32; 3],
    behind: u64,
    /// The age of the oldest missing effect.
    age: u64,
}

/// The judgement of a finished read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    Right,
    Stale,
    Torn,
}

/// Probes in progress, and the tallies of those that ended.
#[derive(Debug)]
pub struct Probes {
    open: Numbered<ProbeId, Probe>,
    load: (u64, u64),
    /// The tallies by the operation that probes look at; readers of a column look at none.
    looks: ByKind<Looks>,
    /// The tallies of each read of the scenario, in its order, at each of its times.
    pub reads: Vec<Vec<ReadTally>>,
}

/// The results of the probes of one kind of operation, and the lag of the stale ones.
#[derive(Clone, Debug, Default)]
struct Looks {
    ended: ProbeTally,
    ages: Vec<u64>,
    behind: Vec<u64>,
}

impl Probes {
    /// The state before the first record. Readers without an operation count if they begin within
    /// `load` (ns, from and until).
    pub fn new(load: (u64, u64), system: &System) -> Self {
        let times = |read| vec![ReadTally::default(); ReadTally::times(read)];
        let reads = system.reads.iter().map(times).collect();
        let looks = ByKind::new(system, Looks::default());
        Self { open: Numbered::new(), load, looks, reads }
    }

    /// Notes that a probe began.
    pub fn begin(&mut self, record: &Record, operations: &mut Operations) {
        let Event::ProbeBegan { read, probe: id, .. } = record.event else { return };
        let began = record.time.as_nanos();
        let (mut counted, mut expected) =
            (self.load.0 <= began && began < self.load.1, Expected::Either);
        let kind = operations.kind(record.op);
        if let Some(outcome) = operations.get_mut(record.op) {
            outcome.read();
            counted = outcome.is_measured();
            if outcome.answered <= began {
                expected = match outcome.answer() {
                    answer if answer.is_yes() => Expected::All,
                    Answer::Unknown => Expected::Either,
                    _ => Expected::Nothing,
                };
            }
        }
        let (op, time) = (record.op, record.attempt);
        let (saw, behind, age) = ([0; 3], 0, 0);
        let probe = Probe { op, read, time, began, counted, kind, expected, saw, behind, age };
        self.open.insert(id, probe);
        if counted {
            self.tallies(&probe).for_each(|tally| tally.scheduled += 1);
        }
    }

    /// Notes that a probe read a cell.
    pub fn see(
        &mut self,
        record: &Record,
        operations: &Operations,
        expected_reads: &ExpectedReads,
        copies: &Copies,
    ) {
        let (Event::ProbeSaw { probe: id, .. } | Event::ReaderSaw { probe: id, .. }) = record.event
        else {
            return;
        };
        let Some(probe) = self.open.get_mut(id) else { return };
        let now = record.time.as_nanos();
        let missing = match record.event {
            Event::ReaderSaw { column, row, .. } => {
                let cell = (column, row);
                let copied = copies.missing(cell);
                copied.unwrap_or_else(|| expected_reads.missing(cell, probe.began, operations))
            }
            Event::ProbeSaw { table, sight, .. } => {
                let outcome = operations.get(probe.op);
                let sight = operations.judged(record.op, record.step, table, sight);
                probe.saw[sight as usize] += 1;
                let stale = sight == Sight::Nothing && probe.expected == Expected::All;
                match outcome.filter(|_| stale) {
                    Some(outcome) => Missing { behind: 1, oldest: outcome.answered },
                    None => Missing::default(),
                }
            }
            _ => return,
        };
        if missing.behind > 0 {
            probe.behind = probe.behind.max(missing.behind);
            probe.age = probe.age.max(now - missing.oldest);
        }
    }

    /// Notes that a probe ended.
    pub fn end(&mut self, record: &Record, operations: &mut Operations) {
        let Event::ProbeEnded { probe: id, end, .. } = record.event else { return };
        let Some(probe) = self.open.remove(id) else { return };
        let reading = (end == ProbeEnd::Complete).then(|| probe.reading());
        if let Some(outcome) = operations.get_mut(probe.op) {
            if reading.is_some() {
                outcome.seen();
            }
            if reading != Some(Reading::Right) {
                outcome.misread();
            }
        }
        if probe.counted {
            let took = record.time.as_nanos() - probe.began;
            let ended = Ended { reading, failed: end == ProbeEnd::Error, took };
            self.tallies(&probe).for_each(|tally| tally.take(ended));
            let stale = reading == Some(Reading::Stale);
            if stale {
                let looks = self.looks.of(probe.kind);
                looks.ages.push(probe.age);
                looks.behind.push(probe.behind);
            }
            if let Some(read) = self.read_mut(&probe) {
                read.took.extend(reading.map(|_| took));
                read.ages.extend(stale.then_some(probe.age));
            }
        }
    }

    /// Notes that a read which was to follow the answer to an operation is not made, because there
    /// is none.
    pub fn omit(&mut self, read: u32, op: OpId, operations: &Operations) {
        if operations.get(op).is_some_and(Outcome::is_measured) {
            let times = self.reads.get_mut(read as usize).into_iter().flatten();
            times.for_each(|tally| tally.unanswered += 1);
        }
    }

    /// The tally of a probe's read at its time.
    fn read_mut(&mut self, probe: &Probe) -> Option<&mut ReadTally> {
        self.reads.get_mut(probe.read as usize)?.get_mut(usize::from(probe.time))
    }

    /// All tallies in which a probe counts.
    fn tallies(&mut self, probe: &Probe) -> impl Iterator<Item = &mut ProbeTally> {
        let reads = self.reads.get_mut(probe.read as usize);
        let read = reads.and_then(|times| times.get_mut(usize::from(probe.time)));
        let looks = &mut self.looks.of(probe.kind).ended;
        std::iter::once(looks).chain(read.map(|read| &mut read.ended))
    }

    /// Ends the run: probes that have not come back never will.
    pub fn finish(&mut self, operations: &mut Operations) {
        for probe in std::mem::take(&mut self.open).into_values() {
            if let Some(outcome) = operations.get_mut(probe.op) {
                outcome.misread();
            }
            if probe.counted {
                let ended = Ended { reading: None, failed: false, took: u64::MAX };
                self.tallies(&probe).for_each(|tally| tally.take(ended));
            }
        }
    }

    /// The results of the probes of operations that headlines pool, and of readers of a column.
    pub fn ended(&self, system: &System) -> [ProbeTally; 2] {
        let mut looks = self.looks.pooled(system);
        let readers = looks.next().map(|readers| readers.ended).unwrap_or_default();
        [looks.fold(ProbeTally::default(), |sum, looks| sum.plus(&looks.ended)), readers]
    }

    /// Takes M4 and M5, and the measures of each read of the scenario.
    pub fn measure(&mut self, into: &mut Measured, system: &System) {
        let pooled = self.looks.pooled(system).fold(Looks::default(), Looks::plus);
        pooled.measure(into, &Scope::Run);
        for (scope, looks) in self.looks.operations(system) {
            looks.measure(into, &scope);
        }
        for (read, times) in system.reads.iter().zip(self.reads.drain(..)) {
            ReadTally::measure(into, read, times);
        }
    }
}

impl Looks {
    fn plus(mut self, other: &Self) -> Self {
        self.ended = self.ended.plus(&other.ended);
        self.ages.extend_from_slice(&other.ages);
        self.behind.extend_from_slice(&other.behind);
        self
    }

    /// Takes M4 and M5 of a part of the run.
    fn measure(&self, into: &mut Measured, scope: &Scope) {
        let all = &self.ended;
        let share = |part: u64| Quantity::ratio(part, all.scheduled, "no read was scheduled");
        for (within, [right, wrong, blocked]) in all.within.iter().zip(M4) {
            into.quantity(right.of(scope), share(within.right));
            into.quantity(wrong.of(scope), share(within.stale + within.torn));
            into.quantity(blocked.of(scope), share(within.blocked));
        }
        into.quantity(READ_ERRORS.of(scope), share(all.error));
        let stale = Quantity::ratio(all.stale, all.read, "no read came back");
        into.quantity(STALE.of(scope), stale);
        let [.., ever] = &all.within;
        let torn = Quantity::ratio(ever.torn, all.read, "no read came back");
        into.quantity(TORN.of(scope), torn);
        for (measure, values) in [(STALE_AGE, &self.ages), (VERSIONS_BEHIND, &self.behind)] {
            let values = values.clone();
            let stale = Distribution { offered: all.read, values, ..Distribution::default() };
            into.distribution(measure.of(scope), stale);
        }
    }
}

/// Takes the share of useful operations of a part of the run.
pub fn useful(into: &mut Measured, part: &Part<'_>) {
    let read = part.measured().filter(|outcome| outcome.is_read());
    let is_useful = |outcome: &&Outcome| {
        outcome.answer().is_yes()
            && outcome.headline() == Headline::Committed
            && outcome.is_seen()
            && !outcome.is_misread()
    };
    let useful = read.clone().filter(is_useful).count() as u64;
    let why = "no read looked at a measured operation";
    into.quantity(USEFUL.of(&part.scope), Quantity::ratio(useful, read.count() as u64, why));
}

/// The measures of M4, for each of the [`DEADLINES`].
const M4: [[&Measure; 3]; DEADLINES.len()] = [
    [RIGHT_50MS, WRONG_50MS, BLOCKED_50MS],
    [RIGHT_500MS, WRONG_500MS, BLOCKED_500MS],
    [RIGHT_5S, WRONG_5S, BLOCKED_5S],
];

impl Probe {
    /// The judgement of a read against the right answer.
    const fn reading(&self) -> Reading {
        let [nothing, applied, other] = self.saw;
        if self.behind > 0 {
            return Reading::Stale;
        }
        let right = match self.expected {
            Expected::All => nothing == 0 && other == 0,
            Expected::Nothing => applied == 0 && other == 0,
            Expected::Either => other == 0 && (nothing == 0 || applied == 0),
        };
        if right { Reading::Right } else { Reading::Torn }
    }
}

/// A probe that ended.
#[derive(Clone, Copy)]
struct Ended {
    /// The judgement of the read; none if no answer came back.
    reading: Option<Reading>,
    /// True if the answer was an error.
    failed: bool,
    /// The latency, in ns.
    took: u64,
}

impl ProbeTally {
    /// Counts one probe.
    fn take(&mut self, Ended { reading, failed, took }: Ended) {
        if failed {
            self.error += 1;
            return;
        }
        self.read += u64::from(reading.is_some());
        self.stale += u64::from(reading == Some(Reading::Stale));
        for (within, deadline) in self.within.iter_mut().zip(DEADLINES) {
            let in_time = took <= deadline.as_nanos();
            let counter = match reading.filter(|_| in_time) {
                Some(Reading::Right) => &mut within.right,
                Some(Reading::Stale) => &mut within.stale,
                Some(Reading::Torn) => &mut within.torn,
                None => &mut within.blocked,
            };
            *counter += 1;
        }
    }
}
