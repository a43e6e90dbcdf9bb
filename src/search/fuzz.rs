//! Fuzzing: very many short runs with random faults, all inside the pattern's budget of faults.
//!
//! Runs come in batches. A batch draws its operations once and makes one run without faults, whose
//! semantic points the faults of its other runs can wait for. Every run draws its own random stream
//! and its own plan of faults from a [swarm](crate::faults::swarm). Runs are judged by the promises
//! of the pattern with its *default* settings, so that a setting which gives one up is found. A
//! promise that no run breaks is held only if every [path](super::coverage) of the pattern was
//! taken.
//!
//! A batch also draws some [sizes] small, and may let operations arrive after a recovery, because
//! failures at a threshold, and failures of a node that is back, show nowhere else.
//!
//! Run number `n` of a variant is a function of the seed and of `n`: with any number of threads,
//! the first violation of a property is that of the lowest number.

mod batch;
mod lots;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::batch::Batch;
use super::coverage::Coverage;
#[cfg(any(test, feature = "internals"))]
use super::shrink::violates;
use super::trial::{Case, Trial, Tried};
use crate::checks::Verdict;
use crate::checks::properties::Finding;
use crate::faults::fault::Faults;

/// The number of runs that share their operations.
const BATCH: u64 = 128;

/// The number of batches of a variant between two calls of `go_on`.
const ROUND: u64 = 8;

/// The settings of a fuzzing session.
pub struct Fuzz<'a> {
    /// The variants to be fuzzed.
    pub trials: Vec<Trial<'a>>,
    /// The kinds of fault.
    pub faults: &'a Faults,
    /// The seed of all draws.
    pub seed: u64,
    /// The number of operations of a run.
    pub operations: usize,
    /// The greatest number of faults in a run.
    pub most: u32,
    /// True if every kind, time and point is equally likely, instead of a swarm.
    pub uniform: bool,
}

/// The result of fuzzing.
#[derive(Clone, Debug, Default)]
pub struct Fuzzed {
    /// The results of the variants, in the order of the trials.
    pub variants: Vec<Tally>,
}

/// The result of fuzzing one variant.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Runs so far.
    pub runs: u64,
    /// Faults that were planned.
    pub planned: u64,
    /// Faults that began.
    pub struck: u64,
    /// Faults that overlapped work.
    pub disturbed: u64,
    /// Runs that did not settle.
    pub unsettled: u64,
    /// Runs in which some sizes differed from those of the scenario.
    pub changed: u64,
    /// Runs whose plan exceeded the pattern's budget of faults.
    pub degraded: u64,
    /// The semantic points that runs without faults passed, regardless of the operation.
    pub points: BTreeSet<String>,
    /// The points of these at which a fault began.
    pub points_struck: BTreeSet<String>,
    /// The paths of the pattern, with those that were taken.
    #[serde(skip)]
    pub coverage: Coverage,
    /// The properties, by name.
    pub properties: BTreeMap<String, Standing>,
}

/// The results of a property over some runs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// The number of runs in which it held.
    pub held: u64,
    /// The number of runs in which it had no chance to fail, or that ended too early.
    pub undecided: u64,
    /// The number of runs in which it was violated.
    pub violated: u64,
    /// The number of the first run that violated it.
    pub first: Option<u64>,
}

impl Standing {
    /// The verdict over all runs: a property that never had a chance to fail is undecided.
    pub const fn verdict(&self) -> Verdict {
        match (self.violated, self.held) {
            (1.., _) => Verdict::Violated,
            (0, 1..) => Verdict::Held,
            (0, 0) => Verdict::Undecided,
        }
    }

    fn count(&mut self, finding: &Finding, run: u64) {
        match finding.judgement.verdict {
            Verdict::Held => self.held += 1,
            Verdict::Undecided => self.undecided += 1,
            Verdict::Violated => {
                self.violated += 1;
                self.first = Some(self.first.map_or(run, |first| first.min(run)));
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.held += other.held;
        self.undecided += other.undecided;
        self.violated += other.violated;
        self.first = self.first.into_iter().chain(other.first).min();
    }
}

impl Tally {
    fn count(&mut self, case: &Case, tried: &Tried, run: u64) {
        self.runs += 1;
        self.planned += case.faults.len() as u64;
        let count = |list: &[bool]| list.iter().filter(|it| **it).count() as u64;
        self.struck += count(&tried.struck);
        self.disturbed += count(&tried.disturbed);
        self.unsettled += u64::from(!tried.ran.settled);
        self.changed += u64::from(!case.changes.is_empty());
        if tried.degraded.is_some() {
            self.degraded += 1;
            return;
        }
        self.coverage.take(&tried.paths);
        for finding in tried.findings.iter().filter(|finding| finding.counts()) {
            if let Some(standing) = self.properties.get_mut(&finding.property) {
                standing.count(finding, run);
                continue;
            }
            self.properties.entry(finding.property.clone()).or_default().count(finding, run);
        }
        let struck = case.faults.iter().zip(&tried.struck).filter(|(_, struck)| **struck);
        self.points_struck.extend(struck.filter_map(|(fault, _)| batch::class_of(fault)));
    }

    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.planned += other.planned;
        self.struck += other.struck;
        self.disturbed += other.disturbed;
        self.unsettled += other.unsettled;
        self.changed += other.changed;
        self.degraded += other.degraded;
        self.points.extend(other.points);
        self.points_struck.extend(other.points_struck);
        self.coverage.add(other.coverage);
        for (name, standing) in other.properties {
            self.properties.entry(name).or_default().add(&standing);
        }
    }
}

impl Tally {
    /// The verdict on a property over all runs: one that would hold is undecided until every path
    /// was taken on which it depends.
    pub fn verdict(&self, property: &str) -> Verdict {
        match self.properties.get(property).map_or(Verdict::Undecided, Standing::verdict) {
            Verdict::Held if !self.coverage.decides(property) => Verdict::Undecided,
            verdict => verdict,
        }
    }

    /// Every property with its verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = (&str, Verdict)> {
        self.properties.keys().map(|name| (name.as_str(), self.verdict(name)))
    }
}

impl Fuzzed {
    /// The number of runs of all variants.
    pub fn runs(&self) -> u64 {
        self.variants.iter().map(|tally| tally.runs).sum()
    }

    /// Every violated property: the variant, the property, and its first violating run.
    pub fn violations(&self) -> impl Iterator<Item = (usize, &str, u64)> {
        self.variants.iter().enumerate().flat_map(|(variant, tally)| {
            let properties = tally.properties.iter();
            properties.filter_map(move |(name, found)| Some((variant, name.as_str(), found.first?)))
        })
    }

    /// Returns whether every path of every variant was taken.
    pub fn is_covered(&self) -> bool {
        self.variants.iter().all(|tally| tally.coverage.is_whole())
    }

    /// The verdict over all variants and properties.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.variants.iter().flat_map(Tally::verdicts);
        Verdict::all(verdicts.map(|(_, verdict)| verdict))
    }
}

impl Fuzz<'_> {
    /// Makes so many runs of each variant, or goes on as long as it is let.
    ///
    /// `go_on` is asked between rounds with what has been done so far. Once the trials are stopped,
    /// what is unfinished of the round is not counted.
    pub fn run(&self, runs: Option<u64>, go_on: &mut dyn FnMut(&Fuzzed) -> bool) -> Fuzzed {
        let mut fuzzed = self.nothing();
        let last = runs.unwrap_or(u64::MAX);
        let mut from = 0;
        while from < last && go_on(&fuzzed) {
            let to = from.saturating_add(BATCH * ROUND).min(last);
            let batches: Vec<(usize, u64)> = (0..self.trials.len())
                .flat_map(|trial| (from..to).step_by(BATCH as usize).map(move |run| (trial, run)))
                .collect();
            let tallies: Option<Vec<(usize, Tally)>> = batches
                .into_par_iter()
                .with_max_len(1)
                .map(|(trial, from)| {
                    Some((trial, self.batch(trial, from, (from + BATCH).min(to))?))
                })
                .collect();
            let Some(tallies) = tallies else { break };
            for (trial, tally) in tallies {
                fuzzed.variants[trial].add(tally);
            }
            from = to;
        }
        fuzzed
    }

    /// The result of no run.
    pub fn nothing(&self) -> Fuzzed {
        Fuzzed { variants: self.trials.iter().map(|_| Tally::default()).collect() }
    }

    /// The first of so many runs of a variant that violates a property, made one after the other.
    #[cfg(any(test, feature = "internals"))]
    pub fn first(&self, trial: usize, property: &str, runs: u64) -> Option<u64> {
        (0..runs).step_by(BATCH as usize).find_map(|from| {
            let batch = Batch::new(self, &self.trials[trial], from / BATCH);
            let mut numbers = from..(from + BATCH).min(runs);
            numbers.find(|run| violates(&self.trials[trial].run(&batch.case(*run)), property))
        })
    }

    /// The case of one run of a variant.
    pub fn case(&self, trial: usize, run: u64) -> Case {
        Batch::new(self, &self.trials[trial], run / BATCH).case(run)
    }

    /// The cases of the batch to which a run of a variant belongs.
    #[cfg(any(test, feature = "internals"))]
    pub fn cases(&self, trial: usize, run: u64) -> Vec<Case> {
        let batch = Batch::new(self, &self.trials[trial], run / BATCH);
        let first = run / BATCH * BATCH;
        (first..first + BATCH).map(|run| batch.case(run)).collect()
    }

    /// Makes the runs of one batch; none if they are stopped.
    fn batch(&self, trial: usize, from: u64, to: u64) -> Option<Tally> {
        let trial = &self.trials[trial];
        if trial.stop().is_set() {
            return None;
        }
        let batch = Batch::new(self, trial, from / BATCH);
        let coverage = Coverage::of(trial);
        let mut tally = Tally { points: batch.classes(), coverage, ..Tally::default() };
        for run in from..to {
            let case = batch.case(run);
            let tried = trial.run_on(batch.stage(), &case);
            if trial.stop().is_set() {
                return None;
            }
            tally.count(&case, &tried, run);
        }
        Some(tally)
    }
}

#[cfg(test)]
mod tests;
