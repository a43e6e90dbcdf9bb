//! Overwrites: which committed version a write destroys, and which operations relapse by it.
//!
//! A store shows an effect until it is replaced by a value that does not contain it; a later `set`
//! supersedes an earlier one. That says nothing about their order: an older price that arrives late
//! overwrites a newer one. The order is that of the system of record. The version of a write is the
//! position of its operation among the writes of the row from which its value derives: for a
//! `copy`, the row that is copied; for a further step without `derive`, the row with which its
//! operation begins; for any other step, the row itself. A compensation has the version of the
//! effect that it compensates.
//!
//! An operation whose value was overwritten by one of an older version relapses: its step does not
//! show any more, until the cell is repaired or holds a version that is as new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::anomaly::{Anomaly, AnomalySet};
use super::by_row::ByRow;
use super::measures::by_kind::Counts;
use crate::kernel::{Chunks, Time};
use crate::model::database::Direction;
use crate::model::record::{Event, OpId, Record};
use crate::model::system::{
    ColumnRef, DeriveRule, Effect, KeyChoice, MAX_STEPS, OperationKind, OperationSpec, RowKey,
    StepId, StepSpec, System, TableId,
};

/// A row: its table and its key.
pub type Row = (TableId, RowKey);

/// The overwrites of a run.
#[derive(Debug)]
pub struct Overwrites {
    system: Arc<System>,
    writes: Writes,
    /// The last write of each cell that operations overwrite, by column, unless its value was
    /// overwritten.
    cells: BTreeMap<ColumnRef, ByRow<Write>>,
    /// The newest version that a cell held, while it holds an older one.
    relapsed: BTreeMap<Place, Write>,
    /// The process of the last write of each cell that was written within the instant `now`; one
    /// job writes the effects of many operations at once.
    recent: BTreeMap<Place, u32>,
    now: Time,
    /// The row that was last overwritten by a value without some effect, and the writer.
    destroyed: Option<(Row, Writer)>,
    /// The operations that lost an update or wrote blindly.
    pub met: BTreeMap<OpId, AnomalySet>,
    /// Writes that destroyed a version newer than the one that their value derives from, by the
    /// operation whose version it was.
    pub lost: Counts,
    /// Writes by a `set` that reads nothing over what another operation had written, by the
    /// operation that set it.
    pub blind: Counts,
}

/// A cell: its column and the key of its row.
type Place = (ColumnRef, RowKey);

/// The rows that operations touch, and the order of their writes.
#[derive(Debug)]
struct Writes {
    system: Arc<System>,
    /// For each step, by kind of operation, the step whose row orders the versions of its writes;
    /// none if it has no part in any.
    origins: Vec<[Option<StepId>; MAX_STEPS]>,
    /// The kind of each operation, and the start of its rows.
    operations: Chunks<(OperationKind, u32)>,
    /// The keys of the rows that the operations touch, step by step.
    keys: Chunks<RowKey>,
    /// The position of the step's write among all writes of that row, for each of `keys`; 0 before
    /// the write.
    places: Chunks<u32>,
    /// The number of writes of each row that orders versions, by table.
    written: Vec<ByRow<u32>>,
}

/// A write of a cell, which has the version of this position among those of its step's origin.
#[derive(Clone, Copy, Debug)]
struct Write {
    op: OpId,
    version: u32,
    step: StepId,
}

impl Default for Write {
    /// The absence of a write: that of no operation.
    fn default() -> Self {
        Self { op: OpId::NONE, version: 0, step: StepId::NONE }
    }
}

/// The time of a write, and its process.
type Writer = (Time, u32);

impl Write {
    /// The write, if there was one.
    fn there(self) -> Option<Self> {
        (self.op != OpId::NONE).then_some(self)
    }

    const fn restated(&self, relapses: bool) -> Restated {
        Restated { op: self.op, step: self.step, relapses }
    }
}

/// A step of an operation whose value in a cell relapses because of a write of another one, or
/// recovers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restated {
    /// The operation.
    pub op: OpId,
    /// The step.
    pub step: StepId,
    /// True if it relapses.
    pub relapses: bool,
}

impl Overwrites {
    /// The overwrites before the first record.
    pub fn new(system: &Arc<System>) -> Self {
        let overwritten = overwritten(system);
        Self {
            system: Arc::clone(system),
            writes: Writes {
                system: Arc::clone(system),
                origins: system.operations.iter().map(|spec| origins(spec, &overwritten)).collect(),
                operations: Chunks::new(),
                keys: Chunks::new(),
                places: Chunks::new(),
                written: vec![ByRow::default(); system.tables.len()],
            },
            cells: overwritten.into_iter().map(|column| (column, ByRow::default())).collect(),
            relapsed: BTreeMap::new(),
            recent: BTreeMap::new(),
            now: Time::ZERO,
            destroyed: None,
            lost: Counts::new(system, 0),
            blind: Counts::new(system, 0),
            met: BTreeMap::new(),
        }
    }

    /// Notes that an operation arrives.
    pub fn offer(&mut self, op: OpId, kind: OperationKind) {
        let Writes { operations, keys, .. } = &mut self.writes;
        operations.grow(op.0 as usize + 1, (kind, u32::MAX));
        operations[op.0 as usize] = (kind, keys.len() as u32);
    }

    /// Notes the key of the row that a step of an operation touches; the steps come in order.
    pub fn touch(&mut self, op: OpId, step: StepId, key: RowKey) {
        let Writes { operations, keys, places, .. } = &mut self.writes;
        if let Some((_, start)) = operations.get_mut(op.0 as usize) {
            if step == StepId(0) {
                *start = keys.len() as u32;
            }
            keys.push(key);
            places.push(0);
        }
    }

    /// The row that a step of an operation touches.
    pub fn row(&self, op: OpId, step: StepId) -> Option<Row> {
        self.writes.row(op, step)
    }

    /// Returns whether a cell holds a newer version than a step of an operation has, so that a
    /// reader of it misses nothing of that step.
    pub fn is_superseded(&self, (column, key): Place, op: OpId, step: StepId) -> bool {
        let current = || self.cells.get(&column)?.get(key).there();
        let version = self.writes.origin(op, step).and_then(|it| self.writes.version(op, it));
        version.zip(current()).is_some_and(|((origin, version), current)| {
            self.writes.ordered_by(&current) == Some(origin) && version < current.version
        })
    }

    /// The declared kind of an operation.
    fn declared(&self, op: OpId) -> Option<OperationKind> {
        self.writes.kind(op).map(|kind| self.system.declared(kind))
    }

    /// Counts a version of an operation that was destroyed, if it `was`.
    fn count_lost(&mut self, op: OpId, was: bool) {
        if was {
            *self.lost.of(self.declared(op)) += 1;
            self.met.entry(op).or_default().insert(Anomaly::LostUpdate);
        }
    }

    /// Counts a blind write of an operation, if it `was` one.
    fn count_blind(&mut self, op: OpId, was: bool) {
        if was {
            *self.blind.of(self.declared(op)) += 1;
            self.met.entry(op).or_default().insert(Anomaly::BlindWrite);
        }
    }

    /// Notes that a store shows an effect more or less often. Adds the affected steps of other
    /// operations to `restated`.
    pub fn show(&mut self, record: &Record, restated: &mut Vec<Restated>) {
        let Event::Shown { direction, change, .. } = record.event else { return };
        let (op, step) = (record.op, record.step);
        let Some(kind) = self.writes.kind(op) else { return };
        let Some(row) = self.row(op, step) else { return };
        let system = Arc::clone(&self.system);
        let Some(spec) = system.operation(kind).steps.get(step.index()) else { return };
        if record.time > self.now {
            self.now = record.time;
            self.recent.clear();
        }
        let by = (record.time, record.process);
        if change < 0 {
            // Recovery undoes what was never durable, which is no overwrite.
            let destroyed = Some((row, by));
            if record.process != 0 && self.destroyed != destroyed {
                self.destroyed = destroyed;
                self.count_lost(op, true);
            }
            self.vanish((op, step), row, &spec.effect, restated);
            return;
        }
        let Some(origin) = self.writes.origin(op, step) else { return };
        if direction == Direction::Forward {
            self.writes.write(op, step, row);
        }
        if let Some((_, version)) = self.writes.version(op, origin) {
            let write = Write { op, step, version };
            self.write(row, (write, record.process), direction, spec, restated);
        }
    }

    /// Notes that a step or its compensation writes a row.
    fn write(
        &mut self,
        (table, row): Row,
        (write, process): (Write, u32),
        direction: Direction,
        spec: &StepSpec,
        restated: &mut Vec<Restated>,
    ) {
        let (effect, derived) = match direction {
            Direction::Forward => {
                let computed = matches!(spec.effect, Effect::Update(..));
                (&spec.effect, computed || copied(spec).is_some())
            }
            Direction::Undo => (&spec.undo, true),
        };
        let keeps = matches!(effect, Effect::Add(_) | Effect::Update(..));
        if effect.is_whole() || keeps && direction == Direction::Undo {
            return; // What it is taken from stays.
        }
        let replaces = !matches!(effect, Effect::Add(_));
        for column in effect.columns() {
            let column = ColumnRef { table, column };
            let Self { writes, cells, relapsed, recent, .. } = self;
            let Some(rows) = cells.get_mut(&column) else { continue };
            let place = (column, row);
            let mut cell = Cell { place, current: rows.get_mut(row), relapsed, recent, writes };
            match cell.take(write, process, replaces, restated) {
                Some(_) if !replaces => {}
                Some(before) if derived => {
                    let is_older = self.writes.is_older(&write, &before);
                    self.count_lost(before.op, is_older);
                }
                Some(before) => self.count_blind(write.op, before.op != write.op),
                None => {}
            }
        }
    }

    /// Notes that a step is not shown any more, so that its value in its row is gone.
    fn vanish(
        &mut self,
        (op, step): (OpId, StepId),
        (table, row): Row,
        effect: &Effect,
        restated: &mut Vec<Restated>,
    ) {
        for column in effect.columns() {
            let column = ColumnRef { table, column };
            let Some(rows) = self.cells.get_mut(&column) else { continue };
            let is_it = |write: &Write| (write.op, write.step) == (op, step);
            if let Some(newest) = self.relapsed.get(&(column, row)).copied().filter(is_it) {
                self.relapsed.remove(&(column, row));
                restated.push(newest.restated(false));
            }
            if is_it(&rows.get(row)) {
                *rows.get_mut(row) = Write::default();
            }
        }
    }
}

impl Writes {
    fn kind(&self, op: OpId) -> Option<OperationKind> {
        self.operations.get(op.0 as usize).map(|(kind, _)| *kind)
    }

    /// The row that a step of an operation touches.
    fn row(&self, op: OpId, step: StepId) -> Option<Row> {
        let key = *self.keys.get(self.at(op, step)?)?;
        let steps = &self.system.operation(self.kind(op)?).steps;
        Some((steps.get(step.index())?.table, key))
    }

    fn at(&self, op: OpId, step: StepId) -> Option<usize> {
        let (_, start) = self.operations.get(op.0 as usize)?;
        Some(*start as usize + step.index())
    }

    /// The step whose row orders the versions of the writes of a step.
    fn origin(&self, op: OpId, step: StepId) -> Option<StepId> {
        self.origins[self.kind(op)?.index()].get(step.index()).copied().flatten()
    }

    /// The row that orders the versions of a write.
    fn ordered_by(&self, write: &Write) -> Option<Row> {
        self.row(write.op, self.origin(write.op, write.step)?)
    }

    /// Returns whether both versions are ordered by the same row, and the first one is older.
    fn is_older(&self, write: &Write, other: &Write) -> bool {
        write.version < other.version && self.ordered_by(write) == self.ordered_by(other)
    }

    /// Notes that a step writes its row.
    fn write(&mut self, op: OpId, step: StepId, (table, key): Row) {
        let at = self.at(op, step);
        if let Some(place) = at.and_then(|at| self.places.get_mut(at)) {
            let written = self.written[table.index()].get_mut(key);
            *written += 1;
            *place = *written;
        }
    }

    /// The version of a write: the row that orders it, and the position there. If its origin is not
    /// written yet (it commits elsewhere at the same time) it has the next position.
    fn version(&self, op: OpId, origin: StepId) -> Option<(Row, u32)> {
        let row = self.row(op, origin)?;
        let place = *self.places.get(self.at(op, origin)?)?;
        let next = || self.written[row.0.index()].get(row.1) + 1;
        Some((row, if place == 0 { next() } else { place }))
    }
}

/// A cell that operations overwrite.
struct Cell<'a> {
    place: Place,
    current: &'a mut Write,
    relapsed: &'a mut BTreeMap<Place, Write>,
    recent: &'a mut BTreeMap<Place, u32>,
    writes: &'a Writes,
}

impl Cell<'_> {
    /// Takes in a write by a process, which `replaces` the content of the cell or adds to it.
    /// Returns the write that was there.
    fn take(
        &mut self,
        write: Write,
        process: u32,
        replaces: bool,
        restated: &mut Vec<Restated>,
    ) -> Option<Write> {
        let newest = self.relapsed.get(&self.place).copied();
        if !replaces && newest.is_some() {
            return None; // What is added repairs nothing.
        }
        let is_older = |other: &Write| self.writes.is_older(&write, other);
        let repaired = newest.filter(|newest| !is_older(newest));
        if let Some(newest) = repaired {
            self.relapsed.remove(&self.place);
            restated.push(newest.restated(false));
        }
        let same_writer = self.recent.insert(self.place, process) == Some(process);
        let before = std::mem::replace(self.current, write).there();
        match before {
            Some(same) if same_writer => {
                *self.current = if is_older(&same) { same } else { write };
                return None;
            }
            Some(newer) if is_older(&newer) && !self.relapsed.contains_key(&self.place) => {
                self.relapsed.insert(self.place, newer);
                restated.push(newer.restated(true));
            }
            _ => {}
        }
        before
    }
}

/// The table and column that a step copies, if it does.
fn copied(step: &StepSpec) -> Option<ColumnRef> {
    let derive = step.derive.as_ref()?;
    match derive.rule {
        DeriveRule::Copy { from, .. } => Some(ColumnRef { table: derive.source, column: from }),
        _ => None,
    }
}

/// The columns that a step or its compensation overwrites.
fn overwritten(system: &System) -> BTreeSet<ColumnRef> {
    let columns = |table: TableId, effect: &Effect| {
        match effect {
            Effect::Set(_) | Effect::Update(..) | Effect::Restore(_) => effect.columns(),
            Effect::Insert(_) | Effect::Add(_) | Effect::Delete | Effect::Nothing(_) => Vec::new(),
        }
        .into_iter()
        .map(move |column| ColumnRef { table, column })
    };
    let of = |step: &StepSpec| {
        columns(step.table, &step.effect).chain(columns(step.table, &step.undo)).collect::<Vec<_>>()
    };
    system.steps().flat_map(of).collect()
}

/// The step whose row orders the versions of its writes, for each step of an operation.
fn origins(spec: &OperationSpec, overwritten: &BTreeSet<ColumnRef>) -> [Option<StepId>; MAX_STEPS] {
    let mut origins = [None; MAX_STEPS];
    let is_shared = |step: &StepSpec| {
        let key = spec.keys.get(usize::from(step.key));
        !key.is_some_and(|key| matches!(key.choice, KeyChoice::New))
    };
    for (at, step) in (0..).zip(&spec.steps) {
        let source = copied(step).and_then(|ColumnRef { table, column }| {
            let writes = |effect: &Effect| effect.is_whole() || effect.columns().contains(&column);
            let is_source = |other: &StepSpec| {
                (other.table, other.key) == (table, step.key) && writes(&other.effect)
            };
            spec.steps.iter().position(is_source).map(|at| StepId(at as u8))
        });
        let first = matches!(step.effect, Effect::Set(_)) && is_shared(&spec.steps[0]);
        let first = first.then_some(StepId(0));
        let origin = source.or(first).unwrap_or(StepId(at));
        let columns = step.effect.columns().into_iter().chain(step.undo.columns());
        let mut columns = columns.map(|column| ColumnRef { table: step.table, column });
        if columns.any(|column| overwritten.contains(&column)) {
            origins[usize::from(at)] = Some(origin);
            origins[origin.index()].get_or_insert(origin);
        }
    }
    origins
}
