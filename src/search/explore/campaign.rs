//! The execution of an exploration on all cores, with results that do not depend on their order.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use super::candidates::{Found, Pruned, RunFacts, Strike, add, candidates};
use super::facts::Facts;
use super::injection::Injection;
use super::pairs::{First, Standing, pairs};
use super::result::{Explored, Outcome, Plan};
use super::{Exploration, Watch};
use crate::checks::Verdict;
use crate::kernel::{Sink, Time};
use crate::model::record::{Event, Record};
use crate::model::world::World;
use crate::search::coverage::Coverage;
use crate::search::points::{Passed, Recorder, Sessions};
use crate::search::trial::{Case, Tried};

/// The times at which the faults of a run began and ended.
#[derive(Default)]
struct Course {
    faults: Vec<(Time, Option<Time>)>,
    /// The number of records before the first fault began.
    before: u64,
    seen: u64,
}

impl Sink<Record> for Course {
    fn see(&mut self, record: &Record) {
        match record.event {
            Event::FaultBegan { .. } => {
                if self.faults.is_empty() {
                    self.before = self.seen;
                }
                self.faults.push((record.time, None));
            }
            Event::FaultEnded { fault, .. } => {
                let of = self.faults.get_mut(fault as usize);
                of.into_iter().for_each(|fault| fault.1 = Some(record.time));
            }
            _ => {}
        }
        self.seen += 1;
    }
}

/// A run with all its points.
struct RecordedRun {
    tried: Tried,
    outcome: Outcome,
    passed: Vec<Arc<Passed>>,
    facts: Facts,
    /// The position of the first fault among the points.
    from: usize,
}

impl Exploration<'_> {
    /// Runs every plan, until its trial is stopped.
    pub fn run(&self, watch: &dyn Watch) -> Explored {
        let quiet = self.recorded(&[]);
        let heals = self.trial.heals(&self.operations);
        let run = RunFacts { passed: &quiet.passed, facts: &quiet.facts, heals };
        let found = candidates(&run, 0, None);
        let (singles, pruned_singles) = (found.strikes, found.pruned);
        let chosen = spread(singles.len(), self.room(0));
        let mut explored = Explored {
            scenario: self.trial.scenario().name.clone(),
            variant: self.trial.variant().name.shown.to_string(),
            seed: self.seed,
            depth: self.depth,
            operations: self.operations.iter().map(|offer| offer.name.clone()).collect(),
            points: quiet.passed.iter().filter(|passed| passed.at < heals).count() as u64,
            properties: quiet.tried.findings.iter().map(|it| it.property.clone()).collect(),
            coverage: Coverage::of(&self.trial),
            plans: (!self.is_stopped())
                .then(|| Plan { strikes: Vec::new(), outcome: quiet.outcome })
                .into_iter()
                .collect(),
            pruned_singles,
            pruned_pairs: Pruned::new(),
            left_out: (singles.len() - chosen.len()) as u64,
            is_cut_short: chosen.len() < singles.len() && self.depth > 1,
            interrupted: self.is_stopped(),
        };
        let standing = Standing::new(&singles, &found.repeated);
        let chosen: Vec<Strike> = chosen.into_iter().map(|at| singles[at].clone()).collect();
        watch.begin("with one fault", chosen.len() as u64);
        let firsts = self.singles(chosen, watch, &mut explored);
        if self.depth > 1 && !explored.interrupted {
            self.pairs(&firsts, &standing, watch, &mut explored);
        }
        let Explored { plans, coverage, .. } = &mut explored;
        let counts = plans.iter().filter(|plan| plan.outcome.degraded.is_none());
        counts.for_each(|plan| coverage.take(&plan.outcome.paths));
        explored.drop_what_does_not_count();
        explored
    }

    fn is_stopped(&self) -> bool {
        self.trial.stop().is_set()
    }

    /// The number of further runs that the cap allows.
    fn room(&self, done: usize) -> usize {
        self.cap.map_or(usize::MAX, |cap| (cap as usize).saturating_sub(done))
    }

    /// Runs the plans with one fault, and finds the candidates for a second one after each.
    fn singles(
        &self,
        strikes: Vec<Strike>,
        watch: &dyn Watch,
        explored: &mut Explored,
    ) -> Vec<First> {
        let heals = self.trial.heals(&self.operations);
        let planned = strikes.len();
        let runs: Vec<Option<(First, Outcome, Pruned)>> = strikes
            .into_par_iter()
            .with_max_len(1)
            .map(|strike| {
                if self.is_stopped() {
                    return None;
                }
                let recorded = self.recorded(std::slice::from_ref(&strike));
                if self.is_stopped() {
                    return None;
                }
                let run = RunFacts { passed: &recorded.passed, facts: &recorded.facts, heals };
                let found = match self.depth {
                    1 => Found::default(),
                    _ => candidates(&run, recorded.from, Some(strike.injection)),
                };
                let (seconds, pruned) = (found.strikes, found.pruned);
                let stories = (recorded.facts.stories(), recorded.facts.elsewhere());
                let links = recorded.facts.links().clone();
                watch.done(&recorded.outcome);
                Some((First { strike, seconds, links, stories }, recorded.outcome, pruned))
            })
            .collect();
        let mut firsts = Vec::with_capacity(planned);
        for (first, outcome, pruned) in runs.into_iter().flatten() {
            let strikes = vec![first.strike.clone()];
            explored.plans.push(Plan { strikes, outcome });
            add(&mut explored.pruned_pairs, &pruned);
            firsts.push(first);
        }
        explored.note_stop(planned - firsts.len());
        firsts
    }

    /// Runs the plans with two faults.
    fn pairs(
        &self,
        firsts: &[First],
        standing: &Standing,
        watch: &dyn Watch,
        explored: &mut Explored,
    ) {
        let system = self.trial.system();
        let (offers, period) = (&self.operations[..], self.trial.period());
        let (left, pruned) = pairs(firsts, standing, offers, system, period);
        add(&mut explored.pruned_pairs, &pruned);
        let chosen = spread(left.len(), self.room(firsts.len()));
        explored.left_out += (left.len() - chosen.len()) as u64;
        watch.begin("with two faults", chosen.len() as u64);
        let planned = chosen.len();
        let runs: Vec<Option<Plan>> = chosen
            .into_par_iter()
            .map(|at| {
                if self.is_stopped() {
                    return None;
                }
                let (first, second) = left[at];
                let first = &firsts[first];
                let strikes = vec![first.strike.clone(), first.seconds[second].clone()];
                let outcome = self.outcome(&strikes);
                if self.is_stopped() {
                    return None;
                }
                watch.done(&outcome);
                Some(Plan { strikes, outcome })
            })
            .collect();
        let before = explored.plans.len();
        explored.plans.extend(runs.into_iter().flatten());
        explored.note_stop(planned - (explored.plans.len() - before));
    }

    /// The case of a plan.
    pub fn case(&self, strikes: &[Strike]) -> Case {
        let heals = self.trial.heals(&self.operations);
        let planned =
            |strike: &Strike| strike.injection.planned(&strike.passed, self.outage, heals);
        Case {
            seed: self.seed,
            operations: self.operations.clone(),
            faults: strikes.iter().map(planned).collect(),
            ..Case::default()
        }
    }

    /// Runs a plan and returns its verdict.
    fn outcome(&self, strikes: &[Strike]) -> Outcome {
        let course = Rc::new(RefCell::new(Course::default()));
        let sinks = vec![Rc::clone(&course) as _];
        let (tried, ()) = self.trial.observe(&self.case(strikes), sinks, |_| (), |_| ());
        judged(&tried, strikes, &course.borrow())
    }

    /// Runs a plan and returns its points and the facts of its history.
    fn recorded(&self, strikes: &[Strike]) -> RecordedRun {
        let facts = Rc::new(RefCell::new(Facts::new(self.operations.len())));
        let course = Rc::new(RefCell::new(Course::default()));
        let sessions = Rc::new(RefCell::new(Sessions::default()));
        let sinks =
            vec![Rc::clone(&facts) as _, Rc::clone(&course) as _, Rc::clone(&sessions) as _];
        let recorder: RefCell<Option<Rc<Recorder>>> = RefCell::default();
        let ready = |world: &Rc<World>| *recorder.borrow_mut() = Some(Recorder::watch(world));
        let look = |world: &World| {
            recorder.borrow().as_ref().map(|it| it.named(world, &sessions.borrow()))
        };
        let (tried, passed) = self.trial.observe(&self.case(strikes), sinks, ready, look);
        let passed: Vec<Arc<Passed>> =
            passed.unwrap_or_default().into_iter().map(Arc::new).collect();
        let course = course.borrow();
        let from = match strikes.is_empty() {
            true => 0,
            // The watcher of the recorder is called after that of the fault.
            false => passed.partition_point(|passed| passed.records <= course.before),
        };
        let outcome = judged(&tried, strikes, &course);
        RecordedRun { tried, outcome, passed, facts: facts.take(), from }
    }
}

impl Explored {
    fn note_stop(&mut self, missing: usize) {
        self.left_out += missing as u64;
        self.interrupted |= missing > 0;
        self.is_cut_short |= missing > 0 && self.depth > 1;
    }
}

/// The outcome of a run. A message fault is over when it has begun; others when they end.
fn judged(tried: &Tried, strikes: &[Strike], course: &Course) -> Outcome {
    let end = |(strike, fault): (&Strike, &(Time, Option<Time>))| match fault {
        (began, Some(ended)) if !Injection::is_about_a_message(strike.injection) => {
            (*began).max(*ended)
        }
        (began, _) => *began,
    };
    // Without a fault there is nothing to recover from.
    let healed = strikes.iter().zip(&course.faults).map(end).max().unwrap_or(Time::NEVER);
    let violated = tried.findings.iter().find(|it| it.judgement.verdict == Verdict::Violated);
    Outcome {
        settled: tried.ran.settled,
        struck: tried.struck.iter().all(|struck| *struck),
        degraded: tried.degraded.clone(),
        census: tried.census.clone(),
        recovery: tried.whole_since.map(|whole| whole.since(healed)),
        verdicts: tried.findings.iter().map(|finding| finding.judgement.verdict).collect(),
        why: violated.map_or_else(String::new, |found| {
            format!("{}: {}", found.property, found.judgement.why)
        }),
        paths: tried.paths.clone(),
    }
}

/// The positions of so many of these, spread evenly; all if there is room.
fn spread(all: usize, room: usize) -> Vec<usize> {
    let count = all.min(room);
    (0..count).map(|at| at * all / count).collect()
}
