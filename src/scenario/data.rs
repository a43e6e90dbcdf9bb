//! CSV files that a scenario names: measurements and traces.

use crate::model::reason::Reason;
use crate::reason;

use super::suggest::either;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// How the caller reads a file: its path as the scenario writes it, its bytes or why not.
pub type Files<'d> = &'d dyn Fn(&str) -> io::Result<Vec<u8>>;

/// The files that a scenario has named so far.
pub struct Data<'d> {
    files: Files<'d>,
    read: RefCell<BTreeMap<String, Result<Vec<u8>, Reason>>>,
}

impl<'d> Data<'d> {
    /// No file read so far.
    pub fn new(files: Files<'d>) -> Self {
        Self { files, read: RefCell::new(BTreeMap::new()) }
    }

    /// The cells of one column, of the rows whose other columns have these values.
    ///
    /// # Errors
    /// The file cannot be read, is no CSV, has no such column or no such row.
    pub fn column(
        &self,
        file: &str,
        column: &str,
        filter: &[(String, String)],
    ) -> Result<Vec<String>, Reason> {
        let mut read = self.read.borrow_mut();
        let bytes = read
            .entry(file.to_owned())
            .or_insert_with(|| (self.files)(file).map_err(|error| error.to_string().into()));
        let bytes = bytes.as_ref().map_err(Clone::clone)?;
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(&bytes[..]);
        let header = reader.headers().map_err(|error| format!("not a CSV file: {error}"))?;
        let position = |name: &str| {
            let names: Vec<&str> = header.iter().collect();
            let at = names.iter().position(|known| *known == name);
            at.ok_or_else(|| reason!("no column `{}` among ", name).and(either(names)))
        };
        let wanted = position(column)?;
        let mut tests = Vec::new();
        for (name, value) in filter {
            tests.push((position(name)?, value.as_str()));
        }
        let mut cells = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| format!("not a CSV file: {error}"))?;
            if tests.iter().all(|(at, value)| row.get(*at) == Some(value)) {
                cells.push(row.get(wanted).unwrap_or_default().trim().to_owned());
            }
        }
        if cells.is_empty() { Err("no row matches".into()) } else { Ok(cells) }
    }

    /// A stable hash of a scenario: of its own bytes and of every file that it names.
    pub fn hash(&self, text: &str) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(text.as_bytes());
        for (name, bytes) in self.read.borrow().iter() {
            part(name.as_bytes());
            part(bytes.as_deref().unwrap_or_default());
        }
        hasher.digest()
    }
}
