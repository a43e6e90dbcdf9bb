//! `driftlab campaign`: a comparison, a sweep, a sensitivity or a fuzz in shards, on any number of
//! machines.
//!
//! driftlab brings no scheduler. `plan` writes down what is run; `run --shard I/N` runs every Nth
//! [item](items) from the Ith on, alone and without a network, and leaves one file; `merge` makes
//! of all files what one machine would have written, to the byte.

mod found;
mod items;
mod merge;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use self::found::Found;
use self::items::Items;
pub use self::merge::rebuild;
use super::args::{Campaign, Parts, Planned, Runs, Shard, Step, Verify};
use super::compare::{check, interrupt, pool};
use super::hunted::{FuzzRuns, Hunted};
use super::job::{Job, Order, Plan};
use super::output::{self, FileError};
use super::progress::Progress;
use super::unfinished::Unfinished;
use super::{
    Error, Exit, Session, archive, complain, fuzz, print, quote, remark, sensitivity, source, sweep,
};
use crate::experiment::stop::Stop;
use crate::report::export::File;
use crate::report::human::{list, some};
use crate::scenario::Scenario;

/// `driftlab campaign`.
pub fn campaign(session: &Session, args: &Campaign) -> Result<Exit, Error> {
    match &args.step {
        Step::Plan(args) => plan(session, args),
        Step::Run(args) => run(session, args),
        Step::Merge(args) => merge::merge(session, args),
        Step::Status(args) => status(session, args),
        Step::Verify(args) => verify(session, args),
    }
}

fn plan(session: &Session, args: &Planned) -> Result<Exit, Error> {
    let runs = &args.runs;
    let scenario = source::load(session, &runs.scenario)?;
    let order = match args.sweep || !args.vary.is_empty() {
        _ if args.fuzz => fuzz_order(&scenario, args)?,
        _ if args.sensitivity => sensitivity::order(&scenario, runs, &args.moved)?,
        true => sweep::order(session, &scenario, runs, &args.vary, &args.measure)?,
        false => super::compare::order(&scenario, runs, None)?,
    };
    let plan = Plan::new(&scenario, order);
    let job = Job::new(session, scenario, plan)?;
    let items = Items::of(session, &job, &Stop::default());
    match &items {
        Items::Runs(studies) => source::bound(session, &runs.scenario, studies, &runs.limits)?,
        Items::Batches(fuzz, _) => fuzz::bound(fuzz, &runs.limits)?,
    }
    let folder = args.out.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    let name = args.out.file_name().unwrap_or_default().to_string_lossy();
    output::write_all(folder, &[File::new(name, job.plan.line() + "\n")])?;
    print(&format!(
        "plan {}: {}\nshards: driftlab campaign run {} --shard I/N --out parts\n",
        job.plan.id(),
        some(items.all_runs(), "run"),
        quote(&args.out.display().to_string())
    ))
}

/// The order of a fuzz with so many runs of each variant.
fn fuzz_order(scenario: &Scenario, args: &Planned) -> Result<Order, Error> {
    let (runs, Runs { scenario: path, variants, seed, .. }) = (args.runs_each, &args.runs);
    let variants = super::compare::choose(scenario, variants)?;
    let hunted = Hunted::new(path, seed.unwrap_or(scenario.seed), &args.draws);
    Ok(Order {
        command: "fuzz",
        options: String::new(), // Each counterexample has the command that finds it.
        variants: variants.iter().map(|variant| variant.name.shown.to_string()).collect(),
        fuzz: Some(FuzzRuns { runs, hunted }),
        ..Order::default()
    })
}

/// The job of a plan in a file.
fn job(session: &Session, path: &Path) -> Result<Job, Error> {
    let plan = Plan::read(&output::read(path)?).map_err(|error| match error {
        Error::Usage(message) => Error::Usage(format!("`{}`: {message}", path.display())),
        other => other,
    })?;
    Job::of(session, plan)
}

/// The name of the file of a shard.
fn part(at: u64, of: u64) -> String {
    format!("part-{at}-of-{of}.gz")
}

/// Runs a shard. That its file cannot be written is a matter of the machine: elsewhere, or later,
/// it may go well, which is not so with a plan that is wrong.
fn run(session: &Session, args: &Shard) -> Result<Exit, Error> {
    let job = job(session, &args.plan)?;
    match shard(session, args, &job) {
        Err(Error::File(error)) => {
            complain(&format!("error: {error}\n"));
            Ok(Exit::Unwritten)
        }
        other => other,
    }
}

fn shard(session: &Session, args: &Shard, job: &Job) -> Result<Exit, Error> {
    let (at, of) = args.shard;
    let folder = args.out.join(job.plan.id());
    let path = folder.join(part(at, of));
    let stop = interrupt(session, args.limits.stop());
    let items = Items::of(session, job, &stop);
    let own = (at as usize..items.count()).step_by(of as usize);
    let runs = some(own.clone().map(|item| items.runs(item)).sum(), "run");
    let aside = folder.join(format!(".part-{at}-of-{of}.unfinished"));
    let kept = Arc::new(Unfinished::open(aside, &job.scenario, false));
    let is_there = archive::unpack(&path, &mut |_, _| Ok(()));
    if is_there.is_ok_and(|(plan, _)| plan == job.plan.line()) {
        kept.clear(); // It may have been killed after it had written its file.
        remark(session, &format!("{} is there already: {runs}\n", path.display()));
        return Ok(Exit::Held);
    }
    items.bound(session, &args.plan, &args.limits)?;
    output::probe(&folder)?;
    let said = format!("plan {}, shard {at} of {of}: {runs}\n", job.plan.id());
    remark(session, &said);
    let progress = Progress::of("items", own.len() as u64, session.quiet);
    let made = pool(args.workers.threads())?.install(|| {
        (0..own.len()).into_par_iter().with_max_len(1).try_for_each(|step| {
            let item = at as usize + step * of as usize;
            let name = items.name(item);
            if !stop.is_set() && kept.named(&name).is_none() {
                let Some(made) = items.make(item, &stop) else { return Ok(()) };
                kept.put(&name, &made)?;
            }
            progress.advance();
            Ok::<_, FileError>(())
        })
    });
    progress.finish();
    check(&stop)?;
    made?;
    if stop.is_set() {
        remark(session, super::work::again(&kept));
        return Ok(Exit::Interrupted);
    }
    let names: Vec<String> = own.clone().map(|item| items.name(item)).collect();
    let (plan, shelf) = (job.plan.line(), Arc::clone(&kept));
    let file = File::written(part(at, of), move |into| {
        let rows = own.clone().zip(&names);
        let rows = rows.map(|(item, name)| (item as u64, shelf.named(name)));
        archive::pack(into, &plan, rows)
    });
    kept.deliver(&folder, file)?;
    kept.clear();
    remark(session, &format!("{}\n", path.display()));
    Ok(Exit::Held)
}

fn status(session: &Session, args: &Parts) -> Result<Exit, Error> {
    let job = job(session, &args.plan)?;
    let items = Items::of(session, &job, &Stop::default());
    let found = Found::look(&job, items.count(), &args.folders)?;
    let files = some(found.whole.len(), "file");
    let runs = some(found.runs(&items), "run");
    print(&format!("plan {}: {runs} in {files}\n", job.plan.id()))?;
    for damaged in &found.damaged {
        print(&format!("cannot be used: {damaged}\n"))?;
    }
    match found.missing(&items, &args.plan, &args.folders) {
        None => Ok(Exit::Held),
        Some(text) => print(&text).map(|_| Exit::Incomplete),
    }
}

fn verify(session: &Session, args: &Verify) -> Result<Exit, Error> {
    let job = job(session, &args.parts.plan)?;
    let stop = interrupt(session, args.limits.stop());
    let items = Items::of(session, &job, &stop);
    let found = Found::look(&job, items.count(), &args.parts.folders)?;
    let wanted = sample(&job.plan.id(), &found, args.sample);
    let mut rows: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for path in &found.whole {
        let read = archive::unpack(path, &mut |at, body| {
            let at = archive::position(at, items.count())?;
            if wanted.contains(&at) {
                rows.insert(at, body.to_vec());
            }
            Ok(())
        });
        read.map_err(FileError::new("read", path))?;
    }
    let rows: Vec<(usize, Vec<u8>)> = rows.into_iter().collect();
    let threads = pool(args.workers.threads())?;
    let differs = |(at, body): &(usize, Vec<u8>)| {
        items.make(*at, &stop).is_some_and(|made| made != *body).then(|| items.told(*at))
    };
    let wrong: Vec<Option<String>> =
        threads.install(|| rows.par_iter().with_max_len(1).map(differs).collect());
    check(&stop)?;
    if stop.is_set() {
        return Ok(Exit::Interrupted);
    }
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    let many = some(rows.iter().map(|(at, _)| items.runs(*at)).sum(), "run");
    match wrong.is_empty() {
        true if rows.is_empty() => print("there are no runs to verify\n").map(|_| Exit::Incomplete),
        true => print(&format!("{many} of {} are the same here\n", found.runs(&items))),
        false => {
            print(&format!("of {many}, these are others here: {}\n", list(&wrong)))?;
            Ok(Exit::Violated)
        }
    }
}

/// A share of the items that are there, at least one: those with the smallest hashes, so that they
/// are the same on every machine.
fn sample(plan: &str, found: &Found, share: f64) -> BTreeSet<usize> {
    let mut order: Vec<usize> = found.there().collect();
    order.sort_by_key(|at| xxh3_64(format!("{plan} {at}").as_bytes()));
    let many = (order.len() as f64 * share + 0.5) as usize;
    order.truncate(many.max(1));
    order.into_iter().collect()
}
