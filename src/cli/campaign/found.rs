//! The files and items of a plan that are there, and what is missing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::items::Items;
use crate::cli::job::{Job, Plan};
use crate::cli::output::{self, FileError};
use crate::cli::{Error, archive, quote};
use crate::report::human::some;

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

/// The files and items of a plan that are there.
pub struct Found {
    /// The files that are whole.
    pub whole: Vec<PathBuf>,
    /// The files that cannot be used, and why.
    pub damaged: Vec<String>,
    /// Which items are there, by their positions.
    pub items: Vec<bool>,
    /// The greatest number of shards that a file speaks of.
    shards: usize,
}

impl Found {
    /// Looks for the files of a job in some folders.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn look(job: &Job, count: usize, folders: &[PathBuf]) -> Result<Self, Error> {
        let line = job.plan.line();
        let items = vec![false; count];
        let mut found = Self { whole: Vec::new(), damaged: Vec::new(), items, shards: 1 };
        for path in files(&job.plan, folders)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let of = name.trim_end_matches(".gz").rsplit('-').next().and_then(|of| of.parse().ok());
            found.shards = found.shards.max(of.unwrap_or(1));
            let mut items = Vec::new();
            let read = archive::unpack(&path, &mut |at, _| {
                items.push(archive::position(at, count)?);
                Ok(())
            });
            match read {
                Ok((plan, _)) if plan == line => {
                    found.whole.push(path);
                    items.into_iter().for_each(|at| found.items[at] = true);
                }
                Ok(_) => found.damaged.push(format!("{}: of another plan", path.display())),
                Err(error) => found.damaged.push(format!("{}: {error}", path.display())),
            }
        }
        Ok(found)
    }

    /// The positions of the items that are there.
    pub fn there(&self) -> impl Iterator<Item = usize> {
        self.items.iter().enumerate().filter(|(_, is_there)| **is_there).map(|(at, _)| at)
    }

    /// How many runs are there.
    pub fn runs(&self, items: &Items<'_>) -> usize {
        self.there().map(|at| items.runs(at)).sum()
    }

    /// Says what is missing, and the commands that make it; nothing if nothing is.
    pub fn missing(&self, items: &Items<'_>, plan: &Path, folders: &[PathBuf]) -> Option<String> {
        let mut missing: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, _) in self.items.iter().enumerate().filter(|(_, is_there)| !**is_there) {
            *missing.entry(at % self.shards).or_default() += items.runs(at);
        }
        if missing.is_empty() {
            return None;
        }
        let count: usize = missing.values().sum();
        let mut text = format!("{count} of {} are missing:\n", some(items.all_runs(), "run"));
        let out = folders.first().map_or_else(String::new, |it| quote(&it.display().to_string()));
        let (plan, of) = (quote(&plan.display().to_string()), self.shards);
        for at in missing.keys() {
            text += &format!("  driftlab campaign run {plan} --shard {at}/{of} --out {out}\n");
        }
        Some(text)
    }
}
