//! Which simpler cases there are. What shrinking makes of a failure is shown with fuzzing.

use std::sync::Arc;

use super::*;
use crate::faults::fault::Faults;
use crate::faults::plan::PlannedFault;
use crate::kernel::{Span, Time};
use crate::model::point::When;
use crate::tests::runs::{SHOP, scenario};

/// Four operations, a fault at an odd time and one that waits for a wordy point.
fn case(trial: &Trial<'_>) -> Case {
    let kinds = Faults::builtin();
    let fault = kinds.find("lose-message").expect("registered").with_defaults();
    let planned = |start, length| PlannedFault { start, length, fault: Arc::clone(&fault) };
    let what = "send ask".to_owned().try_into().expect("an act");
    let of = Some("shoppers#1".to_owned().try_into().expect("a name"));
    let wordy = Trigger { of, nth: 2, when: When::Before, ..Trigger::on(what) };
    let odd = Span::from_nanos(1_234_567_890);
    let faults = vec![planned(Start::At(odd), Some(odd)), planned(Start::On(wordy), None)];
    Case {
        seed: 1,
        operations: trial.offers(1, 4),
        faults,
        branch_seeds: vec![(Time::ZERO, 7)],
        ..Case::default()
    }
}

/// How much is left to be made simpler, the most important first.
fn size(case: &Case) -> [u64; 7] {
    let words = |start: &Start| match start {
        Start::At(at) => at.as_nanos(),
        Start::On(Trigger { of, step, to, nth, when, .. }) => {
            let said = [of.is_some(), step.is_some(), to.is_some(), *when == When::Before];
            said.into_iter().map(u64::from).sum::<u64>() + u64::from(*nth)
        }
    };
    let lengths = case.faults.iter().filter_map(|fault| fault.length);
    let starts = case.faults.iter().map(|fault| words(&fault.start));
    let arrivals = case.operations.iter().map(|offer| offer.info.arrived.as_nanos());
    [
        case.branch_seeds.len() as u64,
        case.faults.len() as u64,
        case.operations.len() as u64,
        lengths.map(Span::as_nanos).sum(),
        starts.sum(),
        arrivals.sum(),
        0,
    ]
}

/// Every candidate is simpler in one respect and in none less simple, so shrinking ends.
#[test]
fn every_simpler_case_is_simpler() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let mut case = case(&trial);
    case.operations[2].info.arrived += Span::from_nanos(1_001);
    let before = size(&case);
    let mut count = 0;
    for simpler in case.simpler() {
        let after = size(&simpler);
        assert!(
            after != before && after.iter().zip(before).all(|(after, before)| *after <= before)
        );
        count += 1;
    }
    assert!((20..100).contains(&count), "{count} candidates");
}

/// Operations that remain keep their name, their keys and their random stream.
#[test]
fn what_remains_is_what_it_was() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let case = case(&trial);
    for simpler in case.simpler() {
        for offer in &simpler.operations {
            let same = case.operations.iter().find(|it| it.name == offer.name).expect("known");
            let same = crate::search::trial::Offer {
                info: crate::model::env::OpInfo { arrived: offer.info.arrived, ..same.info },
                ..same.clone()
            };
            assert_eq!(*offer, same);
        }
    }
}

#[test]
fn the_greatest_parts_are_left_out_first() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let case = Case { branch_seeds: Vec::new(), faults: Vec::new(), ..case(&trial) };
    let left: Vec<Vec<String>> = case
        .simpler()
        .take_while(|simpler| simpler.operations.len() < case.operations.len())
        .map(|simpler| simpler.operations.iter().map(|offer| offer.name.to_string()).collect())
        .collect();
    let expected: [&[&str]; 6] = [
        &["shoppers#0", "shoppers#1"],
        &["regrets#0", "regrets#1"],
        &["shoppers#0", "shoppers#1", "regrets#0"],
        &["shoppers#0", "shoppers#1", "regrets#1"],
        &["shoppers#0", "regrets#0", "regrets#1"],
        &["shoppers#1", "regrets#0", "regrets#1"],
    ];
    assert_eq!(left, expected);
}

/// A case that does not fail cannot be shrunk.
#[test]
fn a_case_that_holds_has_no_simplest_failure() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    assert!(shrink(&trial, &case(&trial), "at-most-once", &mut |_| ()).is_none());
}
