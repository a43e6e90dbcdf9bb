//! The writing of files. A folder or file appears whole or not at all.

use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::report::export::File;

/// An error about a file, with its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {}", path.display(), reason(error))]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// The reason of the operating system for a failure, worded as all errors here are.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file stands where a folder should be".into()
        }
        _ => error.to_string(),
    }
}

impl FileError {
    /// Returns whether the file does not exist.
    pub fn is_missing(&self) -> bool {
        self.error.kind() == io::ErrorKind::NotFound
    }

    /// The error of doing something with a file, from that of the system.
    pub fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self { action, path, error }
    }
}

/// The largest file that is read as text: a scenario, a counterexample.
pub const MOST_TEXT: u64 = 4 << 20;
/// The largest file that is read at all: data of a scenario, results.
pub const MOST_BYTES: u64 = 256 << 20;

/// Reads a file of at most `most` bytes. A pipe or a device, which may have no end, is refused.
///
/// # Errors
/// If it cannot be read, or is too large.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::other("it is neither a file nor a folder, but a pipe or a device"));
    }
    if kind.len() > most {
        let (size, most) = (kind.len() >> 20, most >> 20);
        return Err(io::Error::other(format!("it has {size} MiB; at most {most} MiB are read")));
    }
    std::fs::read(path)
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, or is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_at_most(path, MOST_BYTES).map_err(FileError::new("read", path))
}

/// Reads a file that holds text.
///
/// # Errors
/// If it cannot be read, or is too large for that.
pub fn read_text(path: &Path) -> Result<Vec<u8>, FileError> {
    read_at_most(path, MOST_TEXT).map_err(FileError::new("read", path))
}

/// Reads standard input, which is to be text.
///
/// # Errors
/// If it cannot be read, or is too large for that.
pub fn read_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MOST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(io::Error::other(format!("at most {} MiB are read", MOST_TEXT >> 20)));
    }
    Ok(bytes)
}

/// The files and folders in a folder.
///
/// # Errors
/// If it cannot be read.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::new("read", folder))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    paths.map_err(FileError::new("read", folder))
}

/// Checks, before long work, that `folder` can be written or created. Nothing is left behind.
///
/// # Errors
/// If it cannot.
pub fn probe(folder: &Path) -> Result<(), FileError> {
    let exists = |place: &&Path| place.symlink_metadata().is_ok();
    let place = folder.ancestors().filter(|place| *place != Path::new("")).find(exists);
    let place = place.unwrap_or(Path::new("."));
    let probed = tempfile::Builder::new().prefix(".driftlab-").tempfile_in(place);
    probed.map(drop).map_err(FileError::new("write to", folder))
}

/// The number of bytes of a file that are read to find out whether driftlab wrote it.
const HEAD: usize = 2_048;

/// Returns whether a file may be replaced by this content: its first lines show that driftlab wrote
/// it, or it is a table with the same columns.
fn is_ours(old: &[u8], new: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&old[..old.len().min(HEAD)]);
    let columns = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
    head.contains("driftlab") || columns(old) == columns(new).filter(|line| line.contains(&b','))
}

/// Checks that a file may be written with this content: it does not exist, or driftlab wrote it.
///
/// # Errors
/// If driftlab did not write it.
pub fn check_own(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let Ok(kind) = path.symlink_metadata() else { return Ok(()) };
    if kind.is_file() && is_ours(&read(path)?, content) {
        return Ok(());
    }
    let foreign = io::Error::other("driftlab did not write it");
    Err(FileError::new("replace", path)(foreign))
}

/// Writes a set of files below `folder`, beside files that are there already: see [`put_all`]. A
/// file of the same name that driftlab did not write is never replaced.
///
/// # Errors
/// If any file cannot be written; the folder is then as it was.
pub fn write_all(folder: &Path, files: &[File]) -> Result<(), FileError> {
    for file in files {
        check_own(&folder.join(&file.path), &file.bytes())?;
    }
    put_all(folder, files)
}

/// Writes a set of files below `folder`. Each is written beside its place and renamed into it, so
/// that a reader never sees a part of one; no file is renamed before all are written.
///
/// # Errors
/// If any file cannot be written; the folder is then as it was.
pub fn put_all(folder: &Path, files: &[File]) -> Result<(), FileError> {
    put(folder, None, files)
}

/// Writes a set of files as [`put_all`] does, but beside other files: in `scratch`, which is on the
/// same file system. The part of a file that a kill leaves behind is found there.
///
/// # Errors
/// If any file cannot be written; the folder is then as it was.
pub fn put_all_from(scratch: &Path, folder: &Path, files: &[File]) -> Result<(), FileError> {
    put(folder, Some(scratch), files)
}

fn put(folder: &Path, scratch: Option<&Path>, files: &[File]) -> Result<(), FileError> {
    let mut written = Vec::with_capacity(files.len());
    for content in files {
        let path = folder.join(&content.path);
        let parent = path.parent().unwrap_or(folder);
        let beside = scratch.unwrap_or(parent);
        for folder in [parent, beside] {
            std::fs::create_dir_all(folder).map_err(FileError::new("create", folder))?;
        }
        let mut file = tempfile::Builder::new()
            .prefix(".driftlab-")
            .tempfile_in(beside)
            .map_err(FileError::new("write to", beside))?;
        let mut buffered = BufWriter::new(file.as_file_mut());
        let all = content.write(&mut buffered).and_then(|()| buffered.flush());
        all.map_err(FileError::new("write", &path))?;
        drop(buffered);
        written.push((file, path));
    }
    for (file, path) in written {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let readable = std::fs::Permissions::from_mode(0o644);
            file.as_file().set_permissions(readable).map_err(FileError::new("write", &path))?;
        }
        file.persist(&path).map_err(|error| FileError::new("write", &path)(error.error))?;
    }
    Ok(())
}

/// A name as a part of a file's name, which no file system refuses: letters, digits and dashes, at
/// most 80.
pub fn file_name(name: &str) -> String {
    let letter = |letter: char| match letter {
        '_' | '.' => letter,
        _ if letter.is_ascii_alphanumeric() => letter,
        _ => '-',
    };
    name.chars().map(letter).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_with_folders_made_on_the_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = [File::new("a.txt", "1"), File::new("b/c.txt", "2")];
        write_all(folder.path(), &files).expect("written");
        assert_eq!(read(&folder.path().join("b/c.txt")).expect("read"), b"2");
        let left_over = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left_over, 2, "no temporary file stays behind");
    }

    #[test]
    fn an_unwritable_place_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("file"), "").expect("written");
        let files = [File::new("x.txt", "")];
        let place = folder.path().join("file");
        for error in [write_all(&place, &files), probe(&place), probe(&place.join("below"))] {
            let error = error.expect_err("not a folder").to_string();
            assert!(error.contains("file"), "{error}");
            assert!(error.ends_with(": a file stands where a folder should be"), "{error}");
        }
    }

    #[test]
    fn looking_whether_a_folder_can_be_made_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        probe(&folder.path().join("deep/er")).expect("it can be made");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
