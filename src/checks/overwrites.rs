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
use super::measures::by_kind::Counts;
use crate::kernel::Time;
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
    /// The columns that operations replace.
    overwritten: BTreeSet<ColumnRef>,
    /// For each step, by kind of operation, the step whose row orders the versions of its writes;
    /// none if it has no part in any.
    origins: Vec<[Option<StepId>; MAX_STEPS]>,
    /// The kind of each operation, and the start of its rows.
    operations: Vec<(OperationKind, u32)>,
    /// The rows that the operations touch, step by step.
    rows: Vec<Row>,
    /// The position of the step's write among all writes of that row, for each of `rows`; 0 before
    /// the write.
    places: Vec<u32>,
    /// The number of writes of each row that orders versions.
    written: BTreeMap<Row, u32>,
    cells: BTreeMap<(ColumnRef, RowKey), Cell>,
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

/// The content of a cell that operations overwrite.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    /// The last write, unless its value was overwritten.
    current: Option<Write>,
    /// The newest version that it held, while it holds an older one.
    relapsed: Option<Write>,
}

/// A write of a cell.
#[derive(Clone, Copy, Debug)]
struct Write {
    op: OpId,
    step: StepId,
    /// The row that orders its version, and the position there.
    origin: Row,
    version: u32,
    /// The writer; one job writes the effects of many operations at once.
    by: Writer,
}

/// The time of a write, and its process.
type Writer = (Time, u32);

impl Write {
    /// Returns whether both versions are ordered by the same row, and this one is older.
    fn is_older(&self, other: &Self) -> bool {
        self.origin == other.origin && self.version < other.version
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
            origins: system.operations.iter().map(|spec| origins(spec, &overwritten)).collect(),
            overwritten,
            operations: Vec::new(),
            rows: Vec::new(),
            places: Vec::new(),
            written: BTreeMap::new(),
            cells: BTreeMap::new(),
            destroyed: None,
            lost: Counts::new(system, 0),
            blind: Counts::new(system, 0),
            met: BTreeMap::new(),
        }
    }

    /// Notes that an operation arrives.
    pub fn offer(&mut self, op: OpId, kind: OperationKind) {
        let number = op.0 as usize;
        if number >= self.operations.len() {
            self.operations.resize(number + 1, (kind, u32::MAX));
        }
        self.operations[number] = (kind, self.rows.len() as u32);
    }

    /// Notes the row that a step of an operation touches; the steps come in order.
    pub fn touch(&mut self, op: OpId, step: StepId, row: Row) {
        if let Some((_, start)) = self.operations.get_mut(op.0 as usize) {
            if step == StepId(0) {
                *start = self.rows.len() as u32;
            }
            self.rows.push(row);
            self.places.push(0);
        }
    }

    /// The row that a step of an operation touches.
    pub fn row(&self, op: OpId, step: StepId) -> Option<Row> {
        self.rows.get(self.at(op, step)?).copied()
    }

    /// Returns whether a cell holds a newer version than a step of an operation has, so that a
    /// reader of it misses nothing of that step.
    pub fn is_superseded(&self, cell: (ColumnRef, RowKey), op: OpId, step: StepId) -> bool {
        let current = || self.cells.get(&cell)?.current;
        let kind = self.operations.get(op.0 as usize).map(|(kind, _)| *kind);
        let origin = kind.and_then(|kind| self.origins[kind.index()][step.index()]);
        let version = origin.and_then(|origin| self.version(op, origin));
        version.zip(current()).is_some_and(|((origin, version), current)| {
            current.origin == origin && version < current.version
        })
    }

    /// The declared kind of an operation.
    fn declared(&self, op: OpId) -> Option<OperationKind> {
        self.operations.get(op.0 as usize).map(|(kind, _)| self.system.declared(*kind))
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

    fn at(&self, op: OpId, step: StepId) -> Option<usize> {
        let (_, start) = self.operations.get(op.0 as usize)?;
        Some(*start as usize + step.index())
    }

    /// Notes that a store shows an effect more or less often. Adds the affected steps of other
    /// operations to `restated`.
    pub fn show(&mut self, record: &Record, restated: &mut Vec<Restated>) {
        let Event::Shown { direction, change, .. } = record.event else { return };
        let (op, step) = (record.op, record.step);
        let Some((kind, _)) = self.operations.get(op.0 as usize) else { return };
        let Some(row) = self.row(op, step) else { return };
        let system = Arc::clone(&self.system);
        let Some(spec) = system.operation(*kind).steps.get(step.index()) else { return };
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
        let Some(origin) = self.origins[kind.index()][step.index()] else { return };
        if direction == Direction::Forward
            && let Some(place) = self.at(op, step).and_then(|at| self.places.get_mut(at))
        {
            let written = self.written.entry(row).or_default();
            *written += 1;
            *place = *written;
        }
        if let Some((origin, version)) = self.version(op, origin) {
            let write = Write { op, step, origin, version, by };
            self.write(row, write, direction, spec, restated);
        }
    }

    /// The version of a write: the row that orders it, and the position there. If its origin is not
    /// written yet (it commits elsewhere at the same time) it has the next position.
    fn version(&self, op: OpId, origin: StepId) -> Option<(Row, u32)> {
        let at = self.at(op, origin)?;
        let (row, place) = (*self.rows.get(at)?, *self.places.get(at)?);
        let next = || self.written.get(&row).map_or(1, |written| written + 1);
        Some((row, if place == 0 { next() } else { place }))
    }

    /// Notes that a step or its compensation writes a row.
    fn write(
        &mut self,
        (table, row): Row,
        write: Write,
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
            if !self.overwritten.contains(&column) {
                continue;
            }
            let cell = self.cells.entry((column, row)).or_default();
            match cell.take(write, replaces, restated) {
                Some(_) if !replaces => {}
                Some(before) if derived => self.count_lost(before.op, write.is_older(&before)),
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
            let Some(cell) = self.cells.get_mut(&(ColumnRef { table, column }, row)) else {
                continue;
            };
            let is_it = |write: &Write| (write.op, write.step) == (op, step);
            restated.extend(cell.relapsed.take_if(|it| is_it(it)).map(|it| it.restated(false)));
            cell.current.take_if(|it| is_it(it));
        }
    }
}

impl Cell {
    /// Takes in a write, which `replaces` the content of a cell or adds to it. Returns the write
    /// that was there.
    fn take(
        &mut self,
        write: Write,
        replaces: bool,
        restated: &mut Vec<Restated>,
    ) -> Option<Write> {
        if !replaces && self.relapsed.is_some() {
            return None; // What is added repairs nothing.
        }
        let repaired = self.relapsed.take_if(|newest| !write.is_older(newest));
        restated.extend(repaired.map(|newest| newest.restated(false)));
        let before = self.current.replace(write);
        match before {
            Some(same) if same.by == write.by => {
                self.current = Some(if write.is_older(&same) { same } else { write });
                return None;
            }
            Some(newer) if write.is_older(&newer) && self.relapsed.is_none() => {
                self.relapsed = Some(newer);
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
