//! Measures of single reads in results.

use crate::checks::Verdict;
use crate::checks::measures::catalogue::{
    AVAILABILITY, AVAILABILITY_OF_ALL, COMPARED_AVAILABILITY,
};
use crate::checks::measures::{Measure, reads};
use crate::experiment::compare::Study;
use crate::experiment::result::{CheckKind, Statistic};
use crate::tests::runs::{SHOP, scenario};

/// The shop with a read of one's own order, and one of a column.
fn read_shop() -> String {
    SHOP.to_owned()
        + "[reads.mine]\nby = 'order'\noperation = 'buy'\nsteps = ['place']\nat = ['1s']\n\
           [reads.left]\ntable = 'product'\ncolumn = 'left'\n\
           key = { rows-of = 'product' }\nrate = 1.0\n"
}

#[test]
fn every_read_has_its_own_measures_in_the_results() {
    let scenario = scenario(&read_shop());
    let comparison = Study::of(&scenario, [1]).compare().expect("one seed");
    let variant = &comparison.variants[0];
    let number = |read: &str, measure: &'static Measure, of| {
        variant.measures[&measure.of_read(read)].estimate(of).expect(read).value
    };
    assert_eq!(variant.reads, ["mine".into()]);
    // A buyer every 4 s from the end of the warm-up at 1 s to the end of the load at 60 s.
    assert_eq!(number("mine", reads::COUNT, Statistic::Value), 14.0);
    assert_eq!(number("mine", reads::RIGHT, Statistic::Value), 1.0);
    assert_eq!(number("mine", reads::LATENCY, Statistic::Max), 6e6);
    let shares = [reads::RIGHT, reads::STALE, reads::TORN, reads::ERROR, reads::TIMED_OUT];
    let share = |measure| number("left", measure, Statistic::Value);
    assert_eq!(shares.map(share).into_iter().sum::<f64>(), 1.0);
}

#[test]
fn variants_are_compared_on_the_operations_that_are_moot_in_none_of_them() {
    let followed = SHOP.replace(
        r#"{ name = "give", by = "stock", table = "product", key = "product",
          effect = { add = { left = 1 } } }"#,
        r#"{ name = "cancel", by = "order", table = "order", key = "order",
          effect = { set = { product = 0 } } }"#,
    );
    let text = followed
        + "local = { technique = 'shared-database', pattern = 'local-transaction' }\n\
           [[faults]]\nkind = 'crash'\ntarget = 'role:driver'\nat = '20s'\nfor = '10s'\n";
    let comparison = Study::of(&scenario(&text), [1]).compare().expect("one seed");
    let of = |name: &str, measure: &'static Measure| {
        let variant = comparison.variants.iter().find(|variant| variant.name == name);
        // It is local, and so no part of the headline.
        let key = measure.of_operation("give-back");
        let found = variant.and_then(|it| it.measures.get(&key)?.estimate(Statistic::Value));
        found.map(|it| it.value)
    };
    // The driver is back after 15 s. Four orders fail meanwhile, so that of twelve operations that
    // cancel one four are moot.
    let available = of("saga", AVAILABILITY_OF_ALL).expect("a share") * 12.0;
    assert!((4.5..8.5).contains(&available), "{available}");
    assert_eq!(of("saga", AVAILABILITY), Some(available.round() / 8.0));
    assert_eq!(of("saga", COMPARED_AVAILABILITY), of("saga", AVAILABILITY));
    assert_eq!(of("local", COMPARED_AVAILABILITY), Some(1.0));
}

#[test]
fn a_scenario_can_expect_something_of_one_read() {
    let expect = |measure, limit| format!("[[expect]]\nmeasure = '{measure}'\n{limit}\n");
    let text = read_shop()
        + &expect("reads.mine.count", "at-least = 14")
        + &expect("reads.mine.right", "at-least = 1.0")
        + &expect("reads.mine.latency.p99", "below = '5ms'")
        + &expect("reads.left.stale", "above = 0")
        + &expect("reads.left.age.max", "below = '1s'");
    let comparison = Study::of(&scenario(&text), [1]).compare().expect("one seed");
    let first = &comparison.variants[0].name;
    let judged = comparison.checks.iter();
    let judged = judged.filter(|it| it.kind == CheckKind::Expectation && it.variant == *first);
    let judged: Vec<_> = judged.map(|it| (&*it.name, it.verdict, &*it.why)).collect();
    let slow = "6ms, not below 5ms (seed 1)";
    let never = "there is no such value in this run (seed 1)";
    let expected = [
        ("mine: reads: at least 14", Verdict::Held, "in 1 of 1 seeds"),
        ("mine: right: at least 1", Verdict::Held, "in 1 of 1 seeds"),
        ("mine: latency, p99: below 5ms", Verdict::Violated, slow),
        ("left: stale: above 0", Verdict::Violated, "0, not above 0 (seed 1)"),
        ("left: age of stale reads, maximum: below 1s", Verdict::Undecided, never),
    ];
    assert_eq!(judged, expected);
}

#[test]
fn clients_of_a_variant_are_named_by_what_the_ranking_rests_on_and_among_the_values() {
    let own = "[variants.more]\npattern = 'orchestrated'\n\
               clients = { attempts = 7, attempt-deadline = '300ms' }\n";
    let comparison = Study::of(&scenario(&(SHOP.to_owned() + own)), [1]).compare().expect("seeds");
    let of = |name: &str| {
        let said = comparison.rests_on.iter().find(|said| said.starts_with(name));
        said.cloned().unwrap_or_else(|| panic!("{:?}", comparison.rests_on))
    };
    let clients = "clients.attempts = 7, clients.attempt-deadline = 300ms, clients.deadline = ";
    assert!(of("more: ").contains(clients), "{}", of("more: "));
    assert!(
        of("saga: ").contains("clients.deadline") && !of("saga: ").contains("clients.attempts")
    );
    let values = &comparison.values;
    let echoed = values.iter().find(|value| value.name == "variants.more.clients.attempts");
    assert_eq!(echoed.map(|value| &*value.value), Some("7"));
}
