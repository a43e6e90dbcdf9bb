//! Snapshots of the tables.

use super::faults::faults;
use super::operations::operations;
use super::runs::runs;
use super::summary::summary;
use crate::experiment::result::Comparison;
use crate::tests::comparison;

/// Two variants and two seeds, so that a reader of the snapshot sees every kind of row.
fn small() -> Comparison {
    let mut comparison = comparison::comparison(6);
    comparison.variants.truncate(2);
    comparison
}

#[test]
fn the_summary_has_a_row_for_each_variant_and_measure() {
    insta::assert_snapshot!(String::from_utf8(summary(&small())).unwrap());
}

#[test]
fn what_faults_cost_has_a_row_for_each_number() {
    insta::assert_snapshot!(String::from_utf8(faults(&small())).unwrap());
}

#[test]
fn runs_hold_each_seed() {
    let mut comparison = small();
    comparison.variants.truncate(1);
    comparison.seeds.truncate(2);
    insta::assert_snapshot!(String::from_utf8(runs(&comparison)).unwrap());
}

#[test]
fn operations_are_those_of_the_first_seed() {
    insta::assert_snapshot!(String::from_utf8(operations(&small())).unwrap());
}
