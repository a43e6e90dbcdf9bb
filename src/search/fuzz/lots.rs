//! Batches one at a time, each with its tally as bytes: the shards of a campaign.
//!
//! Runs of a batch share their operations and the run without faults, so a batch is the least that
//! is worth carrying to another machine. Tallies add up to the same whatever their order is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BATCH, Fuzz, Fuzzed, Tally};
use crate::search::coverage::Coverage;

/// A batch of a variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lot {
    /// The position of the variant.
    pub trial: usize,
    /// The number of its first run.
    pub from: u64,
    /// The number behind its last run.
    pub to: u64,
}

/// A tally as it is written.
#[derive(Serialize, Deserialize)]
struct Written<T> {
    tally: T,
    /// The paths that were taken, by name.
    paths: BTreeSet<String>,
}

impl Fuzz<'_> {
    /// How many batches so many runs of each variant are.
    pub fn lots(&self, runs: u64) -> u64 {
        runs.div_ceil(BATCH) * self.trials.len() as u64
    }

    /// Batch number `at` of so many runs of each variant: the first one of every variant, then the
    /// second one of every variant.
    pub fn lot(&self, at: u64, runs: u64) -> Lot {
        let trials = self.trials.len() as u64;
        let from = at / trials * BATCH;
        Lot { trial: (at % trials) as usize, from, to: (from + BATCH).min(runs) }
    }

    /// Makes the runs of a batch; nothing if they are stopped.
    pub fn make(&self, lot: &Lot) -> Option<Vec<u8>> {
        let tally = self.batch(lot.trial, lot.from, lot.to)?;
        let taken = tally.coverage.named.intersection(&tally.coverage.taken);
        let paths = taken.map(ToString::to_string).collect();
        serde_json::to_vec(&Written { tally: &tally, paths }).ok()
    }

    /// Adds a batch that was [made](Self::make). Returns whether this program can read it.
    pub fn add(&self, fuzzed: &mut Fuzzed, lot: &Lot, bytes: &[u8]) -> bool {
        let Ok(written) = serde_json::from_slice::<Written<Tally>>(bytes) else { return false };
        let Written { mut tally, mut paths } = written;
        tally.coverage = Coverage::of(&self.trials[lot.trial]);
        let named = tally.coverage.named.iter();
        let taken = named.filter(|path| paths.remove(&path.to_string())).copied().collect();
        tally.coverage.take(&taken);
        let is_known = paths.is_empty() && tally.runs == lot.to - lot.from;
        if is_known {
            fuzzed.variants[lot.trial].add(tally);
        }
        is_known
    }
}
