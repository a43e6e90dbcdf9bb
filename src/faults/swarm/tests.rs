//! Tests of what a swarm draws.

use proptest::prelude::*;

use super::*;
use crate::faults::tests::inside;
use crate::kernel::{Purpose, RandomStreams};
use crate::model::contract::Driver;

fn targets() -> Targets {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Targets {
        services: names(&["order", "stock"]),
        databases: names(&["order-db", "stock-db"]),
        drivers: vec![Driver::new("coordinator")],
        zones: Vec::new(),
        copies: Vec::new(),
        loads: names(&["shoppers"]),
        tables: vec![("product".into(), "left".into())],
    }
}

fn points() -> Vec<Trigger> {
    let point = |what: &str, who: &str, when| {
        let what = what.to_owned().try_into().expect("an act");
        Trigger { who: Some(who.into()), when, ..Trigger::on(what) }
    };
    vec![
        point("send prepare", "coordinator", When::Before),
        point("reply prepare", "stock", When::Before),
        point("force prepare", "stock-db", When::After),
        point("apply", "order-db", When::Before),
    ]
}

fn budget() -> Budget {
    let spared = Allowance {
        targets: vec!["order".into(), "coordinator".into()],
        ..Allowance::new("crash", 2, Span::from_secs(3))
    };
    Budget(vec![
        spared,
        Allowance::new("partition", 1, Span::from_millis(70)),
        Allowance::new("lose-message", 2, Span::ZERO),
        Allowance::new("delay-message", 2, Span::from_secs(1)),
        Allowance::new("nobody-knows", 9, Span::MAX),
    ])
}

fn swarm(uniform: bool) -> Swarm {
    let kinds = Kind::of(&budget(), &Faults::builtin());
    let window = Window { from: Span::from_secs(1), length: Span::from_secs(2) };
    Swarm::new(kinds, targets(), window, 6).at_points(points()).uniform(uniform)
}

fn draw(seed: u64, uniform: bool) -> Vec<PlannedFault> {
    swarm(uniform).draw(&mut RandomStreams::new(seed).draw(Purpose::Nemesis, 0, 0, 0, 0))
}

proptest! {
    #[test]
    fn every_plan_is_inside_the_budget_and_the_window(seed: u64, uniform: bool) {
        let plan = draw(seed, uniform);
        prop_assert!(plan.len() <= 6);
        prop_assert_eq!(inside(&plan, &budget()), Ok(()));
        for fault in &plan {
            match &fault.start {
                Start::At(at) => {
                    let window = Span::from_secs(1)..Span::from_secs(3);
                    prop_assert!(window.contains(at), "{}", fault);
                    prop_assert_eq!(fault.fault.action(), Action::Go, "a message has no time");
                }
                Start::On(trigger) => prop_assert!(points().contains(trigger), "{}", fault),
            }
        }
    }
}

/// A kind that finds nothing to strike inside of the budget is left out; that seldom leaves a run
/// without any fault.
#[test]
fn hardly_a_run_is_without_faults() {
    for uniform in [false, true] {
        let empty = (0..400).filter(|seed| draw(*seed, uniform).is_empty()).count();
        assert!(empty < 20, "{empty} of 400");
    }
}

/// A swarm's runs differ in character: many lack a kind altogether, and every kind comes up.
#[test]
fn runs_have_a_character() {
    let plans: Vec<Vec<PlannedFault>> = (0..400).map(|seed| draw(seed, false)).collect();
    for kind in ["crash", "partition", "lose-message", "delay-message"] {
        let with = plans.iter().filter(|plan| plan.iter().any(|it| it.fault.name() == kind));
        let with = with.count();
        assert!((40..320).contains(&with), "{with} of 400 runs have a {kind}");
    }
    let aimed = |plan: &&Vec<PlannedFault>| {
        plan.iter().any(|it| it.fault.name() == "crash" && matches!(it.start, Start::On(_)))
    };
    assert!(plans.iter().filter(aimed).count() > 40, "crashes wait for points, too");
}

/// Where nobody keeps a copy, a kind that strikes copies is as if it were in no budget: it changes
/// nothing of what is drawn. Where somebody does, it is drawn like any other.
#[test]
fn what_strikes_copies_is_drawn_where_there_are_some() {
    let draw = |budget: &Budget, copies: &[(&str, &str)], seed| {
        let kinds = Kind::of(budget, &Faults::builtin());
        let copies = copies.iter().map(|(of, by)| ((*of).into(), (*by).into())).collect();
        let targets = Targets { copies, ..targets() };
        let swarm = Swarm::new(
            kinds,
            targets,
            Window { length: Span::from_secs(1), ..Window::default() },
            6,
        );
        let plan = swarm.draw(&mut RandomStreams::new(seed).draw(Purpose::Nemesis, 0, 0, 0, 0));
        plan.iter().map(PlannedFault::to_string).collect::<Vec<_>>()
    };
    let without = budget();
    let mut with = budget();
    with.0.insert(1, Allowance::new("replica-lag", 3, Span::from_secs(1)));
    let of_copies = |fault: &String| fault.starts_with("replica-lag table:product, order");
    let mut drawn = 0;
    for seed in 0..100 {
        assert_eq!(draw(&with, &[], seed), draw(&without, &[], seed));
        let some = draw(&with, &[("product", "order")], seed);
        drawn += some.iter().filter(|fault| of_copies(fault)).count();
    }
    assert!(drawn > 50, "{drawn}");
}

/// Without points there are none of those faults that need one, and without kinds there is nothing.
#[test]
fn what_cannot_be_drawn_is_left_out() {
    let kinds = Kind::of(&budget(), &Faults::builtin());
    let window = Window::default();
    let bare = Swarm::new(kinds, targets(), window, 6);
    for seed in 0..50 {
        let mut rng = RandomStreams::new(seed).draw(Purpose::Nemesis, 0, 0, 0, 0);
        let plan = bare.draw(&mut rng);
        assert!(plan.iter().all(|fault| fault.start == Start::At(Span::ZERO)));
        assert!(Swarm::new(Vec::new(), targets(), window, 6).draw(&mut rng).is_empty());
    }
}
