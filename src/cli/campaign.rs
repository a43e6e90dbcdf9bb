//! `driftlab campaign`: a comparison, a sweep or a fuzz in shards, on any number of machines.
//!
//! driftlab brings no scheduler. `plan` writes down what is run; `run --shard I/N` runs every Nth
//! run from the Ith on, alone and without a network, and leaves one file; `merge` makes of all
//! files the folder that one machine would have written, to the byte.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::args::{Campaign, Merge, Parts, Planned, Shard, Step, Verify, Workers};
use super::compare::{check, interrupt, pool};
use super::job::{Job, Plan};
use super::output::{self, FileError};
use super::progress::Progress;
use super::results::Results;
use super::unfinished::Unfinished;
use super::{Error, Exit, Session, archive, print, quote, remark, source, sweep};
use crate::experiment::compare::{Shelf, Study};
use crate::report::export::File;
use crate::report::human::{list, some};

/// `driftlab campaign`.
pub fn campaign(session: &Session, args: &Campaign) -> Result<Exit, Error> {
    match &args.step {
        Step::Plan(args) => plan(session, args),
        Step::Run(args) => run(session, args),
        Step::Merge(args) => merge(session, args),
        Step::Status(args) => status(session, args),
        Step::Verify(args) => verify(session, args),
    }
}

fn plan(session: &Session, args: &Planned) -> Result<Exit, Error> {
    let runs = &args.runs;
    let scenario = source::load(session, &runs.scenario)?;
    let order = match args.sweep || !args.vary.is_empty() {
        true => sweep::order(session, &scenario, runs, &args.vary, &args.measure)?,
        false => super::compare::order(&scenario, runs, None)?,
    };
    let plan = Plan::new(&scenario, order);
    let job = Job::new(session, scenario, plan)?;
    let studies = job.studies();
    source::bound(session, &runs.scenario, &studies, &runs.limits)?;
    let folder = args.out.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    let name = args.out.file_name().unwrap_or_default().to_string_lossy();
    output::write_all(folder, &[File::new(name, job.plan.line() + "\n")])?;
    let count: usize = studies.iter().map(|study| study.ids().count()).sum();
    print(&format!(
        "plan {}: {}\nshards: driftlab campaign run {} --shard I/N --out parts\n",
        job.plan.id(),
        some(count, "run"),
        quote(&args.out.display().to_string())
    ))
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
    let (at, of) = args.shard;
    let folder = args.out.join(job.plan.id());
    let path = folder.join(part(at, of));
    if let Ok((plan, count)) = archive::unpack(&path, &mut |_, _| Ok(()))
        && plan == job.plan.line()
    {
        remark(
            session,
            &format!("{} is there already: {}\n", path.display(), some(count as usize, "run")),
        );
        return Ok(Exit::Held);
    }
    let studies = job.studies();
    for study in &studies {
        source::refuse(session, &args.plan, study, &args.limits)?;
    }
    output::probe(&folder)?;
    let aside = folder.join(format!(".part-{at}-of-{of}.unfinished"));
    let kept = Arc::new(Unfinished::open(aside, &job.scenario, false));
    let ids = Job::ids(&studies);
    let own: Vec<usize> = (0..ids.len()).filter(|index| *index as u64 % of == at).collect();
    let stop = interrupt(session, args.limits.stop());
    let said = format!("plan {}, shard {at} of {of}: {}\n", job.plan.id(), some(own.len(), "run"));
    remark(session, &said);
    let progress = Progress::new(own.len() as u64, session.quiet);
    pool(args.workers.threads())?.install(|| {
        own.par_iter().with_max_len(1).for_each(|index| {
            let (study, id) = ids[*index];
            if stop.is_set() || kept.find(id).is_some() {
                return progress.advance();
            }
            if let Some(judged) = studies[study].run_one(id, &stop) {
                kept.keep(id, &judged);
                progress.advance();
            }
        });
    });
    progress.finish();
    check(&stop)?;
    if stop.is_set() {
        remark(session, super::work::again(&kept));
        return Ok(Exit::Interrupted);
    }
    let names: Vec<String> =
        own.iter().map(|index| super::unfinished::name(ids[*index].1)).collect();
    let (plan, shelf) = (job.plan.line(), Arc::clone(&kept));
    let file = File::written(part(at, of), move |into| {
        let rows = own.iter().zip(&names);
        let rows = rows.map(|(index, name)| (*index as u64, shelf.named(name)));
        archive::pack(into, &plan, rows)
    });
    output::put_all(&folder, &[file])?;
    kept.clear();
    remark(session, &format!("{}\n", path.display()));
    Ok(Exit::Held)
}

/// The files of the shards of a plan in some folders, in order.
fn files(plan: &Plan, folders: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    for folder in folders {
        let own = folder.join(plan.id());
        if own.is_dir() {
            found.extend(output::files_in(&own)?);
        }
    }
    let is_part = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("part-") && name.ends_with(".gz")
    };
    found.retain(is_part);
    found.sort();
    Ok(found)
}

/// The files and runs of a plan that are there.
struct Found {
    /// The files that are whole.
    whole: Vec<PathBuf>,
    /// The files that cannot be used, and why.
    damaged: Vec<String>,
    /// The positions of the runs that are there.
    runs: BTreeSet<u64>,
    /// The greatest number of shards that a file speaks of.
    shards: u64,
}

fn found(job: &Job, folders: &[PathBuf]) -> Result<Found, Error> {
    let mut found =
        Found { whole: Vec::new(), damaged: Vec::new(), runs: BTreeSet::new(), shards: 1 };
    for path in files(&job.plan, folders)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let of = name.trim_end_matches(".gz").rsplit('-').next().and_then(|of| of.parse().ok());
        found.shards = found.shards.max(of.unwrap_or(1));
        let mut runs = BTreeSet::new();
        let read = archive::unpack(&path, &mut |at, _| {
            runs.insert(at);
            Ok(())
        });
        match read {
            Ok((plan, _)) if plan == job.plan.line() => {
                found.whole.push(path);
                found.runs.append(&mut runs);
            }
            Ok(_) => found.damaged.push(format!("{}: of another plan", path.display())),
            Err(error) => found.damaged.push(format!("{}: {error}", path.display())),
        }
    }
    Ok(found)
}

/// Says what is missing, and the commands that make it; nothing if nothing is.
fn missing(job: &Job, plan: &Path, folders: &[PathBuf], found: &Found) -> Option<String> {
    let studies = job.studies();
    let all = Job::ids(&studies).len() as u64;
    let shards = found.shards;
    let mut missing: BTreeMap<u64, u64> = BTreeMap::new();
    for at in (0..all).filter(|at| !found.runs.contains(at)) {
        *missing.entry(at % shards).or_default() += 1;
    }
    if missing.is_empty() {
        return None;
    }
    let count: u64 = missing.values().sum();
    let mut text = format!("{} of {} are missing:\n", count, some(all as usize, "run"));
    let out = folders.first().map_or_else(String::new, |it| quote(&it.display().to_string()));
    for at in missing.keys() {
        let plan = quote(&plan.display().to_string());
        text += &format!("  driftlab campaign run {plan} --shard {at}/{shards} --out {out}\n");
    }
    Some(text)
}

fn status(session: &Session, args: &Parts) -> Result<Exit, Error> {
    let job = job(session, &args.plan)?;
    let found = found(&job, &args.folders)?;
    let files = some(found.whole.len(), "file");
    print(&format!("plan {}: {} in {files}\n", job.plan.id(), some(found.runs.len(), "run")))?;
    for damaged in &found.damaged {
        print(&format!("cannot be used: {damaged}\n"))?;
    }
    match missing(&job, &args.plan, &args.folders, &found) {
        None => Ok(Exit::Held),
        Some(text) => print(&text).map(|_| Exit::Incomplete),
    }
}

/// Puts the runs of a file where they are kept. A run that is there must be the same.
pub fn keep(
    path: &Path,
    names: &[String],
    kept: &Unfinished,
    seen: &mut BTreeSet<u64>,
) -> io::Result<()> {
    archive::unpack(path, &mut |at, body| {
        let name = usize::try_from(at).ok().and_then(|at| names.get(at));
        let name = name.ok_or_else(|| io::Error::other("it has a run that the plan has not"))?;
        if seen.insert(at) {
            return kept.put(name, body).map_err(io::Error::other);
        }
        match kept.named(name).is_some_and(|known| known == body) {
            true => Ok(()),
            false => Err(io::Error::other(format!("run {at} is another than in a file before"))),
        }
    })
    .map(drop)
}

fn merge(session: &Session, args: &Merge) -> Result<Exit, Error> {
    let Parts { plan, folders } = &args.parts;
    let job = job(session, plan)?;
    let found = found(&job, folders)?;
    for damaged in &found.damaged {
        remark(session, &format!("cannot be used: {damaged}\n"));
    }
    if let Some(text) = missing(&job, plan, folders, &found) {
        print(&text)?;
        return Ok(Exit::Incomplete);
    }
    let named = || PathBuf::from("reports").join(job.folder());
    let folder = args.out.clone().unwrap_or_else(named);
    let (paths, workers) = (&found.whole, &args.workers);
    let exit = rebuild(session, &job, &folder, paths, workers)?;
    let from = some(paths.len(), "file");
    remark(session, &format!("\nresults: {} (of {from})\n", folder.join("index.html").display()));
    Ok(exit)
}

/// Makes a folder of results of files that have every run of a job, without running any.
pub fn rebuild(
    session: &Session,
    job: &Job,
    folder: &Path,
    files: &[PathBuf],
    workers: &Workers,
) -> Result<Exit, Error> {
    let results = Results::claim(folder)?;
    let kept = Unfinished::open(results.aside("runs"), &job.scenario, true);
    let (names, mut seen) = (job.names(), BTreeSet::new());
    for path in files {
        keep(path, &names, &kept, &mut seen).map_err(FileError::new("read", path))?;
    }
    if seen.len() < names.len() || !kept.are_readable(&names) {
        let message =
            "some runs cannot be read by this program: run the command again that made them";
        return Err(Error::Usage(message.into()));
    }
    let kept = Arc::new(kept);
    let threads = pool(workers.threads())?;
    let stop = crate::experiment::stop::Stop::default();
    let Some((outcome, true)) = threads.install(|| job.run(&*kept, &stop, &|| ())) else {
        return Ok(Exit::Interrupted);
    };
    let mut files = outcome.files(session);
    files.push(archive::file(&job.plan, Arc::clone(&kept), names));
    results.replace(&files, &|| false)?;
    kept.clear();
    print(&outcome.render(session.terminal, false))?;
    Ok(outcome.exit())
}

fn verify(session: &Session, args: &Verify) -> Result<Exit, Error> {
    let job = job(session, &args.parts.plan)?;
    let found = found(&job, &args.parts.folders)?;
    let studies = job.studies();
    let ids = Job::ids(&studies);
    // The same ones for everybody: those with the smallest hashes.
    let mut order: Vec<u64> = found.runs.iter().copied().collect();
    order.sort_by_key(|at| xxh3_64(format!("{} {at}", job.plan.id()).as_bytes()));
    let many = (order.len() as f64 * args.sample + 0.5) as usize;
    order.truncate(many.max(1));
    let wanted: BTreeSet<u64> = order.into_iter().collect();
    let mut rows: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for path in &found.whole {
        let read = archive::unpack(path, &mut |at, body| {
            if wanted.contains(&at) {
                rows.insert(at, body.to_vec());
            }
            Ok(())
        });
        read.map_err(FileError::new("read", path))?;
    }
    let stop = interrupt(session, args.limits.stop());
    let rows: Vec<(u64, Vec<u8>)> = rows.into_iter().collect();
    let threads = pool(args.workers.threads())?;
    let wrong: Vec<Option<String>> = threads.install(|| {
        let check = |(at, body): &(u64, Vec<u8>)| differs(&studies, &ids, *at, body, &stop);
        rows.par_iter().with_max_len(1).map(check).collect()
    });
    check(&stop)?;
    if stop.is_set() {
        return Ok(Exit::Interrupted);
    }
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    let many = some(rows.len(), "run");
    match wrong.is_empty() {
        true if rows.is_empty() => print("there are no runs to verify\n").map(|_| Exit::Incomplete),
        true => print(&format!("{many} of {} are the same here\n", found.runs.len())),
        false => {
            print(&format!("of {many}, these are others here: {}\n", list(&wrong)))?;
            Ok(Exit::Violated)
        }
    }
}

/// Runs a run again; gives its name if it is another one here.
fn differs(
    studies: &[Study<'_>],
    ids: &[(usize, crate::experiment::compare::RunId<'_>)],
    at: u64,
    body: &[u8],
    stop: &crate::experiment::stop::Stop,
) -> Option<String> {
    let (study, id) = *ids.get(usize::try_from(at).ok()?)?;
    let judged = studies[study].run_one(id, stop)?;
    let same = serde_json::to_vec(&judged).is_ok_and(|found| found == body);
    (!same).then(|| format!("{} on seed {}", id.variant, id.seed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::runs::{SHOP, scenario};

    fn part(folder: &Path, name: &str, rows: &[(u64, &str)]) -> PathBuf {
        let path = folder.join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        let rows = rows.iter().map(|(at, body)| (*at, Some(body.as_bytes().to_vec())));
        archive::pack(&mut file, "plan", rows).expect("written");
        path
    }

    #[test]
    fn runs_that_two_files_have_must_be_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Unfinished::open(folder.path().join("kept"), &scenario(SHOP), true);
        let names = ["0123456789abcdef-0.json", "0123456789abcdef-1.json"].map(str::to_owned);
        let mut seen = BTreeSet::new();
        let mut put = |path: PathBuf| keep(&path, &names, &kept, &mut seen);
        put(part(folder.path(), "one", &[(0, "a"), (1, "b")])).expect("new");
        put(part(folder.path(), "again", &[(1, "b")])).expect("the same");
        let other = put(part(folder.path(), "other", &[(1, "c")])).expect_err("another");
        assert!(other.to_string().contains("run 1 is another"), "{other}");
        put(part(folder.path(), "far", &[(2, "c")])).expect_err("the plan has two runs");
        assert_eq!(kept.named(&names[1]).as_deref(), Some(&b"b"[..]));
        assert!(!kept.are_readable(&names), "these are no runs");
    }
}
