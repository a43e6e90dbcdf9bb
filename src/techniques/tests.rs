//! Tests of what every technique has in common, on the scenarios that ship.

use std::fs;
use std::path::Path;

pub mod layouts;
mod runs;
mod switch;

use self::layouts::{LIBRARY, laid};
use super::technique::{TechniqueEntry, Techniques};
use crate::model::system::{ReadSpec, ReadWhat, System};
use crate::scenario::{Registries, Source, load};

/// Settings under which a technique does something to a system, if it can.
fn settings(name: &str, system: &System) -> String {
    let first = |names: &[&str]| format!("[{:?}]", names[0]);
    let services: Vec<&str> = system.services.iter().map(|service| &*service.name.shown).collect();
    let tables: Vec<&str> = system.tables.iter().map(|table| &*table.name.shown).collect();
    let looked_up: Vec<&str> = (system.operations.iter().flat_map(|operation| &operation.steps))
        .filter_map(|step| Some(&*system.table(step.lookup?.table).name.shown))
        .chain([tables[0]])
        .collect();
    let is_read = |table: &&str| {
        let reads = |read: &ReadSpec| match &read.what {
            ReadWhat::Column { column, .. } => &*system.table(column.table).name.shown == *table,
            ReadWhat::Operation { .. } => false,
        };
        system.reads.iter().any(reads)
    };
    let unread: Vec<&str> =
        tables.iter().copied().filter(|table| !is_read(table)).chain([tables[0]]).collect();
    let owners = [&*system.services[system.tables[0].owner.index()].name.shown];
    match name {
        "data-domain" => format!("services = {services:?}"),
        "consolidation" => format!("services = {services:?}"),
        "replicate" | "shared-schema" => format!("tables = {}", first(&looked_up)),
        "quorum" => format!("tables = {}\non = {}", first(&unread), first(&owners)),
        "audit-sink" | "rows-api" => format!("tables = {}", first(&tables)),
        "delegate" => format!("tables = {}", first(&tables)),
        _ => String::new(),
    }
}

fn apply(
    entry: &TechniqueEntry,
    system: &System,
) -> Result<System, Vec<crate::model::reason::Reason>> {
    let text = settings(entry.name, system);
    let table = toml::de::DeTable::parse(&text).expect("settings");
    let tree = toml::Spanned::new(0..0, toml::de::DeValue::Table(table.into_inner()));
    entry.decode(tree).expect("settings of this technique").apply(system.clone())
}

fn shipped() -> Vec<System> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut systems: Vec<System> = vec![System::clone(&laid("'delegate'").before)];
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .expect("scenarios")
        .map(|entry| entry.expect("a file").path())
        .collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        let text = fs::read_to_string(path).expect("text");
        let source = Source { name: path.display().to_string(), text };
        let read = |name: &str| fs::read(folder.join(name));
        let (scenario, _) = load(&source, &read, &Registries::builtin());
        systems.push(System::clone(&scenario.expect("a scenario that loads").system));
    }
    systems
}

/// Whatever the file names is what and where it was: techniques re-point it and add behind it.
fn same_numbers(before: &System, after: &System, what: &str) {
    let names = |system: &System| {
        let services = system.services.iter().map(|service| service.name.clone());
        let services: Vec<_> = services.collect();
        let loads: Vec<_> = system.loads.iter().map(|load| load.name.clone()).collect();
        let reads: Vec<_> = system.reads.iter().map(|read| read.name.clone()).collect();
        (services, loads, reads, system.symbols.clone())
    };
    assert_eq!(names(before), names(after), "{what}");
    let invariants = before.invariants.iter().zip(&after.invariants);
    assert!(after.invariants.len() >= before.invariants.len(), "{what}");
    assert!(invariants.into_iter().all(|(then, now)| then.name == now.name), "{what}");
    let databases = before.databases.iter().zip(&after.databases);
    assert!(after.databases.len() >= before.databases.len(), "{what}");
    assert!(databases.into_iter().all(|(then, now)| then.name == now.name), "{what}");
    assert!(after.tables.len() >= before.tables.len(), "{what}");
    for (then, now) in before.tables.iter().zip(&after.tables) {
        assert_eq!((&then.name, then.rows), (&now.name, now.rows), "{what}");
        let columns = |table: &crate::model::system::TableSpec| -> Vec<_> {
            table.columns.iter().map(|column| (column.name.clone(), column.initial)).collect()
        };
        assert_eq!(columns(then), columns(now), "{what}");
    }
    assert_eq!(before.operations.len(), after.operations.len(), "{what}");
    for (then, now) in before.operations.iter().zip(&after.operations) {
        assert_eq!((&then.name, then.keys.len()), (&now.name, now.keys.len()), "{what}");
        assert!(now.steps.len() >= then.steps.len(), "{what}");
        for (then, now) in then.steps.iter().zip(&now.steps) {
            assert_eq!((&then.name, then.key), (&now.name, now.key), "{what}");
            assert_eq!(then.lookup.is_some(), now.lookup.is_some(), "{what}");
        }
    }
}

#[test]
fn every_technique_is_deterministic_and_keeps_numbers() {
    let techniques = Techniques::builtin();
    let systems = shipped();
    assert!(systems.len() > 4, "the library and what ships");
    for entry in techniques.iter() {
        let mut applied = 0;
        for system in &systems {
            let what = format!("{} on {}", entry.name, system.name);
            let results = [apply(entry, system), apply(entry, system)];
            let [first, second] = results.map(|result| result.map(|laid| format!("{laid:?}")));
            assert_eq!(first, second, "{what}");
            if let Ok(after) = apply(entry, system) {
                same_numbers(system, &after, &what);
                applied += 1;
            }
        }
        assert!(applied > 0, "{} applies nowhere", entry.name);
    }
}

#[test]
fn after_every_technique_that_settles_it_everybody_may_write_what_they_write() {
    let system = laid("'delegate'").before;
    let barred = |system: &System| {
        let steps = system.operations.iter().flat_map(|operation| &operation.steps);
        steps.filter(|step| !system.table(step.table).is_writable_by(step.by)).count()
    };
    assert_eq!(barred(&system), 3, "what the inventory writes of a book");
    let settling = [
        "table-split",
        "shared-database",
        "schema-per-owner",
        "data-domain",
        "delegate",
        "consolidation",
        "monolith",
        "microlith",
        "audit-sink",
    ];
    for entry in Techniques::builtin().iter() {
        let after = apply(entry, &system).expect("it fits the library");
        let left = if settling.contains(&entry.name) { 0 } else { 3 };
        assert_eq!(barred(&after), left, "{}", entry.name);
    }
    assert!(LIBRARY.contains("[tables.book]"));
}

#[test]
fn every_technique_is_explained() {
    for entry in Techniques::builtin().iter() {
        let (name, page) = (entry.name, entry.page());
        assert!(page.starts_with("# "), "the manual of {name} begins with its title");
        for section in ["Gains", "Costs", "Fails as"] {
            assert!(
                page.contains(&format!("\n**{section}**: ")),
                "the manual of {name}: {section}"
            );
        }
        assert!(!entry.summary.is_empty() && entry.summary.len() <= 72, "{name}: one line");
    }
    assert_eq!(Techniques::builtin().names()[0], "table-split", "the default comes first");
}
