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
        let folder = folder.display();
        Self::say(&format!("{arguments} --threads 2 --out {folder}"))
    }

    /// The command with nothing but these arguments.
    fn say(arguments: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_driftlab"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments.split_whitespace())
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

/// A run of a month of load.
fn month(folder: &Path) -> String {
    let text = std::fs::read_to_string("scenarios/quiet.toml").expect("a scenario");
    let changed = text.replace("load = \"120s\"", "load = \"700h\"");
    assert_ne!(changed, text);
    let path = folder.join("month.toml");
    std::fs::write(&path, changed).expect("written");
    let limits = "--limit-memory 99999999GB --limit-events 9999999999999";
    format!("run {} --variant orchestrated {limits}", path.display())
}

#[test]
fn a_single_run_and_the_story_of_one_end_inside() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = month(folder.path());
    let trace = run.replacen("run", "trace", 1) + " --operation 99999999";
    for arguments in [run, trace] {
        let mut run = AtWork::say(&arguments);
        run.wait_for(", profile ");
        run.signal("INT");
        let (ended, heard) = run.end();
        assert_eq!(ended.code(), Some(130), "{arguments}: {heard}");
    }
}

/// A counterexample whose second operation comes years behind the first: a job runs all the while.
#[test]
fn replaying_ends_inside_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let operation = |number: u32, at: &str| {
        format!(
            "[[operations]]\nname = \"open#{number}\"\noperation = \"open-ticket\"\nat = \"{at}\"\n\
             keys = {{ ticket = \"new\", customer = {number} }}\n"
        )
    };
    let written = |name: &str, last: &str| {
        let head = "[counterexample]\nformat = 1\nengine = \"driftlab 0.1.0\"\n\
                    scenario = \"scenarios/quiet.toml\"\nscenario-hash = \"0\"\nseed = 1\n\
                    variant = \"background-sync\"\nproperty = \"all-or-nothing\"\n\
                    fingerprint = \"0\"\n";
        let text = [head.to_owned(), operation(0, "0s"), operation(1, last)].concat();
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    written("short.toml", "1s");
    written("years.toml", "99999h");
    for arguments in ["years.toml", "years.toml --trace", ""] {
        let mut replay = AtWork::say(&format!("replay {}/{arguments}", folder.path().display()));
        replay.wait_for("replaying");
        replay.signal("TERM");
        let (ended, heard) = replay.end();
        assert_eq!(ended.code(), Some(130), "{arguments}: {heard}");
    }
}

#[test]
fn verifying_the_model_ends_inside_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let verify = "verify-model --seeds 100000 --seconds 100000";
    let mut verify = AtWork::begin(folder.path(), verify);
    verify.wait_for("seeds, ");
    verify.signal("INT");
    let (ended, heard) = verify.end();
    assert_eq!(ended.code(), Some(130), "{heard}");
    let written = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(written, 0, "a page of what was not verified says nothing");
}
