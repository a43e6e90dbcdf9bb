//! `driftlab compare`: every variant on the same seeds, as a table, files and an exit code.

use std::path::{Path, PathBuf};

use super::args::{Compare, Format, Limits};
use super::results::Results;
use super::unfinished::Unfinished;
use super::work::{again, work};
use super::{Error, Exit, Session, complain, print, quote, remark, source, write};
use crate::checks::Verdict;
use crate::experiment::compare::Study;
use crate::experiment::result::Comparison;
use crate::experiment::stop::Stop;
use crate::report;
use crate::scenario::{Scenario, Variant, nearest};

/// `driftlab compare`.
pub fn compare(session: &Session, args: &Compare) -> Result<Exit, Error> {
    let runs = &args.runs;
    let scenario = source::load(session, &runs.scenario)?;
    let mut variants = choose(&scenario, &runs.variants)?;
    if let Some(name) = &args.baseline {
        put_first(&scenario, &mut variants, name)?;
    }
    let seeds = runs.seeds(&scenario);
    let first = seeds[0];
    let study = Study { scenario: &scenario, variants, seeds, twins: !runs.no_twin };
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(&scenario.name));
    source::bound(session, &runs.scenario, std::slice::from_ref(&study), &runs.limits)?;
    let results = Results::claim(&folder)?;
    let stop = interrupt(session, &runs.limits);
    remark(session, &intent(&study));
    let kept = Unfinished::open(results.aside("unfinished"), &scenario, args.fresh);
    let whole = std::slice::from_ref(&study);
    let compared =
        work(session, whole, &kept, &runs.workers, |done| study.resume(&kept, &stop, done))?;
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
    comparison.command = command(args, &scenario.inputs.path(), first);
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
    let path = args.runs.scenario.display().to_string();
    let again = command(args, &path, comparison.seeds[0]);
    remark(session, &whereabouts(session, folder, args.out.is_some(), &again));
    Ok(())
}

/// The command that gives the same bytes again, with the scenario at this path.
fn command(args: &Compare, scenario: &str, first: u64) -> String {
    let baseline = args.baseline.as_ref().map(|name| format!(" --baseline {}", quote(name)));
    args.runs.again("compare", scenario, first) + &baseline.unwrap_or_default()
}

/// Puts the baseline in front of the other variants: whoever stands first is one.
fn put_first<'a>(
    scenario: &'a Scenario,
    variants: &mut Vec<&'a Variant>,
    name: &str,
) -> Result<(), Error> {
    let baseline = find(scenario, name)?;
    let Some(at) = variants.iter().position(|it| it.name.shown == baseline.name.shown) else {
        return Err(Error::Usage(format!("the baseline `{name}` is not among the variants")));
    };
    variants[..=at].rotate_right(1);
    Ok(())
}

/// Where the page of results is, and the command that makes them again, in this folder if it was
/// asked for.
pub fn whereabouts(session: &Session, folder: &Path, is_asked_for: bool, again: &str) -> String {
    let page = folder.join("index.html");
    let mut again = again.to_owned();
    if is_asked_for {
        again.push_str(&format!(" --out {}", quote(&folder.display().to_string())));
    }
    for folder in &session.allowed {
        again.push_str(&format!(" --allow-path {}", quote(&folder.display().to_string())));
    }
    format!("\nresults: {}\nagain: {again}\n", page.display())
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
