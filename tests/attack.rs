//! Inputs that once did harm, and what comes of them now: each is refused with its place, or does
//! none. The files are in `tests/attack`.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program on these arguments in a folder of its own.
fn driftlab(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_driftlab"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("driftlab starts")
}

/// The path of a case.
fn case(name: &str) -> String {
    format!("{}/tests/attack/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The cases that `validate` refuses: each with the kind of problem, the text that it points at,
/// and its words.
const REFUSED: [(&str, &str, &str, &str); 14] = [
    ("many-operations", "too-much", "poisson = 24000000.0", "--limit-events"),
    ("data-huge", "data-file", "huge.csv", "line 2: `1e300` in `x` is longer than 100 years"),
    ("data-outside", "data-file", "outside.csv", "cannot use `../../../outside.csv`"),
    ("escape-in-name", "wrong-value", "[services.", "this cannot be a name"),
    ("escape-in-operation", "wrong-value", "[operations.", "this cannot be a name"),
    ("nul-in-service", "wrong-value", "a\\u0000", "this cannot be a name"),
    ("long-variant", "wrong-value", "xxxxxxxx", "this cannot be a name"),
    ("expensive-query-1ns", "wrong-value", "[[faults]]", "`every` recurs, and must be at least"),
    ("flapping-1ns", "wrong-value", "[[faults]]", "`period` recurs, and must be at least"),
    ("inbox-retention-0s", "pattern", "pattern = ", "`inbox-retention` recurs, and must be"),
    ("replicate-1ns", "technique", "replicate", "`every` recurs, and must be at least"),
    ("sync-interval-1ns", "pattern", "pattern = ", "`interval` recurs, and must be at least"),
    ("random-count", "random-fault", "random", "`count` must be at most 10000"),
    ("whole-number", "wrong-value", "4294967295", "a whole number from 0 to 65535"),
];

#[test]
fn what_would_never_end_or_deceive_is_refused_at_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, code, at, says) in REFUSED {
        let output = driftlab(&["validate", &case(&format!("{name}.toml"))], folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        let from = said.find(&format!("error[{code}]"));
        let problem = &said[from.unwrap_or_else(|| panic!("{name} is {code}: {said}"))..];
        assert!(problem.contains(at) && problem.contains(says), "{name}: {problem}");
        let obeyed = |it: char| it.is_control() && it != '\n';
        assert!(!said.contains(obeyed), "{name}: what a terminal would obey: {said:?}");
    }
}

#[test]
fn a_default_is_named_where_it_is_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = driftlab(&["validate", &case("warm-up-default.toml")], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a shorter `warm-up` (10s by default)"), "{said}");
    let output = driftlab(&["validate", &case("inf-workers.toml")], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("it has 8 workers, and none are enough"), "{said}");
    assert!(!said.contains("inf "), "{said}");
}

/// A sum that has no place in a column is neither wrapped nor taken for a shortage.
#[test]
fn sums_do_not_wrap() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = driftlab(&["run", &case("i64-wraps.toml"), "--quiet"], folder.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let row =
        |name: &str| said.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or("");
    let counts = |name: &str| -> Vec<u64> {
        row(name).split_whitespace().filter_map(|cell| cell.parse().ok()).collect()
    };
    assert_eq!(counts("all ")[0], 0, "nothing is done: {said}");
    assert!(counts("reversed ")[2] > 0, "it is refused: {said}");
}

#[test]
fn neither_spreadsheets_nor_browsers_execute_what_a_scenario_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let compare = |name: &str| {
        let path = case(name);
        driftlab(&["compare", &path, "--seeds", "1", "--quiet", "--out", "out"], folder.path());
        folder.path().join("out")
    };
    let out = compare("script-in-about.toml");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect(name);
    for name in ["README.md", "index.html"] {
        assert!(!read(name).contains("<script>alert"), "{name}");
    }
    let out = compare("csv-formula.toml");
    let mut cells = 0;
    for entry in std::fs::read_dir(&out).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "csv") {
            for cell in std::fs::read_to_string(&path).expect("text").split([',', '\n']) {
                cells += 1;
                let cell = cell.trim_start_matches('"');
                assert!(!cell.starts_with(['=', '@']), "{}: {cell}", path.display());
            }
        }
    }
    assert!(cells > 100, "there are tables");
}

/// Data that lie elsewhere are read where that is allowed, also behind a symbolic link.
#[test]
fn data_outside_of_the_scenarios_folder_have_to_be_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("scenario");
    std::fs::create_dir(&inner).expect("a folder");
    let text = std::fs::read_to_string(case("data-outside.toml")).expect("a scenario");
    let scenario = |file: &str, name: &str| {
        let path = inner.join(name);
        std::fs::write(&path, text.replace("../../../outside.csv", file)).expect("written");
        path.display().to_string()
    };
    let secret = "root:x:0:0:a secret that nobody should see";
    std::fs::write(folder.path().join("outside.csv"), format!("{secret}\n1\n")).expect("written");
    std::fs::write(folder.path().join("good.csv"), "x\n1\n2\n").expect("written");
    let outside = scenario("../outside.csv", "outside.toml");
    let said = |arguments: &[&str]| {
        let output = driftlab(arguments, folder.path());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, refused) = said(&["validate", &outside]);
    assert_eq!(code, Some(2), "{refused}");
    assert!(refused.contains("outside of the scenario's folder"), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
    let (code, wrong) = said(&["validate", &outside, "--allow-path", "."]);
    assert!(code == Some(2) && wrong.contains("no column `x` among"), "{wrong}");
    let good = scenario("../good.csv", "good.toml");
    assert_eq!(said(&["validate", &good]).0, Some(2));
    assert_eq!(said(&["validate", &good, "--allow-path", "."]).0, Some(0));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../good.csv", inner.join("link.csv")).expect("a link");
        let linked = scenario("link.csv", "linked.toml");
        assert_eq!(said(&["validate", &linked]).0, Some(2), "a link leads where it leads");
        assert_eq!(said(&["validate", &linked, "--allow-path", "."]).0, Some(0));
    }
}

/// Of very many mistakes the first are shown and all are counted; none takes longer than the last.
#[test]
fn very_many_mistakes_are_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = std::fs::read_to_string(case("data-outside.toml")).expect("a scenario");
    let sections: String = (0..20_000).map(|number| format!("[x{number}]\n")).collect();
    std::fs::write(folder.path().join("many.toml"), sections + &good).expect("written");
    let output = driftlab(&["validate", "many.toml"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(said.matches("error[unknown-key]").count(), 50);
    assert!(said.contains("these are the first 50"), "{}", &said[said.len() - 200..]);
    let brackets = "[".repeat(3 << 20);
    std::fs::write(folder.path().join("brackets.toml"), brackets).expect("written");
    let output = driftlab(&["validate", "brackets.toml"], folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.len() < 100_000, "{} bytes", output.stderr.len());
}

/// A run that goes far beyond what was expected of it ends, and says what kept it busy.
#[test]
fn limits_can_be_moved_and_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = format!("{}/tests/scenarios/held.toml", env!("CARGO_MANIFEST_DIR"));
    for command in ["validate", "run", "compare", "fuzz", "explore"] {
        let few = ["--limit-events", "100"];
        let output = driftlab(&[&[command, held.as_str()], &few[..]].concat(), folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("and may come to 100"), "{command}: {said}");
    }
    let little = ["run", held.as_str(), "--limit-memory", "1kB"];
    let output = driftlab(&little, folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("of memory in 1 run"), "{said}");
    let output = driftlab(&["validate", "-v", held.as_str()], folder.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("events") && said.contains("memory") && said.contains("time"), "{said}");
}
