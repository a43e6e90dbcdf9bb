//! Counterexample files: one failure as what was chosen, small enough to be read.
//!
//! ```text
//! text ──► `CounterexampleText`: what is written ──► resolve, in its scenario ──► Counterexample
//!                                                                          text ◄──┘
//! ```
//!
//! Things are called by their lasting names (stream names), rows that an operation made by that
//! operation, and faults are written as in a scenario. So a file means the same after something was
//! renamed or something unrelated was added to the scenario. Delays and refusals are not listed:
//! they have names, and the seed says the rest.

mod resolve;
mod write;

use std::io;

use super::data::Data;
use super::decode::{Decode, Decoder};
use super::plan::FaultText;
use super::problem::{Problem, any_error};
use super::shape::shape;
use super::values::{At, Map, Scalar, Whole};
use super::{Change, Registries, Source};
use crate::faults::plan::PlannedFault;
use crate::faults::trigger::OpName;
use crate::kernel::{Span, Time};
use crate::model::env::OpInfo;

/// The format that is written, and the only one that is read.
pub const FORMAT: u64 = 1;

/// One failure: where it happens, what was chosen, and what is violated.
#[derive(Clone)]
pub struct Counterexample {
    /// The name and version of the engine that wrote the file.
    pub engine: String,
    /// The path of the scenario file.
    pub scenario: String,
    /// The scenario's hash when it was written.
    pub scenario_hash: u64,
    /// The lasting name of the variant.
    pub variant: String,
    /// The property that is violated.
    pub property: String,
    /// The seed of everything that has a name.
    pub seed: u64,
    /// The fingerprint of the run.
    pub fingerprint: u64,
    /// The command that found it.
    pub found_by: String,
    /// The operations that are offered.
    pub operations: Vec<(OpName, OpInfo)>,
    /// The faults of the run.
    pub faults: Vec<PlannedFault>,
    /// From when on which other future comes true.
    pub branch_seeds: Vec<(Time, u64)>,
    /// The values of the scenario that are others in this run.
    pub changes: Vec<Change>,
}

shape! {
    /// A counterexample: one failure of a scenario as what was chosen.
    "a counterexample"
    pub struct CounterexampleText {
        /// Where it happens and what is violated.
        counterexample: Head,
        /// The operations that are offered, in the order of arrival.
        operations: Vec<OperationText>,
        /// The faults of the run, as in a scenario.
        faults: Vec<FaultText>,
        /// From when on which other future comes true.
        branch_seeds: Vec<BranchSeedText>,
        /// Values that are put in the place of those of the scenario.
        changes: Vec<ChangeText>,
    }
}

shape! {
    /// Where it happens and what is violated.
    "[counterexample]"
    pub struct Head {
        /// The format of this file.
        format: Whole<FORMAT, FORMAT>,
        /// The engine that wrote the file.
        engine: String,
        /// The path of the scenario, from the working directory or from this file's folder.
        scenario: At<String>,
        /// The scenario's hash when it was written.
        scenario_hash: At<String>,
        /// The variant.
        variant: At<String>,
        /// The property that is violated.
        property: At<String>,
        /// The seed of everything that has a name.
        seed: Whole<0, 9_223_372_036_854_775_807>,
        /// The fingerprint of the run.
        fingerprint: At<String>,
        /// The command that found it.
        found_by: Option<String>,
    }
}

shape! {
    /// One operation.
    "an operation"
    pub struct OperationText {
        /// Its load and its number there.
        name: At<String>,
        /// The kind of operation.
        operation: At<String>,
        /// When it arrives.
        at: Span,
        /// Which rows it touches: a number, `new`, or `LOAD#NUMBER` for what that operation made.
        keys: Map<At<Scalar>>,
    }
}

shape! {
    /// Another future.
    "a branch seed"
    pub struct BranchSeedText {
        /// From when on.
        at: Span,
        /// Which one.
        branch_seed: Whole<0, 9_223_372_036_854_775_807>,
    }
}

shape! {
    /// A value of the scenario that is another one here.
    "a change of the scenario"
    pub struct ChangeText {
        /// The keys of the value, with dots between them.
        key: At<String>,
        /// The value.
        value: At<Scalar>,
    }
}

/// Reads a counterexample as far as that is possible without its scenario.
///
/// Returns what is written, or nothing if any problem is an error, and all problems in the order of
/// the text.
pub fn read(
    source: &Source,
    registries: &Registries,
) -> (Option<CounterexampleText>, Vec<Problem>) {
    let text = source.text.as_str();
    let (tree, errors) = toml::de::DeTable::parse_recoverable(text);
    let no_file = |_: &str| Err(io::Error::other("a counterexample names no data"));
    let mut decoder = Decoder::new(text, Data::new(&no_file), registries);
    if !errors.is_empty() {
        return (None, errors.iter().map(super::syntax_problem).collect());
    }
    let root = toml::Spanned::new(tree.span(), toml::de::DeValue::Table(tree.into_inner()));
    let read = CounterexampleText::decode(&root, &mut decoder);
    let mut problems = std::mem::take(&mut decoder.problems);
    problems.sort_by_key(|problem| problem.place().start);
    (read.filter(|_| !any_error(&problems)), problems)
}

impl CounterexampleText {
    /// The path of the scenario, as written.
    pub fn scenario(&self) -> &str {
        &self.counterexample.scenario.value
    }
}
