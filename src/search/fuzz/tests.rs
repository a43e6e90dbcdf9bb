//! Tests of what fuzzing finds in a small shop, and what it does not.

use super::*;
use crate::faults::plan::Start;
use crate::kernel::{Span, Time};
use crate::model::contract::{Allowance, Budget, Promises};
use crate::model::path::{Path, Paths};
use crate::model::point::Hook;
use crate::scenario::Scenario;
use crate::search::replay::{counterexample, replay};
use crate::search::shrink::{Step, shrink};
use crate::tests::runs::{SHOP, scenario};

const SOON: Span = Span::from_secs(3);

/// That every effect comes once, whatever becomes of up to three messages.
fn once() -> Promises {
    let kinds = ["lose-message", "duplicate-message", "delay-message"];
    let budget = kinds.map(|kind| Allowance::new(kind, 3, SOON)).to_vec();
    Promises { guarantees: vec!["at-most-once"], budget: Budget(budget), ..Promises::default() }
}

fn fuzz<'a>(scenario: &'a Scenario, faults: &'a Faults, uniform: bool) -> Fuzz<'a> {
    let trial = |variant| Trial::new(scenario, variant).promising(once());
    let trials = scenario.variants.iter().map(trial).collect();
    Fuzz { trials, faults, seed: 1, operations: 6, most: 3, uniform }
}

fn run(fuzz: &Fuzz<'_>, runs: u64) -> Fuzzed {
    fuzz.run(Some(runs), &mut |_| true)
}

/// Without idempotency keys a lost answer makes a step come twice; with them nothing does.
#[test]
fn what_a_setting_gives_up_is_found_and_the_default_holds() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let fuzz = fuzz(&scenario, &faults, false);
    let fuzzed = run(&fuzz, 300);
    assert_eq!(fuzzed.runs(), 600);
    let found: Vec<(usize, &str)> =
        fuzzed.violations().map(|(variant, property, _)| (variant, property)).collect();
    assert_eq!(found, [(1, "at-most-once")]);
    assert_eq!(fuzzed.variants[0].properties["at-most-once"].verdict(), Verdict::Held);
    assert_eq!(fuzzed.verdict(), Verdict::Violated);
    let tally = &fuzzed.variants[1];
    assert!(tally.disturbed * 2 > tally.planned, "most faults hit work");
    assert!(tally.points_struck.is_subset(&tally.points));
    assert_eq!(tally.degraded, 0, "what is drawn is inside the budget");
}

/// A variant that is judged by its own promises does not fail at those that a setting gives up,
/// also where sizes are drawn.
#[test]
fn a_variant_can_be_judged_by_its_own_promises() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let keyless = || Trial::new(&scenario, &scenario.variants[1]);
    let violated = |trial| {
        let trials = vec![trial];
        let fuzz =
            Fuzz { trials, faults: &faults, seed: 1, operations: 6, most: 3, uniform: false };
        let fuzzed = run(&fuzz, 150);
        fuzzed.violations().map(|(_, property, _)| property.to_owned()).collect::<Vec<_>>()
    };
    assert!(
        keyless().gives_up("at-most-once") && !keyless().by_own_promises().gives_up("fixpoint")
    );
    assert!(violated(keyless()).contains(&"at-most-once".to_owned()));
    assert!(violated(keyless().by_own_promises()).is_empty());
}

/// The cases of so many batches, one each, of the saga as its scenario says it is.
fn batches(scenario: &Scenario, uniform: bool) -> Vec<Case> {
    let faults = Faults::builtin();
    let trials = vec![Trial::new(scenario, &scenario.variants[0])];
    let fuzz = Fuzz { trials, faults: &faults, seed: 1, operations: 6, most: 3, uniform };
    (0..80).map(|batch| fuzz.case(0, batch * BATCH)).collect()
}

/// Every second batch changes some sizes, each to what the scenario allows, and the changed
/// scenario is the one that runs.
#[test]
fn sizes_are_drawn_where_the_scenario_has_them() {
    let scenario = scenario(SHOP);
    let cases = batches(&scenario, false);
    let changed: Vec<&Case> = cases.iter().filter(|case| !case.changes.is_empty()).collect();
    assert!((20..60).contains(&changed.len()), "{} of 80 batches", changed.len());
    let keys: BTreeSet<&str> =
        changed.iter().flat_map(|case| case.changes.iter().map(|it| &*it.key)).collect();
    for key in [
        "services.stock.workers",
        "databases.order-db.connections",
        "databases.order-db.checkpoint",
        "databases.stock-db.copy-batch",
        "drivers.queue",
        "drivers.clear-after",
    ] {
        assert!(keys.contains(key), "{key} is in {keys:?}");
    }
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    for case in &changed {
        assert!(trial.allows(&case.changes), "{:?}", case.changes);
        for change in case.changes.iter().filter(|it| it.key == "services.stock.workers") {
            let workers = trial.stage_of(case).system().services[1].workers;
            assert_eq!(change.value.as_integer(), Some(i64::from(workers)));
        }
    }
    assert!(batches(&scenario, true).iter().all(|case| case.changes.is_empty()), "the baseline");
}

/// Shares of handlers and of runs that fail are drawn, too, and change no promise as long as what
/// fails is tried again.
#[test]
fn failing_handlers_and_runs_are_drawn_and_cost_nothing() {
    let more = "[variants.events]\npattern = \"event-based\"\n\
                [variants.job]\npattern = \"background-sync\"\n";
    let derived = "{ add = { sold = 1 } }, \
                   derive = { count = \"order\", by = \"product\", to = \"sold\" } }";
    let text = [SHOP, more].concat().replace("left = 99", "left = 99, sold = 0");
    let text = text.replace("{ add = { left = -1 } } }", derived);
    let (scenario, faults) = (scenario(&text), Faults::builtin());
    for (name, key) in [("events", "handler-failure"), ("job", "run-failure")] {
        let variant = scenario.variant(name).expect("a variant");
        let trials = vec![Trial::new(&scenario, variant)];
        let fuzz =
            Fuzz { trials, faults: &faults, seed: 1, operations: 6, most: 3, uniform: false };
        let key = format!("variants.{name}.settings.{key}");
        let mut drawn = BTreeSet::new();
        for number in 0..60 {
            let case = fuzz.case(0, number * BATCH);
            let Some(change) = case.changes.iter().find(|it| it.key == key) else { continue };
            drawn.insert(change.value.to_string());
            let stage = fuzz.trials[0].stage_of(&case);
            for property in ["all-or-nothing", "terminal-in-time", "resumes-after-restart"] {
                let promised = &stage.promises().guarantees;
                assert!(promised.contains(&property), "{property}: {:?}", case.changes);
            }
            for run in number * BATCH..number * BATCH + 4 {
                let tried = fuzz.trials[0].run(&fuzz.case(0, run));
                assert_eq!(tried.degraded, None, "{name}, run {run}");
                let mut all = tried.findings.iter();
                assert!(all.all(|it| it.verdict() != Verdict::Violated), "{name}, run {run}");
            }
        }
        assert_eq!(drawn.len(), 2, "{name}: {drawn:?}");
    }
}

/// In some batches operations arrive when what went down under the first ones is back, in the
/// others they follow each other as before.
#[test]
fn operations_arrive_behind_a_recovery() {
    // Nobody follows anybody, which would keep its distance.
    let text = SHOP.replace("delay = \"10s\"", "delay = \"0s\"");
    let scenario = scenario(&text);
    let recovery = scenario.system.longest_recovery();
    let pauses = |case: &&Case| {
        let arrivals = case.operations.iter().map(|offer| offer.info.arrived);
        arrivals.clone().zip(arrivals.skip(1)).any(|(one, next)| next - one > recovery)
    };
    let later = batches(&scenario, false).iter().filter(pauses).count();
    assert!((20..60).contains(&later), "{later} of 80 batches");
}

/// The same runs, whatever the number of threads; and a run can be made again by its number.
#[test]
fn nothing_depends_on_threads() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let fuzz = fuzz(&scenario, &faults, false);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let with =
        |threads| pool(threads).expect("a pool").install(|| format!("{:?}", run(&fuzz, 150)));
    assert_eq!(with(1), with(3));
    let fuzzed = run(&fuzz, 150);
    let (variant, property, number) = fuzzed.violations().next().expect("the keyless saga fails");
    assert_eq!(fuzz.first(variant, property, 150), Some(number));
    assert_eq!(fuzz.first(variant, property, number), None);
    let case = fuzz.case(variant, number);
    assert!(crate::search::shrink::violates(&fuzz.trials[variant].run(&case), property));
}

/// Six operations and some faults come down to one order whose answer from the stock is lost.
#[test]
fn a_failure_shrinks_to_its_cause() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let fuzz = fuzz(&scenario, &faults, false);
    let fuzzed = run(&fuzz, 150);
    let (variant, property, number) = fuzzed.violations().next().expect("the keyless saga fails");
    let case = fuzz.case(variant, number);
    let mut steps: Vec<Step> = Vec::new();
    let mut shrunk =
        || shrink(&fuzz.trials[variant], &case, property, &mut |step| steps.push(step));
    let (one, other) = (shrunk().expect("it fails"), shrunk().expect("it fails"));
    assert!(one.finished && one.runs < 200, "{} runs", one.runs);
    assert_eq!(one.case.operations, other.case.operations);
    assert_eq!(one.tried.ran, other.tried.ran);
    assert_eq!((one.case.faults.len(), one.case.operations.len()), (1, 1));
    assert_eq!(one.case.operations[0].info.arrived, Time::ZERO);
    let Start::On(trigger) = &one.case.faults[0].start else { panic!("a message fault waits") };
    assert!(matches!(trigger.what.hook, Hook::Send | Hook::Reply), "{trigger}");
    assert_eq!(trigger.of, None, "there is only one operation: {trigger}");
    assert!(!steps.is_empty() && steps.iter().all(|step| step.runs <= one.runs));
}

/// The baseline strikes at times and points that are all alike, inside the same budget.
#[test]
fn uniform_search_draws_from_the_same_budget() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let fuzz = fuzz(&scenario, &faults, true);
    let fuzzed = run(&fuzz, 100);
    assert!(fuzzed.variants.iter().all(|tally| tally.degraded == 0 && tally.planned >= 100));
}

/// Nothing is held that was never put to the test.
#[test]
fn a_property_that_never_had_a_chance_is_undecided() {
    let mut standing = Standing::default();
    assert_eq!(standing.verdict(), Verdict::Undecided);
    standing.undecided = 5;
    assert_eq!(standing.verdict(), Verdict::Undecided);
    standing.held = 1;
    assert_eq!(standing.verdict(), Verdict::Held);
    standing.add(&Standing { violated: 1, first: Some(7), ..Standing::default() });
    standing.add(&Standing { violated: 1, first: Some(9), ..Standing::default() });
    assert_eq!((standing.verdict(), standing.first), (Verdict::Violated, Some(7)));
}

/// A promise that no run broke is undecided while a path was not taken that it rests on; one about
/// the course of things is not, nor is one that was broken.
#[test]
fn what_rests_on_a_path_that_was_never_taken_is_undecided() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let held = Standing { held: 1, ..Standing::default() };
    let mut tally = Tally { coverage: Coverage::of(&trial), ..Tally::default() };
    tally.properties = ["all-or-nothing", "fixpoint"].map(|it| (it.into(), held.clone())).into();
    assert!(tally.coverage.named.contains(&Path("recovery of an applied step")));
    let verdicts = |tally: &Tally| ["all-or-nothing", "fixpoint"].map(|it| tally.verdict(it));
    assert_eq!(verdicts(&tally), [Verdict::Undecided, Verdict::Held]);
    let said = crate::report::fuzz::table(
        &["saga".into()],
        &Fuzzed { variants: vec![tally.clone()] },
        crate::report::text::Terminal::default(),
    );
    assert!(said.contains("0 of ") && said.contains("recovery of an applied step"), "{said}");
    let all = tally.coverage.named.clone();
    tally.coverage.take(&all);
    assert_eq!(verdicts(&tally), [Verdict::Held; 2]);
    assert!(tally.coverage.is_whole());
}

/// The same paths are taken, however many runs are made at once.
#[test]
fn paths_are_those_of_the_runs() {
    let (scenario, faults) = (scenario(SHOP), Faults::builtin());
    let fuzz = fuzz(&scenario, &faults, false);
    let fuzzed = run(&fuzz, 200);
    let coverage = &fuzzed.variants[0].coverage;
    let taken = (0..200).map(|run| fuzz.trials[0].run(&fuzz.case(0, run)).paths);
    let taken: Paths = taken.flatten().collect();
    assert_eq!(coverage.taken, taken);
    assert!(taken.contains(&Path("a copy of a request finds its step applied")), "{taken:?}");
}

/// Whoever acknowledges before the work is done loses more than what nobody could consume; by
/// default only such messages are given up, and whoever had nothing to do with them goes on.
#[test]
fn behind_what_nobody_is_made_for_the_others_go_on() {
    let more = "[variants.events]\npattern = \"event-based\"\n\
                [variants.eager]\npattern = \"event-based\"\n\
                settings = { acknowledge = \"before-processing\" }\n";
    let (scenario, faults) = (scenario(&[SHOP, more].concat()), Faults::builtin());
    let trial = |name: &str| Trial::new(&scenario, scenario.variant(name).expect("it is there"));
    let trials = ["events", "eager"].map(|name| trial(name).degraded()).to_vec();
    let fuzz = Fuzz { trials, faults: &faults, seed: 1, operations: 6, most: 3, uniform: false };
    let fuzzed = run(&fuzz, 256);
    let [events, eager] = &fuzzed.variants[..] else { panic!("two variants") };
    assert!(events.properties.values().all(|it| it.violated == 0), "{:?}", events.properties);
    assert!(events.degraded == 0 && events.struck > 100, "it is judged by what stands");
    for property in ["no-dead-letters", "all-or-nothing", "bounded-queues"] {
        assert!(events.properties[property].held > 0, "{property}: whoever was not struck");
    }
    let found = eager.properties["all-or-nothing"].first.expect("what was acknowledged is lost");
    let kinds: BTreeSet<&str> =
        (0..256).flat_map(|run| fuzz.case(0, run).faults).map(|fault| fault.fault.name()).collect();
    for kind in ["lying-force", "broker-loss", "poison-message", "schema-change", "crash"] {
        assert!(kinds.contains(kind), "{kind} is in {kinds:?}");
    }
    assert!(!kinds.contains("partition"), "{kinds:?}");

    let case = fuzz.case(1, found);
    let written = counterexample(&fuzz.trials[1], &case, "all-or-nothing", "shop.toml", "a test");
    assert!(written.degraded && written.text(&scenario.system, "").contains("degraded = true\n"));
    assert_eq!(replay(&fuzz.trials[1], &written).judgement.verdict, Verdict::Violated);
    let as_usual = replay(&trial("eager"), &written).judgement.verdict;
    let outside = case.faults.iter().any(|it| !["crash", "torn-tail"].contains(&it.fault.name()));
    assert!(
        !outside || as_usual == Verdict::Undecided,
        "outside of what is promised: {as_usual:?}"
    );
}
