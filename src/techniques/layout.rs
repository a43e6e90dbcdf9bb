//! Common helpers of techniques: the ids of names, the database of a service, and the small changes
//! of a layout from which larger ones are composed.

use crate::model::reason::Reason;
use crate::model::system::{
    Api, ColumnSpec, DatabaseId, Grant, Name, ServiceId, StepSpec, System, TableId, TableSpec,
};
use crate::reason;

/// The ids of names in settings, or the problems of the names.
type Found<T> = Result<Vec<T>, Vec<Reason>>;

/// The tables with these names.
pub fn tables(system: &System, names: &[String]) -> Found<TableId> {
    let all: Vec<&Name> = system.tables.iter().map(|table| &table.name).collect();
    Ok(positions("table", &all, names)?.into_iter().map(|at| TableId(at as u16)).collect())
}

/// The tables with these names, at least one.
pub fn some_tables(system: &System, names: &[String]) -> Found<TableId> {
    if names.is_empty() {
        return Err(vec![reason!("`{}` must name at least one table", "tables")]);
    }
    tables(system, names)
}

/// The tables with these names, or all of them.
pub fn tables_or_all(system: &System, names: Option<&[String]>) -> Found<TableId> {
    names.map_or_else(|| Ok(system.table_ids().collect()), |names| some_tables(system, names))
}

/// The services with these names.
pub fn services(system: &System, names: &[String]) -> Found<ServiceId> {
    let all: Vec<&Name> = system.services.iter().map(|service| &service.name).collect();
    Ok(positions("service", &all, names)?.into_iter().map(|at| ServiceId(at as u16)).collect())
}

/// The database with this name or, without one, that of the first of these tables.
pub fn database(
    system: &System,
    name: Option<&String>,
    tables: &[TableId],
) -> Result<DatabaseId, Vec<Reason>> {
    let all: Vec<&Name> = system.databases.iter().map(|database| &database.name).collect();
    match (name, tables.first()) {
        (Some(name), _) => {
            let found = positions("database", &all, std::slice::from_ref(name))?;
            Ok(DatabaseId(found[0] as u16))
        }
        (None, Some(table)) => Ok(system.table(*table).database),
        (None, None) => Err(vec!["there is no table to lay out".into()]),
    }
}

fn positions(what: &str, all: &[&Name], names: &[String]) -> Result<Vec<usize>, Vec<Reason>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match all.iter().position(|known| known.is_called(name)) {
            Some(at) if found.contains(&at) => problems.push(reason!("`{}` is named twice", name)),
            Some(at) => found.push(at),
            None => {
                let known: Vec<String> = all.iter().map(|name| name.shown.to_string()).collect();
                let known = known.join(", ");
                problems.push(reason!("no {what} is named `{}`; there are {known}", name));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The shown name of a service.
pub fn service(system: &System, service: ServiceId) -> &str {
    &system.services[service.index()].name.shown
}

/// The shown name of a table.
pub fn table(system: &System, table: TableId) -> &str {
    &system.table(table).name.shown
}

/// The tables that more than one service writes.
pub fn joint(system: &System) -> Vec<TableId> {
    system.table_ids().filter(|table| system.writers(*table).len() > 1).collect()
}

/// The tables with these names or, without names, those that more than one service writes; at least
/// one.
pub fn tables_or_joint(system: &System, names: Option<&[String]>) -> Found<TableId> {
    if let Some(names) = names {
        return some_tables(system, names);
    }
    match joint(system) {
        none if none.is_empty() => Err(vec![
            "no table is written by more than one service, so there is nothing to arrange".into(),
        ]),
        some => Ok(some),
    }
}

/// The database of a service: that of the first table that it owns, or else the one with the
/// service's name.
pub fn home(system: &System, owner: ServiceId) -> Result<DatabaseId, Reason> {
    if let Some(own) = system.tables.iter().find(|table| table.owner == owner) {
        return Ok(own.database);
    }
    let name = service(system, owner);
    let wanted = format!("{name}-db");
    let found = system.databases.iter().position(|database| database.name.is_called(&wanted));
    found.map(|at| DatabaseId(at as u16)).ok_or_else(|| {
        reason!("`{}` has no database: declare `{}`, or a table that it owns", name, wanted)
    })
}

/// A unique name for a service's part or copy of a table.
fn name_at(system: &System, of: TableId, at: ServiceId) -> Name {
    let (of, at) = (&system.table(of).name, &system.services[at.index()].name);
    let mut shown = format!("{}@{}", of.shown, at.shown);
    let mut stream = format!("{}@{}", of.stream_name, at.stream_name);
    while system.tables.iter().any(|table| table.name.is_called(&shown)) {
        shown.push('\'');
        stream.push('\'');
    }
    Name::with_stream(&shown, &stream)
}

/// Appends a table with some columns of another one, which a service owns in its own database.
///
/// # Errors
///
/// If the service has no database.
pub fn append(
    system: &mut System,
    of: TableId,
    owner: ServiceId,
    columns: Vec<ColumnSpec>,
) -> Result<TableId, Reason> {
    let table = TableSpec {
        name: name_at(system, of, owner),
        owner,
        part: None,
        grants: Vec::new(),
        api: Api::Contract,
        conformists: Vec::new(),
        database: home(system, owner)?,
        columns,
        rows: system.table(of).rows,
    };
    system.tables.push(table);
    Ok(TableId(system.tables.len() as u16 - 1))
}

/// Grants a service a right to a table that another one owns; a larger right that it has is kept.
pub fn grant(table: &mut TableSpec, service: ServiceId, write: bool) {
    if table.owner == service {
        return;
    }
    match table.grants.iter_mut().find(|grant| grant.service == service) {
        Some(grant) => grant.write |= write,
        None => table.grants.push(Grant { service, write }),
    }
}

/// Every step of every operation.
pub fn steps(system: &mut System) -> impl Iterator<Item = &mut StepSpec> {
    system.operations.iter_mut().flat_map(|operation| &mut operation.steps)
}

/// Lets the owner of a table carry out all steps on it; the services that had them call the owner.
pub fn ask_the_owner(system: &mut System, table: TableId) {
    let owner = system.table(table).owner;
    for step in steps(system).filter(|step| step.table == table && step.by != owner) {
        let asked_by = step.asked_by.unwrap_or(step.by);
        step.asked_by = (asked_by != owner).then_some(asked_by);
        step.by = owner;
    }
    system.tables[table.index()].grants.retain(|grant| !grant.write);
}
