//! CSV files that a scenario names: measurements and traces.

use crate::model::reason::Reason;
use crate::reason;

use super::suggest::{either, nearest};
use super::values::is_unseen;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// A function by which the caller reads a file: given its path as the scenario writes it, it
/// returns the bytes or the reason why there are none.
pub type Files<'d> = &'d dyn Fn(&str) -> io::Result<Vec<u8>>;

/// The column values that select rows: column, value.
pub type Filter = [(String, String)];

/// The files that a scenario has named so far.
pub struct Data<'d> {
    files: Files<'d>,
    read: RefCell<BTreeMap<String, Result<Vec<u8>, Reason>>>,
}

/// A row of a CSV file, with the requested columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its cells, in the order of the requested columns.
    pub cells: Vec<String>,
}

impl<'d> Data<'d> {
    /// Returns a store of files from which none has been read.
    pub fn new(files: Files<'d>) -> Self {
        Self { files, read: RefCell::new(BTreeMap::new()) }
    }

    /// Returns the cells of some columns, for the rows whose other columns have these values.
    ///
    /// # Errors
    /// The file cannot be read, is no CSV file, or has no such column or no such row.
    pub fn rows(&self, file: &str, columns: &[&str], filter: &Filter) -> Result<Vec<Row>, Reason> {
        let mut read = self.read.borrow_mut();
        let bytes = read
            .entry(file.to_owned())
            .or_insert_with(|| (self.files)(file).map_err(|error| error.to_string().into()));
        let bytes = bytes.as_deref().map_err(Clone::clone)?;
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(COMMENT))
            .delimiter(delimiter(bytes))
            .from_reader(bytes);
        let header = reader.headers().map_err(|error| broken(&error, bytes))?;
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let position = |name: &str| position(&names, name);
        let wanted: Vec<usize> =
            columns.iter().map(|name| position(name)).collect::<Result<_, _>>()?;
        let mut tests = Vec::new();
        for (name, value) in filter {
            tests.push((position(name)?, value.as_str()));
        }
        let mut rows = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| broken(&error, bytes))?;
            if tests.iter().all(|(at, value)| row.get(*at) == Some(value)) {
                let cell = |at: &usize| row.get(*at).unwrap_or_default().trim().to_owned();
                let line = row.position().map_or(0, |start| line_of(bytes, start));
                rows.push(Row { line, cells: wanted.iter().map(cell).collect() });
            }
        }
        if rows.is_empty() { Err("no row matches".into()) } else { Ok(rows) }
    }

    /// The files that were read, by their paths as written.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let read = self.read.borrow();
        let found =
            read.iter().filter_map(|(name, bytes)| Some((name.clone(), bytes.clone().ok()?)));
        found.collect()
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

/// The first byte of a line that is a comment.
const COMMENT: u8 = b'#';

/// The byte that separates cells: of comma, semicolon and tab the one that the header has most
/// often.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let header = lines.find(|line| !line.trim_ascii().is_empty() && line[0] != COMMENT);
    let count = |wanted: u8| header.map_or(0, |header| bytecount(header, wanted));
    // Comma is last because `max_by_key` returns the last of equal maxima: it is the default.
    [b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

fn bytecount(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().filter(|byte| **byte == wanted).count()
}

/// The most characters of a file that an error shows.
pub(super) const SHOWN: usize = 60;

/// The beginning of a piece of a file, without control characters. A message shows no more of a
/// file, since any file may have been named by mistake.
pub fn excerpt(text: &str) -> String {
    let seen = |letter: &char| !is_unseen(*letter);
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(SHOWN).filter(seen).collect();
    if letters.next().is_some() {
        shown.push_str("...");
    }
    shown
}

/// The position of a column in the header.
fn position(names: &[String], name: &str) -> Result<usize, Reason> {
    let known = || names.iter().map(String::as_str);
    known().position(|known| known == name).ok_or_else(|| match nearest(name, known()) {
        Some(better) => reason!("no column `{}`; there is `{}`", name, excerpt(better)),
        None => {
            let mut room = SHOWN;
            let fits = |name: &&str| {
                room = room.saturating_sub(name.chars().count());
                room > 0
            };
            let shown: Vec<String> = known().take_while(fits).map(excerpt).collect();
            match shown.len() {
                0 => reason!("no column `{}`, and no name of a column in the first line", name),
                some if some == names.len() => reason!("no column `{}` among ", name)
                    .and(either(shown.iter().map(String::as_str))),
                some => reason!("no column `{}` among {} others, ", name, names.len())
                    .and(format!("the first {some} of which are "))
                    .and(either(shown.iter().map(String::as_str))),
            }
        }
    })
}

/// The line number of a row. The CSV reader reports only where it began to look for the row, which
/// is before comments and empty lines.
fn line_of(bytes: &[u8], start: &csv::Position) -> u64 {
    let rest = bytes.get(start.byte() as usize..).unwrap_or_default();
    let skipped = rest.split_inclusive(|byte| *byte == b'\n');
    let skipped = skipped.take_while(|line| line.trim_ascii().is_empty() || line[0] == COMMENT);
    start.line() + skipped.count() as u64
}

/// The reason why a file is no CSV file.
fn broken(error: &csv::Error, bytes: &[u8]) -> Reason {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos: Some(at), expected_len, len } => {
            let (line, cells) = (line_of(bytes, at), if *len == 1 { "cell" } else { "cells" });
            format!("line {line} has {len} {cells}, and the header has {expected_len}").into()
        }
        csv::ErrorKind::Utf8 { pos: Some(at), .. } => {
            format!("line {} is not UTF-8", line_of(bytes, at)).into()
        }
        _ => format!("not a CSV file: {error}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times and the lines of a file with the column `time`, or why there are none.
    fn read(text: &'static str, filter: &Filter) -> Result<Vec<(u64, String)>, String> {
        let files = |_: &str| Ok(text.as_bytes().to_vec());
        let rows = Data::new(&files).rows("x.csv", &["time"], filter);
        let rows = rows.map_err(|reason| reason.words)?;
        Ok(rows.into_iter().map(|row| (row.line, row.cells.concat())).collect())
    }

    #[test]
    fn commas_semicolons_and_tabs_are_recognised_by_the_header() {
        for text in ["a,time\n1,2\n", "a;time\n1;2\n", "a\ttime\n1\t2\n", "\u{feff}time,a\n2,1\n"] {
            assert_eq!(read(text, &[]), Ok(vec![(2, "2".into())]), "{text:?}");
        }
        assert_eq!(read("time\n3\n", &[]), Ok(vec![(2, "3".into())]), "one column has no commas");
        let decimals = read("time;b;c\n1,5;2;3\n", &[]);
        assert_eq!(decimals, Ok(vec![(2, "1,5".into())]), "its cells may have commas");
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let text = "# a\n# b\ntime,kind\n1,x\n\n# c\n2,y\n3,\"x\ny\"\n4,x\n";
        let all = [(4, "1"), (7, "2"), (8, "3"), (10, "4")].map(|(line, t)| (line, t.to_owned()));
        assert_eq!(read(text, &[]), Ok(all.to_vec()));
        let filtered = read(text, &[("kind".into(), "x".into())]);
        assert_eq!(filtered, Ok(vec![all[0].clone(), all[3].clone()]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let why = |text| read(text, &[]).expect_err("a reason");
        assert_eq!(why("# a\ntime,b\n1,2\n\n3\n"), "line 5 has 1 cell, and the header has 2");
        assert_eq!(why("times,b\n1,2\n"), "no column `time`; there is `times`");
        assert_eq!(why("a,b\n1,2\n"), "no column `time` among `a` or `b`");
        assert_eq!(why("time\n"), "no row matches");
    }

    #[test]
    fn little_is_shown_of_a_file() {
        let secret = "root:x:0:0:root:/root:/bin/bash\u{1b}[31m".repeat(9);
        let why = read(Box::leak(format!("{secret}\n1\n").into_boxed_str()), &[]);
        let why = why.expect_err("no such column");
        assert_eq!(why, "no column `time`, and no name of a column in the first line");
        let long = excerpt(&secret);
        assert_eq!(
            long.chars().filter(|letter| !letter.is_control()).count(),
            long.chars().count()
        );
        assert!(long.chars().count() <= 63 && long.ends_with("..."), "{long}");
    }
}
