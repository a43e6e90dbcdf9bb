//! The plan of a table split: the part of each column, or the reasons why there is none.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::reason::Reason;
use crate::model::system::{ColumnRef, ServiceId, System, TableId};
use crate::reason;
use crate::techniques::layout;

/// A part of a table that was split.
pub(super) struct Part {
    /// The service that writes the part.
    pub owner: ServiceId,
    /// The table of the part.
    pub table: TableId,
    /// The columns of the whole table that it has, in its own order.
    columns: Vec<u8>,
}

/// The plan of a split.
pub(super) struct Plan {
    /// The table, which stays the first part.
    pub whole: TableId,
    /// The further parts.
    pub others: Vec<Part>,
    /// The service that owns the first part.
    pub owner: ServiceId,
}

impl Plan {
    /// Plans the split of a table among its writers and appends the parts.
    ///
    /// # Errors
    ///
    /// The reasons why it cannot be split.
    pub(super) fn of(system: &mut System, whole: TableId) -> Result<Self, Vec<Reason>> {
        let table = system.table(whole);
        let owner = table.owner;
        let mut plan = Self { whole, others: Vec::new(), owner };
        // A service with the right to write the table as it is needs no part of it.
        let stays = |writer: &ServiceId| table.is_writable_by(*writer);
        let writers = system.writers(whole);
        let leaving: Vec<ServiceId> =
            writers.iter().filter(|writer| !stays(writer)).copied().collect();
        if leaving.is_empty() || writers.len() < 2 {
            return Ok(plan);
        }
        if system.replicas.iter().any(|replica| replica.of == whole || replica.copy == whole) {
            let name = &table.name.shown;
            return Err(vec![reason!(
                "`{}` is copied already: split it first, then copy it",
                name
            )]);
        }
        let columns = columns_by_writer(system, whole)?;
        let mut problems = Vec::new();
        for writer in leaving {
            let own: Vec<u8> = columns
                .iter()
                .filter(|(_, by)| **by == writer)
                .map(|(column, _)| *column)
                .collect();
            match part(system, whole, writer, &own) {
                Ok(table) => plan.others.push(Part { owner: writer, table, columns: own }),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// The place of a column after the split.
    pub(super) fn place(&self, column: u8) -> ColumnRef {
        let places = self.others.iter().filter_map(|part| {
            let at = part.columns.iter().position(|own| *own == column)?;
            Some(ColumnRef { table: part.table, column: at as u8 })
        });
        places.into_iter().next().unwrap_or(ColumnRef { table: self.whole, column })
    }

    /// The table that a service's steps use after the split.
    pub(super) fn table_of(&self, writer: ServiceId) -> TableId {
        let own = self.others.iter().find(|part| part.owner == writer);
        own.map_or(self.whole, |part| part.table)
    }

    /// All parts with their owners.
    pub(super) fn parts(&self) -> Vec<(TableId, ServiceId)> {
        let others = self.others.iter().map(|part| (part.table, part.owner));
        std::iter::once((self.whole, self.owner)).chain(others).collect()
    }
}

/// The single writer of each column; services with a right to the whole table count as its owner.
fn columns_by_writer(
    system: &System,
    whole: TableId,
) -> Result<BTreeMap<u8, ServiceId>, Vec<Reason>> {
    let table = system.table(whole);
    let mut writers: BTreeMap<u8, BTreeSet<ServiceId>> = BTreeMap::new();
    for step in system.steps().filter(|step| step.table == whole) {
        for column in step.effect.columns().into_iter().chain(step.undo.columns()) {
            writers.entry(column).or_default().insert(step.by);
        }
    }
    let mut single = BTreeMap::new();
    let mut problems = Vec::new();
    for (column, by) in writers {
        let home = |by: &ServiceId| if table.is_writable_by(*by) { table.owner } else { *by };
        let homes: BTreeSet<ServiceId> = by.iter().map(home).collect();
        if homes.len() > 1 {
            let (table, column) = (&table.name.shown, &table.columns[usize::from(column)].name);
            let column = reason!("the column `{}` of `{}` is written by ", column, table);
            let writers = by.iter().map(|by| reason!("`{}`", layout::service(system, *by)));
            let writers = writers.reduce(|all, one| all.and(" and ").and(one));
            let why = ": a split would leave two writers on it";
            problems.extend(writers.map(|writers| column.and(writers).and(why)));
        } else if let Some(home) = homes.first() {
            single.insert(column, *home);
        }
    }
    if problems.is_empty() { Ok(single) } else { Err(problems) }
}

/// Appends one part.
fn part(
    system: &mut System,
    whole: TableId,
    owner: ServiceId,
    columns: &[u8],
) -> Result<TableId, Reason> {
    let (table, name) = (system.table(whole), layout::service(system, owner));
    if columns.is_empty() {
        let table = &table.name.shown;
        return Err(reason!(
            "`{}` makes or deletes rows of `{}` and writes no column of it: \
             nothing would be left for a part of its own",
            name,
            table
        ));
    }
    let columns = columns.iter().map(|at| table.columns[usize::from(*at)].clone()).collect();
    layout::append(system, whole, owner, columns)
}
