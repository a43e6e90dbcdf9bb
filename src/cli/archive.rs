//! The compressed file of the runs of a job: all of them in a folder of results, for `driftlab
//! report`, or those of a shard of a campaign.
//!
//! The first line is the plan, then there is a line for each run, with its position in the plan
//! before it, and at the end their number, with a hash of everything before. A file is written and
//! read as a stream: only one run at a time is in memory.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use xxhash_rust::xxh3::Xxh3;

use super::job::Plan;
use super::unfinished::{MOST_RUN, Unfinished};
use crate::report::export::File;

pub use crate::report::kept::RUNS as NAME;

/// The longest line that is read: a run and its position, or a plan. Whoever made the file, no more
/// than this of it is in memory.
const MOST_LINE: u64 = MOST_RUN as u64 + 32;

/// The file with all runs of a plan, which are kept under these names.
pub fn file(plan: &Plan, kept: Arc<Unfinished>, names: Vec<String>) -> File {
    let plan = plan.line();
    File::written(NAME, move |into| {
        let rows = names.iter().enumerate().map(|(at, name)| (at as u64, kept.named(name)));
        pack(into, &plan, rows)
    })
}

/// Writes a plan and its runs at these positions.
///
/// # Errors
/// If `into` cannot be written to, or a run is missing.
pub fn pack(
    into: &mut dyn Write,
    plan: &str,
    rows: impl Iterator<Item = (u64, Option<Vec<u8>>)>,
) -> io::Result<()> {
    let mut writer = GzEncoder::new(into, Compression::fast());
    let (mut hash, mut count) = (Xxh3::new(), 0_u64);
    let mut line = |writer: &mut GzEncoder<_>, line: &[u8]| {
        hash.update(line);
        writer.write_all(line)
    };
    line(&mut writer, format!("{plan}\n").as_bytes())?;
    for (at, body) in rows {
        let body = body.ok_or_else(|| io::Error::other("a finished run is no longer there"))?;
        line(&mut writer, &[format!("{at} ").as_bytes(), &body, b"\n"].concat())?;
        count += 1;
    }
    writer.write_all(format!("end {count} {:016x}\n", hash.digest()).as_bytes())?;
    writer.finish().map(drop)
}

/// Reads a file of runs; returns its plan and the number of its runs. `row` is called with each run
/// and its position; the runs are valid only if no error is returned, because the hash is at the
/// end.
///
/// # Errors
/// If it cannot be read, is damaged, or `row` fails.
pub fn unpack(
    path: &Path,
    row: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<(String, u64)> {
    unpack_lines(path, MOST_LINE, row)
}

/// Reads a file of runs whose lines are not longer than so many bytes.
fn unpack_lines(
    path: &Path,
    most: u64,
    row: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<(String, u64)> {
    let damaged = || io::Error::other("it is damaged or was cut off");
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file")); // A pipe would be waited for, for ever.
    }
    let mut reader = BufReader::new(GzDecoder::new(std::fs::File::open(path)?));
    let (mut hash, mut count) = (Xxh3::new(), 0);
    let mut line = Vec::new();
    let mut next = |line: &mut Vec<u8>| {
        line.clear();
        let read = reader.by_ref().take(most).read_until(b'\n', line);
        read.map_err(|_| damaged())
    };
    next(&mut line)?;
    let plan = line.strip_suffix(b"\n").ok_or_else(damaged)?;
    let plan = String::from_utf8(plan.to_vec()).map_err(|_| damaged())?;
    hash.update(&line);
    loop {
        next(&mut line)?;
        let body = line.strip_suffix(b"\n").ok_or_else(damaged)?;
        if body == format!("end {count} {:016x}", hash.digest()).as_bytes() {
            // The end of the file is read, too, because it has the checksum of gzip.
            return if next(&mut line)? == 0 { Ok((plan, count)) } else { Err(damaged()) };
        }
        let blank = body.iter().position(|byte| *byte == b' ').ok_or_else(damaged)?;
        let at = std::str::from_utf8(&body[..blank]).ok().and_then(|at| at.parse().ok());
        row(at.ok_or_else(damaged)?, &body[blank + 1..])?;
        hash.update(&line);
        count += 1;
    }
}

/// The position of a run in a plan of so many.
///
/// # Errors
/// If the plan has no such run.
pub fn position(at: u64, count: usize) -> io::Result<usize> {
    let position = usize::try_from(at).ok().filter(|at| *at < count);
    position.ok_or_else(|| io::Error::other("it has a run that the plan has not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[(u64, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let rows = rows.iter().map(|(at, body)| (*at, Some(body.as_bytes().to_vec())));
        pack(&mut bytes, "{\"plan\":1}", rows).expect("written");
        bytes
    }

    /// The plan of an archive, and its runs by their positions.
    type Unpacked = (String, Vec<(u64, Vec<u8>)>);

    fn read(bytes: &[u8]) -> io::Result<Unpacked> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.gz");
        std::fs::write(&path, bytes).expect("written");
        let mut rows = Vec::new();
        let (plan, count) = unpack(&path, &mut |at, body| {
            rows.push((at, body.to_vec()));
            Ok(())
        })?;
        assert_eq!(count, rows.len() as u64);
        Ok((plan, rows))
    }

    #[test]
    fn what_was_written_is_read_again_with_the_same_bytes_each_time() {
        let bytes = written(&[(0, "{\"a\": 1}"), (7, "end 3 x")]);
        assert_eq!(bytes, written(&[(0, "{\"a\": 1}"), (7, "end 3 x")]));
        let (plan, rows) = read(&bytes).expect("sound");
        assert_eq!(plan, "{\"plan\":1}");
        assert_eq!(rows, [(0, b"{\"a\": 1}".to_vec()), (7, b"end 3 x".to_vec())]);
        assert_eq!(read(&written(&[])).expect("sound").1, []);
    }

    #[test]
    fn what_is_damaged_or_cut_off_is_refused() {
        let bytes = written(&[(0, "first"), (1, "second")]);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut off at {end} of {}", bytes.len());
        }
        let mut rows = Vec::new();
        let mut encoder = GzEncoder::new(&mut rows, Compression::fast());
        encoder.write_all(b"plan\n0 first\nend 1 0123456789abcdef\n").expect("written");
        encoder.finish().expect("written");
        assert!(read(&rows).is_err(), "the hash is wrong");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.gz");
        std::fs::write(&path, written(&[(0, &"x".repeat(50))])).expect("written");
        let longest = |most| unpack_lines(&path, most, &mut |_, _| Ok(())).is_ok();
        assert!(longest(53) && !longest(52), "no line is read beyond its bound");
        let gone = pack(&mut Vec::new(), "", [(0, None)].into_iter());
        assert!(gone.is_err(), "a run is missing");
        let other = unpack(folder.path(), &mut |_, _| Ok(())).expect_err("a folder");
        assert_eq!(other.to_string(), "it is no file");
    }
}
