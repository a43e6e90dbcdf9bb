//! Transcripts of the command line: what is typed, what is printed, and the exit code.
//!
//! `TRYCMD=overwrite cargo test --test cli` rewrites them after an intended change.

use std::process::Command;

mod support;
use support::files;

#[test]
fn transcripts() {
    // A new scenario and an example replace no file, so those of an earlier run have to go.
    for earlier in ["target/transcripts/new", "target/transcripts/examples"] {
        let _ = std::fs::remove_dir_all(earlier);
    }
    trycmd::TestCases::new().case("tests/cli/*.trycmd");
}

/// Standard output and exit code of one command.
fn driftlab(arguments: &[&str]) -> (Vec<u8>, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_driftlab"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .expect("driftlab starts");
    (output.stdout, output.status.code())
}

#[test]
fn results_depend_neither_on_threads_nor_on_how_often_they_are_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let compare = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        let place = out.to_str().expect("a path in Unicode");
        let arguments = ["compare", "tests/scenarios/held.toml", "--seeds", "6", "--quiet"];
        let rest = ["--format", "json", "--out", place, "--threads", threads];
        let (printed, code) = driftlab(&[&arguments[..], &rest].concat());
        assert_eq!(code, Some(0));
        assert_eq!(printed, std::fs::read(out.join("summary.json")).expect("summary.json"));
        files(&out)
    };
    let one = compare("one", "1");
    assert!(one.iter().any(|(name, _)| name == "operations.csv"));
    assert!(one == compare("two", "2"), "one thread and two");
    assert!(one == compare("again", "2"), "once and again");
}

/// The folder has what it takes to repeat it: the scenario, its data and every value in force.
#[test]
fn a_folder_of_results_repeats_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let compare = |scenario: &std::path::Path, data: &std::path::Path, name: &str| {
        let out = folder.path().join(name);
        let path = |path: &std::path::Path| path.to_str().expect("Unicode").to_owned();
        let (scenario, data) = (path(scenario), path(data));
        let allowed = ["compare", &scenario, "--allow-path", &data];
        driftlab(&[&allowed[..], &["--seeds", "2", "--out", &path(&out)]].concat());
        (files(&out), out)
    };
    let (first, out) = compare("tests/scenarios/traced.toml".as_ref(), "tests".as_ref(), "first");
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"scenario/data/epoch.csv"), "{names:?}");
    let kept = out.join("scenario");
    let (second, _) = compare(&kept.join("in/traced.toml"), &kept, "second");
    let differ = first.iter().zip(&second).filter(|(a, b)| a != b).map(|((name, _), _)| name);
    assert_eq!(differ.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(first.len(), second.len());
    let json = std::fs::read_to_string(out.join("summary.json")).expect("summary.json");
    let values = json.split_once("\"values\"").expect("values").1;
    for name in [
        "operations.buy.keys.product",
        "operations.buy.steps[0].effect.insert.product",
        "tables.product.columns.sold",
        "reads.order.at",
        "load.requests.trace.speed",
    ] {
        assert!(values.contains(&format!("\"{name}\"")), "{name} is not among the values");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (printed, code) = driftlab(&["completions", shell]);
        let printed = String::from_utf8(printed).expect("a script");
        assert_eq!(code, Some(0));
        assert!(printed.contains("driftlab") && printed.contains("compare"), "{shell}");
        // What clap writes for the other shells completes commands and options only.
        if ["bash", "zsh"].contains(&shell) {
            let names = ["two-phase-commit", "change-data-capture", "services.workers", "m9"];
            assert!(names.iter().all(|name| printed.contains(name)), "{shell}");
        }
    }
}

/// Each command has a page, every page has its sections, and `man COMMAND` prints what `--out`
/// writes.
#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, code) = driftlab(&["man", "--out", folder.path().to_str().expect("Unicode")]);
    assert_eq!(code, Some(0));
    let pages = files(folder.path());
    let names: Vec<&str> = pages.iter().map(|(name, _)| &**name).collect();
    assert!(names.contains(&"driftlab.1") && names.contains(&"driftlab-list.1"), "{names:?}");
    assert!(!names.contains(&"driftlab-fingerprints.1"), "a hidden command has none");
    for (name, page) in &pages {
        let command = name.trim_start_matches("driftlab-").trim_end_matches(".1");
        assert!(driftlab(&["man", command]) == (page.clone(), Some(0)), "{name}");
        let page = String::from_utf8_lossy(page);
        assert!(page.contains(&format!("\n.TH {}", name.trim_end_matches(".1"))), "{page}");
        let sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\""];
        assert!(sections.iter().all(|it| page.contains(&format!(".SH {it}\n"))), "{page}");
    }
    assert!(driftlab(&["man"]).0 == driftlab(&["man", "driftlab"]).0, "the program by default");
}

/// A pipe that is closed early, as by `head`, is no failure.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftlab"))
        .arg("schema")
        .stdout(Stdio::piped())
        .spawn()
        .expect("driftlab starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// Inputs that would do harm: each is refused, or does none.
#[cfg(unix)]
mod harm {
    use std::fs::File;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    fn command(folder: &Path, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftlab"));
        let here = env!("CARGO_MANIFEST_DIR");
        command.current_dir(folder).args(arguments.replace("SCENARIOS", here).split(' '));
        command
    }

    fn run(folder: &Path, arguments: &str) -> Output {
        command(folder, arguments).output().expect("driftlab starts")
    }

    fn says(output: &Output) -> String {
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    const HELD: &str = "SCENARIOS/tests/scenarios/held.toml";

    #[test]
    fn a_closed_or_full_output_changes_no_verdict() {
        let folder = tempfile::tempdir().expect("a folder");
        let fuzz = "fuzz SCENARIOS/scenarios/shortcuts.toml --variant events-without-outbox \
                    --runs 40 --threads 1 --quiet --out found";
        let fuzz: Vec<&str> = fuzz.split_whitespace().collect();
        let mut closed = command(folder.path(), &fuzz.join(" "));
        let mut child = closed.stdout(Stdio::piped()).spawn().expect("driftlab starts");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("it ends").code(), Some(1), "violated");
        let found = std::fs::read_dir(folder.path().join("found")).expect("a folder").count();
        assert!(found >= 2, "a counterexample and its page");

        if !Path::new("/dev/full").exists() {
            return; // Only some systems have a device that is always full.
        }
        let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("opened"));
        let compare = format!("compare {HELD} --seeds 1 --quiet --out out");
        let output = command(folder.path(), &compare).stdout(full()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{}", says(&output));
        assert!(says(&output).contains("cannot write to standard output"), "{}", says(&output));
        assert!(folder.path().join("out/index.html").is_file());
        let schema = command(folder.path(), "schema").stdout(full()).output().expect("it starts");
        assert_eq!(schema.status.code(), Some(2), "printing is all that it does");
    }

    #[test]
    fn the_users_own_files_are_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, "mine").expect("written");
            path
        };
        let mine = [
            own("README.md"),
            own("other/index.html"),
            own("model/verify-model.html"),
            own("page.html"),
        ];
        let page = folder.path().join("page.html").display().to_string();
        let replay = "replay tests/counterexamples/dual-write-all-or-nothing.toml --page";
        for arguments in [
            format!("compare {HELD} --seeds 1 --out ."),
            format!("compare {HELD} --seeds 1 --out other"),
            "verify-model --seeds 6 --seconds 10 --out model".into(),
            format!("{replay} {page}"),
        ] {
            let here = Path::new(env!("CARGO_MANIFEST_DIR"));
            let place = if arguments.starts_with("replay") { here } else { folder.path() };
            let output = run(place, &arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments}: {}", says(&output));
            assert!(says(&output).contains("driftlab"), "{arguments}: {}", says(&output));
        }
        for path in mine {
            assert_eq!(std::fs::read(&path).expect("it is there"), b"mine", "{}", path.display());
        }
    }

    #[test]
    fn what_has_no_end_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        for device in ["/dev/zero", "/dev/stdin"] {
            let output = run(folder.path(), &format!("validate {device}"));
            assert_eq!(output.status.code(), Some(2), "{device}");
            assert!(says(&output).contains("a pipe or a device"), "{}", says(&output));
        }
        let large = File::create(folder.path().join("large.toml")).expect("a file");
        large.set_len(100 << 20).expect("a hole");
        let output = run(folder.path(), "validate large.toml");
        assert!(says(&output).contains("100 MiB; at most 4 MiB"), "{}", says(&output));
    }

    #[test]
    fn numbers_of_threads_and_operations_are_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let many = run(folder.path(), &format!("compare {HELD} --seeds 1 --threads 65535"));
        assert_eq!(many.status.code(), Some(2));
        assert!(says(&many).contains("a whole number from 1 to 256"), "{}", says(&many));
        let empty = command(folder.path(), &format!("compare {HELD} --seeds 1 --quiet"))
            .env("DRIFTLAB_THREADS", "")
            .output()
            .expect("it starts");
        assert_eq!(empty.status.code(), Some(0), "{}", says(&empty));
        let none = run(folder.path(), &format!("trace {HELD} --operation 4294967295"));
        assert!(says(&none).contains("no operation 4294967295 arrives"), "{}", says(&none));
    }

    #[test]
    fn the_command_that_repeats_a_result_can_be_pasted() {
        let folder = tempfile::tempdir().expect("a folder");
        let scenario = std::fs::read_to_string(format!(
            "{}/tests/scenarios/held.toml",
            env!("CARGO_MANIFEST_DIR")
        ));
        std::fs::write(folder.path().join("it's mine.toml"), scenario.expect("a scenario"))
            .expect("written");
        let mut compare = command(folder.path(), "compare --seeds 1 --out");
        let output = compare.args(["my results", "it's mine.toml"]).output().expect("it starts");
        let said = says(&output);
        let again = said.lines().find_map(|line| line.strip_prefix("again: driftlab "));
        let again = again.unwrap_or_else(|| panic!("no command: {said}"));
        let program = env!("CARGO_BIN_EXE_driftlab");
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).args(["-c", &format!("'{program}' {again}")]);
        let repeated = shell.output().expect("a shell");
        assert_eq!(repeated.status.code(), Some(0), "{again}: {}", says(&repeated));
        assert_eq!(repeated.stdout, output.stdout);
    }
}

/// A scenario on standard input is the same scenario, and every example runs from where it was
/// written.
#[test]
fn examples_run_and_standard_input_is_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("a path in Unicode");
    let (printed, code) =
        driftlab(&["examples", "measured-postgres", "ownership/2-common-data", "--out", place]);
    assert_eq!(code, Some(0));
    let commands = String::from_utf8(printed).expect("text");
    for line in commands.lines() {
        let file = line.strip_prefix("driftlab compare ").expect("a command");
        assert_eq!(driftlab(&["validate", file]).1, Some(0), "{file}");
    }
    assert!(folder.path().join("data/postgres15-statements.csv").is_file());
    let scenario = std::fs::File::open("tests/scenarios/held.toml").expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_driftlab"))
        .args(["run", "-", "--format", "json", "--quiet"])
        .stdin(scenario)
        .output()
        .expect("driftlab starts");
    let (named, _) = driftlab(&["run", "tests/scenarios/held.toml", "--format", "json", "--quiet"]);
    let number = |text: &[u8]| {
        let read: serde_json::Value = serde_json::from_slice(text).expect("JSON");
        read["variants"].clone()
    };
    assert!(!named.is_empty() && number(&output.stdout) == number(&named));
}
