//! `driftlab sweep`: a comparison at every point of one or two swept values.

use super::args::{Runs, Sweep, SweepFormat};
use super::compare::choose;
use super::job::{Job, Order, Outcome, Place, Plan, carry_out};
use super::{Error, Exit, Session, print, quote, source, write};
use crate::checks::Verdict;
use crate::experiment::result::{CheckResult, Figure, few_seeds};
use crate::experiment::sweep::SweptPoint;
use crate::report;
use crate::scenario::sweep::{self, Axis, AxisText, Point};
use crate::scenario::{Problem, Scenario, Source, any_error, render};

/// `driftlab sweep`.
pub fn sweep(session: &Session, args: &Sweep) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let order = order(session, &scenario, &args.runs, &args.vary, &args.measure)?;
    let plan = Plan::new(&scenario, order);
    let job = Job::new(session, scenario, plan)?;
    let place = Place { out: args.out.as_deref(), named: job.folder(), fresh: args.fresh };
    carry_out(session, &job, &args.runs, &place, |outcome| match (outcome, args.format) {
        (Outcome::Swept(swept), SweepFormat::Csv) => write(&report::sweep::table(swept)),
        _ => print(&outcome.render(session.terminal, false)),
    })
}

/// The order of a sweep of these runs at the points of these axes, or of those of the scenario.
pub fn order(
    session: &Session,
    scenario: &Scenario,
    runs: &Runs,
    vary: &[String],
    measure: &[String],
) -> Result<Order, Error> {
    let axes = axes(session, scenario, vary)?;
    figures(session, scenario, measure)?;
    let mut options = runs.options(scenario);
    for axis in vary {
        options.push_str(&format!(" --vary {}", quote(axis)));
    }
    if !measure.is_empty() {
        options.push_str(&format!(" --measure {}", quote(&measure.join(","))));
    }
    let variants = choose(scenario, &runs.variants)?;
    Ok(Order {
        command: "sweep",
        options,
        variants: variants.iter().map(|variant| variant.name.shown.to_string()).collect(),
        seeds: runs.seeds(scenario),
        twins: !runs.no_twin,
        vary: axes.iter().map(Axis::typed).collect(),
        measure: measure.to_vec(),
    })
}

/// The axes of the command line, or those of the scenario.
pub fn axes(session: &Session, scenario: &Scenario, vary: &[String]) -> Result<Vec<Axis>, Error> {
    if vary.is_empty() {
        if scenario.sweep.is_empty() {
            return Err(Error::Usage(format!(
                "`{}` says nothing of a sweep\nhint: add `[sweep]` to it, or give --vary \
                 PLACE=VALUES; `driftlab explain sweep` shows how",
                scenario.name
            )));
        }
        return Ok(scenario.sweep.clone());
    }
    let axes = vary.iter().map(|text| axis(session, scenario, text));
    axes.collect()
}

/// An axis as the command line has it, each of whose values the scenario takes.
pub fn axis(session: &Session, scenario: &Scenario, text: &str) -> Result<Axis, Error> {
    let parsed = AxisText::parse(text).map_err(|problem| vec![*problem]);
    let checked = parsed.and_then(|axis| {
        let problems = axis.check(scenario);
        if any_error(&problems) { Err(problems) } else { Ok(axis.axis()) }
    });
    checked.map_err(|problems| argument(session, "--vary", text, &problems))
}

/// The figures that the command line names.
pub fn figures(
    session: &Session,
    scenario: &Scenario,
    names: &[String],
) -> Result<Vec<Figure>, Error> {
    names.iter().map(|name| figure(session, scenario, name)).collect()
}

/// The figure that the command line calls so.
pub fn figure(session: &Session, scenario: &Scenario, name: &str) -> Result<Figure, Error> {
    let subject = scenario.subject(name);
    let subject = subject.map_err(|problem| argument(session, "--measure", name, &[*problem]))?;
    Figure::of(&subject).ok_or_else(|| {
        let hint = "of a measure with many values choose `mean`, `p50`, `p99` or `max`";
        Error::Usage(format!("results do not keep `{name}` of every run\nhint: {hint}"))
    })
}

/// The error of an argument, with the places in it.
fn argument(session: &Session, option: &str, text: &str, problems: &[Problem]) -> Error {
    let source = Source { name: option.into(), text: text.into() };
    Error::Scenario(render(&source, problems, session.colour_errors))
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
