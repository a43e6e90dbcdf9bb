//! Resolution of the tables and parts of tables that faults are about.

use std::sync::Arc;

use super::super::file::{File, Table};
use super::super::plan::PartText;
use super::super::problem::{Code, Problem};
use super::super::suggest::{either, nearest};
use super::super::values::At;
use super::Context;
use super::layout::Laid;
use crate::model::system::{ReplicaSpec, System, TableId};
use crate::reason;

impl Context<'_> {
    /// Checks that a table has the column that a fault is about. The table itself is checked
    /// elsewhere, and which services have copies of it depends on the variant.
    pub(super) fn part(&mut self, part: &PartText) {
        let PartText::Column { table, column } = part else { return };
        if let Some(at) = self.table_position(&table.value) {
            self.column(TableId(at as u16), column);
        }
    }

    /// The position of a table by its name, or else by its stream name.
    fn table_position(&self, name: &str) -> Option<usize> {
        let by_stream = |(_, table): &(At<String>, Option<Table>)| {
            table.as_ref().is_some_and(|table| table.stream.as_deref() == Some(name))
        };
        let tables = &self.file.tables.0;
        self.table.position(name).or_else(|| tables.iter().position(by_stream))
    }

    /// Checks that the table that a fault targets exists. The target may be written with or without
    /// the prefix `table:`, and the suggestion is written in the same way.
    pub(super) fn target_table(&mut self, target: &At<String>, table: &str) {
        let before = self.problems.len();
        let name = At { place: target.place.clone(), value: table.to_owned() };
        if self.table_position(table).is_some() {
            return;
        }
        self.table.find(&name, &mut self.problems);
        let spelt_out = target.place.len() >= target.value.len();
        let patch = self.problems.get_mut(before).and_then(|problem| problem.patch.as_mut());
        if let Some((_, better)) = patch.filter(|_| spelt_out) {
            let prefix = target.value.strip_suffix(table).unwrap_or_default();
            *better = format!("\"{prefix}{}\"", better.trim_matches('"'));
        }
    }
}

/// Reports faults of copies that no variant has.
pub(super) fn check_copies(layouts: &[Option<Laid<'_>>], file: &File, problems: &mut Vec<Problem>) {
    let systems = layouts.iter().map(|laid| laid.as_ref().map(|laid| &*laid.system));
    let Some(layouts) = systems.collect::<Option<Vec<&System>>>() else {
        return; // What is broken may be the very variant that has them.
    };
    let copies = || layouts.iter().flat_map(|layout| copies_of(layout));
    for part in file.faults.iter().flat_map(|fault| &fault.parts) {
        let PartText::Copy { table, reader } = part else { continue };
        let is_of = |reader: Option<&str>| {
            layouts.iter().any(|layout| {
                layout.replicas.iter().any(|copy| copy.is_of(layout, &table.value, reader))
            })
        };
        let problem = if !is_of(None) {
            let message = reason!("no variant keeps a copy of `{}`", table.value);
            let problem = Problem::error(Code::NoCopy, &table.place, message, "not copied");
            meant(
                problem,
                table,
                copies().map(|(of, _)| of),
                "a table with a similar name is copied",
            )
        } else if let Some(reader) = reader.as_ref().filter(|it| !is_of(Some(&it.value))) {
            let message =
                reason!("in no variant does `{}` keep a copy of `{}`", reader.value, table.value);
            let problem = Problem::error(Code::NoCopy, &reader.place, message, "has no copy");
            let holders = copies().filter(|(of, _)| **of == *table.value).map(|(_, by)| by);
            meant(problem, reader, holders, "a service with a similar name keeps one")
        } else {
            continue;
        };
        problems.push(problem);
    }
}

/// The tables that are copied in a layout, each with who keeps the copy.
fn copies_of(layout: &System) -> Vec<(Arc<str>, Arc<str>)> {
    let copy = |it: &ReplicaSpec| {
        let holder = layout.table(it.copy).owner;
        let name = &layout.services[holder.index()].name;
        (Arc::clone(&layout.table(it.of).name.shown), Arc::clone(&name.shown))
    };
    layout.replicas.iter().map(copy).collect()
}

/// A problem with what was probably meant, or else with what there is.
fn meant(
    problem: Problem,
    name: &At<String>,
    known: impl Iterator<Item = Arc<str>>,
    similar: &str,
) -> Problem {
    let mut known: Vec<Arc<str>> = known.collect();
    known.sort_unstable();
    known.dedup();
    match nearest(&name.value, known.iter().map(|name| &**name)) {
        Some(better) => problem.help(similar).patch(&name.place, format!("{better:?}")),
        None if known.is_empty() => {
            problem.help("the technique `replicate` keeps copies; see `driftlab explain replicate`")
        }
        None => problem.help(format!("choose {}", either(known.iter().map(|name| &**name)))),
    }
}
