//! A comparison: every variant on the same seeds, spread over cores, folded in the order of runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::result::{Comparison, ListedOperation};
use super::run::{Ran, Setup, observe, run};
use super::stop::{Limits, Stop};
use super::summarise;
use super::twin::{self, Twin};
use crate::checks::measures::Measured;
use crate::checks::measures::meter::MeteredRun;
use crate::checks::properties::{Ended, Finding, Verifier};
use crate::checks::{Judge, JudgeOptions, RunReport};
use crate::model::system::LoadId;
use crate::model::workload;
use crate::scenario::{Scenario, Variant};

/// A comparison to be made: some variants of a scenario on some seeds.
pub struct Study<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The variants, in the order of the scenario.
    pub variants: Vec<&'a Variant>,
    /// The seeds; every variant runs on each.
    pub seeds: Vec<u64>,
    /// True if each run with faults has a fault-free twin.
    pub twins: bool,
    /// True if the operations of every run are listed.
    pub lists: bool,
}

/// A finished run with its judgement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Judged {
    /// The end of the run itself.
    pub ran: Ran,
    /// The report of the judges.
    pub report: RunReport,
    /// Every operation, in a run of a study.
    pub operations: Vec<ListedOperation>,
    /// The findings on the promises of the pattern, one for each property.
    pub promised: Vec<Finding>,
    /// The fault-free twin of the run, if it has faults and is compared with one.
    pub twin: Option<Twin>,
}

/// The identity of a run of a study. With the scenario and the program it determines the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RunId<'a> {
    /// The text of the changes of the scenario against its file: the point of a sweep.
    pub changes: &'a str,
    /// The name of the variant.
    pub variant: &'a str,
    /// The seed.
    pub seed: u64,
    /// True if it has a fault-free twin.
    pub has_twin: bool,
}

/// A store of finished runs of an unfinished study, so that a later attempt continues where this
/// one was stopped. Its methods are called from any thread.
pub trait Shelf: Sync {
    /// Returns a run that an earlier attempt has finished, exactly as it was.
    fn find(&self, id: RunId) -> Option<Judged>;

    /// Stores a run.
    fn keep(&self, id: RunId, judged: &Judged);
}

/// A store that keeps nothing.
impl Shelf for () {
    fn find(&self, _: RunId) -> Option<Judged> {
        None
    }

    fn keep(&self, _: RunId, _: &Judged) {}
}

/// The outcome of a study.
pub struct Compared {
    /// The result, over the seeds that every variant finished; `None` if there is none.
    pub comparison: Option<Comparison>,
    /// The number of seeds that were finished.
    pub finished: usize,
}

impl<'a> Study<'a> {
    /// The study of every variant of a scenario on these seeds.
    pub fn of(scenario: &'a Scenario, seeds: impl IntoIterator<Item = u64>) -> Self {
        let variants = scenario.variants.iter().collect();
        let seeds = seeds.into_iter().collect();
        Self { scenario, variants, seeds, twins: true, lists: true }
    }

    /// Makes all runs, without progress and without a way to stop; `None` if there is no variant or
    /// no seed.
    pub fn compare(&self) -> Option<Comparison> {
        self.run(&Stop::default(), &|| ()).comparison
    }

    /// The number of runs, twins included.
    pub fn runs(&self) -> u64 {
        self.ids().count() as u64 * self.runs_each()
    }

    /// The number of runs of a variant on a seed: one, and its twin if it has one.
    pub fn runs_each(&self) -> u64 {
        if self.has_twins() { 2 } else { 1 }
    }

    fn has_twins(&self) -> bool {
        self.twins && twin::has_faults(self.scenario)
    }

    /// The runs without their twins, seed by seed, so that an interrupted study has complete seeds.
    pub fn ids(&self) -> impl Iterator<Item = RunId<'_>> {
        (0..self.variants.len() * self.seeds.len()).map(|index| self.id(index))
    }

    /// The run with this position.
    pub fn id(&self, index: usize) -> RunId<'_> {
        let (seed, variant) = (index / self.variants.len(), index % self.variants.len());
        RunId {
            changes: &self.scenario.changes,
            variant: &self.variants[variant].name.shown,
            seed: self.seeds[seed],
            has_twin: self.has_twins(),
        }
    }

    /// Makes all runs. `done` is called after each run, from any thread; once `stop` is set no run
    /// continues. The result depends neither on the threads nor on their order.
    pub fn run(&self, stop: &Stop, done: &(dyn Fn() + Sync)) -> Compared {
        self.resume(&(), stop, done)
    }

    /// Makes all runs, but takes those that are on the shelf from there, and stores new ones there.
    /// The result is bit for bit that of a study without a shelf.
    pub fn resume(&self, shelf: &dyn Shelf, stop: &Stop, done: &(dyn Fn() + Sync)) -> Compared {
        let width = self.variants.len();
        let runs: Vec<Option<Judged>> = (0..width * self.seeds.len())
            .into_par_iter()
            // Runs differ much in length, so each is a task of its own. `collect` keeps their
            // order.
            .with_max_len(1)
            .map(|index| {
                if stop.is_set() {
                    return None;
                }
                let id = self.id(index);
                let judged = match shelf.find(id) {
                    Some(judged) => judged,
                    None => {
                        let judged = self.judge(self.variants[index % width], id, stop)?;
                        shelf.keep(id, &judged);
                        judged
                    }
                };
                (0..self.runs_each()).for_each(|_| done());
                Some(judged)
            })
            .collect();
        let mut whole = whole_seeds(runs, width);
        for (at, variant) in self.variants.iter().enumerate() {
            let mut runs: Vec<&mut Judged> = whole.iter_mut().map(|seed| &mut seed[at]).collect();
            twin::compare(self.scenario, variant, &mut runs);
        }
        let finished = whole.len();
        let comparison = (finished > 0).then(|| {
            let seeds = &self.seeds[..finished];
            summarise::comparison(self.scenario, &self.variants, seeds, &mut whole)
        });
        Compared { comparison, finished }
    }

    /// Makes one of its runs; none if it was stopped, or the study has no such run.
    pub fn run_one(&self, id: RunId, stop: &Stop) -> Option<Judged> {
        let named = |variant: &&&Variant| *variant.name.shown == *id.variant;
        self.judge(self.variants.iter().find(named)?, id, stop)
    }

    /// Runs a variant and its twin; none if they were stopped.
    fn judge(&self, variant: &Variant, id: RunId, stop: &Stop) -> Option<Judged> {
        let setup = limited(self.scenario, variant, stop);
        let (mut judged, loads) = judged(self.scenario, &setup, id.seed, true);
        let rows = std::mem::take(&mut judged.report.operations);
        if self.lists {
            let rows = rows.iter().zip(loads);
            judged.operations = rows.map(|(row, load)| ListedOperation::new(row, load)).collect();
        }
        let twin = id.has_twin.then(|| twin::twin(setup, id.seed));
        (!stop.is_set()).then_some(Judged { twin, ..judged })
    }
}

/// The runs of the first seeds that every one of `width` variants finished.
fn whole_seeds(runs: Vec<Option<Judged>>, width: usize) -> Vec<Vec<Judged>> {
    let mut runs = runs.into_iter();
    let seed = || runs.by_ref().take(width).collect::<Option<Vec<Judged>>>();
    std::iter::from_fn(seed).take_while(|seed| !seed.is_empty()).collect()
}

/// The setup of a variant of a scenario.
pub fn setup(scenario: &Scenario, variant: &Variant) -> Setup {
    let (system, pattern) = (Arc::clone(&variant.system), Arc::clone(&variant.pattern));
    let (faults, nemeses) = (scenario.faults.clone().into(), scenario.nemeses.clone().into());
    let random_numbers = variant.random_numbers.clone();
    Setup { faults, nemeses, random_numbers, ..Setup::new(system, pattern) }
}

/// The setup of a variant that ends when it is stopped, or when it exceeds its expected size.
pub fn limited(scenario: &Scenario, variant: &Variant, stop: &Stop) -> Setup {
    let limits = Limits { stop: stop.clone(), events: variant.estimate.most_events() };
    Setup { limits, ..setup(scenario, variant) }
}

/// Runs one variant on one seed before the judges, without a twin.
#[cfg(any(test, feature = "internals"))]
pub fn judge(scenario: &Scenario, variant: &Variant, seed: u64, keep_operations: bool) -> Judged {
    judged(scenario, &setup(scenario, variant), seed, keep_operations).0
}

/// Runs one variant on one seed before the judges, with its list of operations; nothing if it was
/// stopped.
pub fn judge_until(
    scenario: &Scenario,
    variant: &Variant,
    seed: u64,
    stop: &Stop,
) -> Option<Judged> {
    let limits = Limits { stop: stop.clone(), ..Limits::default() };
    let setup = Setup { limits, ..setup(scenario, variant) };
    let judged = (!stop.is_set()).then(|| judged(scenario, &setup, seed, true).0);
    judged.filter(|_| !stop.is_set())
}

/// A run before its judges, and the load of each operation.
fn judged(
    scenario: &Scenario,
    setup: &Setup,
    seed: u64,
    keep_operations: bool,
) -> (Judged, Vec<Option<LoadId>>) {
    let options = JudgeOptions { keep_operations, ..JudgeOptions::default() };
    let promises = setup.pattern.promises(&setup.system);
    let verifier = Verifier::of(&setup.system, &scenario.properties, &promises);
    let meters = MeteredRun::new(&setup.system, &scenario.meters);
    let audit = Judge::audit(&setup.system, options).with(verifier).with(meters);
    let audit = Rc::new(RefCell::new(audit));
    let sinks = vec![Rc::clone(&audit) as _];
    let (ran, loads) = observe(setup, seed, sinks, |_| (), |world| workload::loads(world.env()));
    let audit = Rc::into_inner(audit).expect("the run is over, and its recorder gone with it");
    let (books, ((judge, verifier), meters)) = audit.into_inner().close();
    let promised = verifier.finish(&books);
    let mut metered = Measured::default();
    meters.finish(&Ended::of(&setup.system, &books, promises.within), &mut metered);
    let mut report = judge.finish(books);
    report.measures.extend(metered);
    (Judged { ran, report, operations: Vec::new(), promised, twin: None }, loads)
}

/// The fingerprints of all variants of a scenario on its first seed. Each line has scenario,
/// variant, seed and the fingerprint of the whole history, which is equal for every build on every
/// platform.
pub fn fingerprints(scenario: &Scenario) -> String {
    let line = |variant: &Variant| {
        let ran = run(&setup(scenario, variant), scenario.seed, Vec::new());
        let (name, seed) = (&variant.name.shown, scenario.seed);
        format!("{} {name} {seed} {:016x}\n", scenario.name, ran.fingerprint)
    };
    scenario.variants.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
