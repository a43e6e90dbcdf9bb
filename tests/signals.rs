//! Signals: the first one ends long work and keeps what is finished, wherever it comes. No time is
//! measured: who did not answer would be at work for hours.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A command at work, and what it says.
struct AtWork {
    child: Child,
    says: BufReader<std::process::ChildStderr>,
}

impl AtWork {
    fn begin(folder: &Path, arguments: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_driftlab"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments.split_whitespace())
            .args(["--threads", "2", "--out"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("driftlab starts");
        let says = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, says }
    }

    /// Waits until it says something with these words.
    fn wait_for(&mut self, words: &str) -> String {
        let mut heard = String::new();
        loop {
            let before = heard.len();
            let read = self.says.read_line(&mut heard).expect("text");
            assert!(read > 0, "it ended without a word of `{words}`: {heard}");
            if heard[before..].contains(words) {
                return heard;
            }
        }
    }

    fn signal(&self, name: &str) {
        let number = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &number]).status().expect("kill");
        assert!(sent.success(), "it is at work");
    }

    fn end(mut self) -> (ExitStatus, String) {
        let mut heard = String::new();
        std::io::Read::read_to_string(&mut self.says, &mut heard).expect("text");
        (self.child.wait().expect("it ends"), heard)
    }
}

/// A hundred thousand seeds of a run that takes seconds: nobody waits for them.
const LONG: &str =
    "compare scenarios/sysops-ticket.toml --seeds 100000 --no-twin --limit-memory 9999GB";

#[test]
fn a_comparison_ends_inside_its_first_runs() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut compare = AtWork::begin(folder.path(), LONG);
        compare.wait_for(", profile ");
        compare.signal(signal);
        let (ended, heard) = compare.end();
        assert_eq!(ended.code(), Some(130), "{signal}: {heard}");
        assert!(heard.contains("stopping: what is finished is kept"), "{heard}");
    }
}

#[test]
fn what_was_finished_is_there_when_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = "compare tests/scenarios/held.toml --seeds 400";
    let mut compare = AtWork::begin(folder.path(), arguments);
    compare.wait_for("runs, "); // A tenth of all.
    compare.signal("INT");
    let (ended, heard) = compare.end();
    assert_eq!(ended.code(), Some(130), "{heard}");
    assert!(heard.contains("interrupted; run the same command to continue"), "{heard}");
    assert!(folder.path().join("index.html").is_file(), "what was finished is shown");
    let mut compare = AtWork::begin(folder.path(), arguments);
    compare.wait_for("resuming: ");
    compare.signal("INT");
    assert_eq!(compare.end().0.code(), Some(130));
}

#[test]
fn exploring_and_fuzzing_end_inside_a_round() {
    let commands = [
        ("explore scenarios/quiet.toml --operations 4 --faults 2", "plans with one fault"),
        ("fuzz scenarios/quiet.toml --time 10h", "operations and up to"),
    ];
    for (arguments, words) in commands {
        let folder = tempfile::tempdir().expect("a folder");
        let mut search = AtWork::begin(folder.path(), arguments);
        search.wait_for(words);
        search.signal("INT");
        let (ended, heard) = search.end();
        assert_eq!(ended.code(), Some(130), "{arguments}: {heard}");
    }
}

/// A counterexample that was not yet as small as it can be is written down as it is.
#[test]
fn shrinking_ends_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let fuzz = "fuzz scenarios/shortcuts.toml --variant events-without-outbox --runs 16 \
                --operations 100 --faults 8";
    let mut fuzz = AtWork::begin(folder.path(), fuzz);
    fuzz.wait_for("shrinking, run");
    fuzz.signal("INT");
    let (ended, heard) = fuzz.end();
    assert_eq!(ended.code(), Some(130), "{heard}");
    let written = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert!(written > 0, "a counterexample: {heard}");
}

#[test]
fn the_second_signal_ends_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut compare = AtWork::begin(folder.path(), LONG);
    compare.wait_for(", profile ");
    compare.signal("INT");
    compare.wait_for("once more ends at once");
    // It may have ended by itself in the meantime.
    let number = compare.child.id().to_string();
    let _ = Command::new("kill").args(["-s", "INT", &number]).stderr(Stdio::null()).status();
    assert_eq!(compare.end().0.code(), Some(130));
}
