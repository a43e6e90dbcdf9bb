//! Verdicts of whole comparisons.

mod near;

use super::Over;
use crate::checks::Judgement;
use crate::checks::Verdict::{self, Held, Undecided, Violated};
use crate::experiment::compare::Study;
use crate::experiment::result::{CheckKind, Comparison};
use crate::tests::runs::scenario;
use crate::tests::shop::{BROKER_AWAY, SHOP};

fn compare(more: &str) -> Comparison {
    let scenario = scenario(&format!("{SHOP}{more}"));
    Study::of(&scenario, [1, 2]).compare().expect("two variants")
}

fn check<'c>(comparison: &'c Comparison, variant: &str, name: &str) -> (Verdict, &'c str) {
    let named = |check: &&crate::experiment::result::CheckResult| {
        check.variant == variant && check.name == name
    };
    let found = comparison.checks.iter().find(named);
    let found = found.unwrap_or_else(|| panic!("no check `{name}` of {variant}"));
    (found.verdict, &found.why)
}

#[test]
fn a_pattern_is_judged_by_what_it_promises_with_its_settings() {
    let comparison = compare(BROKER_AWAY);
    assert_eq!(check(&comparison, "saga", "all-or-nothing"), (Held, "in 2 of 2 seeds"));
    let dual = |check: &&crate::experiment::result::CheckResult| check.variant == "dual-write";
    let promised: Vec<&str> =
        comparison.checks.iter().filter(dual).map(|check| &*check.name).collect();
    assert!(promised.contains(&"no-phantom-event"));
    assert!(!promised.contains(&"all-or-nothing"), "it gives that up, and says so");
}

#[test]
fn promises_are_one_line_to_people_and_each_its_own_to_machines() {
    let comparison = compare("");
    let of = |kind| comparison.checks.iter().filter(|check| check.kind == kind).count();
    assert!(of(CheckKind::Promise) > 20);
    let short = comparison.checks_in_short();
    let lines: Vec<_> = short.iter().map(|check| (&*check.variant, &*check.name)).collect();
    let name = "promises of the pattern";
    assert_eq!(lines, [("saga", name), ("dual-write", name)]);
    assert!(short.iter().all(|check| check.verdict == Held), "{short:?}");
}

/// Under every pattern, with a crash of whom is only read: what a step reads is nothing that could
/// be missing, neither from an outcome nor from a vote.
#[test]
fn promises_are_kept_where_a_step_only_reads_and_where_several_are_first() {
    let reading = "
        { name = 'look', by = 'stock', table = 'product', key = 'product', effect = 'none' },
        { name = 'take',";
    let crash = BROKER_AWAY.replace("role:driver", "stock");
    let patterns = "
        [variants.two-phase-commit]
        pattern = 'two-phase-commit'
        [variants.log-tailing]
        pattern = 'event-based'
        settings = { publish = 'log-tailing' }
        [variants.local]
        technique = 'shared-database'
        pattern = 'local-transaction'
    ";
    let shop = SHOP.replace("{ name = 'take',", reading);
    let events = format!(
        "[variants.dual-write]{}",
        SHOP.split("[variants.dual-write]").last().unwrap_or("")
    );
    let first = "{ name = 'look', after = [],";
    let several = shop.replace(&events, "").replace("{ name = 'look',", first);
    let parallel = "
        [variants.parallel]
        pattern = 'orchestrated'
        settings = { parallel = true }
        [variants.two-phase-commit]
        pattern = 'two-phase-commit'
    ";
    for text in [format!("{shop}{patterns}{crash}"), format!("{several}{parallel}{crash}")] {
        let scenario = scenario(&text);
        let comparison = Study::of(&scenario, [1, 2]).compare().expect("several variants");
        let broken = |check: &&crate::experiment::result::CheckResult| check.verdict == Violated;
        assert_eq!(comparison.checks.iter().filter(broken).collect::<Vec<_>>(), [] as [&_; 0]);
        for variant in comparison.variants.iter().filter(|variant| variant.name != "dual-write") {
            assert_eq!(variant.census.wrong(), 0, "{}", variant.name);
        }
    }
}

#[test]
fn a_violation_says_in_how_many_seeds_and_how_often_in_each() {
    let over = Over { variant: "saga", seeds: &[4, 5, 6] };
    let failed = |times| Judgement::violated("a row is lost").times(times);
    let why = |judged: Vec<Judgement>| over.result(CheckKind::Promise, "x", judged).why;
    let some = why(vec![Judgement::held(), failed(7), failed(2)]);
    assert_eq!(some, "a row is lost (seed 5); in 2 of 3 seeds, 2 to 7 times in each");
    let once = why(vec![failed(1), Judgement::held(), failed(1)]);
    assert_eq!(once, "a row is lost (seed 4); in 2 of 3 seeds");
    let thrice = why(vec![failed(3), failed(3), failed(3)]);
    assert_eq!(thrice, "a row is lost (seed 4); in 3 of 3 seeds, 3 times in each");
}

#[test]
fn expectations_are_judged_seed_by_seed_for_their_variants() {
    let expected = "
        [[expect]]
        measure = 'm9'
        at-least = 1.0
        [[expect]]
        name = 'nothing is lost'
        census = 'lost'
        at-most = 0
        variants = ['dual-write']
    ";
    let comparison = compare(&format!("{BROKER_AWAY}{expected}"));
    let available = "availability: at least 1";
    assert_eq!(check(&comparison, "saga", available).0, Violated, "5 s of 10 s nobody is there");
    let (verdict, why) = check(&comparison, "dual-write", "nothing is lost");
    assert_eq!(verdict, Violated);
    assert!(why.ends_with(", not at most 0 (seed 1); in 2 of 2 seeds"), "{why}");
    assert!(!comparison.checks.iter().any(|c| c.variant == "saga" && c.name == "nothing is lost"));
    let quiet = compare(expected);
    assert_eq!(check(&quiet, "saga", available).0, Held);
    assert_eq!(check(&quiet, "dual-write", "nothing is lost").0, Held);
}

#[test]
fn one_variant_is_expected_to_differ_from_another_over_all_seeds() {
    let expected = "
        [[expect]]
        name = 'events answer sooner'
        measure = 'm10.accepted.p50'
        variants = ['dual-write']
        below = { variant = 'saga' }
        [[expect]]
        name = 'in less than half the time'
        measure = 'm12.messages'
        variants = ['dual-write']
        below = { variant = 'saga', times = 0.5 }
        [[expect]]
        name = 'no more is wrong'
        census = 'wrong'
        variants = ['dual-write']
        at-most = { variant = 'saga' }
        [[expect]]
        name = 'more is wrong'
        census = 'wrong'
        variants = ['dual-write']
        above = { variant = 'saga' }
    ";
    let scenario = scenario(&format!("{SHOP}{expected}"));
    let compare = |seeds: &[u64]| Study::of(&scenario, seeds.to_vec()).compare().expect("variants");
    let many = compare(&[1, 2, 3, 4, 5, 6]);
    let (verdict, why) = check(&many, "dual-write", "events answer sooner");
    assert_eq!(
        (verdict, why),
        (Undecided, "no seed has a value of both"),
        "a saga accepts nothing"
    );
    let (verdict, why) = check(&many, "dual-write", "in less than half the time");
    assert_eq!((verdict, why.starts_with("differs by ")), (Violated, true), "{why}");
    assert_eq!(check(&many, "dual-write", "no more is wrong"), (Held, "differs by 0 to 0"));
    let (verdict, why) = check(&many, "dual-write", "more is wrong");
    assert_eq!((verdict, why), (Undecided, "no difference shown: differs by 0 to 0"));
    let few = compare(&[1, 2]);
    let (verdict, why) = check(&few, "dual-write", "no more is wrong");
    assert_eq!((verdict, why), (Undecided, "2 seeds give no interval, 6 do (`--seeds 6`)"));
    let alone = Study { variants: vec![&scenario.variants[1]], ..Study::of(&scenario, [1]) };
    let alone = alone.compare().expect("one variant");
    let (verdict, why) = check(&alone, "dual-write", "no more is wrong");
    assert_eq!((verdict, why), (Undecided, "saga was not compared"));
}

#[test]
fn a_fault_that_struck_nothing_leaves_the_verdict_open() {
    let never = BROKER_AWAY.replace("at = '12s'", "on = { what = 'force nothing-like-this' }");
    let comparison = compare(&never);
    let name = "crash role:driver hits work";
    assert_eq!(check(&comparison, "saga", name), (Undecided, "it never fired (seed 1)"));
    assert_eq!(check(&compare(BROKER_AWAY), "saga", name).0, Held);
    let before_any_load = BROKER_AWAY.replace("at = '12s'", "at = '0s'").replace("5s", "50ms");
    let idle = check(&compare(&before_any_load), "saga", name).1.to_owned();
    assert_eq!(idle, "it overlapped no work (seed 1)");
}

#[test]
fn beside_a_crash_stands_when_its_node_is_back() {
    let crash = |target: &str| {
        let more = format!(
            "[databases.stock-db]\nrecovery = '3s'\n[[faults]]\nkind = 'crash'\nat = '2s'\n\
             for = '7s'\ntarget = '{target}'\n"
        );
        let text = SHOP.replace("    stock-db = {}\n", "") + &more;
        let comparison = Study::of(&scenario(&text), [1]).compare().expect("two variants");
        comparison.faults[0].remark.clone()
    };
    let back = crash("stock-db").expect("a remark");
    assert_eq!(back, "each node is back after 10s, its recovery included");
    assert_ne!(crash("stock"), Some(back), "a service recovers in a time of its own");
}

#[test]
fn outside_the_budget_a_broken_promise_is_degradation() {
    let forever = BROKER_AWAY.replace("    for = '5s'\n", "").replace("12s", "1s");
    let more = "
        [[faults]]
        kind = 'crash'
        at = '2s'
        for = '17s'
        target = 'stock-db'
    ";
    let events = "
        [variants.hasty]
        pattern = 'event-based'
        settings = { max-deliveries = 4 }
        retry = { backoff = '2s', longest = '10s', jitter = 0.0 }
    ";
    let comparison = compare(&format!("{more}{events}"));
    let (verdict, why) = check(&comparison, "hasty", "no-dead-letters");
    assert_eq!(verdict, Undecided);
    assert!(why.starts_with("degraded as documented, for outside the budget is `crash`"), "{why}");
    let mut short = comparison.checks_in_short().into_iter().filter(|it| it.variant == "hasty");
    let line = short.find(|it| it.name == "promises of the pattern").expect("a line").why;
    assert!(line.contains(" degraded as documented: "), "{line}");
    assert!(line.contains("no-dead-letters"), "{line}");
    let saga = check(&compare(&forever), "saga", "answered-in-time").0;
    assert_eq!(saga, Held, "what holds outside of it, holds");
}

/// By hand: the median is 2, its interval at eight seeds from the least to the greatest, -1 to 4,
/// so that it reaches 2.5 to each side, and (2.5 / 2)^2 times eight seeds are 12.5.
#[test]
fn what_is_undecided_says_how_many_seeds_would_decide() {
    let told = |values: [f64; 8]| {
        let found = crate::stats::paired(&values.map(Some), &[Some(0.0); 8]).expect("eight seeds");
        super::needed(&found, found.interval.expect("an interval"))
    };
    let said = told([3.0, -1.0, 2.0, -1.0, 3.0, 2.0, -1.0, 4.0]);
    assert_eq!(said, "; about 13 seeds would decide (`--seeds 13`)");
    assert_eq!(told([0.0; 8]), "", "no number of seeds shows a difference that is none");
    assert_eq!(told([f64::INFINITY, -1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]), "");
}
