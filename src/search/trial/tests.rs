//! Tests of what a trial offers, and what it takes from a case.

use super::*;
use crate::experiment::run::observe;
use crate::faults::fault::Faults;
use crate::faults::plan::Start;
use crate::faults::trigger::Trigger;
use crate::model::contract::Promises;
use crate::tests::runs::{SHOP, scenario};

fn names(offers: &[Offer]) -> Vec<String> {
    offers.iter().map(|offer| offer.name.to_string()).collect()
}

#[test]
fn the_loads_take_turns_and_nobody_follows_without_a_leader() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let offers = trial.offers(1, 4);
    let expected = ["shoppers#0", "shoppers#1", "regrets#0", "regrets#1"];
    assert_eq!(names(&offers), expected);
    assert_eq!(offers[0].info.keys, offers[2].info.keys, "the same order and product");
    // They arrive at 4, 8, 14 and 18 s; pauses are cut to a second, but not the way of a follower.
    let arrivals: Vec<Span> = offers.iter().map(|it| it.info.arrived - Time::ZERO).collect();
    assert_eq!(arrivals, [1, 2, 11, 12].map(Span::from_secs));
    assert_eq!(names(&trial.offers(1, 3)), ["shoppers#0", "shoppers#1", "regrets#0"]);
    assert_eq!(names(&trial.offers(1, 1)), ["shoppers#0"]);
    assert_eq!(trial.offers(1, 1_000).len(), 14 + 12, "all that the loads have");
}

/// A run knows the operations that it was given, with the keys and the random stream of the
/// scenario's run.
#[test]
fn what_is_offered_is_what_the_loads_offer() {
    let scenario = scenario(SHOP);
    let variant = &scenario.variants[0];
    let trial = Trial::new(&scenario, variant);
    let whole = crate::experiment::compare::setup(&scenario, variant);
    let (_, drawn) = observe(&whole, 7, Vec::new(), |_| (), |world| world.env().operations());
    for offer in trial.offers(7, 6) {
        let same = drawn.iter().find(|info| info.stream == offer.info.stream).expect("it is drawn");
        assert_eq!(OpInfo { arrived: offer.info.arrived, ..*same }, offer.info);
    }
}

#[test]
fn a_case_runs_to_its_rest_and_twice_the_same() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]).promising(Promises::default());
    let case = Case { seed: 1, operations: trial.offers(1, 4), faults: vec![], ..Case::default() };
    assert_eq!(trial.heals(&case.operations), Time::ZERO + Span::from_secs(12 + 3 + 5));
    let (one, other) = (trial.run(&case), trial.run(&case));
    assert!(one.ran.settled);
    assert_eq!(one.ran, other.ran);
    assert_eq!(one.findings, other.findings);
    assert!(!one.findings.iter().any(|finding| finding.counts()), "nothing is promised");
}

#[test]
fn a_trial_says_which_faults_began_and_which_met_work() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let kinds = Faults::builtin();
    let lose = kinds.find("lose-message").expect("registered").with_defaults();
    let fault = |start| PlannedFault { start, length: None, fault: Arc::clone(&lose) };
    let on = |what: &str| {
        let what = what.to_owned().try_into().expect("an act");
        Start::On(Trigger::on(what))
    };
    let late = Start::At(Span::from_secs(5));
    let faults = vec![fault(on("send ask")), fault(on("send nonsense")), fault(late)];
    let case = Case { seed: 1, operations: trial.offers(1, 1), faults, ..Case::default() };
    let tried = trial.run(&case);
    assert_eq!(tried.struck, [true, false, true]);
    assert_eq!(tried.disturbed, [true, false, false], "at 5 s the only order is long given up");
}

#[test]
fn a_finding_calls_operations_as_every_run_knows_them() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let mut operations = trial.offers(1, 4);
    operations.remove(0);
    let case = Case { seed: 1, operations, faults: vec![], ..Case::default() };
    let why = "operation 2 after operation 0, operation 7 and an operation of none";
    let mut finding = Finding::new("agreement", crate::checks::Judgement::violated(why));
    name_operations(&mut finding, &case);
    let named = "regrets#1 after shoppers#1, operation 7 and an operation of none";
    assert_eq!(finding.judgement.why, named);
}
