//! One system with several layouts, for a variant that switches its technique at a time: the
//! changes that are possible during a run, and the obstacles to a switch.

use std::sync::Arc;

use super::super::problem::{Code, Place, Problem};
use super::layout::Stage;
use crate::kernel::Time;
use crate::model::reason::Reason;
use crate::model::system::{
    Api, Grant, Layout, MAX_KINDS, OperationKind, OperationSpec, Rights, StepSpec, System, TableId,
    TableSpec,
};
use crate::reason;

/// The system in which these stages follow each other; `None` if they cannot. Tables have the owner
/// of the first stage and the rights of all stages; an operation that a later stage carries out in
/// another way is appended as another operation.
pub(super) fn together(stages: &[Stage<'_>], problems: &mut Vec<Problem>) -> Option<Arc<System>> {
    let (first, later) = stages.split_first()?;
    if later.is_empty() {
        return Some(Arc::clone(&first.system));
    }
    let obstacles: Vec<Problem> =
        stages.windows(2).flat_map(|pair| obstacles(&pair[0], &pair[1])).collect();
    if !obstacles.is_empty() {
        problems.extend(obstacles);
        return None;
    }
    let mut whole = System::clone(&first.system);
    let mut kinds: Vec<OperationKind> = whole.kinds().collect();
    let mut layouts = vec![layout(first, &kinds)];
    for pair in stages.windows(2) {
        let (before, after) = (&pair[0].system, &pair[1].system);
        for (at, kind) in kinds.iter_mut().enumerate() {
            let (was, is) = (&before.operations[at], &after.operations[at]);
            if was.steps != is.steps || looks_elsewhere(before, after, is) {
                *kind = OperationKind(whole.operations.len() as u16);
                let name = is.name.later(pair[1].from);
                whole.operations.push(OperationSpec { name, ..is.clone() });
            }
        }
        layouts.push(layout(&pair[1], &kinds));
        whole.tables.iter_mut().zip(&after.tables).for_each(|(table, more)| add(table, more));
    }
    whole.layouts = layouts;
    let count = whole.operations.len();
    if count > MAX_KINDS {
        let place = place(later.last()?);
        let message =
            format!("there are {count} operations, those counted again that a switch changes");
        let label = format!("a variant has at most {MAX_KINDS}");
        problems.push(Problem::error(Code::TooMany, &place, message, label));
        return None;
    }
    Some(Arc::new(whole))
}

/// The place of the techniques of a stage.
fn place(stage: &Stage<'_>) -> Place {
    let start = stage.techniques.first().map_or(0, |first| first.place.start);
    start..stage.techniques.last().map_or(start, |last| last.place.end)
}

fn layout(stage: &Stage<'_>, kinds: &[OperationKind]) -> Layout {
    let rights = stage.system.tables.iter().map(|table| Rights {
        owner: table.owner,
        grants: table.grants.clone(),
        api: table.api,
    });
    Layout { from: stage.from, kinds: kinds.to_vec(), rights: rights.collect() }
}

/// Returns whether a step of an operation has a look-up that uses another path than before.
fn looks_elsewhere(before: &System, after: &System, operation: &OperationSpec) -> bool {
    let path = |system: &System, step: &StepSpec| {
        step.lookup.map(|lookup| system.access(step.by, lookup.table, Time::ZERO))
    };
    operation.steps.iter().any(|step| path(before, step) != path(after, step))
}

/// Adds the grants of one layout of a table to those of the others.
fn add(table: &mut TableSpec, more: &TableSpec) {
    let owner = Grant { service: more.owner, write: true };
    for Grant { service, write } in more.grants.iter().copied().chain([owner]) {
        match table.grants.iter_mut().find(|known| known.service == service) {
            Some(known) => known.write |= write,
            None if service == table.owner => {}
            None => table.grants.push(Grant { service, write }),
        }
    }
    if more.api == Api::Rows {
        table.api = Api::Rows;
    }
    for service in &more.conformists {
        if !table.conformists.contains(service) {
            table.conformists.push(*service);
        }
    }
}

/// The reasons why one stage cannot follow another.
fn obstacles(before: &Stage<'_>, after: &Stage<'_>) -> Vec<Problem> {
    let (was, is) = (&*before.system, &*after.system);
    let tables = tables(was, is);
    // Copies are tables, too, so that a change of a copy would be reported twice.
    let copies = if tables.is_empty() { copies(was, is) } else { Vec::new() };
    let all = [tables, copies, services(was, is), operations(was, is)];
    let found = all.into_iter().flatten();
    let problem = |found: Reason| {
        let message = found.and(format!(" at {}", after.from));
        let label = "this cannot change during a run";
        let problem = Problem::error(Code::Switch, &place(after), message, label);
        problem.help(
            "a switch may change who owns a table, who accesses it and who carries out a step, but \
             cannot move data; name techniques that change no more, or compare two variants",
        )
    };
    found.map(problem).collect()
}

/// Tables that are added, removed or moved, or that have other columns.
fn tables(was: &System, is: &System) -> Vec<Reason> {
    let named = |system: &System, table: &TableSpec| {
        system.tables.iter().any(|other| other.name == table.name)
    };
    let gone = was.tables.iter().filter(|table| !named(is, table));
    let gone = gone.map(|table| reason!("the table `{}` would go", table.name.shown));
    let fresh = is.tables.iter().filter(|table| !named(was, table));
    let fresh = fresh.map(|table| reason!("the table `{}` would come", table.name.shown));
    let pairs = was.tables.iter().enumerate().filter_map(|(at, table)| {
        let now = is.tables.iter().position(|other| other.name == table.name)?;
        let later = &is.tables[now];
        let database = |system: &System, table: &TableSpec| {
            system.databases[table.database.index()].name.shown.to_string()
        };
        let name = &table.name.shown;
        let (from, to) = (database(was, table), database(is, later));
        let columns = |table: &TableSpec| -> Vec<Arc<str>> {
            table.columns.iter().map(|column| Arc::clone(&column.name)).collect()
        };
        if from != to {
            Some(reason!("the table `{}` would have to move from `{}` to `{}`", name, from, to))
        } else if columns(table) != columns(later) {
            Some(reason!("the table `{}` would get other columns", name))
        } else if now != at {
            Some(reason!("the table `{}` would come in another order", name))
        } else {
            None
        }
    });
    gone.chain(fresh).chain(pairs).collect()
}

/// Services that run in another process than before.
fn services(was: &System, is: &System) -> Vec<Reason> {
    let hosts = was.service_ids().filter(|id| was.host(*id) != is.host(*id));
    let moved = hosts.map(|id| {
        let name = |service: usize| &was.services[service].name.shown;
        let (from, to) = (was.host(id).index(), is.host(id).index());
        let service = name(id.index());
        reason!("`{}` would run within `{}` instead of `{}`", service, name(to), name(from))
    });
    moved.collect()
}

/// Copies that are added or removed, are fed in another way, or have another source.
fn copies(was: &System, is: &System) -> Vec<Reason> {
    let all = |system: &System| -> Vec<_> {
        let copies = system.replicas.iter();
        copies.map(|it| (it.of, it.copy, it.feed, system.table(it.of).owner)).collect()
    };
    let (was_all, is_all) = (all(was), all(is));
    let differ = |of: TableId| {
        let of = |all: &[(TableId, _, _, _)]| -> Vec<_> {
            all.iter().filter(|it| it.0 == of).copied().collect()
        };
        of(&was_all) != of(&is_all)
    };
    let tables = was.table_ids().filter(|id| differ(*id));
    tables.map(|id| reason!("`{}` would be copied otherwise", was.table(id).name.shown)).collect()
}

/// Operations that have other steps than before.
fn operations(was: &System, is: &System) -> Vec<Reason> {
    let what = |operation: &OperationSpec| -> Vec<_> {
        operation.steps.iter().map(|step| (step.name.clone(), step.table, step.key)).collect()
    };
    let pairs = was.operations.iter().zip(&is.operations);
    let changed = pairs.filter(|(one, other)| what(one) != what(other));
    changed.map(|(one, _)| reason!("`{}` would have other steps", one.name.shown)).collect()
}
