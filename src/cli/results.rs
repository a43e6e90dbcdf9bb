//! The folder of a comparison's results, which driftlab owns, and makes, replaces and removes as a
//! whole.
//!
//! A [manifest](MANIFEST) in it names every file with a hash. A folder that holds anything else is
//! refused before any work is done. The new folder is written beside the old one, the old one is
//! moved aside, and the new one is moved in. A later start that finds a folder moved aside moves it
//! back, or removes it if the new one is in place. So a failure or a kill at any point leaves
//! either the old results or the new ones, whole.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::output::{self, FileError};
use crate::report::export::File;

/// The file that says what belongs to the folder.
pub const MANIFEST: &str = "driftlab.json";

/// The folders that other commands write below it; they are kept and moved along.
pub const KEPT: [&str; 2] = ["counterexamples", "explorations"];

/// The reason why a folder cannot hold results.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The folder has a file that driftlab did not write.
    #[error(
        "`{}` is not driftlab's, and results replace their folder as a whole\n\
         hint: give a folder of their own, such as `--out {}`",
        found.display(), folder.join("results").display()
    )]
    Foreign { found: PathBuf, folder: PathBuf },
    /// A file of the results was changed after driftlab wrote it.
    #[error(
        "`{}` was changed since driftlab wrote it, and new results would replace it\n\
         hint: move it out of `{}`, or give another folder with `--out`",
        found.display(), folder.display()
    )]
    Changed { found: PathBuf, folder: PathBuf },
    /// The folder cannot be moved.
    #[error(
        "`{}` is {what} and cannot be replaced as a whole\n\
         hint: give a folder below it, such as `--out {}`",
        folder.display(), folder.join("results").display()
    )]
    Fixed { folder: PathBuf, what: &'static str },
    /// A file that cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The files of a folder, by their paths with `/` between the parts, each with its hash.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    /// The version of the program that wrote it.
    driftlab: String,
    files: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifest of files whose hashes are not known yet.
    fn of(files: &[File]) -> Self {
        let entry = |file: &File| (file.path.clone(), String::new());
        let driftlab = env!("CARGO_PKG_VERSION").to_owned();
        Self { driftlab, files: files.iter().map(entry).collect() }
    }

    fn write(&self, folder: &Path) -> Result<(), FileError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        std::fs::write(&path, text).map_err(FileError::new("write", &path))
    }

    /// The manifest of a folder; `None` if there is none that can be read.
    fn read(folder: &Path) -> Option<Self> {
        Self::parse(&output::read(&folder.join(MANIFEST)).ok()?)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        // No path may lead out of the folder.
        let stays = |path: &String| {
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
        };
        manifest.files.keys().all(stays).then_some(manifest)
    }

    /// Returns whether a folder of this path holds a file of the manifest.
    fn has_below(&self, folder: &str) -> bool {
        let below = format!("{folder}/");
        self.files.keys().any(|path| path.starts_with(&below))
    }
}

/// Reads bytes as a manifest, for fuzzing.
#[cfg(any(test, feature = "internals"))]
pub fn read_manifest(bytes: &[u8]) {
    drop(Manifest::parse(bytes));
}

/// Passes on what is written, and hashes it: files of results may be too large for memory.
struct Hashed<'c, W> {
    into: W,
    hash: Xxh3,
    cut: &'c dyn Fn() -> bool,
}

impl<'c, W> Hashed<'c, W> {
    /// Nothing is written yet, and once `cut` says so nothing more is.
    fn new(into: W, cut: &'c dyn Fn() -> bool) -> Self {
        Self { into, hash: Xxh3::new(), cut }
    }

    fn digest(&self) -> String {
        format!("{:016x}", self.hash.digest())
    }
}

impl<W: Write> Write for Hashed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.cut)() {
            return Err(io::Error::other("interrupted"));
        }
        let written = self.into.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// The hash of a file.
fn hash(path: &Path) -> Result<String, FileError> {
    let mut hashed = Hashed::new(io::sink(), &|| false);
    let copied = std::fs::File::open(path).and_then(|mut file| io::copy(&mut file, &mut hashed));
    copied.map_err(FileError::new("read", path))?;
    Ok(hashed.digest())
}

/// Writes a file, unless that is cut off, and gives its hash.
fn write(path: &Path, file: &File, cut: &dyn Fn() -> bool) -> io::Result<String> {
    let mut hashed = Hashed::new(BufWriter::new(std::fs::File::create(path)?), cut);
    file.write(&mut hashed)?;
    hashed.flush()?;
    Ok(hashed.digest())
}

/// A place for results that may be replaced.
pub struct Results {
    folder: PathBuf,
}

impl Results {
    /// Checks that a folder may hold results: it is missing or empty, or holds only files that
    /// driftlab wrote. First the leftovers of an interrupted replacement are repaired.
    ///
    /// # Errors
    /// The first obstacle; the folder is then unchanged.
    pub fn claim(folder: &Path) -> Result<Self, ResultsError> {
        let absolute = match folder.canonicalize() {
            Ok(real) => real,
            Err(_) => std::path::absolute(folder).map_err(FileError::new("find", folder))?,
        };
        let results = Self { folder: absolute };
        results.recover();
        let beside = ["new", "old"].map(|purpose| results.aside(purpose));
        if let Some(found) = beside.into_iter().find(|path| path.symlink_metadata().is_ok()) {
            return Err(ResultsError::Foreign { found, folder: folder.to_owned() });
        }
        if results.folder.is_dir() {
            results.check(folder)?;
            results.check_movable(folder)?;
        }
        output::probe(folder)?;
        output::probe(results.beside())?;
        Ok(results)
    }

    /// A hidden place beside the folder, for this purpose.
    pub fn aside(&self, purpose: &str) -> PathBuf {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        self.beside().join(format!(".{name}.{purpose}"))
    }

    fn beside(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    fn check(&self, shown: &Path) -> Result<(), ResultsError> {
        let manifest = Manifest::read(&self.folder).unwrap_or_default();
        let folder = shown.to_owned();
        match stranger(&self.folder, &manifest)? {
            None => Ok(()),
            Some(Stranger::Unknown(path)) => {
                Err(ResultsError::Foreign { found: shown.join(path), folder })
            }
            Some(Stranger::Changed(path)) => {
                Err(ResultsError::Changed { found: shown.join(path), folder })
            }
        }
    }

    /// Checks that the folder can be moved: the current folder would be gone for its shell, and a
    /// mount point cannot be renamed.
    fn check_movable(&self, shown: &Path) -> Result<(), ResultsError> {
        let fixed = |what| Err(ResultsError::Fixed { folder: shown.to_owned(), what });
        let current = std::env::current_dir().and_then(|folder| folder.canonicalize());
        if current.is_ok_and(|current| current == self.folder) {
            return fixed("the current folder");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let device = |path: &Path| path.metadata().map(|it| it.dev()).ok();
            if device(&self.folder) != device(self.beside()) {
                return fixed("a mount point");
            }
        }
        Ok(())
    }

    /// Repairs the leftovers of an interrupted replacement beside the folder. Leftovers that cannot
    /// be repaired now are found by the next start.
    fn recover(&self) {
        let (new, old) = (self.aside("new"), self.aside("old"));
        if is_ours(&old) {
            if self.folder.exists() {
                carry_kept(&old, &self.folder);
                remove(&old);
            } else {
                let _ = std::fs::rename(&old, &self.folder);
            }
        }
        if is_ours(&new) {
            remove(&new);
        }
    }

    /// Replaces the results as a whole, unless `cut` says meanwhile that they are not to be.
    ///
    /// # Errors
    /// If they cannot be written, that is cut off, or the folder holds meanwhile what is not
    /// driftlab's; the old results are then as they were.
    pub fn replace(&self, files: &[File], cut: &dyn Fn() -> bool) -> Result<(), ResultsError> {
        if self.folder.is_dir() {
            self.check(&self.folder)?;
        }
        let (new, old) = (self.aside("new"), self.aside("old"));
        let written = self.write(&new, files, cut).and_then(|()| self.exchange(&new, &old));
        if written.is_err() {
            remove(&new);
        }
        written.map_err(ResultsError::from)
    }

    /// Writes the new folder, its manifest first: what is there of it is then known to be ours.
    fn write(&self, new: &Path, files: &[File], cut: &dyn Fn() -> bool) -> Result<(), FileError> {
        std::fs::create_dir_all(self.beside()).map_err(FileError::new("create", self.beside()))?;
        std::fs::create_dir(new).map_err(FileError::new("create", new))?;
        let mut manifest = Manifest::of(files);
        manifest.write(new)?;
        for file in files {
            let path = new.join(&file.path);
            let parent = path.parent().unwrap_or(new);
            std::fs::create_dir_all(parent).map_err(FileError::new("create", parent))?;
            let hash = write(&path, file, cut).map_err(FileError::new("write", &path))?;
            manifest.files.insert(file.path.clone(), hash);
        }
        manifest.write(new)
    }

    fn exchange(&self, new: &Path, old: &Path) -> Result<(), FileError> {
        let replace = |from: &Path, to: &Path| {
            std::fs::rename(from, to).map_err(FileError::new("replace", &self.folder))
        };
        if !self.folder.exists() {
            return replace(new, &self.folder);
        }
        replace(&self.folder, old)?;
        if let Err(error) = replace(new, &self.folder) {
            let _ = std::fs::rename(old, &self.folder);
            return Err(error);
        }
        carry_kept(old, &self.folder);
        remove(old);
        Ok(())
    }
}

/// A file or folder that does not belong to the results, by its path below their folder.
enum Stranger {
    /// The manifest does not know it.
    Unknown(PathBuf),
    /// Its content is other than when it was written.
    Changed(PathBuf),
}

/// The first file or folder below a folder that does not belong to the results. Links are never
/// followed.
fn stranger(folder: &Path, manifest: &Manifest) -> Result<Option<Stranger>, FileError> {
    let mut folders = vec![String::new()];
    while let Some(below) = folders.pop() {
        let mut paths = output::files_in(&folder.join(&below))?;
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let inside = if below.is_empty() { name.into() } else { format!("{below}/{name}") };
            let kind = path.symlink_metadata().map_err(FileError::new("read", &path))?;
            if KEPT.contains(&&*inside) && kind.is_dir() || inside == MANIFEST && kind.is_file() {
                continue;
            }
            match manifest.files.get(&inside) {
                Some(known) if kind.is_file() => {
                    if hash(&path)? != *known {
                        return Ok(Some(Stranger::Changed(inside.into())));
                    }
                }
                None if kind.is_dir() && manifest.has_below(&inside) => folders.push(inside),
                _ => return Ok(Some(Stranger::Unknown(inside.into()))),
            }
        }
    }
    Ok(None)
}

/// Returns whether a folder holds only files that driftlab wrote, partly written ones included.
fn is_ours(folder: &Path) -> bool {
    let is_folder = folder.symlink_metadata().is_ok_and(|it| it.is_dir());
    let manifest = Manifest::read(folder).unwrap_or_default();
    is_folder && !matches!(stranger(folder, &manifest), Err(_) | Ok(Some(Stranger::Unknown(_))))
}

/// Moves the folders that are kept from one folder to another.
fn carry_kept(from: &Path, to: &Path) {
    for name in KEPT {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_dir() && !to.exists() {
            // A folder that cannot be moved stays where it is, and the next start tries again.
            let _ = std::fs::rename(from, to);
        }
    }
}

/// Removes the files that a folder's manifest names, and folders that are empty then; other files
/// stay.
fn remove(folder: &Path) {
    let manifest = Manifest::read(folder).unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in manifest.files.keys() {
        let path = folder.join(path);
        let parents = path.ancestors().skip(1).take_while(|parent| *parent != folder);
        folders.extend(parents.map(Path::to_owned));
        let _ = std::fs::remove_file(&path);
    }
    folders.sort();
    folders.dedup();
    // The manifest is removed last, because it identifies the other files as driftlab's.
    for folder in folders.iter().rev() {
        let _ = std::fs::remove_dir(folder);
    }
    let left = output::files_in(folder).unwrap_or_default();
    if left.iter().all(|path| path.ends_with(MANIFEST)) {
        let _ = std::fs::remove_file(folder.join(MANIFEST));
        let _: io::Result<()> = std::fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests;
