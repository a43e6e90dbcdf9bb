//! # coupling.csv
//!
//! A row for each variant and fact of M13: which services own, write and read which table, which
//! nodes must be up for an answer, which services waited for which (all seeds together), and which
//! services each fault touched. Numbers are exact, times in nanoseconds.

use super::{scalar, table};
use crate::experiment::result::Comparison;
use crate::report::coupling::facts;
use crate::report::export::{Export, File, Results};

/// The table `coupling.csv`.
pub struct CouplingTable;

impl Export for CouplingTable {
    const NAME: &'static str = "coupling.csv";
    const SUMMARY: &'static str = "a row for each variant and fact about who depends on whom, who \
        waited for whom (all seeds together) and which services each fault touched";
    const MANUAL: &'static str = include_str!("coupling.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, coupling(results.comparison))]
    }
}

/// The bytes of `coupling.csv`.
pub fn coupling(comparison: &Comparison) -> Vec<u8> {
    let heads = ["variant", "fact", "subject", "who", "of", "unit", "value"];
    let rows = comparison.variants.iter().flat_map(|variant| {
        let facts = facts(variant, comparison.seeds.len()).into_iter();
        facts.map(|fact| {
            let (unit, value) = fact.number.map_or_else(Default::default, |(unit, value)| {
                (unit.name().to_owned(), scalar(unit, value))
            });
            vec![
                variant.name.clone(),
                fact.fact.into(),
                fact.subject,
                fact.who,
                fact.of,
                unit,
                value,
            ]
        })
    });
    table(&heads, rows)
}
