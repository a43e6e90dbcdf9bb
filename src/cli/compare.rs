//! `driftlab compare`: every variant on the same seeds, as a table, files and an exit code.

use std::path::Path;

use super::args::{Compare, Format, Runs};
use super::job::{Job, Order, Outcome, Place, Plan, Workshop, carry_on, carry_out};
use super::precision::Precision;
use super::progress::Progress;
use super::work::again;
use super::{Error, Exit, Session, complain, print, quote, remark, source, write};
use crate::checks::Verdict;
use crate::experiment::compare::Study;
use crate::experiment::precision::LOOK_AHEAD;
use crate::experiment::result::Comparison;
use crate::experiment::stop::Stop;
use crate::report;
use crate::scenario::{Scenario, Variant, nearest};

/// `driftlab compare`.
pub fn compare(session: &Session, args: &Compare) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let mut order = order(&scenario, &args.runs, args.baseline.as_deref())?;
    let show = |outcome: &Outcome| match (outcome, args.format) {
        (Outcome::Compared(comparison), Format::Json) => write(&report::json::summary(comparison)),
        (Outcome::Compared(comparison), Format::Csv) => {
            write(&report::csv::summary::summary(comparison))
        }
        _ => print(&outcome.render(session.terminal, args.details)),
    };
    let (runs, named) = (&args.runs, scenario.name.clone());
    let place = Place { out: args.out.as_deref(), named, fresh: args.fresh };
    let Some(precision) = Precision::asked(args)? else {
        let plan = Plan::new(&scenario, order);
        let job = Job::new(session, scenario, plan)?;
        return carry_out(session, &job, runs, &place, show);
    };
    let workshop = Workshop::open(session, &scenario, runs, &place)?;
    let which = (&precision, &order.variants[..]);
    let Some(seeds) = seeds(session, &scenario, runs, which, &workshop)? else {
        remark(session, again(&workshop.kept));
        return Ok(Exit::Interrupted);
    };
    order.options.push_str(&precision.options());
    (order.seeds, order.precision) = (seeds, Some(precision));
    let plan = Plan::new(&scenario, order);
    let job = Job::new(session, scenario, plan)?;
    carry_on(session, &job, runs, (&workshop, args.out.as_deref()), show)
}

/// As many seeds as it takes, from the first one on; none if it was interrupted. What was run is
/// kept in the workshop.
fn seeds(
    session: &Session,
    scenario: &Scenario,
    runs: &Runs,
    (precision, variants): (&Precision, &[String]),
    workshop: &Workshop,
) -> Result<Option<Vec<u64>>, Error> {
    let rule = precision.rule(session, scenario)?;
    let most = precision.most();
    let all = |seeds: usize| -> Vec<u64> {
        let first = runs.seed.unwrap_or(scenario.seed);
        (0..seeds as u64).map(|offset| first.wrapping_add(offset)).collect()
    };
    let study = |count: usize| Study {
        scenario,
        variants: variants.iter().filter_map(|name| scenario.variant(name)).collect(),
        seeds: all(count),
        twins: !runs.no_twin,
        lists: true,
    };
    source::refuse(session, &runs.scenario, &study(most), &runs.limits)?;
    let threads = pool(runs.workers.threads())?;
    let mut count = rule.first;
    remark(session, &intent(&study(count)));
    loop {
        let study = study(count);
        let progress = Progress::new(study.runs(), session.quiet);
        let advance = || progress.advance();
        let compared = threads.install(|| study.resume(&*workshop.kept, &workshop.stop, &advance));
        progress.finish();
        check(&workshop.stop)?;
        let whole = compared.comparison.filter(|_| compared.finished == count);
        let Some(comparison) = whole else { return Ok(None) };
        match rule.enough(&comparison).map_err(|reason| Error::Usage(reason.words))? {
            Some(enough) => return Ok(Some(all(enough))),
            None if count >= most => return Ok(Some(all(most))),
            None => remark(session, &report::precision::expected(&rule, &comparison, most)),
        }
        let needed = rule.estimate(&comparison).unwrap_or(most);
        // An estimate by few seeds is rough: twice as many at most are taken at once.
        count = needed.clamp(count + LOOK_AHEAD, 2 * count).min(most);
    }
}

/// The order of a comparison of these runs, with a baseline.
pub fn order(scenario: &Scenario, runs: &Runs, baseline: Option<&str>) -> Result<Order, Error> {
    let mut variants = choose(scenario, &runs.variants)?;
    let mut options = runs.options(scenario);
    if let Some(name) = baseline {
        put_first(scenario, &mut variants, name)?;
        options.push_str(&format!(" --baseline {}", quote(name)));
    }
    Ok(Order {
        command: "compare",
        options,
        variants: variants.iter().map(|variant| variant.name.shown.to_string()).collect(),
        seeds: runs.seeds(scenario),
        twins: !runs.no_twin,
        ..Order::default()
    })
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

/// Where the page of results is, and the command that makes them again, in the folder that was
/// typed.
pub fn whereabouts(session: &Session, folder: &Path, typed: Option<&Path>, again: &str) -> String {
    let page = folder.join("index.html");
    let mut again = again.to_owned();
    if let Some(typed) = typed {
        again.push_str(&format!(" --out {}", quote(&typed.display().to_string())));
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

/// The flag, which the first Ctrl-C sets, or a request to terminate; the second one ends the
/// program.
pub fn interrupt(session: &Session, stop: Stop) -> Stop {
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
