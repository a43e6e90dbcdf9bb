//! The bug mutants: known mistakes of real systems, each a pattern with one thing wrong, which the
//! checks must find.
//!
//! A mistake is a seeded bug in a pattern's logic, a primitive that is weakened (a forced write
//! that is answered before anything is durable), or an honest setting that exists in practice. Each
//! mutant names the least plan of faults that shows its consequence and the property that catches
//! it; both are tested, as is that nothing is wrong without the mistake. The mutants follow the
//! published bugs that their `precedent` names.
//!
//! Only a build with the feature `mutants` has it, and no scenario file can reach it. `cargo run
//! --release --features mutants --example mutants` hunts for all of them and writes
//! `reports/mutants.md`, the [`table`].
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

mod harness;
mod hunt;
mod list;
pub mod table;
mod weakened;

use std::sync::Arc;

use serde_json::Value;

use crate::patterns::background_sync::BackgroundSync;
use crate::patterns::event_based::EventBased;
use crate::patterns::orchestrated::Orchestrated;
use crate::patterns::pattern::{Pattern, Prepared, prepared};
use crate::patterns::seeded_bug::{SeededBug, SeededBugs};
use crate::patterns::two_phase_commit::TwoPhaseCommit;
use weakened::Weakened;

pub use harness::{Harness, OPERATIONS};
pub use hunt::{Draw, Hunt, RUNS, Spotted, fuzz};
pub use list::MUTANTS;

/// A pattern with one thing wrong.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// Its number, by family: A two-phase commit, B synchronization, C sagas, D events, E stores.
    pub id: &'static str,
    /// What is wrong, in a line.
    pub about: &'static str,
    /// The pattern that has it.
    pub pattern: &'static str,
    /// Its settings, which are not what is wrong, as JSON.
    pub settings: &'static str,
    /// What is wrong.
    pub mistake: Mistake,
    /// True if business rules refuse operations where it is shown.
    pub refusals: bool,
    /// The seed of the operations under which its least plan shows it.
    pub seed: u64,
    /// The least plan of faults that shows its consequence, as a scenario file writes it; empty if
    /// that shows without any.
    pub least: &'static str,
    /// The property that its consequence violates.
    pub caught_by: &'static str,
    /// Properties that it violates in every run, before anything goes wrong.
    pub at_once: &'static [&'static str],
    /// Who has made it: a public thread, or a textbook.
    pub precedent: &'static str,
}

/// What is wrong with an mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// Settings that exist in practice, as JSON.
    Settings(&'static str),
    /// A seeded bug in its logic.
    SeededBug(SeededBug),
    /// Forced writes of these log records are answered before anything is durable.
    AnswersEarly(&'static str),
}

impl Mutant {
    /// The pattern, with its mistake.
    ///
    /// # Panics
    ///
    /// If the mutant names a pattern or a setting that does not exist.
    pub fn pattern(&self) -> Arc<dyn Prepared> {
        match self.mistake {
            Mistake::Settings(wrong) => self.made(wrong, SeededBugs::default()),
            Mistake::SeededBug(seeded_bug) => self.made("{}", SeededBugs::only(seeded_bug)),
            Mistake::AnswersEarly(label) => Arc::new(Weakened::new(self.correct(), label)),
        }
    }

    /// The same pattern without the mistake.
    ///
    /// # Panics
    ///
    /// If the mutant names a pattern or a setting that does not exist.
    pub fn correct(&self) -> Arc<dyn Prepared> {
        self.made("{}", SeededBugs::default())
    }

    /// The pattern with its settings, some of them changed.
    fn made(&self, changes: &str, seeded_bugs: SeededBugs) -> Arc<dyn Prepared> {
        let json = |text| serde_json::from_str(text).expect("settings are a table of JSON");
        let mut settings: serde_json::Map<String, Value> = json(self.settings);
        settings.extend(json(changes));
        macro_rules! with_slips {
            ($pattern:ty) => {{
                let mut settings: <$pattern as Pattern>::Settings =
                    serde_json::from_value(settings.into()).expect("settings of the pattern");
                settings.seeded_bugs = seeded_bugs;
                prepared::<$pattern>(settings)
            }};
        }
        match self.pattern {
            "two-phase-commit" => with_slips!(TwoPhaseCommit),
            "background-sync" => with_slips!(BackgroundSync),
            "orchestrated" => with_slips!(Orchestrated),
            "event-based" => with_slips!(EventBased),
            other => panic!("no mutant is a `{other}`"),
        }
    }
}

/// The mutant with this number.
pub fn mutant(id: &str) -> Option<&'static Mutant> {
    MUTANTS.iter().find(|mutant| mutant.id == id)
}

#[cfg(test)]
mod tests;
