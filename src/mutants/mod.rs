//! The mutants: patterns with one known mistake of real systems each, which the checks must find.
//!
//! A mutation is a bug that is seeded into the logic of a pattern, a primitive that is weakened (a
//! forced write that is answered before anything is durable, or one of its lapses), or an honest
//! setting that exists in practice. Each mutant names the least plan of faults that shows it and
//! the property that kills it; both are tested, as is that the original passes under the same plan.
//! The mutants follow the published bugs that their `precedent` names; `list.toml` has all of them.
//!
//! Only a build with the feature `mutants` has them, the patterns themselves know nothing of them,
//! and no scenario file can reach them. `cargo run --release --features mutants --example mutants`
//! searches for all of them and writes `reports/mutants.md`, the [`table`].
//!
//! # What is not here
//!
//! Some mistakes cannot be made in this model, which has no place for them:
//!
//! - A vote that is counted twice (A6): a call has one slot for its answer, so a copy of a reply is
//!   thrown away before a pattern sees it.
//! - Prepared writes that others read (A8): the store hands out committed versions, and a prepared
//!   branch keeps its locks.
//! - A coordinator that takes *unknown transaction* for an acknowledgement (A9), a compensation
//!   that subtracts what was never added (C3) and one that gives back twice (C4): the store
//!   knows what a step has done and takes back that, once.
//! - Rows dropped at equal timestamps (B2): commits of one database never share a nanosecond of its
//!   clock and a page never ends between equal ones.
//! - A deleted row that comes back (B5), a snapshot beside a feed (B6) and repairs in both
//!   directions (B7): the job derives targets from sources as they are, and owns no copy.
//! - Going back behind the pivot (C11): what a pivot stands for has left the system, and no store
//!   shows whether it was taken back.
//! - Events of one key out of order (D4, D7): effects carry no version that a later one could
//!   overwrite; what order costs there is seen in the measures.

mod detection;
mod harness;
mod mutated;
mod seeded_bug;
pub mod table;

use std::sync::LazyLock;

use serde::Deserialize;
use toml::Table;

use crate::model::lapse::Lapse;

pub use detection::{Detection, Draw, Explored, RUNS, fuzz};
pub use harness::{Harness, OPERATIONS};
pub use seeded_bug::SeededBug;

/// A pattern with one thing wrong.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mutant {
    /// The number of the mutant, by family: A two-phase and Paxos commit, B synchronization, C
    /// sagas, D events, E stores, F leases, G logs and recovery, I identifiers, J jobs, K brokers,
    /// L locks, N network, P probes, R replicas, U clients and services.
    pub id: String,
    /// The mistake, in a line.
    pub about: String,
    /// The pattern that is mutated.
    pub pattern: String,
    /// The settings of the pattern, without the mistake.
    #[serde(default)]
    pub settings: Table,
    /// The keys of the scenario of the mutants that differ for this one and its original.
    #[serde(default)]
    pub world: Table,
    /// The technique that lays out the tables, if one does.
    #[serde(default)]
    pub technique: Option<Table>,
    /// The mistake.
    pub mutation: Mutation,
    /// True if business rules refuse operations where the mutant runs.
    #[serde(default = "by_default")]
    pub refusals: bool,
    /// The seed of the operations under which the least plan shows the mutation.
    #[serde(default = "first")]
    pub seed: u64,
    /// The least plan of faults that shows the mutation, as a scenario writes it; empty if that
    /// needs none.
    #[serde(default)]
    pub faults: Vec<Table>,
    /// The property that kills the mutant; none if nothing does.
    #[serde(default)]
    pub killed_by: Option<String>,
    /// The reason why no search finds the mutant, or why some miss it.
    #[serde(default)]
    pub missed: Option<String>,
    /// False while the searches of the table have not been run for the mutant. Its least plan is
    /// tested all the same.
    #[serde(default = "by_default")]
    pub hunted: bool,
    /// The properties that the mutant violates in every run, before anything goes wrong.
    #[serde(default)]
    pub at_once: Vec<String>,
    /// Where the mistake was made: a public thread, or a textbook.
    pub precedent: String,
}

/// The difference between a mutant and its original.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutation {
    /// Settings that exist in practice.
    Settings(Table),
    /// A mistake in the logic of the pattern.
    SeededBug(SeededBug),
    /// A mistake of a primitive of the model.
    Lapse(Lapse),
    /// Forced writes of log records with this label are answered before anything is durable.
    AnswersEarly(String),
}

fn by_default() -> bool {
    true
}

fn first() -> u64 {
    1
}

#[derive(Deserialize)]
struct List {
    mutants: Vec<Mutant>,
}

static LIST: LazyLock<List> = LazyLock::new(|| {
    let list = toml::from_str(include_str!("list.toml"));
    list.unwrap_or_else(|problem| panic!("list.toml: {problem}"))
});

/// All mutants, by family.
///
/// # Panics
///
/// If `list.toml` does not list mutants.
pub fn mutants() -> &'static [Mutant] {
    &LIST.mutants
}

#[cfg(test)]
mod tests;
