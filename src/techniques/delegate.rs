//! # Delegate
//!
//! A table that several services write gets one owner, which alone accesses it; the others call the
//! owner to write for them. The owner is chosen in one of two ways. By *domain priority* it is the
//! service with the most kinds of access to the table (create, update, delete, read), which is
//! closest to the meaning of the data. By *operational need* it is the service that writes it most
//! often: most writes are then local and fast, even if the rules of the domain end up in the wrong
//! place. A service's name can also be given. The table moves to the database of its owner.
//!
//! **Gains**: one writer, one place for rules, no schema that is shared. It is the smallest step
//! away from a shared database.
//!
//! **Costs**: one more call for every service that is not the owner, and a dependency: those writes
//! are available only while the owner is, too.
//!
//! **Fails as**: the owner as a bottleneck and a single point of failure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{Effect, ServiceId, StepSpec, System, TableId};
use crate::reason;

/// One owner, which the other services ask to write.
pub struct Delegate;

/// The new owner, and its tables.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The choice of the owner: `domain-priority`, `operational-need`, or a service's name.
    owner: String,
    /// The tables; by default all that more than one service writes.
    tables: Option<Vec<String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { owner: DOMAIN_PRIORITY.into(), tables: None }
    }
}

const DOMAIN_PRIORITY: &str = "domain-priority";
const OPERATIONAL_NEED: &str = "operational-need";

impl Technique for Delegate {
    const NAME: &'static str = "delegate";
    const SUMMARY: &'static str = "one owner per table, by domain or by rate; the others ask it";
    const MANUAL: &'static str = include_str!("delegate.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let tables = layout::tables_or_joint(&system, settings.tables.as_deref())?;
        for table in tables {
            let owner = match settings.owner.as_str() {
                DOMAIN_PRIORITY => broadest(&system, table),
                OPERATIONAL_NEED => most_frequent(&system, table)?,
                name => layout::services(&system, &[name.to_owned()])?[0],
            };
            if owner != system.table(table).owner {
                let home = layout::home(&system, owner)?;
                let table = &mut system.tables[table.index()];
                table.owner = owner;
                table.database = home;
                table.grants.retain(|grant| grant.service != owner);
            }
            layout::ask_the_owner(&mut system, table);
        }
        Ok(system)
    }
}

/// The service with the highest score; among equal ones the declared owner, or else the first.
fn best<S: PartialOrd>(
    system: &System,
    table: TableId,
    score: impl Fn(ServiceId) -> S,
) -> ServiceId {
    let declared = system.table(table).owner;
    let writers = system.writers(table).into_iter().filter(|service| *service != declared);
    writers.fold(declared, |best, other| if score(other) > score(best) { other } else { best })
}

/// The service with the most kinds of access to a table.
fn broadest(system: &System, table: TableId) -> ServiceId {
    best(system, table, |service| {
        let own = system.steps().filter(|step| step.table == table && step.by == service);
        let mut kinds: Vec<u8> = own.map(|step| kind(&step.effect)).collect();
        kinds.extend(system.readers(table).contains(&service).then_some(3));
        kinds.sort_unstable();
        kinds.dedup();
        kinds.len()
    })
}

/// The kind of access: create, update, delete or read.
const fn kind(effect: &Effect) -> u8 {
    match effect {
        Effect::Insert(_) => 0,
        Effect::Set(_) | Effect::Add(_) | Effect::Update(..) | Effect::Restore(_) => 1,
        Effect::Delete => 2,
        Effect::Nothing(_) => 3,
    }
}

/// The service that writes a table most often.
fn most_frequent(system: &System, table: TableId) -> Result<ServiceId, Vec<Reason>> {
    let writes = |step: &StepSpec| step.table == table;
    for load in &system.loads {
        let touched = system.operation(load.operation).steps.iter().any(writes);
        if touched && system.rate(load).is_none() {
            return Err(vec![reason!(
                "the most frequent writer is not known beforehand: `{}` is a closed loop, its rate \
                 depends on the answers",
                load.name.shown
            )]);
        }
    }
    Ok(best(system, table, |service| {
        let loads = system.loads.iter().map(|load| {
            let steps = system.operation(load.operation).steps.iter();
            let own = steps.filter(|step| writes(step) && step.by == service).count();
            system.rate(load).unwrap_or(0.0) * own as f64
        });
        loads.sum::<f64>()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::techniques::tests::layouts::{LIBRARY, Laid, laid, laid_in, refused, refused_in};

    fn owner_of_book(system: &System) -> &str {
        layout::service(system, system.tables[0].owner)
    }

    #[test]
    fn domain_priority_goes_by_the_kinds_of_things_that_are_done() {
        // The catalogue creates, updates and deletes; the inventory updates and nothing else.
        let Laid { before, after } = laid("'delegate'");
        assert_eq!(owner_of_book(&after), "catalog");
        assert_eq!(after.tables[0].database, before.tables[0].database);
        let (restock, was) = (&after.operations[1].steps[0], &before.operations[1].steps[0]);
        assert_eq!((restock.by, restock.asked_by), (after.tables[0].owner, Some(was.by)));
        assert_eq!(after.front(crate::model::system::OperationKind(1)), was.by);
        assert_eq!(after.writers(TableId(0)).len(), 1);
    }

    #[test]
    fn operational_need_goes_by_the_rate_of_writes() {
        let Laid { before, after } = laid("{ name = 'delegate', owner = 'operational-need' }");
        assert_eq!(owner_of_book(&after), "inventory", "22 a second against 3.1");
        assert_eq!(after.tables[0].database, before.tables[1].database, "where its shelf is");
        let add = &after.operations[0].steps[0];
        assert_eq!((add.by, add.asked_by), (after.tables[0].owner, Some(before.tables[0].owner)));
        let seldom = LIBRARY.replace("poisson = 20.0", "poisson = 0.5");
        let Laid { after, .. } =
            laid_in(&seldom, "{ name = 'delegate', owner = 'operational-need' }");
        assert_eq!(owner_of_book(&after), "catalog", "2.5 a second against 3.1");
    }

    #[test]
    fn the_rate_of_a_closed_loop_decides_nothing() {
        let closed = LIBRARY.replace("poisson = 20.0", "closed = { clients = 3, think = '1s' }");
        let problems = refused_in(&closed, "{ name = 'delegate', owner = 'operational-need' }");
        assert!(problems.contains("`restocking` is a closed loop"), "{problems}");
    }

    #[test]
    fn a_service_can_be_named_and_must_have_a_database() {
        let Laid { after, .. } = laid("{ name = 'delegate', owner = 'desk' }");
        assert_eq!(owner_of_book(&after), "desk");
        let steps = after.operations.iter().flat_map(|operation| &operation.steps);
        let asked = steps.filter(|step| step.table == TableId(0) && step.asked_by.is_some());
        assert_eq!(asked.count(), 7, "every write of a book");
        let problems = refused("{ name = 'delegate', owner = 'report' }");
        assert!(problems.contains("`report` has no database: declare `report-db`"), "{problems}");
    }

    #[test]
    fn nothing_to_delegate_is_said() {
        let problems = refused("['table-split', 'delegate']");
        assert!(problems.contains("no table is written by more than one service"), "{problems}");
    }
}
