//! The runs of scenarios that are measured.

use std::path::Path;

use driftlab::Lab;
use driftlab::experiment::compare::{Study, judge, setup};
use driftlab::experiment::run::{observe, run};
use driftlab::faults::fault::Faults;
use driftlab::model::world::World;
use driftlab::scenario::{Registries, Scenario, Source, Variant, load, render};
use driftlab::search::fuzz::Fuzz;
use driftlab::search::trial::Trial;

use crate::job::{Cost, Done, measured};
use crate::relay_race::RelayRace;

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
/// and the end of that world; so many times.
pub fn single_transaction(runs: u64) -> Cost {
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
    let variant = variant(&scenario, "two-phase-commit");
    assert_eq!(judge(&scenario, variant, 1, false).report.offered, 1);
    let setup = setup(&scenario, variant);
    measured(|| {
        let events = (0..runs).map(|seed| run(&setup, seed, Vec::new()).events).sum();
        Done { count: runs, events, ..Done::default() }
    })
}

/// Operations that only travel: network, queues and workers, and no database.
pub fn relay_race(seconds: u64) -> Cost {
    let scenario = shipped(
        "quiet.toml",
        &[
            ("load = \"120s\"", &format!("load = \"{seconds}s\"")),
            (PROBES, ""),
            ("pattern = \"orchestrated\"", "pattern = \"relay-race\""),
        ],
    );
    let setup = setup(&scenario, variant(&scenario, "orchestrated"));
    measured(|| {
        let ran = run(&setup, 1, Vec::new());
        Done { count: ran.messages.into(), events: ran.events, ..Done::default() }
    })
}

/// The main scenario, with so long a load of so many new tickets a second. Its second outage ends
/// after three minutes.
pub fn main_scenario(seconds: u64, rate: u64) -> Scenario {
    shipped(
        "sysops-ticket.toml",
        &[
            ("load = \"240s\"", &format!("load = \"{seconds}s\"")),
            ("poisson = 20.0", &format!("poisson = {rate}.0")),
        ],
    )
}

/// One run, counted in operations if it is before the judges.
pub fn run_main(scenario: &Scenario, name: &str, is_judged: bool) -> Cost {
    if is_judged {
        return judged(scenario, name);
    }
    let setup = setup(scenario, variant(scenario, name));
    measured(|| {
        let look = |world: &World| world.env().sim().passed();
        let (ran, passed) = observe(&setup, 1, Vec::new(), |_| (), look);
        let (messages, outcome) = (ran.messages.into(), ran.fingerprint);
        Done { count: 0, messages, events: ran.events, passed, outcome }
    })
}

/// One run before the judges, as a comparison makes it, counted in operations.
pub fn judged(scenario: &Scenario, name: &str) -> Cost {
    let variant = variant(scenario, name);
    measured(|| {
        let judged = judge(scenario, variant, 1, false);
        let (ran, count) = (judged.ran, judged.report.offered);
        let (messages, outcome) = (ran.messages.into(), ran.fingerprint);
        Done { count, messages, events: ran.events, outcome, ..Done::default() }
    })
}

/// One judged run of the quiet scenario with so many customers.
pub fn rows(name: &str, rows: u64, seconds: u64) -> Cost {
    let scenario = shipped(
        "quiet.toml",
        &[
            ("load = \"120s\"", &format!("load = \"{seconds}s\"")),
            ("rows = 100000", &format!("rows = {rows}")),
        ],
    );
    judged(&scenario, name)
}

/// A pool of so many threads, this one among them: a profiler follows the thread that measures.
fn pool(threads: usize) -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread();
    pool.build().expect("threads can be made")
}

/// A comparison of the main scenario, from the text to the bytes of the report, counted in
/// operations of the census.
pub fn compare(rate: u64, seeds: u64, threads: usize) -> Cost {
    let threads = pool(threads);
    measured(|| {
        let scenario = main_scenario(240, rate);
        let comparison = threads.install(|| Study::of(&scenario, 1..=seeds).compare());
        let comparison = comparison.expect("variants and seeds");
        let files = Lab::new().files(&comparison);
        let outcome = files.iter().map(|file| file.bytes().len() as u64).sum();
        let count = comparison.variants.iter().map(|variant| variant.census.total()).sum();
        Done { count, outcome, ..Done::default() }
    })
}

/// Fuzzing a pattern in the quiet scenario, on one thread.
pub fn fuzz(name: &str, runs: u64) -> Cost {
    let scenario = shipped("quiet.toml", &[]);
    let faults = Faults::builtin();
    let thread = pool(1);
    measured(|| {
        let trials = vec![Trial::new(&scenario, variant(&scenario, name))];
        let fuzz =
            Fuzz { trials, faults: &faults, seed: 1, operations: 20, most: 3, uniform: false };
        let fuzzed = thread.install(|| fuzz.run(Some(runs), &mut |_| true));
        Done { count: fuzzed.runs(), outcome: fuzzed.variants[0].disturbed, ..Done::default() }
    })
}
