//! The parts of a sweep as command lines and plans name them: axes and points.

use super::figures::argument;
use super::{Error, Session};
use crate::checks::Verdict;
use crate::experiment::result::{CheckResult, few_seeds};
use crate::experiment::sweep::SweptPoint;
use crate::scenario::sweep::{self, Axis, AxisText, Point};
use crate::scenario::{Scenario, any_error};

/// An axis as the command line has it, each of whose values the scenario takes.
pub fn axis(session: &Session, scenario: &Scenario, text: &str) -> Result<Axis, Error> {
    let parsed = AxisText::parse(text).map_err(|problem| vec![*problem]);
    let checked = parsed.and_then(|axis| {
        let problems = axis.check(scenario);
        if any_error(&problems) { Err(problems) } else { Ok(axis.axis()) }
    });
    checked.map_err(|problems| argument(session, "--vary", text, &problems))
}

/// The points of a sweep, all of whose values go together.
pub fn points(scenario: &Scenario, axes: &[Axis]) -> Result<Vec<Point>, Error> {
    sweep::points(scenario, axes).map_err(|(at, problems)| {
        let why = problems.first().map_or("it cannot be read", |problem| &problem.message);
        Error::Usage(format!("`{}` with {at}: {why}", scenario.name))
    })
}

/// The warnings of a sweep: points that are missing, and those at which a check is violated.
pub fn warnings(axes: &[Axis], finished: &[SweptPoint], points: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if finished.len() < points {
        let finished = finished.len();
        warnings.push(format!("Interrupted: these are {finished} of {points} points."));
    }
    let is_violated = |check: &&CheckResult| check.counts() && check.claim() == Verdict::Violated;
    let violated = |point: &SweptPoint| {
        let check = point.comparison.checks.iter().find(is_violated)?;
        let values = axes.iter().zip(&point.at);
        let values = values.map(|(axis, at)| axis.change(*at).to_string());
        let values = values.collect::<Vec<_>>().join(", ");
        Some(format!("{}, {} ({values})", check.variant, check.name))
    };
    let all: Vec<String> = finished.iter().filter_map(violated).collect();
    if let Some(first) = all.first() {
        let many = format!("{} of {}", all.len(), finished.len());
        warnings.push(format!("A check is violated at {many} points, the first: {first}."));
    }
    warnings.extend(finished.first().and_then(|it| few_seeds(it.comparison.seeds.len())));
    warnings
}
