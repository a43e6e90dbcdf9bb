//! The runs that are measured.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use driftlab::experiment::compare::{judge, setup};
use driftlab::experiment::run::{Setup, run};
use driftlab::faults::fault::Faults;
use driftlab::kernel::Sink;
use driftlab::model::record::{Event, MessageClass, Record};
use driftlab::scenario::{Registries, Scenario, Source, Variant, load, render};
use driftlab::search::fuzz::Fuzz;
use driftlab::search::trial::Trial;

use crate::relay_race::RelayRace;
use crate::{Case, Round};

/// A scenario that ships, as its file has it but for some replacements.
fn shipped(name: &str, changes: &[(&str, &str)]) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut text = std::fs::read_to_string(folder.join(name)).expect("a scenario");
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no `{from}`");
        text = text.replace(from, to);
    }
    let source = Source { name: name.into(), text };
    let files = |name: &str| std::fs::read(folder.join(name));
    let builtin = Registries::builtin();
    let registries = Registries { patterns: builtin.patterns.with::<RelayRace>(), ..builtin };
    let (scenario, problems) = load(&source, &files, &registries);
    scenario.unwrap_or_else(|| panic!("{}", render(&source, &problems, false)))
}

/// Counts what a run did, by kind of record.
#[derive(Default)]
struct Counts {
    operations: u64,
    /// Trips to databases, clients and probes included.
    messages: u64,
    between_services: u64,
}

impl Sink<Record> for Counts {
    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Offered { .. } => self.operations += 1,
            Event::Sent { class, .. } => {
                self.messages += 1;
                self.between_services += u64::from(class == MessageClass::Service);
            }
            _ => {}
        }
    }
}

fn count(setup: &Setup, seed: u64) -> Counts {
    let counts = Rc::new(RefCell::new(Counts::default()));
    run(setup, seed, vec![Rc::clone(&counts) as _]);
    Rc::into_inner(counts).expect("the run is over").into_inner()
}

fn variant<'a>(scenario: &'a Scenario, name: &str) -> &'a Variant {
    let found = scenario.variants.iter().find(|variant| &*variant.name.shown == name);
    found.expect("a variant of this name")
}

/// The probes of `quiet.toml`, which short runs do without.
const PROBES: &str = "[reads.my-ticket]
operation = \"open-ticket\"
at = [\"100ms\", \"1s\", \"10s\"]
";

/// A world, one operation with three participants and their row locks through two-phase commit,
/// and the end of that world.
fn single_transactions(timed: bool) -> Round {
    let scenario = shipped(
        "quiet.toml",
        &[
            ("warm-up = \"10s\"", "warm-up = \"0s\""),
            ("load = \"120s\"", "load = \"1500ms\""),
            ("settle = \"120s\"", "settle = \"60s\""),
            ("poisson = 20.0", "constant = \"1s\""),
            (PROBES, ""),
        ],
    );
    let setup = setup(&scenario, variant(&scenario, "two-phase-commit"));
    assert_eq!(count(&setup, 1).operations, 1);
    let count = if timed { 5_000 } else { 2 };
    let run = move || (0..count).map(|seed| run(&setup, seed, Vec::new()).events).sum();
    Round { count, run: Box::new(run) }
}

/// Operations that only travel: network, queues and workers, and no database.
fn relay_race(timed: bool) -> Round {
    let load = if timed { "load = \"600s\"" } else { "load = \"20s\"" };
    let scenario = shipped(
        "quiet.toml",
        &[
            ("load = \"120s\"", load),
            (PROBES, ""),
            ("pattern = \"orchestrated\"", "pattern = \"relay-race\""),
        ],
    );
    let setup = setup(&scenario, variant(&scenario, "orchestrated"));
    let count = count(&setup, 1).messages;
    Round { count, run: Box::new(move || run(&setup, 1, Vec::new()).events) }
}

/// The main scenario, or a thin one.
fn tickets(timed: bool) -> Scenario {
    let thin: &[(&str, &str)] =
        if timed { &[] } else { &[("load = \"240s\"", "load = \"181s\""), ("20.0", "1.0")] };
    shipped("sysops-ticket.toml", thin)
}

/// One variant of the main scenario, counted in what `of` picks.
fn scenario(timed: bool, name: &str, of: fn(&Counts) -> u64) -> Round {
    let scenario = tickets(timed);
    let setup = setup(&scenario, variant(&scenario, name));
    let count = of(&count(&setup, 1));
    Round { count, run: Box::new(move || run(&setup, 1, Vec::new()).events) }
}

/// The same in front of the judges, as a comparison runs it.
fn judged(timed: bool, name: &'static str) -> Round {
    let scenario = tickets(timed);
    let count = count(&setup(&scenario, variant(&scenario, name)), 1).operations;
    let run = move || judge(&scenario, variant(&scenario, name), 1, false).ran.events;
    Round { count, run: Box::new(run) }
}

/// Short runs of twenty operations with random faults before the checks, as fuzzing makes them.
fn fuzzed(timed: bool, name: &'static str) -> Round {
    let scenario = shipped("quiet.toml", &[]);
    let faults = Faults::builtin();
    let variant = variant(&scenario, name);
    let trials = vec![Trial::new(&scenario, variant)];
    let fuzz = Fuzz { trials, faults: &faults, seed: 1, operations: 20, most: 3, uniform: false };
    let count = if timed { 1_024 } else { 4 };
    let cases: Vec<_> = (0..count).step_by(128).flat_map(|run| fuzz.cases(0, run)).collect();
    let cases: Vec<_> = cases.into_iter().take(count as usize).collect();
    drop(fuzz);
    let scenario = scenario.clone();
    let run = move || {
        let trial = Trial::new(&scenario, self::variant(&scenario, name));
        cases.iter().map(|case| trial.run(case).ran.events).sum()
    };
    Round { count, run: Box::new(run) }
}

/// All cases.
pub fn cases(timed: bool) -> Vec<Case> {
    let mut cases = vec![
        Case::new("two-phase commit, a run for each", "runs", move || single_transactions(timed)),
        Case::new("service to service, no database", "messages", move || relay_race(timed)),
        Case::new("sysops-ticket, two-phase-commit", "messages", move || {
            scenario(timed, "two-phase-commit", |counts| counts.messages)
        }),
        Case::new("sysops-ticket, two-phase-commit, services", "messages", move || {
            scenario(timed, "two-phase-commit", |counts| counts.between_services)
        }),
    ];
    for name in [
        "two-phase-commit",
        "background-sync",
        "orchestrated",
        "events-outbox",
        "events-log-tailing",
    ] {
        let title = format!("sysops-ticket, {name}");
        cases.push(Case::new(&title, "operations", move || {
            scenario(timed, name, |counts| counts.operations)
        }));
        cases.push(Case::new(&(title + ", judged"), "operations", move || judged(timed, name)));
    }
    for name in ["two-phase-commit", "orchestrated", "events-outbox"] {
        let title = format!("fuzz, 20 operations, {name}");
        cases.push(Case::new(&title, "runs", move || fuzzed(timed, name)));
    }
    cases
}
