//! Snapshots of the tables.

use super::faults::faults;
use super::operations::operations;
use super::runs::runs;
use super::summary::summary;
use crate::experiment::result::{Comparison, VariantResult};
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
fn operations_are_those_of_every_seed() {
    let mut comparison = small();
    comparison.seeds.truncate(2);
    insta::assert_snapshot!(String::from_utf8(operations(&comparison).bytes()).unwrap());
}

/// Other tools read a column as numbers only if every cell of it is one.
#[test]
fn columns_with_a_unit_hold_numbers_and_nothing_else() {
    let mut comparison = comparison::comparison(6);
    let most = VariantResult::clone(&comparison.variants[4]);
    comparison.variants = vec![most];
    let mut infinite = 0;
    for (file, numeric) in [
        (operations(&comparison).bytes(), &["seed", "operation", "_s"][..]),
        (summary(&comparison), &["offered", "n", "never", "mean", "p50", "p99", "max", "value"]),
        (runs(&comparison), &["seed", "offered", "n", "never", "mean", "p50", "p99", "max"]),
        (faults(&comparison), &["seeds", "difference"]),
    ] {
        let mut reader = ::csv::Reader::from_reader(&file[..]);
        let heads = reader.headers().unwrap().clone();
        let is_number = |head: &str| {
            let stem = head.trim_end_matches("_low").trim_end_matches("_high");
            numeric.contains(&stem) || numeric.contains(&"_s") && head.ends_with("_s")
        };
        for row in reader.records() {
            let row = row.unwrap();
            for (head, cell) in heads.iter().zip(&row).filter(|(head, _)| is_number(head)) {
                let number = cell.parse::<f64>();
                assert!(cell.is_empty() || number.is_ok(), "{head}: {cell}");
                infinite += u32::from(number.is_ok_and(f64::is_infinite));
            }
        }
    }
    assert!(infinite > 10, "what never ends is infinite: {infinite}");
}

#[test]
fn no_name_is_a_formula() {
    let cell = |text: &str| {
        let bytes = super::table(&["name"], [vec![text.to_owned()]]);
        String::from_utf8(bytes).unwrap().lines().nth(1).unwrap().to_owned()
    };
    for formula in ["=1+1", "@sum", "+cmd", "-2+3"] {
        assert_eq!(cell(formula), format!("'{formula}"));
    }
    for harmless in ["-2.5", "-inf", "+1", "saga", "a=b"] {
        assert_eq!(cell(harmless), harmless);
    }
}
