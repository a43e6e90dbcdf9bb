//! The outcome of each operation, in one cache line of constant size.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::census::{Census, Circumstances, Headline, State};
use super::measures::Scope;
use super::measures::by_kind::{ByKind, Counts};
use super::measures::gauge::Gauge;
use super::overwrites::{Overwrites, Restated, Row};
use crate::kernel::{Chunks, Time};
use crate::model::database::Direction;
use crate::model::record::{Answer, Decision, Event, OpId, Record, RefusalReason, Sight};
use crate::model::system::{MAX_STEPS, OperationKind, StepId, System, TableId};

/// The value of an instant that did not occur.
pub const NEVER: u64 = u64::MAX;

/// An operation: the answer of its client, and the effects that the stores show.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Time of arrival, ns.
    pub arrived: u64,
    /// Deadline of its client, ns.
    pub deadline: u64,
    /// Time at which its client got an answer, ns, or [`NEVER`].
    pub answered: u64,
    /// The first instant at whose end a forward effect showed, ns, or [`NEVER`].
    pub first: u64,
    /// The end of the last time that it was partial, ns; `first` if it never was.
    pub last: u64,
    forward: [i8; MAX_STEPS],
    undo: [i8; MAX_STEPS],
    /// Number of durable records that hold unfinished work for it.
    pub holds: i16,
    /// Number of times that it became partial again after it had been consistent.
    pub relapses: u8,
    /// The kind of operation, as a position in [`System::operations`].
    pub kind: u8,
    answer: Answer,
    /// Steps that a reader misses although its client has heard yes, one bit for each.
    pub expected_reads: u8,
    /// The flags below and, from bit [`STEPS`] on, its number of steps.
    flags: u16,
}

const _: () = assert!(size_of::<Outcome>() <= 64, "memory per operation is bounded");

const MEASURED: u16 = 1;
const PARTIAL: u16 = 2;
const CONTESTED: u16 = 4;
const MISREAD: u16 = 8;
const DIRTY: u16 = 16;
const READ: u16 = 32;
const SEEN: u16 = 64;
const ROW_MISSING: u16 = 128;
const UNFOUNDED: u16 = 256;
const STEPS: u32 = 12;

/// The count of a step that has no effect to show.
const NO_EFFECT: i8 = i8::MIN;

impl Outcome {
    const EMPTY: Self = Self {
        arrived: 0,
        deadline: NEVER,
        answered: NEVER,
        first: NEVER,
        last: NEVER,
        forward: [0; MAX_STEPS],
        undo: [0; MAX_STEPS],
        holds: 0,
        relapses: 0,
        kind: 0,
        answer: Answer::Unknown,
        flags: 0,
        expected_reads: 0,
    };

    const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Returns whether it arrived between warm-up and the end of the load.
    pub const fn is_measured(&self) -> bool {
        self.has(MEASURED)
    }

    /// The time, in ns, from which on nothing of it was under way: its client had an answer or had
    /// given up, and its effects were complete or absent.
    pub fn over(&self) -> u64 {
        let heard = self.answered.min(self.deadline);
        match self.last {
            _ if self.is_partial() || self.holds > 0 => NEVER,
            NEVER => heard,
            last => heard.max(last),
        }
    }

    /// Returns whether the stores showed some of it, but not all, at the end of the last instant.
    pub const fn is_partial(&self) -> bool {
        self.has(PARTIAL)
    }

    /// Returns whether a store refused, aborted or undid a part of it.
    pub fn is_contested(&self) -> bool {
        self.has(CONTESTED) || self.undo.iter().any(|undo| *undo != 0)
    }

    /// The answer that its client heard; an answer after the deadline does not count.
    pub fn answer(&self) -> Answer {
        if self.answered <= self.deadline { self.answer } else { Answer::Unknown }
    }

    /// The number of its effects.
    pub const fn steps(&self) -> u8 {
        (self.flags >> STEPS) as u8
    }

    /// The steps whose forward effect shows and is not compensated, one bit for each.
    pub fn shown(&self) -> u8 {
        (0..usize::from(self.steps()))
            .filter(|step| self.forward[*step] > self.undo[*step])
            .fold(0, |mask, step| mask | 1 << step)
    }

    /// The number of times that the stores show the forward effect of a step.
    pub fn times(&self, step: StepId) -> i8 {
        self.forward.get(step.index()).copied().unwrap_or_default().max(0)
    }

    /// The steps that have an effect, one bit for each.
    pub fn all_steps(&self) -> u8 {
        self.effects().fold(0, |mask, step| mask | 1 << step)
    }

    /// The steps that have an effect.
    fn effects(&self) -> impl Iterator<Item = usize> + '_ {
        (0..usize::from(self.steps())).filter(|step| self.forward[*step] != NO_EFFECT)
    }

    /// The state of its effects in the stores. An operation that only reads is complete once its
    /// client has heard yes.
    pub fn state(&self) -> State {
        match self.effects().next() {
            None if self.answer().is_yes() => State::All,
            None => State::None,
            Some(_) => {
                State::of_steps(self.effects().map(|step| (self.forward[step], self.undo[step])))
            }
        }
    }

    /// The headline under which the census counts it.
    pub fn headline(&self) -> Headline {
        let circumstances = Circumstances {
            contested: self.is_contested(),
            held: self.holds > 0,
            unfounded: self.has(UNFOUNDED),
            row_missing: self.has(ROW_MISSING),
        };
        Headline::of(self.state(), self.answer(), circumstances)
    }

    /// Returns whether its client heard no because a row that it needs was not there.
    pub fn is_too_early(&self) -> bool {
        self.answer() == Answer::RefusedByRule && self.has(ROW_MISSING)
    }

    /// Returns whether a probe of it came back wrong, late or not at all.
    pub const fn is_misread(&self) -> bool {
        self.has(MISREAD)
    }

    /// Returns whether a probe was sent to look at it.
    pub const fn is_read(&self) -> bool {
        self.has(READ)
    }

    /// Notes that a probe was sent to look at it.
    pub const fn read(&mut self) {
        self.flags |= READ;
    }

    /// Returns whether a probe of it came back.
    pub const fn is_seen(&self) -> bool {
        self.has(SEEN)
    }

    /// Notes that a probe of it came back.
    pub const fn seen(&mut self) {
        self.flags |= SEEN;
    }

    /// Notes that a probe of it came back wrong, late or not at all.
    pub const fn misread(&mut self) {
        self.flags |= MISREAD;
    }

    /// Takes in an event that does not change which effects show.
    fn see(&mut self, record: &Record) {
        match record.event {
            // The first answer counts.
            Event::Answered { answer, .. } if self.answered == NEVER => {
                (self.answered, self.answer) = (record.time.as_nanos(), answer);
            }
            Event::Holds { change, .. } => self.holds = self.holds.saturating_add(change as i16),
            Event::RefusedByRule { reason, .. } => {
                self.flags |= CONTESTED | ROW_MISSING;
                if reason != RefusalReason::NoRow {
                    self.flags &= !ROW_MISSING;
                }
            }
            // A branch that aborts was prepared, and has no effect all the same.
            Event::Aborted { .. } | Event::Resolved { decision: Decision::Abort, .. } => {
                self.flags |= CONTESTED;
            }
            _ => {}
        }
    }

    /// Notes that the stores show one of its effects more or less often.
    fn show(&mut self, step: StepId, direction: Direction, change: i64) {
        let step = usize::from(step.0);
        if step < usize::from(self.steps()) {
            let counters = match direction {
                Direction::Forward => &mut self.forward,
                Direction::Undo => &mut self.undo,
            };
            let change = change.clamp(-1 << 6, 1 << 6) as i8;
            counters[step] = counters[step].saturating_add(change);
        }
    }

    /// Ends the instant `now` and notes which effects show. Returns whether the operation became or
    /// ceased to be partial.
    fn settle(&mut self, now: u64) -> bool {
        self.flags &= !DIRTY;
        let shown = self.shown();
        let partial = shown != 0 && shown != self.all_steps();
        let consistent_before = self.first != NEVER && !self.is_partial();
        if shown != 0 && self.first == NEVER {
            self.first = now;
            self.last = now;
        }
        if partial == self.is_partial() {
            return false;
        }
        self.flags ^= PARTIAL;
        if partial {
            self.relapses = self.relapses.saturating_add(u8::from(consistent_before));
        } else {
            self.last = now;
        }
        true
    }
}

/// The census of these operations.
pub fn census<'a>(operations: impl IntoIterator<Item = &'a Outcome>) -> Census {
    let mut census = Census::default();
    for outcome in operations {
        census.count(outcome.state(), outcome.answer(), outcome.headline());
    }
    census
}

/// The operations of a run that one row of results covers.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The scope of the row.
    pub scope: Scope,
    /// The operations, those of the warm-up included, in the order of arrival.
    pub outcomes: Vec<(OpId, &'a Outcome)>,
}

impl<'a> Part<'a> {
    /// The operations that arrived between warm-up and the end of the load.
    pub fn measured(&self) -> impl Iterator<Item = &'a Outcome> + Clone + '_ {
        self.outcomes.iter().map(|(_, outcome)| *outcome).filter(|outcome| outcome.is_measured())
    }
}

/// All operations of a run, by number.
#[derive(Debug)]
pub struct Operations {
    system: Arc<System>,
    /// The declared kind that each kind of operation replaces.
    declared: Vec<OperationKind>,
    /// True for each kind of operation that headlines pool.
    pooled: Vec<bool>,
    outcomes: Chunks<Outcome>,
    changed: Vec<u32>,
    /// The versions that writes destroy.
    pub overwrites: Overwrites,
    /// Steps of other operations that the last record made relapse or recover, by cell.
    restated: Vec<Restated>,
    /// The relapsed steps, each with the number of its cells.
    relapsed: BTreeMap<(OpId, StepId), u8>,
    /// Operations that follow another one, each with that other.
    followers: Vec<(OpId, OpId)>,
    partial: u64,
    measured: u64,
}

impl Operations {
    /// The operations before the first record.
    pub fn new(system: &Arc<System>) -> Self {
        let declared: Vec<_> = system.kinds().map(|kind| system.declared(kind)).collect();
        let pools = system.pooled_kinds();
        Self {
            system: Arc::clone(system),
            pooled: declared.iter().map(|kind| pools.contains(kind)).collect(),
            declared,
            outcomes: Chunks::new(),
            changed: Vec::new(),
            overwrites: Overwrites::new(system),
            restated: Vec::new(),
            relapsed: BTreeMap::new(),
            followers: Vec::new(),
            partial: 0,
            measured: 0,
        }
    }

    /// The declared kind of an operation, if it arrived.
    pub fn kind(&self, op: OpId) -> Option<OperationKind> {
        self.get(op).map(|outcome| self.declared[usize::from(outcome.kind)])
    }

    /// Returns whether headlines pool this operation.
    pub fn is_pooled(&self, outcome: &Outcome) -> bool {
        self.pooled[usize::from(outcome.kind)]
    }

    /// The parts that results cover: first the operations that headlines pool, then each declared
    /// operation, if there are several.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut kinds = vec![Vec::new(); self.declared.len()];
        let mut pooled = Vec::new();
        for (op, outcome) in (0..).map(OpId).zip(&self.outcomes) {
            kinds[self.declared[usize::from(outcome.kind)].index()].push((op, outcome));
            pooled.extend(self.is_pooled(outcome).then_some((op, outcome)));
        }
        let each = Scope::of_operations(&self.system).map(|(scope, kind)| {
            let outcomes = std::mem::take(&mut kinds[kind.index()]);
            Part { scope, outcomes }
        });
        std::iter::once(Part { scope: Scope::Run, outcomes: pooled }).chain(each).collect()
    }

    /// Takes in the next record.
    #[inline]
    pub fn see(&mut self, record: &Record) {
        self.restated.clear();
        match record.event {
            Event::Touches { row, .. } => self.overwrites.touch(record.op, record.step, row),
            Event::Offered { kind, deadline, measured } => {
                self.offer(record, kind, deadline, measured);
            }
            Event::Follows { followed } => self.followers.push((record.op, followed)),
            Event::Shown { direction, change, .. } => self.show(record, direction, change),
            Event::Answered { .. }
            | Event::Holds { .. }
            | Event::RefusedByRule { .. }
            | Event::Aborted { .. }
            | Event::Resolved { .. } => {
                if let Some(outcome) = self.get_mut(record.op) {
                    outcome.see(record);
                }
            }
            _ => {}
        }
    }

    fn offer(&mut self, record: &Record, kind: OperationKind, deadline: Time, measured: bool) {
        let number = record.op.0 as usize;
        self.outcomes.grow(number + 1, Outcome::EMPTY);
        self.measured += u64::from(measured);
        self.overwrites.offer(record.op, kind);
        let steps = &self.system.operation(kind).steps;
        let mut forward = [0; MAX_STEPS];
        for (shown, step) in forward.iter_mut().zip(steps) {
            *shown = if step.effect.is_nothing() { NO_EFFECT } else { 0 };
        }
        self.outcomes[number] = Outcome {
            forward,
            arrived: record.time.as_nanos(),
            deadline: deadline.as_nanos(),
            kind: u8::try_from(kind.0).expect("a system has at most `MAX_KINDS` operations"),
            flags: (steps.len() as u16) << STEPS | if measured { MEASURED } else { 0 },
            ..Outcome::EMPTY
        };
    }

    /// The operation with this number, if it arrived.
    pub fn get(&self, op: OpId) -> Option<&Outcome> {
        self.outcomes.get(op.0 as usize)
    }

    /// The operation with this number, if it arrived.
    pub fn get_mut(&mut self, op: OpId) -> Option<&mut Outcome> {
        self.outcomes.get_mut(op.0 as usize)
    }

    /// The census of the measured operations of each declared kind.
    pub fn censuses(&self) -> Vec<Census> {
        let mut censuses = vec![Census::default(); self.declared.len()];
        for outcome in self.measured() {
            let census = &mut censuses[self.declared[usize::from(outcome.kind)].index()];
            census.count(outcome.state(), outcome.answer(), outcome.headline());
        }
        censuses
    }

    /// The number of measured operations of each declared kind.
    pub fn measured_by_kind(&self) -> Counts {
        let mut counts = Counts::new(&self.system, 0);
        for outcome in self.measured() {
            *counts.of(Some(self.declared[usize::from(outcome.kind)])) += 1;
        }
        counts
    }

    /// All operations, in the order of arrival.
    pub fn all(&self) -> &Chunks<Outcome> {
        &self.outcomes
    }

    /// The operations that arrived between warm-up and the end of the load.
    pub fn measured(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.is_measured())
    }

    /// The number of operations that arrived between warm-up and the end of the load.
    pub const fn measured_count(&self) -> u64 {
        self.measured
    }

    /// The number of operations that are partial since the end of the last instant.
    pub const fn partial_count(&self) -> u64 {
        self.partial
    }

    /// Notes that the stores show an effect more or less often, by which other operations may
    /// relapse or recover.
    fn show(&mut self, record: &Record, direction: Direction, change: i64) {
        self.count(record.op, record.step, direction, change);
        let mut restated = std::mem::take(&mut self.restated);
        self.overwrites.show(record, &mut restated);
        for Restated { op, step, relapses } in &restated {
            let cells = self.relapsed.entry((*op, *step)).or_default();
            let before = *cells;
            *cells = if *relapses { before + 1 } else { before - 1 };
            match (before, *cells) {
                (0, _) => self.count(*op, *step, Direction::Forward, -1),
                (_, 0) => {
                    self.relapsed.remove(&(*op, *step));
                    self.count(*op, *step, Direction::Forward, 1);
                }
                _ => {}
            }
        }
        self.restated = restated;
    }

    fn count(&mut self, op: OpId, step: StepId, direction: Direction, change: i64) {
        let Some(outcome) = self.outcomes.get_mut(op.0 as usize) else { return };
        outcome.show(step, direction, change);
        if !outcome.has(DIRTY) {
            outcome.flags |= DIRTY;
            self.changed.push(op.0);
        }
    }

    /// The sight of a step for a reader who was shown `sight` of its row in `table`: nothing, if an
    /// older version has overwritten it since.
    pub fn judged(&self, op: OpId, step: StepId, table: TableId, sight: Sight) -> Sight {
        let is_there = |row: Row| row.0 == table; // And not in a copy of it.
        let relapsed = || {
            let row = self.overwrites.row(op, step);
            self.relapsed.contains_key(&(op, step)) && row.is_some_and(is_there)
        };
        if sight == Sight::Effect && relapsed() { Sight::Nothing } else { sight }
    }

    /// Steps of other operations that the last record made relapse or recover, by cell.
    pub fn restated(&self) -> &[Restated] {
        &self.restated
    }

    /// The end of the last instant at which an operation was partial: from then on every operation
    /// was complete or absent. None if one still is partial; zero if none ever was.
    pub fn last_partial(&self) -> Option<Time> {
        let mut last = 0;
        for outcome in &self.outcomes {
            if outcome.is_partial() {
                return None;
            }
            last = last.max(if outcome.last == NEVER { 0 } else { outcome.last });
        }
        Some(Time::from_nanos(last))
    }

    /// Ends the run: notes which operations follow one that never happened.
    pub fn close(&mut self) {
        for (follower, followed) in self.followers.drain(..) {
            let followed = self.outcomes.get(followed.0 as usize).map(Outcome::state);
            let never_happened = matches!(followed, Some(State::None | State::Reversed));
            if let Some(outcome) = self.outcomes.get_mut(follower.0 as usize) {
                outcome.flags |= if never_happened { UNFOUNDED } else { 0 };
            }
        }
    }

    /// Ends the instant `now`: sets the number of partial operations of each kind.
    #[inline]
    pub fn end_instant(&mut self, now: u64, partial: &mut ByKind<Gauge>) {
        if self.changed.is_empty() {
            return; // At most instants nothing is committed.
        }
        for op in self.changed.drain(..) {
            let outcome = &mut self.outcomes[op as usize];
            if outcome.settle(now) {
                let change = if outcome.is_partial() { 1 } else { -1 };
                self.partial = self.partial.saturating_add_signed(change);
                let gauge = partial.of(Some(self.declared[usize::from(outcome.kind)]));
                gauge.set(now, gauge.value().saturating_add_signed(change));
            }
        }
    }
}
