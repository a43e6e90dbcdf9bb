//! # scenario/*
//!
//! The scenario and the CSV files that it names, byte for byte, so that `driftlab compare` can do
//! again what was done. Data that the scenario names by a path above its own folder lie above it
//! here, too; those with an absolute path are not copied. Every value in force, with its origin, is
//! in `summary.json` (`values`) and on the page.

use super::export::{Export, File, Results};

/// The files of the scenario.
pub struct Scenario;

impl Export for Scenario {
    const NAME: &'static str = "scenario/*";
    const SUMMARY: &'static str = "the scenario and the data that it names, to run it again";
    const MANUAL: &'static str = include_str!("inputs.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        let files = results.comparison.inputs.files().into_iter();
        files.map(|(path, bytes)| File::new(path, bytes)).collect()
    }
}
