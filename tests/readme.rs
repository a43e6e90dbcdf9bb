//! The documentation shows what happens: every command of the README is executed, every
//! output in it is an excerpt of the real one, and the example that it shows is what the main job
//! gives.
//!
//! `UPDATE=1 cargo test --test readme` renews outputs and example after an intended change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The commands that are shown but not executed here, and why.
const ELSEWHERE: [(&str, &str); 3] = [
    ("cargo test --all-features", "this is it"),
    (
        "cargo run --release --features mutants --example mutants",
        "`tests/mutants.rs` compares what it writes",
    ),
    ("cargo doc --no-deps --open", "`.ci/run` builds the documentation"),
];

/// Left out of the example: what is long, or not shown by the README, or names what is left out.
const LEFT_OUT: [&str; 6] =
    ["operations.csv", "runs.csv", "runs.gz", "summary.csv", ".png", "driftlab.json"];
/// The charts that the README shows are kept as pixels, too.
const SHOWN: &str = "charts/lag.png";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// A folder such as a reader has: the scenarios, and the one that the README tells to type.
fn workplace(readme: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&root().join("scenarios"), &folder.path().join("scenarios"));
    let typed = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    fs::write(folder.path().join("shop.toml"), typed.expect("a scenario")).expect("written");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).expect("copied");
        }
    }
}

/// The program under test. An unoptimised build takes its time for the main job; `DRIFTLAB` may
/// name another build, which gives the same.
fn program() -> PathBuf {
    let named = std::env::var_os("DRIFTLAB").map(|path| root().join(path));
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_driftlab").into())
}

/// Runs `driftlab ...` and gives what it prints, on standard output first.
fn run(command: &str, folder: &Path) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("driftlab"), "`{command}` is not executed anywhere");
    let output =
        Command::new(program()).current_dir(folder).args(words).output().expect("driftlab starts");
    let text = |bytes| String::from_utf8(bytes).expect("Unicode");
    let (printed, said) = (text(output.stdout), text(output.stderr));
    let code = match command.split_whitespace().nth(1) {
        // Whoever searches for failures says with 1 that there are some.
        Some("fuzz" | "replay") => 1,
        // Not everything that is promised has a chance to fail with one operation.
        Some("explore") => 3,
        _ => 0,
    };
    assert_eq!(output.status.code(), Some(code), "{command}\n{printed}\n{said}");
    printed + "\n" + &said
}

/// By its first words a line is found again when its numbers have changed.
fn is_like(shown: &str, real: &str) -> bool {
    let words = shown.split_whitespace().count().min(2);
    shown.split_whitespace().take(words).eq(real.split_whitespace().take(words))
}

/// The shown output as the real one has it. What is shown are paragraphs, found by the first
/// words of each, and `...` for whatever stands between them.
fn renewed(shown: &[&str], real: &str) -> Vec<String> {
    let mut rest = real.lines();
    let mut lines = Vec::new();
    let mut within = false;
    for line in shown {
        if *line == "..." || line.is_empty() {
            within = false;
            lines.push((*line).to_owned());
        } else if !within {
            within = true;
            let first = rest.find(|real| is_like(line, real));
            lines.push(first.unwrap_or_else(|| panic!("nothing like `{line}` is printed")).into());
            lines.extend(rest.by_ref().take_while(|line| !line.is_empty()).map(str::to_owned));
        }
    }
    lines
}

/// The commands of a block, each with the output that is shown below it.
fn commands<'a>(block: &[&'a str]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, Vec::new())),
            (None, Some((_, shown))) => shown.push(line),
            (None, None) => panic!("`{line}` stands above the first command"),
        }
    }
    commands
}

/// The README with the output of every command as it is now, and the folder where they ran.
fn executed(readme: &str) -> (String, tempfile::TempDir) {
    let folder = workplace(readme);
    let mut text = String::new();
    let mut block: Option<Vec<&str>> = None;
    for line in readme.lines() {
        match &mut block {
            Some(lines) if line != "```" => lines.push(line),
            Some(lines) => {
                for (command, shown) in commands(lines) {
                    text += &format!("$ {command}\n");
                    if ELSEWHERE.iter().any(|(known, _)| *known == command) {
                        continue;
                    }
                    let command = command.replace("cargo run --release --", "driftlab");
                    let real = run(&command, folder.path());
                    let lines = renewed(&shown, &real);
                    text.extend(lines.into_iter().map(|line| line + "\n"));
                }
                text += "```\n";
                block = None;
            }
            None => {
                text += &format!("{line}\n");
                block = (line == "```console").then(Vec::new);
            }
        }
    }
    (text, folder)
}

#[test]
fn the_readme_and_its_example_show_what_happens() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let (now, folder) = executed(&readme);
    if is_update() {
        fs::write(&path, &now).expect("written");
    }
    let differs = readme.lines().zip(now.lines()).find(|(shown, real)| shown != real);
    assert!(is_update() || differs.is_none(), "README.md shows another output: {differs:?}");
    example(&folder.path().join("reports/sysops-ticket"));
}

/// Compares the committed example with a folder of results, or renews it.
fn example(results: &Path) {
    let example = root().join("reports/example");
    let expected = kept(files(results));
    if is_update() {
        let _ = fs::remove_dir_all(&example);
        for (name, bytes) in &expected {
            let path = example.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("written");
        }
    }
    let found = files(&example);
    assert!(found.keys().eq(expected.keys()), "{:?}\n{:?}", found.keys(), expected.keys());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "reports/example/{name} is not what is written now");
    }
    let size: usize = found.values().map(Vec::len).sum();
    assert!(size < 1_500_000, "the example takes {size} bytes");
}

fn kept(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let left_out = |name: &str| LEFT_OUT.iter().any(|ending| name.ends_with(ending));
    files.retain(|name, _| name == SHOWN || !left_out(name));
    files
}

/// The files below a folder with their bytes, by their path with forward slashes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), PathBuf::from(folder))];
    while let Some((prefix, folder)) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let name = format!("{prefix}{name}");
            if path.is_dir() {
                open.push((name + "/", path));
            } else {
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}
