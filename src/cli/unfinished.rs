//! The finished runs of an unfinished comparison: a file each, in a hidden folder beside the
//! results, until the comparison is complete.
//!
//! Scenario, variant, seed and program determine a run. The folder of a comparison is named by the
//! scenario and the program, a file in it by the rest, and each file begins with a hash over its
//! content and all of these: a file that was damaged, or renamed, is ignored, and its run is made
//! again. Only files whose names driftlab gives are removed, and no link is followed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::Xxh3;

use super::output::{self, FileError};
use crate::experiment::compare::{Judged, RunId, Shelf, Study};
use crate::report::export::File;
use crate::scenario::Scenario;

/// The most bytes of a run that is kept: of some two million listed operations.
pub const MOST_RUN: usize = 256 << 20;

/// The folder of a scenario's runs, under this program.
pub struct Unfinished {
    all: PathBuf,
    own: PathBuf,
    /// The scenario and the program.
    fingerprint: u64,
    /// True after a file could not be written. The comparison continues without it.
    failed: AtomicBool,
}

/// The number of stored runs of a study.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    /// Runs that need not be made again.
    pub whole: usize,
    /// Runs whose files are damaged.
    pub damaged: usize,
}

impl Unfinished {
    /// The runs that were stored in a folder, except for those of other scenarios and programs;
    /// with `fresh` none.
    pub fn open(all: PathBuf, scenario: &Scenario, fresh: bool) -> Self {
        let fingerprint = fingerprint(scenario);
        let own = all.join(format!("{fingerprint:016x}"));
        for folder in folders(&all) {
            if fresh || folder != own {
                remove_runs(&folder);
            }
        }
        Self { all, own, fingerprint, failed: AtomicBool::new(false) }
    }

    /// The number of runs of a study that are stored.
    pub fn count(&self, study: &Study) -> Count {
        let mut count = Count { whole: 0, damaged: 0 };
        for id in study.ids().filter(|id| is_file(&self.own.join(name(*id)))) {
            match self.bytes(id) {
                Some(_) => count.whole += 1,
                None => count.damaged += 1,
            }
        }
        count
    }

    /// Returns whether a run could not be stored.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Removes all stored runs, because the comparison is complete.
    pub fn clear(&self) {
        folders(&self.all).iter().for_each(|folder| remove_runs(folder));
        // Runs that cannot be removed are found, and used, by the next comparison of the same
        // scenario.
        let _ = std::fs::remove_dir(&self.all);
    }

    /// The content of a run's file, if its hash shows that it was written for this run.
    fn bytes(&self, id: RunId) -> Option<Vec<u8>> {
        self.named(&name(id))
    }

    /// The content of the file of the run with this [`name`], if it is whole.
    pub fn named(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.own.join(name);
        if !is_file(&path) {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        let (line, body) = bytes.split_at_checked(HASH)?;
        (line == self.hash(name, body).as_bytes()).then(|| body.to_vec())
    }

    /// Stores the content of the file of the run with this [`name`].
    ///
    /// # Errors
    /// If it cannot be written, or is longer than what is read again.
    pub fn put(&self, name: &str, body: &[u8]) -> Result<(), FileError> {
        if body.len() > MOST_RUN {
            let long = std::io::Error::other("the run is too long to be kept");
            return Err(FileError::new("write", &self.own.join(name))(long));
        }
        let bytes = [self.hash(name, body).as_bytes(), body].concat();
        output::put_all(&self.own, &[File::new(name, bytes)])
    }

    /// Writes a file to a folder beside the stored runs' own, whole or not at all. What is there of
    /// it after a kill lies among the runs, and is removed with them.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn deliver(&self, folder: &Path, file: File) -> Result<(), FileError> {
        output::put_all_from(&self.own, folder, &[file])
    }

    /// Returns whether the runs with these names are there and this program can read them.
    pub fn are_readable(&self, names: &[String]) -> bool {
        let is = |name: &String| {
            let body = self.named(name);
            body.is_some_and(|body| serde_json::from_slice::<Judged>(&body).is_ok())
        };
        names.iter().all(is)
    }

    /// The first line of a run's file: a hash of its content, its name, the scenario and the
    /// program.
    fn hash(&self, name: &str, body: &[u8]) -> String {
        let mut hash = Xxh3::new();
        hash.update(&self.fingerprint.to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(body);
        format!("{:016x}\n", hash.digest())
    }
}

/// The length of the first line of a run's file.
const HASH: usize = 17;

impl Shelf for Unfinished {
    fn find(&self, id: RunId) -> Option<Judged> {
        serde_json::from_slice(&self.bytes(id)?).ok()
    }

    fn keep(&self, id: RunId, judged: &Judged) {
        if self.has_failed() {
            return;
        }
        let written =
            serde_json::to_vec(judged).is_ok_and(|body| self.put(&name(id), &body).is_ok());
        self.failed.fetch_or(!written, Ordering::Relaxed);
    }
}

/// Returns whether a path is a file, and neither a link nor a pipe or a device.
fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|kind| kind.is_file())
}

/// The folders of scenarios and programs: no links, and with a name of that form.
fn folders(all: &Path) -> Vec<PathBuf> {
    let is_real = |path: &Path| path.symlink_metadata().is_ok_and(|kind| kind.is_dir());
    if !is_real(all) {
        return Vec::new();
    }
    let mut folders = output::files_in(all).unwrap_or_default();
    folders.retain(|path| {
        is_real(path) && is_hash(&path.file_name().unwrap_or_default().to_string_lossy())
    });
    folders
}

/// Returns whether a name is a hash as it is written here.
fn is_hash(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Removes the runs in a folder, and the folder if nothing else is in it. Runs that cannot be
/// removed are not used.
fn remove_runs(folder: &Path) {
    for path in output::files_in(folder).unwrap_or_default() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_run = name.get(..16).is_some_and(is_hash) && name.ends_with(".json");
        // A file that was partly written still has its temporary name.
        if is_file(&path) && (is_run || name.starts_with(".driftlab-")) {
            let _ = std::fs::remove_file(path);
        }
    }
    let _ = std::fs::remove_dir(folder);
}

/// The name of the file of a run. Names of variants may have characters that names of files may
/// not.
pub fn name(id: RunId) -> String {
    let twin = if id.has_twin { "-twin" } else { "" };
    let mut hash = Xxh3::new();
    hash.update(id.variant.as_bytes());
    if !id.changes.is_empty() {
        hash.update(b"\n");
        hash.update(id.changes.as_bytes());
    }
    format!("{:016x}-{:016x}{twin}.json", hash.digest(), id.seed)
}

/// A hash of the scenario with its CSV files and of the program. The version of the program is not
/// enough, because another build of it may have other patterns.
fn fingerprint(scenario: &Scenario) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&scenario.hash.to_le_bytes());
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    let program = std::env::current_exe().and_then(|path| path.metadata());
    if let Ok(program) = program {
        let built = program.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        hash.update(&program.len().to_le_bytes());
        hash.update(&built.unwrap_or_default().as_nanos().to_le_bytes());
    }
    hash.digest()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::experiment::stop::Stop;
    use crate::tests::runs::{SHOP, scenario};

    static GO: LazyLock<Stop> = LazyLock::new(Stop::default);

    fn files(folder: &Path) -> usize {
        output::files_in(folder).map_or(0, |files| files.len())
    }

    const fn all(whole: usize) -> Count {
        Count { whole, damaged: 0 }
    }

    #[test]
    fn a_delivered_file_is_whole_and_half_of_it_lies_among_the_runs() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().to_owned();
        let kept = Unfinished::open(folder.join("kept"), &scenario(SHOP), true);
        let (seen, own) = (folder.clone(), kept.own.clone());
        let file = File::written("part", move |into| {
            assert!(!seen.join("part").exists());
            let beside = output::files_in(&seen).expect("a folder");
            assert_eq!(beside, [seen.join("kept")], "nothing is written beside it");
            assert_eq!(output::files_in(&own).expect("a folder").len(), 1);
            into.write_all(b"whole")
        });
        kept.deliver(&folder, file).expect("it is written");
        kept.clear();
        assert_eq!(output::files_in(&folder).expect("a folder"), [folder.join("part")]);
        assert_eq!(std::fs::read(folder.join("part")).expect("a file"), b"whole");
    }

    #[test]
    fn the_second_comparison_goes_on_where_the_first_was_stopped() {
        let results = tempfile::tempdir().expect("a folder");
        let scenario = scenario(SHOP);
        let whole = Study::of(&scenario, 1..=3);
        // What an interrupted comparison leaves behind: the runs of some seeds.
        let first = Unfinished::open(results.path().join("kept"), &scenario, false);
        Study::of(&scenario, 1..=2).resume(&first, &GO, &|| ());
        assert!(!first.has_failed());

        let second = Unfinished::open(results.path().join("kept"), &scenario, false);
        assert_eq!((second.count(&whole), files(&second.own)), (all(4), 4), "of six");
        let resumed = whole.resume(&second, &GO, &|| ()).comparison;
        assert_eq!((second.count(&whole), resumed), (all(6), whole.compare()));
        second.clear();
        assert_eq!(files(results.path()), 0, "nothing stays behind");
    }

    #[test]
    fn runs_of_another_text_or_asked_to_be_forgotten_are_removed() {
        let results = tempfile::tempdir().expect("a folder");
        let (shop, other) = (scenario(SHOP), scenario(&SHOP.replace("left = 99", "left = 98")));
        let study = Study::of(&shop, [1]);
        let open = |scenario, fresh| Unfinished::open(results.path().join("kept"), scenario, fresh);
        study.resume(&open(&shop, false), &GO, &|| ());
        assert_eq!(open(&shop, false).count(&study), all(2));
        assert_eq!(open(&shop, true).count(&study), all(0), "it was to start anew");

        study.resume(&open(&shop, false), &GO, &|| ());
        let changed = open(&other, false);
        assert_eq!(changed.count(&Study::of(&other, [1])), all(0));
        assert_eq!(files(&changed.all), 0, "nobody will ever use them");
    }

    #[test]
    fn a_damaged_file_is_run_again() {
        let results = tempfile::tempdir().expect("a folder");
        let scenario = scenario(SHOP);
        let study = Study::of(&scenario, [1]);
        let kept = Unfinished::open(results.path().join("kept"), &scenario, false);
        let whole = study.resume(&kept, &GO, &|| ()).comparison;
        let mut runs = output::files_in(&kept.own).expect("files");
        runs.sort();
        let read = |at: usize| output::read(&runs[at]).expect("a run");
        let [first, second] = [read(0), read(1)];
        let digit = first.iter().rposition(u8::is_ascii_digit).expect("a digit");
        let mut changed = first.clone();
        changed[digit] ^= 1;
        for damaged in [first[..first.len() / 2].to_vec(), changed, second, b"short".to_vec()] {
            std::fs::write(&runs[0], damaged).expect("written");
            assert_eq!(kept.count(&study), Count { whole: 1, damaged: 1 });
            assert_eq!(study.resume(&kept, &GO, &|| ()).comparison, whole);
            assert_eq!(read(0), first, "and kept again");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_run_is_neither_read_nor_removed() {
        let results = tempfile::tempdir().expect("a folder");
        let place = results.path();
        let scenario = scenario(SHOP);
        std::fs::create_dir_all(place.join("victim/0123456789abcdef")).expect("a folder");
        for path in
            ["victim/0123456789abcdef/mine.json", "victim/0123456789abcdef/0123456789abcdef.json"]
        {
            std::fs::write(place.join(path), "precious").expect("written");
        }
        std::os::unix::fs::symlink(place.join("victim"), place.join("kept")).expect("a link");
        let kept = Unfinished::open(place.join("kept"), &scenario, true);
        kept.clear();
        assert_eq!(files(&place.join("victim/0123456789abcdef")), 2, "a link is not followed");

        std::fs::remove_file(place.join("kept")).expect("the link is removed");
        std::fs::create_dir(place.join("kept")).expect("a folder");
        let inside = place.join("kept/0123456789abcdef");
        std::os::unix::fs::symlink(place.join("victim/0123456789abcdef"), &inside).expect("a link");
        std::fs::create_dir(place.join("kept/photos")).expect("a folder");
        std::fs::create_dir(place.join("kept/fedcba9876543210")).expect("a folder");
        std::fs::write(place.join("kept/fedcba9876543210/notes"), "precious").expect("written");
        Unfinished::open(place.join("kept"), &scenario, true).clear();
        assert_eq!(files(&place.join("kept")), 3, "neither links nor what has another name");
        assert_eq!(files(&place.join("kept/fedcba9876543210")), 1);
        assert_eq!(files(&place.join("victim/0123456789abcdef")), 2);
    }

    #[test]
    fn where_nothing_can_be_kept_the_comparison_goes_on() {
        let results = tempfile::tempdir().expect("a folder");
        std::fs::write(results.path().join("kept"), "").expect("a file in the way");
        let scenario = scenario(SHOP);
        let study = Study::of(&scenario, [1]);
        let kept = Unfinished::open(results.path().join("kept"), &scenario, false);
        assert_eq!(study.resume(&kept, &GO, &|| ()).comparison, study.compare());
        assert!(kept.has_failed());
    }
}
