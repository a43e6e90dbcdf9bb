//! Drawn faults make sense, read as they are written, and become simpler until they cannot.

use std::sync::Arc;

use proptest::prelude::*;
use rand::seq::IndexedRandom;
use toml::de::DeTable;
use toml::{Spanned, Table};

use crate::faults::fault::{FaultEntry, Faults, PreparedFault};
use crate::faults::targets::Targets;
use crate::kernel::{Purpose, RandomStreams};
use crate::model::contract::{Driver, role};
use crate::tests::runs::scenario;

/// The targets in the scenario of these tests.
fn targets() -> Targets {
    let scenario = scenario(&super::text("kind = 'pause'\nat = '1s'\ntarget = 'stock'"));
    let mut drivers = scenario.variants[0].pattern.drivers();
    drivers.extend([Driver { name: "sync-job", role: role::JOB }, Driver::new(role::BROKER)]);
    let copies = vec![("product".to_owned(), "order".to_owned())];
    Targets { copies, ..Targets::of(&scenario.system, &drivers) }
}

/// The same settings, from the text that a file would have.
fn reread(entry: &FaultEntry, fault: &dyn PreparedFault) -> Arc<dyn PreparedFault> {
    let text = toml::to_string(&fault.settings()).expect("settings can be written");
    let table = DeTable::parse(&text).expect("what is written can be read");
    let (place, table) = (table.span(), table.into_inner());
    entry.decode(Spanned::new(place, toml::de::DeValue::Table(table))).expect("and makes sense")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_kind_is_drawn_and_shrinks_to_an_end(seed in any::<u64>()) {
        let (targets, faults) = (targets(), Faults::builtin());
        for (number, entry) in (0..).zip(faults.iter()) {
            let mut rng = RandomStreams::new(seed).draw(Purpose::Nemesis, number, 0, 0, 0);
            let drawn = entry.with_defaults().draw(&targets, &mut rng);
            let mut fault = drawn.expect("the targets has something for every kind");
            let mut seen: Vec<Table> = Vec::new();
            loop {
                prop_assert!(fault.check().is_empty(), "{}: {:?}", entry.name, fault.check());
                let read = reread(entry, &*fault);
                prop_assert_eq!(read.settings(), fault.settings());
                seen.push(fault.settings());
                let simpler = fault.simpler();
                for candidate in &simpler {
                    let again = seen.contains(&candidate.settings());
                    prop_assert!(!again, "{}: {:?}", entry.name, seen);
                }
                if simpler.is_empty() {
                    break;
                }
                fault = Arc::clone(simpler.choose(&mut rng).expect("there is a simpler one"));
                prop_assert!(seen.len() < 100, "{} does not end", entry.name);
            }
        }
    }
}

/// Settings that decode and make no sense are reported, not run.
#[test]
fn what_makes_no_sense_is_said() {
    let source = |fault: &str| {
        crate::scenario::Scenario::from_text(
            &super::text(fault),
            &crate::scenario::Registries::builtin(),
        )
    };
    for (fault, message) in [
        (
            "kind = 'loss'\nat = '1s'\nfrom = ['stock']\nshare = 1.5",
            "`share` must lie between 0 and 1",
        ),
        ("kind = 'loss'\nat = '1s'\nfrom = []\nshare = 0.5", "`from` names no target"),
        (
            "kind = 'slow-down'\nat = '1s'\ntarget = 'stock'\nfactor = 0.5",
            "`factor` must lie between",
        ),
        ("kind = 'pause'\nat = '1s'\ntarget = 'role:client'", "clients are not machines"),
        ("kind = 'pause'\nat = '1s'\ntarget = 'zone:right'", "named `zone:right`"),
        ("kind = 'lose-message'\nat = '1s'", "it needs `on`"),
        ("kind = 'partition'\nat = '1s'\ngroups = [['stock']]", "at least two groups"),
        (
            "kind = 'crash'\nat = '1s'\ntarget = 'stock'\nmachine = true\nunforced = 'kept'",
            "nothing is left that could keep",
        ),
    ] {
        let problems = source(fault).err().unwrap_or_else(|| panic!("{fault} is accepted"));
        assert!(problems.to_string().contains(message), "{fault}: {problems}");
    }
}
