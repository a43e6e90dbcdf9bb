//! Exploring a shop of two services: what holds, what does not, and that nothing is forgotten.

use std::sync::atomic::{AtomicU64, Ordering};

use super::injection::Injection;
use super::*;
use crate::checks::Verdict;
use crate::checks::census::Headline;
use crate::experiment::stop::Stop;
use crate::kernel::Time;
use crate::model::contract::{Allowance, Budget, Promises};
use crate::scenario::Scenario;
use crate::search::points::Passed;
use crate::search::trial::Case;
use crate::tests::runs::scenario;

/// Orders over two services, every duration constant, under every pattern and under settings that
/// give something up.
const SHOP: &str = r#"
    [scenario]
    name = "shop"
    load = "60s"
    settle = "120s"

    [clients]
    deadline = "5s"
    attempts = 1

    [services]
    order = { work = "1ms", recovery = "100ms" }
    stock = { work = "1ms", recovery = "100ms" }

    [databases]
    order-db = { work = "1ms", force = "2ms", recovery = "100ms" }
    stock-db = { work = "1ms", force = "2ms", recovery = "100ms" }

    [broker]
    recovery = "100ms"
    force = "2ms"

    [links]
    default = { delay = "1ms" }
    database = { delay = "1ms" }
    client = { delay = "1ms" }

    [drivers]
    force = "2ms"
    work = "0s"
    recovery = "100ms"

    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { sold = 0 }, rows = 50 }

    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { sold = 1 } },
          derive = { count = "order", by = "product", to = "sold" } },
    ]

    [load.shoppers]
    operation = "buy"
    constant = "1s"

    [explore]
    operations = 1
    outage = "1s"

    [variants]
    two-phase-commit = { pattern = "two-phase-commit" }
    background-sync = { pattern = "background-sync", settings = { interval = "1s" } }
    orchestrated = { pattern = "orchestrated" }
    event-based = { pattern = "event-based" }
    log-tailing = { pattern = "event-based", settings = { publish = "log-tailing" } }
    dual-write = { pattern = "event-based", settings = { publish = "dual-write" } }
    no-keys = { pattern = "orchestrated", settings = { idempotency-keys = false } }
    volatile = { pattern = "orchestrated", settings = { state = "volatile" } }
"#;

/// All or nothing, and at most once, as long as one or two things go wrong, whatever they are.
fn promises() -> Promises {
    let kinds = ["crash", "partition", "lose-message", "duplicate-message", "delay-message"];
    let allowance = |kind| Allowance::new(kind, 2, Span::from_secs(3_600));
    Promises {
        guarantees: vec!["all-or-nothing", "at-most-once"],
        budget: Budget(kinds.map(allowance).to_vec()),
        within: None,
    }
}

fn exploration<'a>(scenario: &'a Scenario, variant: &str, depth: u8) -> Exploration<'a> {
    let variant = scenario.variant(variant).expect("a variant of this name");
    let trial = Trial::new(scenario, variant).promising(promises());
    let operations = trial.offers(1, usize::from(scenario.explore.operations));
    let outage = scenario.explore.outage;
    Exploration { trial, seed: 1, operations, depth, outage, cap: None }
}

fn explore(variant: &str) -> Explored {
    let scenario = scenario(SHOP);
    exploration(&scenario, variant, 1).run(&())
}

/// The first plan that breaks this property, as `fault point`.
fn first_broken(explored: &Explored, property: &str) -> String {
    let at = explored.properties.iter().position(|name| name == property).expect("it is judged");
    let plan = explored.plans.iter().find(|plan| plan.broken().any(|broken| broken == at));
    named(&plan.expect("some plan breaks it").strikes[0])
}

fn named(strike: &Strike) -> String {
    format!("{} {}", strike.injection.name(), strike.passed.trigger)
}

/// With default settings no single fault leaves an operation in part or doubled.
#[test]
fn defaults_hold_under_every_single_fault() {
    let patterns =
        ["two-phase-commit", "background-sync", "orchestrated", "event-based", "log-tailing"];
    for variant in patterns {
        let explored = explore(variant);
        let broken: Vec<String> = explored.broken().map(|plan| named(&plan.strikes[0])).collect();
        assert_eq!(broken, Vec::<String>::new(), "{variant}");
        assert_eq!(explored.verdict(), Verdict::Held, "{variant}");
        assert!(explored.plans.len() > 30, "{variant}: {} plans", explored.plans.len());
    }
}

/// Between the local commit and the publishing nothing durable knows that there is more to do.
#[test]
fn a_dual_write_is_lost_between_commit_and_publish() {
    let explored = explore("dual-write");
    assert_eq!(explored.verdict(), Verdict::Violated);
    let all: Vec<String> = explored.broken().map(|plan| named(&plan.strikes[0])).collect();
    let expected = [
        "crash after order-db: force commit for shoppers#0, step place",
        "crash after order-db: apply commit for shoppers#0, step place",
        "crash before order: send publish to broker for shoppers#0",
        "partition before order: send publish to broker for shoppers#0",
        "crash before broker: receive publish to order for shoppers#0",
    ];
    assert_eq!(all, expected);
}

/// A database is cut off from whoever asked: before it answers a statement, and before it answers
/// the commit. The session waits for the heal; then a commit that is still to be asked for takes
/// 1 ms there and 2 ms to be forced, and is heard of 1 ms later.
#[test]
fn a_database_at_work_is_cut_off_from_whoever_asked() {
    let explored = explore("dual-write");
    let mut cuts = explored.with(1).filter_map(|plan| {
        let strike = &plan.strikes[0];
        let of_a_session =
            strike.passed.session.is_some() && strike.injection == Injection::Partition;
        of_a_session.then(|| {
            let recovery = plan.outcome.recovery.expect("everything heals");
            (format!("{} {}", strike.name(), strike.passed.trigger), recovery)
        })
    });
    let mut next = |far: &str, at: &str| {
        let (name, recovery) = cuts.next().expect("one more");
        assert!(
            name.starts_with(&format!("partition from {far} before {far}-db: {at} ")),
            "{name}"
        );
        recovery
    };
    let (asked, committed) = (next("order", "work statement"), next("order", "force commit"));
    assert_eq!(asked, committed + Span::from_millis(4));
    assert_eq!(next("stock", "work statement"), Span::from_millis(3));
    assert_eq!(next("stock", "force commit"), Span::ZERO, "nobody need hear of it");
    assert!(cuts.next().is_none(), "what lies between is the same");
}

/// The answer to a step is lost, the step is carried out once more, and nobody knows it again.
#[test]
fn without_keys_a_lost_reply_doubles_a_step() {
    let explored = explore("no-keys");
    let found = first_broken(&explored, "at-most-once");
    assert!(found.contains("stock"), "{found}");
    let others = explored.broken().filter(|it| it.outcome.census.of(Headline::Duplicated) != 1);
    let others: Vec<String> = others.map(|plan| named(&plan.strikes[0])).collect();
    assert_eq!(others, Vec::<String>::new(), "nothing else is broken");
}

/// A workflow that is only in memory is gone with its orchestrator.
#[test]
fn a_volatile_workflow_dies_with_its_orchestrator() {
    let explored = explore("volatile");
    let found = first_broken(&explored, "all-or-nothing");
    assert!(found.starts_with("crash ") && found.contains("orchestrator"), "{found}");
}

/// The points of the run without faults, before everything heals.
fn listed(exploration: &Exploration) -> Vec<Passed> {
    let case = Case {
        seed: exploration.seed,
        operations: exploration.operations.clone(),
        faults: Vec::new(),
        ..Case::default()
    };
    let heals = exploration.trial.heals(&exploration.operations);
    exploration.trial.points(&case).into_iter().filter(|passed| passed.at < heals).collect()
}

fn applicable(passed: &Passed) -> u64 {
    Injection::ALL.into_iter().filter(|injection| injection.applies(passed)).count() as u64
}

/// Points times what can be done there is what was run and what was pruned; nothing is forgotten.
#[test]
fn every_point_is_accounted_for() {
    let scenario = scenario(SHOP);
    for variant in ["two-phase-commit", "event-based"] {
        let mut exploration = exploration(&scenario, variant, 1);
        let listed = listed(&exploration);
        let all: u64 = listed.iter().map(applicable).sum();
        let explored = exploration.run(&());
        let run = explored.with(1).count() as u64;
        let pruned: u64 = explored.pruned_singles.values().sum();
        assert_eq!((explored.points, explored.left_out), (listed.len() as u64, 0));
        assert_eq!(run + pruned, all, "{variant}");
        assert!(pruned > 0 && explored.plans.iter().all(|plan| plan.outcome.struck), "{variant}");
        // A cap leaves the rest out, and then nobody can say that nothing breaks it.
        exploration.cap = Some(10);
        let capped = exploration.run(&());
        assert_eq!((capped.with(1).count(), capped.left_out), (10, run - 10));
        assert_eq!(capped.verdict(), Verdict::Undecided);
    }
}

/// Pruned plans really repeat another: with every plan run, no further verdict comes up.
#[test]
fn what_is_pruned_has_the_outcome_of_what_stands_for_it() {
    let scenario = scenario(SHOP);
    let exploration = exploration(&scenario, "dual-write", 1);
    let explored = exploration.run(&());
    let broken = |passed: &Passed, injection: Injection| {
        let strike = Strike { passed: passed.clone().into(), injection };
        let tried = exploration.trial.run(&exploration.case(&[strike]));
        tried.findings.iter().any(|found| found.judgement.verdict == Verdict::Violated)
    };
    let at = |passed: &Passed, injection: Injection| {
        let same = |plan: &&Plan| {
            let strike = &plan.strikes[0];
            strike.injection == injection && strike.passed.trigger == passed.trigger
        };
        explored.with(1).find(same).map(|plan| plan.outcome.verdict() == Verdict::Violated)
    };
    let mut before = std::collections::BTreeMap::new();
    let mut pruned = 0;
    for passed in listed(&exploration) {
        for injection in [Injection::Crash, Injection::CrashAndLose, Injection::Partition] {
            if !injection.applies(&passed) {
                continue;
            }
            let node = passed.point.node;
            let ends = match injection {
                // One that loses nothing repeats the plain one.
                Injection::Crash | Injection::CrashAndLose => (node, node),
                _ => {
                    let (far, _) = passed.far().expect("it has two ends");
                    (node.min(far), node.max(far))
                }
            };
            match at(&passed, injection) {
                Some(run) => {
                    before.insert(ends, run);
                }
                // At rest another point may stand for it, and that breaks nothing.
                None => {
                    pruned += 1;
                    let stands = before[&ends] && !passed.quiet;
                    assert_eq!(broken(&passed, injection), stands, "{}", passed.trigger);
                }
            }
        }
    }
    assert!(pruned > 5, "{pruned} pruned");
}

/// Pairs are all points of the runs with one fault, less what is pruned.
#[test]
fn pairs_are_taken_from_the_runs_with_one_fault() {
    let scenario = scenario(SHOP);
    let mut exploration = exploration(&scenario, "two-phase-commit", 2);
    exploration.cap = Some(400);
    let runs = AtomicU64::new(0);
    let explored = exploration.run(&Counting(&runs));
    let singles = explored.with(1).count() as u64;
    assert!(singles < 400, "{singles} plans with one fault fit below the cap");
    let pruned: u64 = explored.pruned_pairs.values().sum();
    let heals = exploration.trial.heals(&exploration.operations);
    let all: u64 = explored
        .with(1)
        .map(|plan| {
            let passed = exploration.trial.points(&exploration.case(&plan.strikes));
            passed.iter().filter(|it| it.at < heals).map(applicable).sum::<u64>()
        })
        .sum();
    assert_eq!(explored.with(2).count() as u64 + explored.left_out + pruned, all);
    assert_eq!(runs.load(Ordering::Relaxed), singles + explored.with(2).count() as u64);
    assert!(explored.pruned_pairs[&PruneReason::OtherOrder] > 0);
    // Some second fault strikes what only comes about in recovery.
    let quiet = listed(&exploration);
    let new = |plan: &Plan| {
        let trigger = &plan.strikes[1].passed.trigger;
        quiet.iter().all(|passed| passed.trigger != *trigger)
    };
    assert!(explored.with(2).any(new));
    assert_eq!(explored.broken().count(), 0);
    assert!(explored.with(2).all(|plan| plan.outcome.struck), "each in its turn");
}

struct Counting<'a>(&'a AtomicU64);

impl Watch for Counting<'_> {
    fn begin(&self, _: &str, _: u64) {}
    fn done(&self, _: &Outcome) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Stops everything once a plan is done.
struct Stopping<'a>(&'a Stop);

impl Watch for Stopping<'_> {
    fn begin(&self, _: &str, _: u64) {}

    fn done(&self, _: &Outcome) {
        self.0.set();
    }
}

/// Threads do not show, and who stops early keeps what there is.
#[test]
fn results_depend_on_no_thread_and_survive_an_interruption() {
    let scenario = scenario(SHOP);
    let exploration = exploration(&scenario, "orchestrated", 1);
    let told = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let explored = pool.install(|| exploration.run(&()));
        explored.plans.iter().map(|plan| format!("{:?}", plan.outcome)).collect::<Vec<_>>()
    };
    assert_eq!(told(1), told(3));
    let stop = Stop::default();
    let thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let exploration = Exploration { trial: exploration.trial.until(&stop), ..exploration };
    let stopped = thread.install(|| exploration.run(&Stopping(&stop)));
    assert!(stopped.interrupted && stopped.plans.len() == 2 && stopped.left_out > 0);
    let never = exploration.run(&());
    assert!(never.interrupted && never.plans.is_empty(), "what was cut short is no result");
}

/// Two shops that have nothing to do with each other, not even a node.
const STRANGERS: &str = r#"
    [scenario]
    name = "strangers"
    load = "60s"
    settle = "120s"

    [services]
    books = {}
    tools = {}

    [databases]
    book-db = {}
    tool-db = {}

    [tables]
    book = { owner = "books", database = "book-db", columns = { sold = 0 }, rows = 5 }
    tool = { owner = "tools", database = "tool-db", columns = { sold = 0 }, rows = 5 }

    [operations.read]
    keys = { book = { rows-of = "book" } }
    steps = [{ name = "sell", by = "books", table = "book", key = "book",
               effect = { add = { sold = 1 } } }]

    [operations.build]
    keys = { tool = { rows-of = "tool" } }
    steps = [{ name = "sell", by = "tools", table = "tool", key = "tool",
               effect = { add = { sold = 1 } } }]

    [load.readers]
    operation = "read"
    constant = "1s"

    [load.builders]
    operation = "build"
    constant = "1s"

    [variants.local]
    pattern = "local-transaction"
"#;

/// Faults that never meet are not tried together, and all others are.
#[test]
fn faults_at_strangers_are_not_tried_together() {
    let scenario = scenario(STRANGERS);
    let explored = exploration(&scenario, "local", 2).run(&());
    let shop = |strike: &Strike| {
        let trigger = &strike.passed.trigger;
        let mut ends = trigger.who.iter().chain(&trigger.to);
        ends.any(|name| name.starts_with("book"))
    };
    let met = |plan: &Plan| shop(&plan.strikes[0]) == shop(&plan.strikes[1]);
    assert!(explored.with(2).count() > 100 && explored.with(2).all(met));
    assert!(explored.pruned_pairs[&PruneReason::Apart] > 100);
    let at = explored.properties.iter().position(|name| name == "at-most-once");
    let held = |plan: &Plan| plan.outcome.verdicts[at.expect("it is judged")] != Verdict::Violated;
    assert!(explored.plans.iter().all(held));
}

/// Two orders that touch nothing in common and go the same way stand for each other.
#[test]
fn equal_operations_and_strangers_are_tried_once() {
    let scenario = scenario(&SHOP.replace("operations = 1", "operations = 2"));
    let mut exploration = exploration(&scenario, "orchestrated", 2);
    assert_eq!(exploration.operations[1].info.arrived - Time::ZERO, Span::from_secs(2));
    exploration.cap = Some(700);
    let explored = exploration.run(&());
    assert!(explored.pruned_pairs.get(&PruneReason::Symmetric).is_some_and(|pruned| *pruned > 0));
    assert_eq!(explored.pruned_pairs.get(&PruneReason::Apart), None, "they share every node");
}
