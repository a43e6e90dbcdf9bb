//! The settle phase is computed, and one that is too short is told.

use std::io;

use driftlab::experiment::compare::Study;
use driftlab::kernel::Span;
use driftlab::scenario::{Problem, Registries, Scenario, Source, load};

const SHORT: &str = include_str!("settle-too-short.toml");
const GIVEN: &str = "settle = \"60s\"\n";

fn read(text: &str) -> (Scenario, Vec<Problem>) {
    let source = Source { name: "settle.toml".into(), text: text.into() };
    let (scenario, problems) =
        load(&source, &|_| Err(io::Error::other("no file")), &Registries::builtin());
    (scenario.expect("warnings are no errors"), problems)
}

/// A second variant that needs less, and its settings for a first that needs more.
fn with_saga(interval: &str) -> String {
    let sync = format!("\"background-sync\"\nsettings = {{ interval = \"{interval}\" }}");
    let text = SHORT.replace(GIVEN, "").replace("\"background-sync\"", &sync);
    text + "\n[variants.saga]\npattern = \"orchestrated\"\n"
}

#[test]
fn too_short_a_settle_phase_is_a_warning_and_says_what_is_missing() {
    let (scenario, problems) = read(SHORT);
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    let start = "settle = 60s is shorter than the 95s that `sync` needs: 2 periods of 30s ";
    assert!(problem.message.starts_with(start), "{}", problem.message);
    let comparison = Study::of(&scenario, [1]).compare().expect("a run");
    assert_eq!(comparison.variants[0].settled, [false]);
    let told = |warning: &&String| warning.contains("for want of 35s (settle = 60s, and it");
    assert!(comparison.warnings.iter().any(|it| told(&it)), "{:?}", comparison.warnings);
}

#[test]
fn the_backlog_of_a_relay_at_the_end_of_the_load_takes_its_time() {
    let text = include_str!("relay-throughput.toml")
        .replace("settle = \"120s\"\n", "")
        .replace("poisson = 15.0", "poisson = 20.0");
    let (scenario, _) = read(&text);
    let [relay, batches] = &scenario.variants[..] else { panic!("two variants") };
    // 20 events a second arrive for 60 s, and 10 are taken: the last 600 take 60 s.
    let said = relay.settles.to_string();
    assert!(said.contains("60s of work that the load leaves behind"), "{said}");
    assert!(!batches.settles.to_string().contains("leaves behind"));
    let comparison = Study::of(&scenario, [1]).compare().expect("a run");
    assert!(comparison.variants.iter().all(|variant| variant.settled == [true]));
}

#[test]
fn without_one_it_is_what_the_slowest_variant_needs_for_all_of_them() {
    for (interval, settle) in [("30s", 95), ("10s", 35)] {
        let (scenario, problems) = read(&with_saga(interval));
        assert_eq!(problems, []);
        let variants = scenario.variants.iter().map(|variant| variant.system.phases.settle);
        let settle = Span::from_secs(settle);
        assert_eq!(variants.collect::<Vec<_>>(), [settle; 2]);
        assert_eq!(scenario.system.phases.settle, settle);
        let comparison = Study::of(&scenario, 1..=3).compare().expect("runs");
        for variant in &comparison.variants {
            assert_eq!(variant.settled, [true; 3], "{}", variant.name);
        }
        assert!(!comparison.warnings.iter().any(|warning| warning.contains("for want of")));
    }
}

#[test]
fn auto_is_the_same_as_none_and_a_longer_one_is_no_problem() {
    let settle = |given: &str| {
        let (scenario, problems) = read(&SHORT.replace(GIVEN, given));
        assert_eq!(problems, [], "{given}");
        scenario.system.phases.settle
    };
    assert_eq!(settle("settle = \"auto\"\n"), settle(""));
    assert_eq!(settle("settle = \"200s\"\n"), Span::from_secs(200));
}

#[test]
fn a_fault_near_the_end_of_the_load_takes_time_as_well() {
    // Handed out right before the heal, a message is handed out again 30 s later, and the service
    // needs 5 s to restart: 35 s, 5 s until clients give up, and two polls of 500 ms.
    let events = SHORT.replace("\"background-sync\"", "\"event-based\"");
    let needs = |at: u64, settle: &str| {
        let fault = format!(
            "\n[[faults]]\nkind = \"crash\"\ntarget = \"depot\"\nat = \"{at}s\"\nfor = \"10s\"\n"
        );
        let (scenario, problems) = read(&(events.replace(GIVEN, settle) + &fault));
        (scenario.variants[0].settles.length(), problems.len())
    };
    let span = Span::from_secs;
    assert_eq!(needs(50, "settle = \"40s\"\n"), (span(41), 1));
    assert_eq!(needs(50, "settle = \"41s\"\n"), (span(41), 0));
    let without = Span::from_millis(6_500);
    assert_eq!(needs(10, "settle = \"7s\"\n"), (without, 0), "it is long over");
    assert_eq!(needs(10, ""), (span(41), 0), "auto has room for any fault");
}
