//! The effects of statements on rows: steps, their compensation, and values that a job derived.

use std::sync::Arc;

use rand::RngExt;

use super::ledger::{EXISTENCE, change};
use super::locks::Mode;
use super::provenance::{Delta, Derived, Direction, Effect, Entry, Provenance, Version};
use super::rows::{Row, RowId, RowVersion};
use super::state::{Image, State};
use super::txn::{Policy, StepRef};
use super::{Call, Database, DbError};
use crate::kernel::Purpose;
use crate::model::env::{Ctx, OpInfo};
use crate::model::record::{AbortCause, Event, OpId, RefusalReason};
use crate::model::system::{
    ColumnRef, Columns, Effect as Change, ReadFirst, Refuse, RowLock, StepId, StepSpec, TableId,
    TableSpec, ValueSpec,
};

/// The content that a statement is about to write.
pub(super) enum Written {
    /// New values.
    Cells(Vec<(u8, Derived)>, Policy),
    /// Differences to add.
    Deltas(Vec<(u8, Delta)>),
}

impl Written {
    /// The columns that it names.
    pub(super) fn columns(&self) -> Columns {
        match self {
            Self::Cells(cells, _) => cells.iter().map(|cell| cell.0).collect(),
            Self::Deltas(deltas) => deltas.iter().map(|delta| delta.0).collect(),
        }
    }
}

/// The number of times that an effect occurs in these entries, which are sorted.
fn how_often(entries: &[Entry], effect: Effect) -> i32 {
    entries.binary_search_by_key(&effect, |entry| entry.0).map_or(0, |at| entries[at].1)
}

impl Database {
    /// The row that a step writes.
    pub(super) fn row_of(&self, at: StepRef) -> RowId {
        let info = self.env.operation(at.op);
        let step = &self.env.system().operation(info.kind).steps[at.step.index()];
        RowId { table: step.table, key: info.keys[usize::from(step.key)] }
    }

    /// The way in which a step (or its compensation) reads its row before it writes it, if it does.
    pub(super) fn read_first(&self, at: StepRef) -> Option<ReadFirst> {
        let info = self.env.operation(at.op);
        let step = &self.env.system().operation(info.kind).steps[at.step.index()];
        match change(step, at.direction) {
            Change::Update(_, read) => Some(*read),
            _ => None,
        }
    }

    /// The lock that the statement of a step takes; a read may need none.
    pub(super) fn lock_of(&self, at: StepRef, row: RowId) -> Option<(RowId, Mode)> {
        let info = self.env.operation(at.op);
        let step = &self.env.system().operation(info.kind).steps[at.step.index()];
        match change(step, at.direction) {
            Change::Nothing(None) => self.read_lock(row, Mode::Shared),
            Change::Nothing(Some(RowLock::Shared)) => Some((row, Mode::Shared)),
            _ => Some((row, Mode::Exclusive)),
        }
    }

    /// Carries out a step or its compensation. An update computes from the row as it was `found`.
    pub(super) fn apply_step(
        &self,
        call: &Call,
        at: StepRef,
        found: Option<&RowVersion>,
    ) -> Result<(), DbError> {
        let info = self.env.operation(at.op);
        let system = self.env.system();
        let step = &system.operation(info.kind).steps[at.step.index()];
        self.may_write(call, step.table)?;
        let forward = at.direction == Direction::Forward;
        if forward && self.is_refused_at_random(at.op, step) {
            return self.refuse(call, step.table, RefusalReason::Chance);
        }
        let row = RowId { table: step.table, key: info.keys[usize::from(step.key)] };
        if let Change::Update(_, ReadFirst::Version) = change(step, at.direction)
            && found.map(RowVersion::version) != Some(self.see(call, row)?.version())
        {
            self.abort(call.txn, AbortCause::Serialization);
            return Err(DbError::Serialization);
        }
        let done = {
            let state = &mut *self.state_mut();
            self.change_row(state, call, row, (step, at, &info), found)
        };
        done.or_else(|reason| self.refuse(call, step.table, reason))
    }

    fn change_row(
        &self,
        state: &mut State,
        call: &Call,
        id: RowId,
        (step, at, info): (&StepSpec, StepRef, &OpInfo),
        found: Option<&RowVersion>,
    ) -> Result<(), RefusalReason> {
        let State { sessions, tables, images, .. } = state;
        let Some(session) = sessions.get_mut(call.txn) else { return Ok(()) };
        let table = tables.get(id.table);
        let committed = table.get(id.key);
        let own = session.changes.row(id);
        let row = &**own.unwrap_or(committed);
        let forward = Effect { op: at.op, step: at.step, direction: Direction::Forward };
        let own_times = |effect| own.map_or(0, |own| self.own_effects(effect, id, own, committed));
        let applied = || i32::from(self.ledger.shows(forward).forward) + own_times(forward);
        let undone = || {
            let undo = Effect { direction: Direction::Undo, ..forward };
            i32::from(self.ledger.shows(undo).undo) + own_times(undo)
        };
        let wanted = change(step, at.direction);
        let fits =
            row.live != matches!(wanted, Change::Insert(_)) && found.is_none_or(RowVersion::exists);
        match at.direction {
            // The row is there because this very step has inserted it: nothing has to be done.
            Direction::Forward if !fits && wanted.is_whole() => {
                let reason = if row.live { RefusalReason::RowExists } else { RefusalReason::NoRow };
                return if applied() > 0 { Ok(()) } else { Err(reason) };
            }
            Direction::Forward if !fits => return Err(RefusalReason::NoRow),
            // The compensation of a step that never took effect has no effect. If the row was
            // deleted meanwhile, the step's effect is gone with it, and the compensation only
            // records, once, that it is.
            Direction::Undo if applied() <= 0 => return Ok(()),
            Direction::Undo if !fits && (row.live || applied() <= undone()) => return Ok(()),
            Direction::Forward | Direction::Undo => {}
        }
        let spec = self.env.system().table(id.table);
        let step_of = (at.op, at.step);
        let own_image = session.changes.images.iter().rfind(|(of, _)| *of == step_of);
        let image = own_image.map(|(_, image)| image).or_else(|| images.get(&step_of)).cloned();
        let writing = Writing { wanted, spec, info, op: at.op, found, image };
        let Some(values) = writing.values(row) else { return Err(RefusalReason::Bound) };
        if let Some(Refuse::Below { column, bound }) = step.refuse
            && at.direction == Direction::Forward
            && writing.value_after(row, column).is_none_or(|value| value < bound)
        {
            return Err(RefusalReason::Bound);
        }
        if wanted.is_nothing() {
            return Ok(());
        }
        if let (Direction::Forward, Change::Restore(columns)) = (at.direction, &step.undo) {
            let image = columns.iter().map(|column| (*column, row.value(*column))).collect();
            session.changes.images.push((step_of, image));
        }
        let own = session.changes.row_mut(id, committed);
        writing.write(own, values, Effect { direction: at.direction, ..forward });
        own.updated_at = self.env.sim().local_now(self.node);
        Ok(())
    }

    /// The number of times that the transaction itself has written an effect into a row.
    fn own_effects(&self, effect: Effect, id: RowId, own: &Row, committed: &Row) -> i32 {
        let columns = (0..own.cells.len() as u8).chain([EXISTENCE]);
        columns
            .filter(|column| self.ledger.is_shown_by(effect, id.table, *column, id.key))
            .flat_map(|column| own.provenance(column).since(committed.provenance(column)))
            .filter(|entry| entry.0 == effect)
            .map(|entry| entry.1)
            .sum()
    }

    /// Reverts the newest step that one of these cells shows.
    pub(super) fn undo_newest(
        &self,
        call: &Call,
        id: RowId,
        read: u64,
        columns: &[u8],
    ) -> Result<(), DbError> {
        self.may_write(call, id.table)?;
        let newest = {
            let state = self.state();
            if state.row(id.table, id.key).version != read {
                return Err(DbError::Conflict);
            }
            let own = state.sessions.get(call.txn).and_then(|session| session.changes.row(id));
            let row = own.unwrap_or_else(|| state.row(id.table, id.key));
            columns.iter().filter_map(|column| self.newest_step(id, *column, row)).max()
        };
        match newest {
            Some((op, step)) => {
                let undo = StepRef { op, step, direction: Direction::Undo };
                let found = self.read_first(undo).and_then(|_| self.see(call, id).ok());
                self.apply_step(call, undo, found.as_ref())
            }
            None => self.refuse(call, id.table, RefusalReason::NoRow),
        }
    }

    /// The newest step that a cell shows and that was not compensated.
    fn newest_step(&self, id: RowId, column: u8, row: &Row) -> Option<(OpId, StepId)> {
        let entries = row.provenance(column).entries();
        let stands = |(effect, times): &&Entry| {
            let undone = Effect { direction: Direction::Undo, ..*effect };
            let back = how_often(&entries, undone);
            effect.direction == Direction::Forward
                && *times > back
                && self.ledger.is_shown_by(*effect, id.table, column, id.key)
        };
        entries.iter().rfind(stands).map(|(effect, _)| (effect.op, effect.step))
    }

    /// Writes values that were derived from versions that had been read.
    pub(super) fn write_derived(
        &self,
        call: &Call,
        id: RowId,
        written: Written,
    ) -> Result<(), DbError> {
        self.may_write(call, id.table)?;
        let current = {
            let state = self.state();
            let own = state.sessions.get(call.txn).and_then(|session| session.changes.row(id));
            let committed = state.row(id.table, id.key);
            if let Written::Cells(_, Policy::CompareAndSet(version)) = written
                && version != committed.version
            {
                return Err(DbError::Conflict);
            }
            Row::clone(own.unwrap_or(committed))
        };
        let cells = self.settled(&current, id, written);
        let exists = cells.iter().find(|cell| cell.0 == EXISTENCE).map(|cell| cell.1 > 0);
        if exists == Some(false) && !current.live {
            return Ok(());
        }
        if exists.is_none() && !current.live {
            return self.refuse(call, id.table, RefusalReason::NoRow);
        }
        for (column, value, provenance) in &cells {
            let news = provenance.since(current.provenance(*column));
            if let Some((effect, reason)) = self.objection(id, *column, *value, &current, &news) {
                let ctx = call.ctx.for_op(effect.op).at_step(effect.step, call.ctx.attempt);
                return self.refuse(&Call { ctx, ..*call }, id.table, reason);
            }
        }
        let state = &mut *self.state_mut();
        let State { sessions, tables, .. } = state;
        if let Some(session) = sessions.get_mut(call.txn) {
            let table = tables.get(id.table);
            let spec = self.env.system().table(id.table);
            let own = session.changes.row_mut(id, table.get(id.key));
            place(own, cells, spec);
            own.updated_at = self.env.sim().local_now(self.node);
        }
        Ok(())
    }

    /// Notes that a job has derived a value and found it in the row that it had read, so that there
    /// was nothing to write: from now on the cell also reflects the sources of the value. (A ticket
    /// opened and closed between two runs leaves the count what it was; the count is right about
    /// both.) This changes no value, takes no time, and leaves no trace in locks or log, as a real
    /// job that has nothing to write.
    ///
    /// Returns false if the row is no longer what was read, or a transaction is about to write it,
    /// so that the job must read again.
    pub fn attest(
        &self,
        ctx: &Ctx,
        table: TableId,
        read: &RowVersion,
        column: u8,
        found: &Derived,
    ) -> bool {
        if self.has(table).is_err() || !self.is_serving() {
            return false;
        }
        let id = RowId { table, key: read.key() };
        let ctx = Ctx { node: self.node, ..*ctx };
        let mut notes = Vec::new();
        {
            let state = &mut *self.state_mut();
            let now = state.row(table, id.key);
            let same = now.version == read.version() && now.value(column) == found.value;
            if !same || state.locks.is_exclusive(id) {
                return false;
            }
            let wanted = self.ledger.settle(found, ColumnRef { table, column }, id.key);
            let news = wanted.since(now.provenance(column));
            if news.iter().all(|(_, times)| *times < 0) {
                return true;
            }
            // Built on what was found, so that the next difference is no longer than this one.
            let kept = news.into_iter().filter(|(_, times)| *times < 0);
            let kept = kept.map(|(effect, times)| (effect, -times)).collect();
            let mut row = Row::clone(now);
            *row.provenance_mut(column) = wanted.plus(kept);
            let row = Arc::new(row);
            let old = state.table_mut(table).put(id.key, Arc::clone(&row));
            self.compare(id, &old, &row, &ctx, &mut notes);
            if !notes.is_empty() {
                state.last_change = self.env.now();
            }
        }
        self.write_notes(notes);
        true
    }

    /// The new value and provenance of each cell, in terms of the steps that belong there.
    fn settled(&self, now: &Row, id: RowId, written: Written) -> Vec<(u8, i64, Provenance)> {
        let settle = |derived: &Derived, column| {
            self.ledger.settle(derived, ColumnRef { table: id.table, column }, id.key)
        };
        match written {
            Written::Cells(cells, _) => cells
                .into_iter()
                .map(|(column, derived)| {
                    let known = now.provenance(column);
                    // A column that is written back unchanged keeps its provenance, which saves the
                    // comparison.
                    let provenance = match derived.provenance.since(known).is_empty() {
                        true => known.clone(),
                        false => settle(&derived, column),
                    };
                    (column, derived.value, provenance)
                })
                .collect(),
            Written::Deltas(deltas) => deltas
                .into_iter()
                .map(|(column, Delta { amount, wanted, found })| {
                    let meanwhile = now.provenance(column).since(&found);
                    let provenance = settle(&wanted, column).plus(meanwhile);
                    (column, now.value(column).wrapping_add(amount), provenance)
                })
                .collect(),
        }
    }

    /// The first effect that a derived value would newly show and that a rule refuses.
    fn objection(
        &self,
        id: RowId,
        column: u8,
        value: i64,
        current: &Row,
        news: &[Entry],
    ) -> Option<(Effect, RefusalReason)> {
        let back = |effect: &Effect| {
            let undone = Effect { direction: Direction::Undo, ..*effect };
            how_often(news, undone)
        };
        let fresh = news.iter().filter(|(effect, times)| {
            effect.direction == Direction::Forward
                && *times > back(effect).max(0)
                && self.ledger.is_shown_by(*effect, id.table, column, id.key)
        });
        fresh.map(|entry| entry.0).find_map(|effect| {
            let info = self.env.operation(effect.op);
            let step = &self.env.system().operation(info.kind).steps[effect.step.index()];
            match step.refuse {
                Some(Refuse::Probability(_)) if self.is_refused_at_random(effect.op, step) => {
                    Some((effect, RefusalReason::Chance))
                }
                Some(Refuse::Below { column: bounded, bound })
                    if bounded == column && value < bound && value < current.value(column) =>
                {
                    Some((effect, RefusalReason::Bound))
                }
                _ => None,
            }
        })
    }

    /// Returns for each of these versions whether a rule refuses a step that it would bring into a
    /// cell, which holds `wanted` with all of them.
    pub(super) fn would_refuse(
        &self,
        id: RowId,
        (column, wanted): (u8, i64),
        versions: &[Version],
    ) -> Vec<bool> {
        let brought: Vec<_> = versions.iter().map(|it| self.brings(id, column, it)).collect();
        let system = self.env.system();
        let step = |effect: &Effect| {
            let kind = self.env.operation(effect.op).kind;
            &system.operation(kind).steps[effect.step.index()]
        };
        let added = |effect: &Effect| match &step(effect).effect {
            Change::Add(cells) => cells.iter().find(|cell| cell.0 == column).map_or(0, |it| it.1),
            _ => 0,
        };
        let sum = |effects: &[Effect]| effects.iter().map(added).fold(0, i64::saturating_add);
        let all = brought.iter().map(|effects| sum(effects)).fold(0, i64::saturating_add);
        let mut value = wanted.saturating_sub(all);
        let mut refuses = |effects: &Vec<Effect>| {
            let after = value.saturating_add(sum(effects));
            let refused = effects.iter().any(|effect| match step(effect).refuse {
                Some(Refuse::Below { column: bounded, bound }) => {
                    bounded == column && after < bound && after < value
                }
                Some(Refuse::Probability(_)) => self.is_refused_at_random(effect.op, step(effect)),
                None => false,
            });
            if !refused {
                value = after;
            }
            refused
        };
        brought.iter().map(&mut refuses).collect()
    }

    /// The steps that a version would newly bring into a cell.
    fn brings(&self, id: RowId, column: u8, version: &Version) -> Vec<Effect> {
        let cell = ColumnRef { table: id.table, column };
        let entries = self.ledger.settle(&version.copied(), cell, id.key).entries();
        let is_news = |effect: &Effect| {
            effect.direction == Direction::Forward
                && self.ledger.is_shown_by(*effect, id.table, column, id.key)
                && self.ledger.shows(*effect).forward == 0
        };
        entries.into_iter().map(|(effect, _)| effect).filter(is_news).collect()
    }

    /// Returns whether a random refusal strikes a step. It is drawn once for each operation and
    /// step, and so is equal under every pattern.
    pub(super) fn is_refused_at_random(&self, op: OpId, step: &StepSpec) -> bool {
        let Some(Refuse::Probability(share)) = step.refuse else { return false };
        let stream = self.env.op_stream(op);
        self.env.streams().draw(Purpose::Refusal, step.name.stream, stream, 0, 0).random_bool(share)
    }

    pub(super) fn may_write(&self, call: &Call, table: TableId) -> Result<(), DbError> {
        let spec = self.env.system().table(table);
        let owns = {
            let state = self.state();
            let session = state.sessions.get(call.txn).ok_or(DbError::Broken)?;
            session.grant || spec.is_writable_by(session.service)
        };
        if owns && spec.database == self.id { self.fits(call, table) } else { Err(DbError::Denied) }
    }

    pub(super) fn refuse(
        &self,
        call: &Call,
        table: TableId,
        reason: RefusalReason,
    ) -> Result<(), DbError> {
        if let Some(session) = self.state_mut().sessions.get_mut(call.txn) {
            session.refused = true;
        }
        self.env.record(&call.ctx, Event::RefusedByRule { table, reason });
        Err(DbError::Refused)
    }
}

/// A step's change of a row.
struct Writing<'a> {
    wanted: &'a Change,
    spec: &'a TableSpec,
    info: &'a OpInfo,
    op: OpId,
    /// The row from which an update computes.
    found: Option<&'a RowVersion>,
    /// The before-image of the step, to be restored.
    image: Option<Image>,
}

impl Writing<'_> {
    fn value(&self, value: ValueSpec) -> i64 {
        match value {
            ValueSpec::Literal(value) => value,
            ValueSpec::Key(key) => self.info.keys[usize::from(key)].0 as i64,
            ValueSpec::Ordinal => i64::from(self.op.0),
        }
    }

    /// The value that a column would hold, or none if it exceeds 64 bits.
    fn value_after(&self, row: &Row, column: u8) -> Option<i64> {
        let listed = |cells: &[(u8, ValueSpec)]| {
            cells.iter().find(|cell| cell.0 == column).map(|cell| self.value(cell.1))
        };
        let now = row.value(column);
        Some(match self.wanted {
            Change::Insert(cells) => {
                listed(cells).unwrap_or(self.spec.columns[usize::from(column)].initial)
            }
            Change::Set(cells) => listed(cells).unwrap_or(now),
            Change::Add(cells) => {
                let added = cells.iter().find(|cell| cell.0 == column).map_or(0, |cell| cell.1);
                now.checked_add(added)?
            }
            Change::Update(cells, _) => {
                let found = |column| self.found.map_or(row.value(column), |row| row.value(column));
                match cells.iter().find(|cell| cell.0 == column) {
                    Some((_, expr)) => expr.value(&found)?,
                    None => now,
                }
            }
            Change::Restore(_) => {
                let image = self.image.as_deref().unwrap_or_default();
                let before = image.iter().find(|it| it.0 == column);
                before.map_or(now, |it| it.1)
            }
            Change::Delete | Change::Nothing(_) => now,
        })
    }

    /// The columns that are written, each with its value; none if one exceeds 64 bits.
    fn values(&self, row: &Row) -> Option<Vec<(u8, i64)>> {
        let written: Vec<u8> = match self.wanted {
            Change::Insert(_) => (0..row.cells.len() as u8).collect(),
            wanted => wanted.columns(),
        };
        written.into_iter().map(|column| Some((column, self.value_after(row, column)?))).collect()
    }

    /// Writes values and adds the effect to the provenance of every cell that it writes. A computed
    /// value reflects what was read, and not what others have written since.
    fn write(&self, row: &mut Row, values: Vec<(u8, i64)>, effect: Effect) {
        let first = Provenance::default().and(effect);
        if self.wanted.is_whole() {
            row.live = matches!(self.wanted, Change::Insert(_));
            row.existence = row.existence.or_first(effect, &first);
        }
        for (column, value) in values {
            let cell = &mut row.cells[usize::from(column)];
            cell.value = value;
            let read = self.found.map(|found| found.column(column).provenance);
            cell.provenance = read.as_ref().unwrap_or(&cell.provenance).or_first(effect, &first);
        }
    }
}

/// Writes derived cells; a row that is made by it has initial values in the other cells.
fn place(row: &mut Row, cells: Vec<(u8, i64, Provenance)>, spec: &TableSpec) {
    let made =
        !row.live && cells.iter().any(|(column, value, _)| *column == EXISTENCE && *value > 0);
    if made {
        for (cell, spec) in row.cells.iter_mut().zip(&spec.columns) {
            cell.value = spec.initial;
        }
    }
    for (column, value, provenance) in cells {
        *row.provenance_mut(column) = provenance;
        match row.cells.get_mut(usize::from(column)) {
            Some(cell) => cell.value = value,
            None => row.live = value > 0,
        }
    }
}
