//! Numbers of each operation and of each read at its times.

use driftlab::checks::measures::catalogue::{
    AVAILABILITY, LAG, MESSAGES, OPENINGS, RIGHT_50MS, THROUGHPUT,
};
use driftlab::checks::measures::{Scope, reads};
use driftlab::checks::{RunReport, Verdict};
use driftlab::experiment::compare::Study;
use driftlab::experiment::result::{CheckKind, Statistic};
use driftlab::kernel::Span;
use driftlab::model::system::Anchor;
use driftlab::report::terminal;
use driftlab::report::text::Terminal;
use driftlab::report::view;

use crate::whole::{scenario, tell, variant};

const TWO_KINDS: &str = include_str!("one-measure-for-all-operations.toml");

fn report(name: &str) -> RunReport {
    let scenario = scenario(TWO_KINDS);
    tell(&scenario, variant(&scenario, name), 1).report
}

#[test]
fn a_frequent_local_operation_does_not_decide_the_median() {
    let report = report("saga");
    let median = |key| {
        let found: &[u64] = &report.measures.values(key).values;
        (found.len(), found[found.len() / 2])
    };
    let (adds, of_add) = median(LAG.of_operation("add"));
    let (buys, of_buy) = median(LAG.of_operation("buy"));
    assert!(adds > 5 * buys && of_add == 0, "{adds} of {of_add} ns");
    assert!(of_buy > 1_000_000, "a call to the depot and back: {of_buy} ns");
    assert_eq!(median(LAG.into()), (buys, of_buy), "the headline");
}

#[test]
fn local_operations_are_no_headline_in_any_variant_not_even_where_all_are_local() {
    let report = report("shared");
    let lags = |key| report.measures.values(key).values.clone();
    assert_eq!(lags(LAG.into()), lags(LAG.of_operation("buy")));
    assert!(lags(LAG.into()).iter().all(|lag| *lag == 0), "one transaction");
}

#[test]
fn a_read_is_right_later_though_it_was_answered_as_fast_before() {
    let report = report("events");
    let right = |at: Span| {
        let scope = Scope::ReadAt("my-order".into(), at, Anchor::Arrival);
        report.measures.number(reads::RIGHT.of(&scope)).value().expect("there are reads")
    };
    let (soon, later) = (right(Span::from_millis(50)), right(Span::from_secs(2)));
    assert!(soon < 0.5 && later == 1.0, "{soon}, then {later}");
    // Half of the reads are early, and each was answered at once.
    let fast = report.measures.number(RIGHT_50MS).value().expect("there are reads");
    assert!((fast - (soon + later) / 2.0).abs() < 0.01, "{fast}");
}

#[test]
fn throughput_and_costs_are_those_of_the_operation() {
    let report = report("saga");
    let number = |key| report.measures.number(key).value().expect("it is measured");
    let [buys, adds] = ["buy", "add"].map(|name| number(THROUGHPUT.of_operation(name)));
    // 2 a second on average, 20 and two patient clients; 55 s of load.
    let within = |rate: f64, mean: f64| (rate - mean).abs() < 3.29 * (mean / 55.0_f64).sqrt();
    assert!(within(buys, 2.0) && within(adds, 22.0), "{buys} and {adds} a second");
    assert_eq!(number(THROUGHPUT.into()), buys, "the headline");
    let messages = number(MESSAGES.of_operation("buy"));
    assert!(messages >= 4.0, "to the orchestrator, shop and depot: {messages}");
}

#[test]
fn all_of_it_can_be_expected_and_is_shown() {
    let scenario = scenario(TWO_KINDS);
    let comparison = Study::of(&scenario, [1]).compare().expect("two variants");
    let expected = comparison.checks.iter().filter(|it| it.kind == CheckKind::Expectation);
    for check in expected {
        let (variant, name, why) = (&check.variant, &check.name, &check.why);
        assert_eq!(check.verdict, Verdict::Held, "{variant}: {name} ({why})");
    }
    let shown = terminal::render(&comparison, Terminal::default(), true);
    for part in [
        "Headlines are pooled over buy; add touches one store and has rows of its own.",
        "Closed loop: the clients of add wait",
        "add (closed loop): saga",
        "buy: shared",
        "Right answers to my-order",
    ] {
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part}\n{shown}");
    }
    let tables = view::tables(&comparison, 24);
    let heads: Vec<&str> = tables.iter().flat_map(|it| &it.heads).map(String::as_str).collect();
    for head in ["after 50ms", "after 2s", "right, answered in 50ms", "throughput"] {
        assert!(heads.contains(&head), "{head}: {heads:?}");
    }
}

const OUTAGE: &str = include_str!("outage-sync-or-async.toml");

#[test]
fn who_waits_for_the_other_part_is_answered_less_often_while_it_is_away() {
    let scenario = scenario(OUTAGE);
    for seed in 1..=3 {
        let [sync, events] = ["sync", "async"].map(|name| {
            let report = tell(&scenario, variant(&scenario, name), seed).report;
            let number = report.measures.number(AVAILABILITY.of_operation("add-book"));
            number.value().expect("books are added")
        });
        assert!(sync < events - 0.03, "seed {seed}: {sync} against {events}");
    }
}

const SLOW: &str = include_str!("breaker-slow-calls.toml");

#[test]
fn a_breaker_on_failures_does_not_open_for_slow_calls_and_that_is_shown() {
    let scenario = scenario(SLOW);
    let comparison = Study::of(&scenario, [1]).compare().expect("two variants");
    let openings = |name: &str| {
        let found = comparison.variant(name).expect("it was compared").measure(OPENINGS);
        found.expect("every run has it").estimate(Statistic::Value).map(|it| it.value)
    };
    assert_eq!((openings("breaker"), openings("none")), (Some(0.0), None));
    let table = view::tables(&comparison, 24);
    let table = table.iter().find(|table| table.title == "Retries, deliveries, alarms");
    let heads = &table.expect("there is a breaker").heads;
    assert!(heads.iter().any(|head| head == "breaker openings"), "{heads:?}");
}
