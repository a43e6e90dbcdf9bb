//! Several patterns in one run, and a change of the pattern at a time.

use super::chain::Chain;
use crate::checks::OperationRow;
use crate::checks::census::{Headline, State};
use crate::kernel::Time;
use crate::model::record::Answer;
use crate::tests::runs::{RecordedRun, record_text, scenario};

fn both() -> Chain {
    Chain { steps: 2, others: 3, ..Chain::default() }
}

/// Runs the chain with this variant.
fn run(chain: &Chain, variant: &str) -> RecordedRun {
    let told = record_text(&(chain.world() + "[variants.it]\n" + variant), "it", 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(told.ran.settled);
    told
}

/// The rows of one kind of operation.
fn rows(told: &RecordedRun, kind: u16) -> Vec<&OperationRow> {
    told.report.operations.iter().filter(|row| row.kind.0 == kind).collect()
}

const EVENTS: &str = "pattern = 'event-based'\nsettings = { publish = 'log-tailing' }\n";
const SAGA: &str = "pattern = 'orchestrated'\n";

#[test]
fn side_by_side_each_operation_is_as_it_is_under_its_pattern_alone() {
    let map = "pattern = { play = 'event-based', default = 'orchestrated' }\n\
               settings = { event-based = { publish = 'log-tailing' } }\n";
    let together = run(&both(), map);
    let (saga, events) = (run(&both(), SAGA), run(&both(), EVENTS));
    let (work, play) = (rows(&together, 0), rows(&together, 1));
    assert_eq!((work.len(), play.len()), (6, 6));
    assert_eq!(work, rows(&saga, 0));
    assert_eq!(play, rows(&events, 1));
    assert_ne!(work, rows(&events, 0), "it makes a difference");
    assert_eq!(together.report.census.of(Headline::Committed), 12);
}

#[test]
fn two_phase_commit_and_a_job_work_beside_each_other() {
    let chain = Chain { pattern: "background-sync", ..both() };
    let map = "pattern = { work = 'two-phase-commit', play = 'background-sync' }\n\
               settings = { background-sync = { interval = '4s' } }\n";
    let job = "pattern = 'background-sync'\nsettings = { interval = '4s' }\n";
    let together = run(&chain, map);
    let (tpc, sync) = (run(&chain, "pattern = 'two-phase-commit'\n"), run(&chain, job));
    assert_eq!(rows(&together, 0), rows(&tpc, 0));
    let answered = |told: &RecordedRun| -> Vec<_> {
        rows(told, 1)
            .iter()
            .map(|row| (row.answer, row.answered_after, row.first_visible))
            .collect()
    };
    assert_eq!(answered(&together), answered(&sync));
    let variant = "[variants.it]\n".to_owned() + map;
    let pattern = &scenario(&(chain.world() + &variant)).variants[0];
    assert_eq!(pattern.pattern.name(), "two-phase-commit + background-sync");
    let kept = pattern.pattern.promises(&pattern.system).guarantees;
    assert!(!kept.contains(&"all-or-nothing"), "the job corrects what the other writes, too");
}

#[test]
fn a_switch_concerns_who_arrives_from_then_on() {
    // Operations arrive at 10 s, 20 s, ..., 60 s, and the third at the very instant of the switch.
    let switch = EVENTS.to_owned() + "[[variants.it.switch]]\nat = '30s'\n" + SAGA;
    let chain = Chain { steps: 2, ..Chain::default() };
    let told = run(&chain, &switch);
    let answers: Vec<Answer> = rows(&told, 0).iter().map(|row| row.answer).collect();
    let (before, after) = (vec![Answer::Accepted; 2], vec![Answer::Done; 4]);
    assert_eq!(answers, [before, after].concat());
    let (events, saga) = (run(&chain, EVENTS), run(&chain, SAGA));
    assert_eq!(rows(&told, 0)[..2], rows(&events, 0)[..2]);
    assert_eq!(rows(&told, 0)[2..], rows(&saga, 0)[2..]);
    assert_eq!(told.report.census.of(Headline::Committed), 6);
}

#[test]
fn a_migration_from_dual_writes_under_a_crash_loses_what_began_under_the_old_pattern() {
    let dual = "pattern = 'event-based'\nsettings = { publish = 'dual-write' }\n";
    let chain = || Chain { steps: 2, clients: "deadline = '9s'\nattempts = 1", ..Chain::default() };
    let switch = dual.to_owned() + "[[variants.it.switch]]\nat = '30s'\n" + SAGA;
    let crash_behind_the_commit = |op: usize, variant: &str| {
        let quiet = run(&chain(), variant);
        let shown = rows(&quiet, 0)[op].first_visible.expect("it took effect");
        let at = format!("{}ns", (shown - Time::ZERO).as_nanos());
        run(&chain().crash("s1", &at, "500ms"), variant)
    };
    // Under the old pattern the event dies with the service; the client never hears.
    let told = crash_behind_the_commit(1, &switch);
    let row = rows(&told, 0)[1];
    assert_eq!((row.answer, row.state), (Answer::Unknown, State::Partial));
    assert_eq!(told.report.census.of(Headline::Stranded), 1);
    assert_eq!(told.report.census.of(Headline::Committed), 5);
    // Under the new one the orchestrator asks again.
    let told = crash_behind_the_commit(2, &switch);
    assert_eq!(told.report.census.of(Headline::Committed), 6);
    assert_eq!(rows(&told, 0)[2].answer, Answer::Done);
    // Without the switch it would have been lost.
    let told = crash_behind_the_commit(2, dual);
    assert_eq!(told.report.census.of(Headline::Committed), 5);
}

#[test]
fn a_client_that_asks_again_behind_a_switch_is_answered_by_the_old_pattern() {
    let clients = "deadline = '15s'\nattempts = 40\nattempt-deadline = '1s'";
    let chain = Chain { steps: 2, clients, ..Chain::default() }.crash("s1", "18s", "8s");
    let switch = EVENTS.to_owned() + "[[variants.it.switch]]\nat = '22s'\n" + SAGA;
    let told = run(&chain, &switch);
    let row = rows(&told, 0)[1];
    assert!(row.answered_after.expect("it was served") > crate::kernel::Span::from_secs(2));
    assert_eq!((row.answer, row.headline), (Answer::Accepted, Headline::Committed));
}

#[test]
fn nodes_are_shared_by_name_and_what_is_promised_is_what_all_keep() {
    let text = |variant: &str| both().world() + "[variants.it]\n" + variant;
    let of = |variant: &str| scenario(&text(variant)).variants.remove(0);
    let map = "pattern = { work = 'orchestrated', play = 'event-based' }\n";
    let (together, saga, events) = (of(map), of(SAGA), of("pattern = 'event-based'\n"));
    let drivers: Vec<&str> = together.pattern.drivers().iter().map(|it| it.name).collect();
    assert_eq!(drivers, ["orchestrator", "relay", "broker"]);
    assert_eq!(together.pattern.name(), "orchestrated + event-based");
    assert_eq!(together.pattern.summary(), "orchestrated for work, event-based for play");
    let promises = |variant: &crate::scenario::Variant| variant.pattern.promises(&variant.system);
    let (all, one, other) = (promises(&together), promises(&saga), promises(&events));
    let kept: Vec<_> =
        one.guarantees.iter().filter(|name| other.guarantees.contains(name)).collect();
    assert_eq!(all.guarantees.iter().collect::<Vec<_>>(), kept);
    assert!(kept.contains(&&"at-most-once"));
    assert_eq!(all.within, one.within.max(other.within));
    let crash = all.budget.of("crash").expect("crashes are inside both");
    let (of_one, of_other) = (one.budget.of("crash"), other.budget.of("crash"));
    let (of_one, of_other) = (of_one.expect("inside"), of_other.expect("inside"));
    assert_eq!(crash.count, of_one.count.min(of_other.count));
    assert_eq!(crash.longest, of_one.longest.min(of_other.longest));
    assert!(all.budget.of("clock-jump").is_none(), "one of them cannot bear wrong clocks");
    let same = "pattern = { work = 'orchestrated', default = 'orchestrated' }\n";
    assert_eq!(of(same).pattern.name(), "orchestrated", "one pattern is itself");
}

/// A ticket is opened by one pattern and closed by another: while the first is held up, the second
/// answers `accepted` and finds a row missing behind that, which each of them alone keeps from
/// happening.
#[test]
fn what_is_accepted_behind_another_pattern_may_be_taken_back() {
    let text = include_str!("../../../scenarios/ownership/3-sysops-squad.toml");
    let (before, decision) = text.split_once("[variants.decision]").expect("there is one");
    let mixed = decision.replacen(
        "pattern = \"orchestrated\"",
        "pattern = { open-ticket = \"orchestrated\", default = \"event-based\" }",
        1,
    );
    let (mixed, _) = mixed.split_once("[[faults]]").expect("faults come behind it");
    let scenario = scenario(&format!("{before}[variants.decision]{mixed}"));
    let keeps = |name: &str| {
        let variant = scenario.variant(name).expect("a variant of this name");
        variant.pattern.promises(&variant.system).guarantees.contains(&"client-contract")
    };
    assert!(keeps("split-events"), "events of one entity keep their order");
    assert!(!keeps("decision"), "nothing keeps the order between patterns");
}
