//! # Replicate to each
//!
//! Every service that reads a table which it does not own keeps a copy of it in a database of its
//! own, and reads there. Either a job copies what has changed from time to time (`periodic`), or
//! changes are sent from the owner's log as they are committed (`events`).
//!
//! **Gains**: reads are local and need no other service; the owner may be down.
//!
//! **Costs**: copies are late, by half the period on average with `periodic`. Each copy takes room
//! and traffic. Feeds translate what they carry, so that a copy does not couple its service to the
//! owner's schema; a feed that carries rows as they are stored would.
//!
//! **Fails as**: stale reads, for as long as the feed stands still.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::kernel::Span;
use crate::model::reason::{Reason, too_frequent};
use crate::model::system::{Feed, ReplicaSpec, ServiceId, System, TableId};
use crate::reason;

/// Copies of tables that readers keep.
pub struct Replicate;

/// The tables to copy, their readers, and how they are fed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The tables that are copied.
    tables: Vec<String>,
    /// The services that get a copy; by default all that read the table and do not own it.
    #[serde(default)]
    to: Option<Vec<String>>,
    /// The way in which copies are kept up to date.
    #[serde(default)]
    feed: FeedKind,
    /// Period of a periodic feed.
    #[serde(default = "usual_period")]
    every: Span,
}

impl Default for Settings {
    fn default() -> Self {
        let (feed, every) = (FeedKind::default(), usual_period());
        Self { tables: Vec::new(), to: None, feed, every }
    }
}

/// The way in which copies are kept up to date.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FeedKind {
    /// A job copies what has changed.
    #[default]
    Periodic,
    /// Changes are sent as they are committed.
    Events,
}

/// The default period: that of background synchronization.
const fn usual_period() -> Span {
    Span::from_secs(30)
}

impl Technique for Replicate {
    const NAME: &'static str = "replicate";
    const SUMMARY: &'static str = "every reader keeps a copy, fed periodically or by events";
    const MANUAL: &'static str = include_str!("replicate.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let feed = match settings.feed {
            FeedKind::Events => Feed::Events,
            FeedKind::Periodic => match too_frequent("every", settings.every) {
                Some(problem) => return Err(vec![problem]),
                None => Feed::Periodic(settings.every),
            },
        };
        let mut problems = Vec::new();
        for table in layout::some_tables(&system, &settings.tables)? {
            let readers = match &settings.to {
                Some(names) => layout::services(&system, names)?,
                None => readers(&system, table)?,
            };
            for reader in readers {
                if let Err(problem) = copy(&mut system, table, reader, feed) {
                    problems.push(problem);
                }
            }
        }
        if problems.is_empty() { Ok(system) } else { Err(problems) }
    }
}

/// The services that read a table of another owner.
pub(super) fn readers(system: &System, table: TableId) -> Result<Vec<ServiceId>, Reason> {
    let owner = system.table(table).owner;
    let readers = system.readers(table).into_iter().filter(|reader| *reader != owner);
    let readers: Vec<ServiceId> = readers.collect();
    if readers.is_empty() {
        let (name, owner) = (layout::table(system, table), layout::service(system, owner));
        return Err(reason!("no service but its owner `{}` reads `{}`", owner, name));
    }
    Ok(readers)
}

/// Appends one copy.
fn copy(system: &mut System, of: TableId, reader: ServiceId, feed: Feed) -> Result<(), Reason> {
    let (source, name) = (system.table(of), layout::service(system, reader));
    if source.owner == reader {
        let table = &source.name.shown;
        return Err(reason!("`{}` owns `{}` and needs no copy of it", name, table));
    }
    if system
        .replicas
        .iter()
        .any(|known| known.of == of && system.table(known.copy).owner == reader)
    {
        let table = &source.name.shown;
        return Err(reason!("`{}` has a copy of `{}` already", name, table));
    }
    let columns = source.columns.clone();
    let copy = layout::append(system, of, reader, columns)?;
    system.replicas.push(ReplicaSpec { of, copy, feed });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Time;
    use crate::model::system::Access;
    use crate::techniques::tests::layouts::{Laid, laid, refused};

    #[test]
    fn readers_get_copies_in_their_own_databases() {
        let text = "[{ name = 'replicate', tables = ['book'], every = '1min' }, 'delegate']";
        let Laid { before, after } = laid(text);
        let [desk, inventory] =
            ["desk", "inventory"].map(|name| after.service_named(name).expect("a service"));
        assert_eq!(after.replicas.len(), 2, "both look books up");
        let of_desk = TableId(before.tables.len() as u16 + 1);
        assert_eq!(after.access(desk, TableId(0), Time::ZERO), Access::Replica(of_desk));
        assert!(matches!(after.access(inventory, TableId(0), Time::ZERO), Access::Replica(_)));
        let copy = after.table(of_desk);
        assert_eq!(&*copy.name.shown, "book@desk");
        assert_eq!((copy.owner, copy.database), (desk, before.tables[2].database));
        assert_eq!((copy.rows, copy.columns.len()), (50, 5), "as the table that it copies");
        assert_eq!(after.replicas[1].feed, Feed::Periodic(Span::from_secs(60)));
    }

    #[test]
    fn a_copy_for_nobody_or_for_the_owner_is_refused() {
        let problems = refused("['delegate', { name = 'replicate', tables = ['loan'] }]");
        assert!(problems.contains("no service but its owner `desk` reads `loan`"), "{problems}");
        let problems =
            refused("['delegate', { name = 'replicate', tables = ['book'], to = ['catalog'] }]");
        assert!(problems.contains("`catalog` owns `book` and needs no copy"), "{problems}");
        let problems = refused("['delegate', 'replicate']");
        assert!(problems.contains("replicate needs the key `tables`"), "{problems}");
    }
}
