//! Tests of whole scenario files: those that ship, those that are broken, and damaged text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::*;
use crate::kernel::{Dist, Time};
use crate::model::system::{Arrivals, Effect, Refuse};
use proptest::prelude::*;

fn registries() -> Registries {
    Registries::builtin()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files_in(name: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).expect(name);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    paths.sort();
    paths
}

fn source(path: &Path) -> Source {
    let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside the project");
    let text = fs::read_to_string(path).expect("a text");
    Source { name: name.display().to_string(), text }
}

fn load_path(path: &Path) -> (Option<Scenario>, Vec<Problem>, Source) {
    let source = source(path);
    let read = |name: &str| {
        fs::read(path.with_file_name(name)).map_err(|_| io::Error::other("the file cannot be read"))
    };
    let (scenario, problems) = load(&source, &read, &registries());
    (scenario, problems, source)
}

fn shipped(name: &str) -> Scenario {
    let (scenario, problems, source) = load_path(&folder("scenarios").join(name));
    assert!(problems.is_empty(), "{}", render(&source, &problems, false));
    scenario.expect("no problem and yet no scenario")
}

/// Compares with a file beside the tests, or writes it if `UPDATE=1`.
fn expect_file(path: &Path, found: &str) {
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(path, found).expect("written");
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    let path = path.display();
    assert_eq!(differs, None, "{path} differs from what is found; UPDATE=1 rewrites it");
    assert_eq!(found.len(), expected.len(), "{path} is cut short; UPDATE=1 rewrites it");
}

#[test]
fn every_broken_file_gets_its_exact_diagnostics() {
    let broken = files_in("tests/bad", "toml");
    assert!(broken.len() >= 30, "only {} broken files", broken.len());
    for path in broken {
        let (scenario, problems, source) = load_path(&path);
        assert!(!problems.is_empty(), "{} has no problem", source.name);
        assert_eq!(scenario.is_none(), any_error(&problems), "{}", source.name);
        expect_file(&path.with_extension("txt"), &render(&source, &problems, false));
    }
}

/// A message shows its names in backticks; but what a syntax error quotes are characters.
#[test]
fn every_problem_has_the_names_of_its_message_as_data() {
    for path in files_in("tests/bad", "toml") {
        let (_, problems, source) = load_path(&path);
        for problem in problems.iter().filter(|problem| problem.code != Code::Syntax) {
            let shown: Vec<&str> = problem.message.split('`').skip(1).step_by(2).collect();
            let hidden = problem.names.len().saturating_sub(shown.len());
            assert_eq!(problem.names[..problem.names.len() - hidden], shown, "{}", source.name);
            if matches!(problem.code, Code::MissingKey | Code::NoLoad | Code::NoVariants) {
                assert!(!problem.names.is_empty(), "{}: {}", source.name, problem.message);
            }
        }
    }
}

#[test]
fn every_shipped_scenario_loads_without_a_problem() {
    for path in files_in("scenarios", "toml") {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let scenario = shipped(name);
        assert_eq!(format!("{}.toml", scenario.name), name, "named like its file");
        assert!(scenario.about.is_some(), "{name} says what it is about");
        assert!(!scenario.system.invariants.is_empty(), "{name} has invariants");
    }
}

#[test]
fn expectations_are_read_with_their_units_and_variants() {
    use crate::checks::expectation::{Bound, Limit};
    let text = source(&folder("scenarios/quiet.toml")).text
        + "[[expect]]\nmeasure = 'm1.p99'\nbelow = '2s'\nvariants = ['orchestrated']\n"
        + "[[expect]]\nname = 'nobody is lost'\ncensus = 'lost'\nat-most = 0\n";
    let scenario = Scenario::from_text(&text, &registries()).expect("two expectations");
    let [lag, lost] = &scenario.expectations[..] else { panic!("two expectations") };
    assert_eq!((&*lag.name, &lag.bound), ("consistency lag, p99: below 2s", &Bound::Amount(2e9)));
    assert_eq!((lag.limit, &lag.variants[..]), (Limit::Below, &[2][..]));
    assert_eq!((&*lost.name, &lost.bound), ("nobody is lost", &Bound::Amount(0.0)));
}

#[test]
fn the_committed_schema_is_current() {
    let schema = serde_json::to_string_pretty(&schema(&Registries::builtin())).expect("JSON");
    expect_file(&folder("scenarios/scenario.schema.json"), &format!("{schema}\n"));
}

#[test]
fn the_schema_lists_every_pattern_and_fault() {
    let schema = schema(&registries());
    let variants = schema["$defs"]["Variant"]["anyOf"].as_array().expect("variants");
    let sync = |variant: &&serde_json::Value| {
        variant["properties"]["pattern"]["const"] == "background-sync"
    };
    let settings = &variants.iter().find(sync).expect("a shape")["properties"]["settings"];
    let target = settings["$ref"].as_str().expect("a reference");
    let sync = schema.pointer(target.trim_start_matches('#')).expect("a definition");
    assert!(sync["properties"]["interval"].is_object(), "{sync}");
    let crash = &schema["$defs"]["Fault"]["anyOf"][0]["properties"];
    assert_eq!(crash["kind"]["const"], "crash");
    assert_eq!(crash["target"]["type"], "string");
}

#[test]
fn sysops_ticket_is_what_it_says() {
    let scenario = shipped("sysops-ticket.toml");
    let names: Vec<&str> = scenario.variants.iter().map(|v| &*v.name.shown).collect();
    assert_eq!(
        names,
        [
            "two-phase-commit",
            "background-sync",
            "orchestrated",
            "events-outbox",
            "events-log-tailing"
        ]
    );
    let open = &scenario.system.operations[0];
    assert_eq!(open.steps[1].undo, Effect::Add(vec![(0, -1)]), "the usual undo");
    assert_eq!(open.steps[0].undo, Effect::Delete);
    assert!(matches!(open.steps[2].refuse, Some(Refuse::Probability(_))));
    assert_eq!(open.steps[1].after, open.steps[2].after, "both follow the first");
    assert_eq!(scenario.faults.len(), 2);
    assert_eq!(scenario.faults[1].fault.reach().names(), ["role:driver"]);
}

#[test]
fn measurements_become_empirical_distributions() {
    let scenario = shipped("measured-postgres.toml");
    let Dist::Empirical(commits) = &scenario.system.databases[0].force.commit else {
        panic!("not empirical: {:?}", scenario.system.databases[0].force.commit);
    };
    assert_eq!(commits.len(), 3_000);
    assert!(commits.is_sorted());
}

#[test]
fn every_value_says_where_it_came_from() {
    let scenario = shipped("quiet.toml");
    let origin = |key: &str| {
        let value = scenario.values.iter().find(|value| value.key == key);
        value.unwrap_or_else(|| panic!("{key} is not listed")).clone()
    };
    assert_eq!(origin("scenario.seed").origin, Origin::File);
    assert_eq!(origin("retry.attempts").value, "3");
    assert!(matches!(origin("retry.attempts").origin, Origin::Default { .. }));
    assert!(matches!(origin("broker.force").origin, Origin::Profile { name: "lan-cloud", .. }));
    assert_eq!(origin("variants.background-sync.settings.interval").value, "\"30s\"");
    for value in &scenario.values {
        let sourced = !matches!(value.origin, Origin::Default { source: "" });
        assert!(sourced, "{} has a default without a source", value.key);
    }
}

#[test]
fn the_hash_covers_the_text_and_the_data() {
    let text = fs::read_to_string(folder("scenarios/measured-postgres.toml")).expect("text");
    let data = fs::read(folder("scenarios/data/postgres15-statements.csv")).expect("data");
    let hash = |text: String, data: Vec<u8>| {
        let source = Source { name: "x".into(), text };
        load(&source, &|_| Ok(data.clone()), &registries()).0.expect("valid").hash
    };
    let first = hash(text.clone(), data.clone());
    assert_eq!(first, hash(text.clone(), data.clone()));
    assert_ne!(first, hash(format!("{text}\n"), data.clone()));
    assert_ne!(first, hash(text, [data, b"select,1.0\n".to_vec()].concat()));
}

/// The times in milliseconds at which a load arrives that is traced so, of a file with these lines.
fn traced(trace: &str, csv: &'static str) -> Vec<u64> {
    let head = "[scenario]\nname = 'x'\nwarm-up = '0s'\nload = '60s'\n[services]\na = {}\n\
                [databases]\nd = {}\n[tables]\n\
                t = { owner = 'a', database = 'd', columns = { v = 0 } }\n\
                [operations.o]\nkeys = { k = 'new' }\n[[operations.o.steps]]\nname = 's'\n\
                by = 'a'\ntable = 't'\nkey = 'k'\neffect = { insert = { v = 1 } }\n\
                [variants.v]\npattern = 'orchestrated'\n[load.l]\noperation = 'o'\nfrom = '10s'\n";
    let source = Source { name: "x".into(), text: format!("{head}trace = {trace}\n") };
    let (scenario, problems) = load(&source, &|_| Ok(csv.into()), &registries());
    let scenario = scenario.unwrap_or_else(|| panic!("{}", render(&source, &problems, false)));
    let ms = |time: &Time| time.as_nanos() / 1_000_000;
    match &scenario.system.loads[0].arrivals {
        Arrivals::Trace(times) => times.iter().map(ms).collect(),
        Arrivals::Counted { rows, every } => {
            let rows = rows.iter().flat_map(|(time, count)| [ms(time), *count]);
            rows.chain([every.as_nanos() / 1_000_000]).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn traces_are_read_as_they_say_they_are_written() {
    let plain = "seconds\n20\n12.5\n12.5\n9\n70\n";
    assert_eq!(traced("'t.csv'", plain), [12_500, 12_500, 20_000], "sorted, within the load");
    let first = "{ file = 't.csv', origin = 'first' }";
    assert_eq!(traced(first, plain), [10_000, 13_500, 13_500, 21_000]);
    let speed = "{ file = 't.csv', origin = 'first', speed = 2 }";
    assert_eq!(traced(speed, plain), [10_000, 11_750, 11_750, 15_500, 40_500]);
    let epoch = "at;kind\n1700158550.5;b\n1700158546.68;a\n1700158547.19;b\n";
    let all = "{ file = 't.csv', column = 'at', unit = 'epoch' }";
    assert_eq!(traced(all, epoch), [10_000, 10_510, 13_820]);
    let some = "{ file = 't.csv', column = 'at', unit = 'epoch', where = { kind = 'b' } }";
    assert_eq!(traced(some, epoch), [10_000, 13_310], "the first that counts is the origin");
    let iso = "{ file = 't.csv', column = 'at', unit = 'iso' }";
    let stamps = "at\n2023-11-16 18:15:46.68\n2023-11-16T19:15:47.18+01:00\n";
    assert_eq!(traced(iso, stamps), [10_000, 10_500]);
    let ms = "{ file = 't.csv', column = 'at', unit = 'ms' }";
    assert_eq!(traced(ms, "at\n15000\n"), [15_000]);
}

#[test]
fn counts_of_the_same_interval_are_added_and_faster_intervals_are_shorter() {
    let counted = "{ file = 't.csv', column = 'minute', origin = 'first', speed = 6, \
                   count = 'requests', every = '1min' }";
    let csv = "minute\tfunction\trequests\n60\ta\t3\n60\tb\t4\n180\ta\t5\n600\ta\t9\n";
    assert_eq!(traced(counted, csv), [10_000, 7, 30_000, 5, 10_000]);
}

fn never_panics(text: String) {
    let source = Source { name: "damaged.toml".into(), text };
    let (scenario, problems) = load(&source, &|_| Err(io::Error::other("no file")), &registries());
    assert_eq!(scenario.is_none(), any_error(&problems));
    let shown = render(&source, &problems, false);
    assert_eq!(shown.is_empty(), problems.is_empty());
}

const PIECES: [&str; 12] =
    ["\"", "{", "}", "[", "]", "=", "\n", "-1", "'''", "\u{1F600}", "1e999", "\"\\u0000\""];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_text_is_reported_and_never_panics(
        cut in 0.0..1.0_f64,
        length in 0..40_usize,
        piece in 0..PIECES.len(),
        truncate in any::<bool>(),
    ) {
        let text = fs::read_to_string(folder("scenarios/sysops-ticket.toml")).expect("text");
        let chars: Vec<char> = text.chars().collect();
        let at = (cut * chars.len() as f64) as usize;
        let tail = if truncate { chars.len() } else { (at + length).min(chars.len()) };
        let damaged = chars[..at].iter().collect::<String>()
            + PIECES[piece]
            + &chars[tail..].iter().collect::<String>();
        never_panics(damaged);
    }
}
