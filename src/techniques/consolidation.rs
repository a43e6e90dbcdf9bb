//! # Service consolidation
//!
//! The services that write the same tables become one: one process with one pool of workers and one
//! database, which fails as a whole. The first of them is the host; the others live on as modules
//! in it. The steps of a module cost its own `work`, as before: a request that carries out steps of
//! several modules in one transaction costs the work of each. Calls and the second store are saved.
//! Requests travel on the host's links.
//!
//! It starts, scales and is deployed as a whole. Each of its instances has the workers and the
//! queue of all parts together, and there are as many instances as the part with the most needs;
//! its recovery takes as long as that of the slowest.
//!
//! **Gains**: one owner for everything that was jointly owned. No call and no second store between
//! the modules; an operation among them may be one local transaction.
//!
//! **Costs**: everything scales together, so that capacity is also bought for the part that needs
//! the least; everything is tested and deployed together. Where only `stock` is hot,
//!
//! ```toml
//! [services]
//! stock = { workers = 4, instances = 3 }
//! office = { workers = 8 }
//! ```
//!
//! are 3 · 4 + 8 = 20 workers apart, and 3 · (4 + 8) = 36 as one. The measures `m12.workers`,
//! `m12.workers.used` and `m12.workers.utilisation` show what that wastes.
//!
//! **Fails as**: everything stops together, in a crash as in a deployment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::{Grant, ServiceId, System};
use crate::reason;

/// Several services merged into one.
pub struct Consolidation;

/// The services that are merged.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The services, the host first; by default all that write a table which others write, too.
    services: Option<Vec<String>>,
}

impl Technique for Consolidation {
    const NAME: &'static str = "consolidation";
    const SUMMARY: &'static str = "services that write the same tables become one";
    const MANUAL: &'static str = include_str!("consolidation.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, system: System) -> Result<System, Vec<Reason>> {
        let members = match &settings.services {
            Some(names) => layout::services(&system, names)?,
            None => {
                let joint = layout::tables_or_joint(&system, None)?;
                let owners = joint.iter().map(|table| system.table(*table).owner);
                let writers = joint.iter().flat_map(|table| system.writers(*table));
                owners.chain(writers).fold(Vec::new(), |mut members, service| {
                    if !members.contains(&service) {
                        members.push(service);
                    }
                    members
                })
            }
        };
        consolidate(system, &members)
    }
}

/// Merges several services into the first of them, the host.
///
/// # Errors
///
/// If there are fewer than two, or one is part of another already.
pub(super) fn consolidate(
    mut system: System,
    members: &[ServiceId],
) -> Result<System, Vec<Reason>> {
    let [host, absorbed @ ..] = members else {
        return Err(vec![reason!("`{}` must name the services to merge", "services")]);
    };
    if absorbed.is_empty() {
        let host = layout::service(&system, *host);
        return Err(vec![reason!("`{}` alone is one service already", host)]);
    }
    for member in members {
        if let Some(within) = system.services[member.index()].within {
            let member = layout::service(&system, *member);
            let within = layout::service(&system, within);
            return Err(vec![reason!("`{}` is a part of `{}` already", member, within)]);
        }
    }
    let own = |table: &&crate::model::system::TableSpec| members.contains(&table.owner);
    let first = system.tables.iter().find(own).map(|table| table.database);
    if let Some(home) = layout::home(&system, *host).ok().or(first) {
        for table in system.tables.iter_mut().filter(|table| members.contains(&table.owner)) {
            table.database = home;
        }
    }
    merge(&mut system, *host, absorbed);
    Ok(system)
}

/// Merges services into another one, wherever their data are.
pub(crate) fn merge(system: &mut System, host: ServiceId, absorbed: &[ServiceId]) {
    unite(system, host, absorbed);
    repoint(system, host, absorbed);
}

/// Gives the host the workers and the queues of all, and makes them fail together.
fn unite(system: &mut System, host: ServiceId, absorbed: &[ServiceId]) {
    for id in absorbed {
        let part = system.services[id.index()].clone();
        let whole = &mut system.services[host.index()];
        whole.workers = whole.workers.saturating_add(part.workers);
        whole.queue = whole.queue.saturating_add(part.queue);
        whole.recovery = whole.recovery.max(part.recovery);
        whole.instances = whole.instances.max(part.instances);
        whole.endpoint_delay = whole.endpoint_delay.max(part.endpoint_delay);
    }
    for (service, id) in system.services.iter_mut().zip((0..).map(ServiceId)) {
        let moves = absorbed.contains(&id) || service.within.is_some_and(|w| absorbed.contains(&w));
        if moves {
            service.within = Some(host);
        }
    }
}

/// Replaces an absorbed service by its host in everything that it did, owned, read or asked for.
fn repoint(system: &mut System, host: ServiceId, absorbed: &[ServiceId]) {
    let now = |service: ServiceId| if absorbed.contains(&service) { host } else { service };
    for step in layout::steps(system) {
        note_part(&mut step.part, step.by, now);
        step.by = now(step.by);
        step.asked_by = step.asked_by.map(now).filter(|asker| *asker != step.by);
    }
    for table in &mut system.tables {
        note_part(&mut table.part, table.owner, now);
        table.owner = now(table.owner);
        let grants = std::mem::take(&mut table.grants);
        for Grant { service, write } in grants {
            layout::grant(table, now(service), write);
        }
        let mut conformists: Vec<ServiceId> = Vec::new();
        for service in table.conformists.iter().map(|service| now(*service)) {
            if service != table.owner && !conformists.contains(&service) {
                conformists.push(service);
            }
        }
        table.conformists = conformists;
    }
    for read in &mut system.reads {
        if let Some(by) = &mut read.by {
            note_part(&mut read.part, *by, now);
            *by = now(*by);
        }
    }
    for database in &mut system.databases {
        database.node = database.node.map(now);
    }
}

/// Notes the absorbed service whose work an item costs, the first time that it is absorbed.
fn note_part(part: &mut Option<ServiceId>, was: ServiceId, now: impl Fn(ServiceId) -> ServiceId) {
    if part.is_none() && now(was) != was {
        *part = Some(was);
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Span;
    use crate::model::system::TableSpec;
    use crate::model::system::Work;
    use crate::techniques::tests::layouts::{Laid, laid, refused};

    #[test]
    fn the_writers_of_a_joint_table_become_one_service() {
        let Laid { before, after } = laid("'consolidation'");
        let [catalog, inventory, desk] = ["catalog", "inventory", "desk"]
            .map(|name| after.service_named(name).expect("a service"));
        let hosts = [catalog, inventory, desk].map(|service| after.host(service));
        assert_eq!(hosts, [catalog, catalog, desk]);
        let host = &after.services[catalog.index()];
        assert_eq!((host.workers, host.queue, host.instances), (8 + 24, 100 + 300, 2));
        assert_eq!(host.recovery, Span::from_secs(7), "as long as the slowest part");
        assert_eq!(after.tables[1].database, before.tables[0].database, "the shelf moves in");
        assert!(after.tables[..2].iter().all(|table| table.owner == catalog));
        let steps = || after.operations.iter().flat_map(|operation| &operation.steps);
        assert!(steps().all(|step| step.by != inventory && step.asked_by.is_none()));
        assert_eq!(after.reads[1].by, Some(catalog), "the inventory was asked before");
        assert_eq!(after.writers(crate::model::system::TableId(0)).len(), 1);
        let work = after.tables[..2].iter().map(TableSpec::answering).collect::<Vec<_>>();
        assert_eq!(work, [Work::Of(catalog), Work::Of(inventory)], "a part costs its own work");
    }

    #[test]
    fn a_part_of_another_service_cannot_be_absorbed_again() {
        let twice =
            "['consolidation', { name = 'consolidation', services = ['desk', 'inventory'] }]";
        let problems = refused(twice);
        assert!(problems.contains("`inventory` is a part of `catalog` already"), "{problems}");
        let problems = refused("{ name = 'consolidation', services = ['desk'] }");
        assert!(problems.contains("`desk` alone is one service already"), "{problems}");
    }

    #[test]
    fn a_whole_can_be_absorbed_with_all_its_parts() {
        let text = "['consolidation', { name = 'consolidation', services = ['desk', 'catalog'] }]";
        let Laid { after, .. } = laid(text);
        let [inventory, desk] =
            ["inventory", "desk"].map(|name| after.service_named(name).expect("a service"));
        assert_eq!(after.host(inventory), desk);
        assert!(after.tables.iter().all(|table| table.database == after.tables[2].database));
    }
}
