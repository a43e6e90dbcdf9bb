//! Shrinking: from a case that violates a property to the simplest one that still does.
//!
//! Simpler means, in this order: fewer faults, fewer operations, simpler faults (milder settings,
//! shorter, at a round time or at a point with fewer conditions), rounder arrivals. What remains
//! keeps its draws, since random streams are named. Passes are repeated until none finds anything
//! more; every step is a function of the case, so shrinking is repeatable. A case counts only if
//! the *same* property is violated inside the budget: another failure may have another cause.

mod passes;

use super::trial::{Case, Trial, Tried};
use crate::checks::Verdict;
use crate::faults::plan::Start;
use crate::faults::trigger::Trigger;
use passes::PASSES;

/// The most runs for shrinking one failure.
pub const RUNS: u32 = 2_000;

/// The number of points before a timed fault at which it is tried instead.
const BEFORE: usize = 12;

/// The result of shrinking.
#[derive(Clone)]
pub struct Shrunk {
    /// The simplest case that was found.
    pub case: Case,
    /// The outcome of its run.
    pub tried: Tried,
    /// The number of runs that it took.
    pub runs: u32,
    /// True if nothing simpler is left; false if the runs were used up, or stopped, before.
    pub finished: bool,
}

/// A successful step of shrinking, for progress reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The simplification, such as `without an operation`.
    pub what: &'static str,
    /// Faults that are left.
    pub faults: usize,
    /// Operations that are left.
    pub operations: usize,
    /// Runs so far.
    pub runs: u32,
}

/// Returns whether a run violates a property inside the budget of the pattern.
pub fn violates(tried: &Tried, property: &str) -> bool {
    let violated = |verdict| verdict == Verdict::Violated;
    tried.degraded.is_none()
        && tried
            .findings
            .iter()
            .any(|found| found.property == property && violated(found.judgement.verdict))
}

/// Shrinks a case that violates a property. `say` is called for every step.
///
/// Returns none if the case does not violate it, or the trial was stopped before that was known.
pub fn shrink(
    trial: &Trial<'_>,
    case: &Case,
    property: &str,
    say: &mut dyn FnMut(Step),
) -> Option<Shrunk> {
    let tried = trial.run(case);
    if trial.stop().is_set() || !violates(&tried, property) {
        return None;
    }
    let mut shrinking = Shrinking { trial, property, case: case.clone(), tried, runs: 1, say };
    let finished = shrinking.run_out();
    let Shrinking { case, tried, runs, .. } = shrinking;
    Some(Shrunk { case, tried, runs, finished })
}

struct Shrinking<'a, 'b> {
    trial: &'a Trial<'b>,
    property: &'a str,
    case: Case,
    tried: Tried,
    runs: u32,
    say: &'a mut dyn FnMut(Step),
}

impl Shrinking<'_, '_> {
    /// Runs the passes in turn until none finds anything; returns false if the runs are used up
    /// before.
    fn run_out(&mut self) -> bool {
        loop {
            let mut progress = self.aim();
            for pass in PASSES {
                let mut at = 0;
                while let Some(case) = (pass.candidate)(&self.case, at) {
                    if self.is_over() {
                        return false;
                    }
                    // After a success the candidate with this number is the next one.
                    match self.attempt(pass.what, case) {
                        true => progress = true,
                        false => at += 1,
                    }
                }
            }
            if !progress {
                return true;
            }
        }
    }

    /// Returns whether no further run is allowed.
    fn is_over(&self) -> bool {
        self.runs >= RUNS || self.trial.stop().is_set()
    }

    /// Adopts the case if it still violates the property.
    fn attempt(&mut self, what: &'static str, case: Case) -> bool {
        self.runs += 1;
        let tried = self.trial.run(&case);
        if self.trial.stop().is_set() || !violates(&tried, self.property) {
            return false;
        }
        (self.say)(Step {
            what,
            faults: case.faults.len(),
            operations: case.operations.len(),
            runs: self.runs,
        });
        (self.case, self.tried) = (case, tried);
        true
    }

    /// Lets each timed fault begin at one of the last points before its time instead. A point shows
    /// why the moment matters, and stays the same when anything around it changes.
    fn aim(&mut self) -> bool {
        let mut progress = false;
        for number in 0..self.case.faults.len() {
            let Start::At(at) = self.case.faults[number].start else { continue };
            let passed = self.trial.points(&self.case);
            let mut before: Vec<&Trigger> = passed
                .iter()
                .filter(|passed| passed.at - crate::kernel::Time::ZERO <= at)
                .map(|passed| &passed.trigger)
                .collect();
            before.reverse();
            before.truncate(BEFORE);
            for trigger in before {
                if self.is_over() {
                    return progress;
                }
                let mut case = self.case.clone();
                case.faults[number].start = Start::On(trigger.clone());
                if self.attempt("at a point instead of a time", case) {
                    progress = true;
                    break;
                }
            }
        }
        progress
    }
}

#[cfg(test)]
impl Case {
    /// Cases that are one step simpler, the greatest steps first. What remains keeps its draws.
    pub fn simpler(&self) -> impl Iterator<Item = Self> {
        PASSES.iter().flat_map(move |pass| (0..).map_while(move |at| (pass.candidate)(self, at)))
    }
}

#[cfg(test)]
mod tests;
