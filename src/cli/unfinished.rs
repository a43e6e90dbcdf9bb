//! The finished runs of a comparison that is not finished: a file each, in the hidden folder
//! `.unfinished` of the results, until the comparison is complete.
//!
//! A run is decided by scenario, variant, seed and program. The folder of a comparison is named by
//! the scenario and the program, a file in it by the rest. What belongs to others is removed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::output;
use crate::experiment::compare::{Judged, RunId, Shelf, Study};
use crate::report::export::File;
use crate::scenario::Scenario;

/// The folder of a scenario's runs, under this program.
pub struct Unfinished {
    all: PathBuf,
    own: PathBuf,
    /// A file could not be written. The comparison goes on without.
    failed: AtomicBool,
}

impl Unfinished {
    /// The runs that were kept beside these results, without those of other scenarios and
    /// programs; with `fresh` without any.
    pub fn open(results: &Path, scenario: &Scenario, fresh: bool) -> Self {
        let all = results.join(".unfinished");
        let own = all.join(format!("{:016x}", fingerprint(scenario)));
        for folder in output::files_in(&all).unwrap_or_default() {
            if fresh || folder != own {
                // What cannot be removed is not used either.
                let _ = std::fs::remove_dir_all(folder);
            }
        }
        Self { all, own, failed: AtomicBool::new(false) }
    }

    /// How many runs of a study are there.
    pub fn count(&self, study: &Study) -> usize {
        study.ids().filter(|id| self.own.join(name(*id)).is_file()).count()
    }

    /// Returns whether there was no room for a run.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// The comparison is complete: nothing has to be kept any more.
    pub fn clear(&self) {
        // What stays is found, and used, by the next comparison of the same scenario.
        let _ = std::fs::remove_dir_all(&self.all);
    }
}

impl Shelf for Unfinished {
    fn find(&self, id: RunId) -> Option<Judged> {
        // A file that is damaged is one that is not there.
        serde_json::from_slice(&std::fs::read(self.own.join(name(id))).ok()?).ok()
    }

    fn keep(&self, id: RunId, judged: &Judged) {
        if self.has_failed() {
            return;
        }
        let written = serde_json::to_vec(judged)
            .is_ok_and(|bytes| output::write_all(&self.own, &[File::new(name(id), bytes)]).is_ok());
        self.failed.fetch_or(!written, Ordering::Relaxed);
    }
}

/// The file of a run. Names of variants may hold what names of files may not.
fn name(id: RunId) -> String {
    let twin = if id.has_twin { "-twin" } else { "" };
    format!("{:016x}-{:016x}{twin}.json", xxh3_64(id.variant.as_bytes()), id.seed)
}

/// The scenario, whatever it names, and the program that runs it: not only its version, for a
/// program that was built anew may hold other patterns.
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
    use super::*;
    use crate::tests::runs::{SHOP, scenario};

    static GO: AtomicBool = AtomicBool::new(false);

    fn files(folder: &Path) -> usize {
        output::files_in(folder).map_or(0, |files| files.len())
    }

    #[test]
    fn the_second_comparison_goes_on_where_the_first_was_stopped() {
        let results = tempfile::tempdir().expect("a folder");
        let scenario = scenario(SHOP);
        let whole = Study::of(&scenario, 1..=3);
        // What an interrupted comparison leaves behind: the runs of some seeds.
        let first = Unfinished::open(results.path(), &scenario, false);
        Study::of(&scenario, 1..=2).resume(&first, &GO, &|| ());
        assert!(!first.has_failed());

        let second = Unfinished::open(results.path(), &scenario, false);
        assert_eq!((second.count(&whole), files(&second.own)), (4, 4), "of six");
        let resumed = whole.resume(&second, &GO, &|| ()).comparison;
        assert_eq!((second.count(&whole), resumed), (6, whole.compare()));
        second.clear();
        assert_eq!(files(results.path()), 0, "nothing stays behind");
    }

    #[test]
    fn runs_of_another_text_or_asked_to_be_forgotten_are_removed() {
        let results = tempfile::tempdir().expect("a folder");
        let (shop, other) = (scenario(SHOP), scenario(&SHOP.replace("left = 99", "left = 98")));
        let study = Study::of(&shop, [1]);
        let open = |scenario, fresh| Unfinished::open(results.path(), scenario, fresh);
        study.resume(&open(&shop, false), &GO, &|| ());
        assert_eq!(open(&shop, false).count(&study), 2);
        assert_eq!(open(&shop, true).count(&study), 0, "it was to start anew");

        study.resume(&open(&shop, false), &GO, &|| ());
        let changed = open(&other, false);
        assert_eq!(changed.count(&Study::of(&other, [1])), 0);
        assert_eq!(files(&changed.all), 0, "nobody will ever use them");
    }

    #[test]
    fn a_damaged_file_is_run_again() {
        let results = tempfile::tempdir().expect("a folder");
        let scenario = scenario(SHOP);
        let study = Study::of(&scenario, [1]);
        let kept = Unfinished::open(results.path(), &scenario, false);
        let whole = study.resume(&kept, &GO, &|| ()).comparison;
        let file = output::files_in(&kept.own).expect("files").remove(0);
        let bytes = output::read(&file).expect("a run");
        std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
        assert_eq!(study.resume(&kept, &GO, &|| ()).comparison, whole);
        assert_eq!(output::read(&file).expect("a run"), bytes, "and kept again");
    }

    #[test]
    fn where_nothing_can_be_kept_the_comparison_goes_on() {
        let results = tempfile::tempdir().expect("a folder");
        std::fs::write(results.path().join(".unfinished"), "").expect("a file in the way");
        let scenario = scenario(SHOP);
        let study = Study::of(&scenario, [1]);
        let kept = Unfinished::open(results.path(), &scenario, false);
        assert_eq!(study.resume(&kept, &GO, &|| ()).comparison, study.compare());
        assert!(kept.has_failed());
    }
}
