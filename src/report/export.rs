//! The interface of an export: a part of driftlab that writes one file, or a few, of a folder of
//! results.

use std::io::{self, Write};

use crate::experiment::result::Comparison;
use crate::model::registry::{Entry, Register, Registry};
use crate::report::chart::{self, Chart};

/// An export. A new one is one type in one file, and one word in the registry.
pub trait Export: 'static {
    /// The name of the file, or a pattern such as `charts/*.svg` if there are several.
    const NAME: &'static str;
    /// The line that describes it in lists and in the `README.md` of the folder, where it ends a
    /// table row.
    const SUMMARY: &'static str;
    /// The text of its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;

    /// Returns its files for these results: the same bytes on every rerun and platform.
    fn files(results: &Results<'_>) -> Vec<File>;
}

/// The results of a comparison, as exports read them.
pub struct Results<'a> {
    /// The numbers of the comparison.
    pub comparison: &'a Comparison,
    /// The charts of the comparison, drawn once for all exports.
    pub charts: Vec<Chart<'a>>,
    /// The exports of the folder, which its `README.md` explains.
    pub exports: &'a Exports,
}

/// A file of a folder of results.
pub struct File {
    /// Its path relative to the folder, with `/` between the parts.
    pub path: String,
    content: Box<Content>,
}

/// A function that writes the content of a file.
type Content = dyn Fn(&mut dyn Write) -> io::Result<()>;

impl File {
    /// A file with these bytes.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::written(path, move |into| into.write_all(&bytes))
    }

    /// A file whose content is made while it is written, because it may be too large for memory.
    pub fn written(
        path: impl Into<String>,
        content: impl Fn(&mut dyn Write) -> io::Result<()> + 'static,
    ) -> Self {
        Self { path: path.into(), content: Box::new(content) }
    }

    /// Writes the content.
    ///
    /// # Errors
    /// If `into` cannot be written to.
    pub fn write(&self, into: &mut dyn Write) -> io::Result<()> {
        (self.content)(into)
    }

    /// The whole content.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes).expect("memory does not fail");
        bytes
    }
}

/// The kind of part that writes files.
pub struct Exporting {
    files: fn(&Results<'_>) -> Vec<File>,
}

impl<E: Export> Register<Exporting> for E {
    fn entry() -> ExportEntry {
        Entry {
            name: E::NAME,
            summary: E::SUMMARY,
            manual: E::MANUAL,
            kind: Exporting { files: E::files },
        }
    }
}

/// A registered export.
pub type ExportEntry = Entry<Exporting>;

/// The exports that a folder of results holds, in the order in which its `README.md` explains them.
pub type Exports = Registry<Exporting>;

impl Exports {
    /// All files of a folder of results, sorted by path. The caller writes all of them or none.
    pub fn files(&self, comparison: &Comparison) -> Vec<File> {
        let results = Results { comparison, charts: chart::charts(comparison), exports: self };
        let mut files: Vec<File> =
            self.iter().flat_map(|entry| (entry.kind.files)(&results)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }
}
