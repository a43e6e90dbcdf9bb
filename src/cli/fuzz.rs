//! `driftlab fuzz`: random faults, judged by the guarantees of the patterns, with counterexamples.

use std::path::{Path, PathBuf};
#[expect(
    clippy::disallowed_types,
    reason = "how long to go on is the user's time, not a run's"
)]
use std::time::Instant;

use super::args::{FUZZ_RUNS, Fuzz as Args, Limits};
use super::compare::{check, choose, interrupt, pool};
use super::hunt::Hunt;
use super::hunted::Hunted;
use super::progress::FuzzProgress;
use super::replay::{Known, known};
use super::{Error, Exit, Session, output, print, remark, source};
use crate::checks::Verdict;
use crate::experiment::stop::Stop;
use crate::kernel::Span;
use crate::report;
use crate::scenario::Scenario;
use crate::search::fuzz::{Fuzz, Fuzzed};
use crate::search::trial::Trial;

/// `driftlab fuzz`.
pub fn fuzz(session: &Session, args: &Args) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.scenario)?;
    let variants = choose(&scenario, &args.variants)?;
    let hunted = Hunted::new(&args.scenario, args.seed.unwrap_or(scenario.seed), &args.draws);
    let folder = args.out.clone().unwrap_or_else(|| folder(&scenario));
    output::probe(&folder)?;
    let stop = interrupt(session, args.limits.stop());
    let known = known(session, (&scenario, &args.scenario), &folder, &stop)?;
    let fuzz = hunted.fuzz(session, &scenario, &variants, &stop);
    bound(&fuzz, &args.limits)?;
    remark(session, &intent(&scenario, &fuzz));
    let fuzzed = pool(args.workers.threads())?.install(|| search(session, args, &fuzz));
    conclude(&hunted, session, (&fuzz, &fuzzed), (&folder, &known), &stop)
}

/// The default folder for counterexamples of a scenario.
pub fn folder(scenario: &Scenario) -> PathBuf {
    PathBuf::from("reports").join(&scenario.name).join("counterexamples")
}

/// Refuses runs that come to more than the limits.
pub fn bound(fuzz: &Fuzz, limits: &Limits) -> Result<(), Error> {
    for (at, trial) in fuzz.trials.iter().enumerate() {
        let case = fuzz.case(at, 0);
        source::bound_trial(trial, &case.operations, limits)?;
    }
    Ok(())
}

/// Tells what came out of all runs, and shrinks and writes down what is not known yet.
pub fn conclude(
    hunted: &Hunted,
    session: &Session,
    (fuzz, fuzzed): (&Fuzz, &Fuzzed),
    (folder, known): (&Path, &[Known]),
    stop: &Stop,
) -> Result<Exit, Error> {
    let name = |trial: &Trial| trial.variant().name.shown.to_string();
    let names: Vec<String> = fuzz.trials.iter().map(name).collect();
    print(&report::fuzz::table(&names, fuzzed, session.terminal))?;
    let mut hunt = Hunt::new(session, hunted.path(), folder, known);
    for (at, property, run) in fuzzed.violations() {
        let trial = &fuzz.trials[at];
        let again = hunted.command(trial, run);
        hunt.tell(trial, &fuzz.case(at, run), property, &format!("in run {run}"), &again)?;
    }
    check(stop)?;
    Ok(verdict(fuzzed, known, stop.is_set(), hunted.draws.require_coverage))
}

/// The announcement of a fuzzing session.
fn intent(scenario: &Scenario, fuzz: &Fuzz) -> String {
    let variants = match fuzz.trials.len() {
        1 => "1 variant".to_owned(),
        several => format!("{several} variants"),
    };
    let Fuzz { operations, most, seed, .. } = fuzz;
    let how = if fuzz.uniform { "uniform" } else { "swarm" };
    format!(
        "{}: {variants}, {operations} operations and up to {most} faults a run, {how}, \
         seed {seed}\n",
        scenario.name
    )
}

/// Makes the runs, with progress.
#[expect(clippy::disallowed_types, reason = "how long to go on is the user's time, not a run's")]
fn search(session: &Session, args: &Args, fuzz: &Fuzz) -> Fuzzed {
    let runs = match (args.runs, args.time) {
        (Some(runs), _) => Some(runs),
        (None, Some(_)) => None,
        (None, None) => Some(FUZZ_RUNS),
    };
    let began = Instant::now();
    let total = runs.map(|runs| runs.saturating_mul(fuzz.trials.len() as u64));
    let progress = FuzzProgress::new(total, session.quiet);
    let fuzzed = fuzz.run(runs, &mut |fuzzed| {
        progress.show(fuzzed, began.elapsed());
        let elapsed = Span::from_secs_f64(began.elapsed().as_secs_f64());
        args.time.is_none_or(|time| elapsed < time)
    });
    progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let rate = fuzzed.runs() as f64 / seconds.max(1e-9);
    let rate = report::human::number(rate);
    let took = report::human::nanos(seconds * 1e9);
    remark(session, &format!("{rate} runs a second, {took}\n\n"));
    fuzzed
}

/// The exit code of all verdicts together; a known counterexample that is still violated counts.
fn verdict(fuzzed: &Fuzzed, known: &[Known], interrupted: bool, covering: bool) -> Exit {
    match fuzzed.verdict() {
        _ if interrupted => Exit::Interrupted,
        Verdict::Violated => Exit::Violated,
        _ if known.iter().any(|known| known.verdict == Verdict::Violated) => Exit::Violated,
        _ if covering && !fuzzed.is_covered() => Exit::Uncovered,
        Verdict::Undecided => Exit::Undecided,
        Verdict::Held => Exit::Held,
    }
}
