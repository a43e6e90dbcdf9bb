//! Counterexample files: one failure of a scenario as the operations and faults that lead to it,
//! small enough to be read.
//!
//! ```text
//! text ──► `CounterexampleText`: what is written ──► resolve, in its scenario ──► Counterexample
//!                                                                          text ◄──┘
//! ```
//!
//! Parts of the scenario are called by their stream names, a row that an operation made by that
//! operation, and faults are written as in a scenario. So a file means the same after a part was
//! renamed or an unrelated part was added to the scenario. Delays and refusals are not listed: each
//! is drawn from a stream of its own, which the seed determines.

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

/// The version of the format that is written, and the only one that is read.
pub const FORMAT: u64 = 1;

/// One failure: the scenario and variant, the operations and faults that lead to it, and the
/// property that is violated.
#[derive(Clone)]
pub struct Counterexample {
    /// The name and version of the engine that wrote the file.
    pub engine: String,
    /// The path of the scenario file.
    pub scenario: String,
    /// The scenario's hash when it was written.
    pub scenario_hash: u64,
    /// The stream name of the variant.
    pub variant: String,
    /// The property that is violated.
    pub property: String,
    /// The seed of all random streams.
    pub seed: u64,
    /// True if more goes wrong than the pattern is made for.
    pub degraded: bool,
    /// The fingerprint of the run.
    pub fingerprint: u64,
    /// The command that found it.
    pub found_by: String,
    /// The operations that are offered.
    pub operations: Vec<(OpName, OpInfo)>,
    /// The faults of the run.
    pub faults: Vec<PlannedFault>,
    /// The branch seeds: from each of these times on, random numbers are drawn from this other
    /// seed.
    pub branch_seeds: Vec<(Time, u64)>,
    /// The values of the scenario that are changed in this run.
    pub changes: Vec<Change>,
}

shape! {
    /// A counterexample: one failure of a scenario as the operations and faults that lead to it.
    "a counterexample"
    pub struct CounterexampleText {
        /// The scenario, the variant, the seed and the property that is violated.
        counterexample: Head,
        /// The operations that are offered, in the order of arrival.
        operations: Vec<OperationText>,
        /// The faults of the run, as in a scenario.
        faults: Vec<FaultText>,
        /// The times from which random numbers are drawn from another seed.
        branch_seeds: Vec<BranchSeedText>,
        /// Values that replace values of the scenario.
        changes: Vec<ChangeText>,
    }
}

shape! {
    /// The scenario, the variant, the seed and the property that is violated.
    "[counterexample]"
    pub struct Head {
        /// The version of the format of this file.
        format: Whole<FORMAT, FORMAT>,
        /// The engine that wrote the file.
        engine: String,
        /// The path of the scenario, from the working directory or from this file's folder.
        scenario: At<String>,
        /// The scenario's hash when it was written.
        scenario_hash: At<String>,
        /// The stream name of the variant.
        variant: At<String>,
        /// The property that is violated.
        property: At<String>,
        /// The seed of all random streams.
        seed: Whole<0, 9_223_372_036_854_775_807>,
        /// True if more goes wrong than the pattern is made for, and it is judged by what stands
        /// all the same.
        degraded: Option<bool>,
        /// The fingerprint of the run.
        fingerprint: At<String>,
        /// The command that found it.
        found_by: Option<String>,
    }
}

shape! {
    /// One operation that is offered.
    "an operation"
    pub struct OperationText {
        /// Its load and its number there.
        name: At<String>,
        /// The kind of operation.
        operation: At<String>,
        /// The time at which it arrives.
        at: Span,
        /// The rows that it touches, by key: a number, `new`, or `LOAD#NUMBER` for the row that
        /// that operation made.
        keys: Map<At<Scalar>>,
    }
}

shape! {
    /// A seed that replaces the seed of the run from a time on.
    "a branch seed"
    pub struct BranchSeedText {
        /// The time from which it counts.
        at: Span,
        /// The seed.
        branch_seed: Whole<0, 9_223_372_036_854_775_807>,
    }
}

shape! {
    /// A value of the scenario that is replaced in this run.
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
/// Returns what is written, or `None` if any problem is an error, and all problems in the order of
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
