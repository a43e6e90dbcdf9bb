//! The end of a campaign: the files of all shards as the results of one machine.
//!
//! Files are read one after the other, one item at a time: what is in memory does not depend on
//! how many shards there are. Runs go to files of their own and are read again in their order; of
//! a fuzz only the sum of all batches is kept. What two files have must be the same, of which a
//! hash of each item is remembered.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::found::Found;
use super::items::Items;
use super::job;
use crate::cli::args::{Merge, Parts, Workers};
use crate::cli::compare::{interrupt, pool};
use crate::cli::fuzz::conclude;
use crate::cli::job::{Job, put};
use crate::cli::output::{self, FileError};
use crate::cli::replay::known;
use crate::cli::results::Results;
use crate::cli::unfinished::Unfinished;
use crate::cli::{Error, Exit, Session, archive, print, remark};
use crate::experiment::stop::Stop;
use crate::report::human::some;

/// `driftlab campaign merge`.
pub fn merge(session: &Session, args: &Merge) -> Result<Exit, Error> {
    let Parts { plan, folders } = &args.parts;
    let job = job(session, plan)?;
    let stop = interrupt(session, Stop::default());
    let items = Items::of(session, &job, &stop);
    let found = Found::look(&job, items.count(), folders)?;
    for damaged in &found.damaged {
        remark(session, &format!("cannot be used: {damaged}\n"));
    }
    if let Some(text) = found.missing(&items, plan, folders) {
        print(&text)?;
        return Ok(Exit::Incomplete);
    }
    let named = || PathBuf::from("reports").join(job.folder());
    let folder = args.out.clone().unwrap_or_else(named);
    let paths = &found.whole;
    if let Items::Batches(..) = items {
        return counterexamples(session, &job, &items, (&folder, paths), &stop);
    }
    let exit = rebuild(session, &job, (&folder, paths), &args.workers, false, &stop)?;
    if exit != Exit::Interrupted {
        let (page, from) = (folder.join("index.html"), some(paths.len(), "file"));
        remark(session, &format!("\nresults: {} (of {from})\n", page.display()));
    }
    Ok(exit)
}

/// Reads all items of some files. An item that two files have must be the same in both, and is
/// given on once. Returns whether every item was there.
///
/// # Errors
/// If a file cannot be read, or `item` fails.
pub fn read(
    files: &[PathBuf],
    count: usize,
    item: &mut dyn FnMut(usize, &[u8]) -> io::Result<()>,
) -> Result<bool, FileError> {
    let mut hashes: Vec<Option<u64>> = vec![None; count];
    for path in files {
        let read = archive::unpack(path, &mut |at, body| {
            let at = archive::position(at, count)?;
            match hashes[at].replace(xxh3_64(body)) {
                None => item(at, body),
                known if known == hashes[at] => Ok(()),
                Some(_) => {
                    Err(io::Error::other(format!("run {at} is another than in a file before")))
                }
            }
        });
        read.map_err(FileError::new("read", path))?;
    }
    Ok(hashes.iter().all(Option::is_some))
}

/// The error of runs that another program made.
fn unreadable() -> Error {
    let message = "some runs cannot be read by this program: run the command again that made them";
    Error::Usage(message.into())
}

/// Adds up the batches of a fuzz, and shrinks and writes down what they found.
fn counterexamples(
    session: &Session,
    job: &Job,
    items: &Items<'_>,
    (folder, files): (&Path, &[PathBuf]),
    stop: &Stop,
) -> Result<Exit, Error> {
    let (Items::Batches(fuzz, runs), Some((order, _))) = (items, job.fuzz()) else {
        return Err(unreadable());
    };
    output::probe(folder)?;
    let known = known(session, (&job.scenario, order.hunted.path()), folder, stop)?;
    let mut fuzzed = fuzz.nothing();
    let mut all_read = true;
    let whole = read(files, items.count(), &mut |at, body| {
        all_read &= fuzz.add(&mut fuzzed, &fuzz.lot(at as u64, *runs), body);
        Ok(())
    })?;
    if !whole || !all_read {
        return Err(unreadable());
    }
    conclude(&order.hunted, session, (fuzz, &fuzzed), (folder, &known), stop)
}

/// Makes a folder of results of files that have every run of a job, without running any.
pub fn rebuild(
    session: &Session,
    job: &Job,
    (folder, files): (&Path, &[PathBuf]),
    workers: &Workers,
    details: bool,
    stop: &Stop,
) -> Result<Exit, Error> {
    let results = Results::claim(folder)?;
    let kept = Unfinished::open(results.aside("runs"), &job.scenario, true);
    let names = job.names();
    let whole = read(files, names.len(), &mut |at, body| {
        kept.put(&names[at], body).map_err(io::Error::other)
    })?;
    if !whole || !kept.are_readable(&names) {
        return Err(unreadable());
    }
    let kept = Arc::new(kept);
    let threads = pool(workers.threads())?;
    let Some((outcome, true)) = threads.install(|| job.run(&*kept, stop, &|| ())) else {
        return Ok(Exit::Interrupted);
    };
    let mut files = outcome.files(session);
    files.push(archive::file(&job.plan, Arc::clone(&kept), names));
    let is_written = put(&results, &files, stop)?;
    kept.clear();
    if !is_written {
        return Ok(Exit::Interrupted);
    }
    print(&outcome.render(session.terminal, details))?;
    Ok(outcome.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(folder: &Path, name: &str, rows: &[(u64, &str)]) -> PathBuf {
        let path = folder.join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        let rows = rows.iter().map(|(at, body)| (*at, Some(body.as_bytes().to_vec())));
        archive::pack(&mut file, "plan", rows).expect("written");
        path
    }

    #[test]
    fn items_that_two_files_have_must_be_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let part = |name: &str, rows: &[(u64, &str)]| part(folder.path(), name, rows);
        let one = part("one", &[(0, "a"), (1, "b")]);
        let again = part("again", &[(1, "b")]);
        let other = part("other", &[(1, "c")]);
        let far = part("far", &[(2, "c")]);
        let read = |files: &[PathBuf], count| {
            let mut given = Vec::new();
            let whole = read(files, count, &mut |at, body| {
                given.push((at, body.to_vec()));
                Ok(())
            });
            whole.map(|whole| (whole, given)).map_err(|error| error.to_string())
        };
        let all = vec![(0, b"a".to_vec()), (1, b"b".to_vec())];
        assert_eq!(read(&[one.clone(), again], 2), Ok((true, all.clone())));
        assert_eq!(
            read(std::slice::from_ref(&one), 3),
            Ok((false, all)),
            "one of three is missing"
        );
        let error = read(&[one.clone(), other], 2).expect_err("another");
        assert!(error.contains("run 1 is another"), "{error}");
        read(&[one, far], 2).expect_err("the plan has two runs");
    }
}
