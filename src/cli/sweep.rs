//! `driftlab sweep`: a comparison at every point of one or two swept values.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Sweep, SweepFormat};
use super::compare::{check, choose, interrupt, whereabouts};
use super::results::Results;
use super::unfinished::Unfinished;
use super::work::{again, work};
use super::{Error, Exit, Session, print, quote, remark, source, write};
use crate::checks::Verdict;
use crate::experiment::compare::Study;
use crate::experiment::result::{CheckResult, Figure};
use crate::experiment::sweep::{Sweep as Sweeping, Swept, SweptPoint};
use crate::report;
use crate::report::human::some;
use crate::scenario::sweep::{self, Axis, AxisText, Point};
use crate::scenario::{Problem, Scenario, Source, any_error, render};

/// `driftlab sweep`.
pub fn sweep(session: &Session, args: &Sweep) -> Result<Exit, Error> {
    let runs = &args.runs;
    let scenario = source::load(session, &runs.scenario)?;
    let axes = axes(session, &scenario, &args.vary)?;
    let figures = figures(session, &scenario, &args.measure)?;
    let variants = choose(&scenario, &runs.variants)?;
    let variants = variants.iter().map(|variant| variant.name.shown.to_string()).collect();
    let points = points(&scenario, &axes)?;
    let seeds = runs.seeds(&scenario);
    let first = seeds[0];
    let sweep = Sweeping { points: &points, variants, seeds, twins: !runs.no_twin };
    let studies = sweep.studies();
    source::bound(session, &runs.scenario, &studies, &runs.limits)?;
    let named = PathBuf::from("reports").join(format!("{}-sweep", scenario.name));
    let folder = args.out.clone().unwrap_or(named);
    let results = Results::claim(&folder)?;
    let stop = interrupt(session, &runs.limits);
    remark(session, &intent(&studies));
    let kept = Unfinished::open(results.aside("unfinished"), &scenario, args.fresh);
    let run = |done: &(dyn Fn() + Sync)| sweep.run(&kept, &stop, done);
    let finished = work(session, &studies, &kept, &runs.workers, run)?;
    check(&stop)?;
    if finished.is_empty() {
        remark(session, "interrupted before a point was finished: there are no results\n");
        remark(session, again(&kept));
        return Ok(Exit::Interrupted);
    }
    let figures = if figures.is_empty() { Swept::telling(&finished) } else { figures };
    let whole = finished.len() == points.len();
    let warnings = warnings(&axes, &finished, points.len());
    let command = |path: &str| format!("{}{}", runs.again("sweep", path, first), options(args));
    let (inputs, command_here) = (Arc::clone(&scenario.inputs), command(&scenario.inputs.path()));
    let mut swept =
        Swept { axes, points: finished, figures, inputs, command: command_here, warnings };
    if scenario.inputs.reach_above() {
        swept.command.push_str(" --allow-path scenario");
    }
    results.replace(&report::sweep::files(&swept))?;
    match args.format {
        SweepFormat::Human => print(&report::sweep::render(&swept, session.terminal))?,
        SweepFormat::Csv => write(&report::sweep::table(&swept))?,
    };
    let again_ = command(&runs.scenario.display().to_string());
    remark(session, &whereabouts(session, &folder, args.out.is_some(), &again_));
    if !whole {
        remark(session, again(&kept));
        return Ok(Exit::Interrupted);
    }
    kept.clear();
    Ok(Exit::Held)
}

/// The announcement of a sweep.
fn intent(studies: &[Study<'_>]) -> String {
    let points = some(studies.len(), "point");
    studies.first().map_or_else(String::new, |study| {
        format!("{points}, each: {}", super::compare::intent(study))
    })
}

/// The options of a sweep beside those of its runs, as they are typed.
fn options(args: &Sweep) -> String {
    let vary = args.vary.iter().map(|axis| format!(" --vary {}", quote(axis)));
    let measure = (!args.measure.is_empty())
        .then(|| format!(" --measure {}", quote(&args.measure.join(","))));
    vary.chain(measure).collect()
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
    let axes = axes.collect::<Result<Vec<Axis>, Error>>()?;
    sweep::bounded(&axes).map_err(Error::Usage)?;
    Ok(axes)
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
fn warnings(axes: &[Axis], finished: &[SweptPoint], points: usize) -> Vec<String> {
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
    warnings.extend(finished.first().into_iter().flat_map(|point| {
        let few = |warning: &&String| warning.starts_with("With fewer");
        point.comparison.warnings.iter().filter(few).cloned()
    }));
    warnings
}
