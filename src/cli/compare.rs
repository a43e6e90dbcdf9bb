//! `driftlab compare`: every variant on the same seeds, as a table, files and an exit code.

use std::path::{Path, PathBuf};

use super::args::{Compare, Format, Limits};
use super::progress::Progress;
use super::results::Results;
use super::unfinished::{Count, Unfinished};
use super::{Error, Exit, Session, complain, print, quote, remark, source, write};
use crate::checks::Verdict;
use crate::experiment::compare::{Compared, Study};
use crate::experiment::result::Comparison;
use crate::experiment::stop::Stop;
use crate::report;
use crate::scenario::{Scenario, Variant, nearest};

/// `driftlab compare`.
pub fn compare(session: &Session, args: &Compare) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.scenario)?;
    let variants = choose(&scenario, &args.variants)?;
    let first = args.seed.unwrap_or(scenario.seed);
    let seeds: Vec<u64> = (0..args.seeds).map(|offset| first.wrapping_add(offset)).collect();
    let twins = !args.no_twin;
    let study = Study { scenario: &scenario, variants, seeds, twins };
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(&scenario.name));
    let whole = (&study.variants[..], study.runs());
    source::bound(session, &args.scenario, &scenario, whole, &args.limits)?;
    let results = Results::claim(&folder)?;
    let stop = interrupt(session, &args.limits);
    remark(session, &intent(&study));
    let kept = Unfinished::open(results.aside("unfinished"), &scenario, args.fresh);
    let compared = run(session, &study, &kept, &stop, pool(args.workers.threads())?);
    check(&stop)?;
    let interrupted = compared.finished < study.seeds.len();
    let Some(mut comparison) = compared.comparison else {
        remark(
            session,
            "interrupted before every variant had finished one seed: there are no results\n",
        );
        remark(session, again(&kept));
        return Ok(Exit::Interrupted);
    };
    comparison.command = command(&scenario.inputs.path(), args, first);
    if scenario.inputs.reach_above() {
        comparison.command.push_str(" --allow-path scenario");
    }
    if interrupted {
        comparison.warnings.push(format!(
            "Interrupted: these are {} of {} seeds.",
            compared.finished,
            study.seeds.len()
        ));
    }
    results.replace(&session.exports.files(&comparison))?;
    show(session, args, &folder, &comparison)?;
    if interrupted {
        remark(session, again(&kept));
        return Ok(Exit::Interrupted);
    }
    kept.clear();
    Ok(verdict(&comparison))
}

/// Runs what an interrupted comparison has not finished.
fn run(
    session: &Session,
    study: &Study,
    kept: &Unfinished,
    stop: &Stop,
    threads: rayon::ThreadPool,
) -> Compared {
    let Count { whole, damaged } = kept.count(study);
    let there = whole as u64 * study.runs_each();
    let runs = study.runs();
    if damaged > 0 {
        let damaged = report::human::some(damaged, "kept run");
        remark(session, &format!("{damaged} cannot be used (damaged) and will be run again\n"));
    }
    if there > 0 {
        remark(session, &format!("resuming: {there} of {runs} runs were finished before\n"));
    }
    let progress = Progress::new(runs, session.quiet);
    let compared = threads.install(|| study.resume(kept, stop, &|| progress.advance()));
    progress.finish();
    compared
}

/// How an interrupted comparison goes on.
fn again(kept: &Unfinished) -> &'static str {
    if kept.has_failed() {
        "interrupted; not all finished runs could be saved: run the same command to repeat them\n"
    } else {
        "interrupted; run the same command to continue\n"
    }
}

/// The announcement of a comparison.
pub fn intent(study: &Study) -> String {
    let variants = match &study.variants[..] {
        [only] => format!("variant {}", only.name.shown),
        several => format!("{} variants", several.len()),
    };
    format!(
        "{}: {variants} on {}, profile {}, driftlab {}\n",
        study.scenario.name,
        report::terminal::seeds(&study.seeds),
        study.scenario.profile,
        env!("CARGO_PKG_VERSION")
    )
}

/// Prints the result, and says where the folder is and how to get it again.
fn show(
    session: &Session,
    args: &Compare,
    folder: &Path,
    comparison: &Comparison,
) -> Result<(), Error> {
    match args.format {
        Format::Human => print(&report::terminal::render(comparison, session.terminal))?,
        Format::Json => write(&report::json::summary(comparison))?,
        Format::Csv => write(&report::csv::summary::summary(comparison))?,
    };
    let page = folder.join("index.html");
    let mut again = command(&args.scenario.display().to_string(), args, comparison.seeds[0]);
    if let Some(folder) = &args.out {
        again.push_str(&format!(" --out {}", quote(&folder.display().to_string())));
    }
    for folder in &session.allowed {
        again.push_str(&format!(" --allow-path {}", quote(&folder.display().to_string())));
    }
    remark(session, &format!("\nresults: {}\nagain: {again}\n", page.display()));
    Ok(())
}

/// The variants that were asked for, or all of them.
pub fn choose<'a>(scenario: &'a Scenario, names: &[String]) -> Result<Vec<&'a Variant>, Error> {
    if names.is_empty() {
        return Ok(scenario.variants.iter().collect());
    }
    for name in names {
        find(scenario, name)?;
    }
    let wanted = |variant: &&Variant| names.iter().any(|name| **name == *variant.name.shown);
    Ok(scenario.variants.iter().filter(wanted).collect())
}

/// The variant with this name.
pub fn find<'a>(scenario: &'a Scenario, name: &str) -> Result<&'a Variant, Error> {
    scenario.variant(name).ok_or_else(|| {
        let known: Vec<&str> =
            scenario.variants.iter().map(|variant| &*variant.name.shown).collect();
        let hint = nearest(name, known.iter().copied()).map_or_else(
            || format!("the variants are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Error::Usage(format!("`{}` has no variant `{name}`\nhint: {hint}", scenario.name))
    })
}

/// A flag that the first Ctrl-C sets, or a request to terminate; the second one ends the program.
pub fn interrupt(session: &Session, limits: &Limits) -> Stop {
    let stop = limits.stop();
    let (flag, quiet) = (stop.clone(), session.quiet);
    let handler = move || {
        if flag.set() {
            std::process::exit(Exit::Interrupted as i32);
        }
        if !quiet {
            complain("\nstopping: what is finished is kept and shown; once more ends at once\n");
        }
    };
    // Without a handler Ctrl-C simply ends the program, and no file is half-written even then.
    let _ = ctrlc::set_handler(handler);
    stop
}

/// Fails if a run went beyond its limit.
pub fn check(stop: &Stop) -> Result<(), Error> {
    stop.runaway().map_or(Ok(()), |runaway| Err(Error::Runaway(runaway.clone())))
}

/// A pool of so many threads; zero is one a core.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Error::Usage(format!("cannot start threads: {error}")))
}

/// The command that gives the same bytes again, with the scenario at this path.
fn command(scenario: &str, args: &Compare, first: u64) -> String {
    let (scenario, seeds) = (quote(scenario), args.seeds);
    let mut command = format!("driftlab compare {scenario} --seeds {seeds} --seed {first}");
    if !args.variants.is_empty() {
        command.push_str(&format!(" --variants {}", quote(&args.variants.join(","))));
    }
    if args.no_twin {
        command.push_str(" --no-twin");
    }
    command
}

/// The exit code of all checks together: one violation violates, one doubt leaves in doubt.
pub fn verdict(comparison: &Comparison) -> Exit {
    let counted = || comparison.checks.iter().filter(|check| check.counts());
    let any = |verdict| counted().any(|check| check.claim() == verdict);
    match () {
        () if any(Verdict::Violated) => Exit::Violated,
        () if any(Verdict::Undecided) => Exit::Undecided,
        () => Exit::Held,
    }
}

#[cfg(test)]
mod tests;
