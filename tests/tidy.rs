//! The house rules, as tests: layers, sizes, banned names, and that nothing points at nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the bottom up; those of one row may not use each other either, except that the
/// registries of patterns, faults and checks share nothing anyway.
const LAYERS: [&[&str]; 9] = [
    &["kernel", "stats"],
    &["model"],
    &["patterns", "faults", "checks"],
    &["scenario"],
    &["experiment"],
    &["report"],
    &["cli"],
    &["main"],
    &["lib"],
];

const FILE_LINES: usize = 600;
const LINE_COLUMNS: usize = 100;

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no source in {folder}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a text file")
}

fn shown(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// The part of a source file that is not test code: everything above `#[cfg(test)]`, or nothing of
/// a file that is a test module.
fn production(path: &Path) -> String {
    let text = read(path);
    if path.file_name().is_some_and(|name| name == "tests.rs" || name == "fixture.rs")
        || path.components().any(|part| part.as_os_str() == "tests")
    {
        return String::new();
    }
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// The layer of a source file, by its first folder or name below `src`.
fn module(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(root).expect("below src").components().next();
    let first = first.expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn rank(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` has no layer"))
}

#[test]
fn a_module_uses_only_lower_layers() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let own = module(&path);
        for (number, line) in production(&path).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for used in line.split("crate::").skip(1) {
                let used: String =
                    used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let known = LAYERS.iter().any(|layer| layer.contains(&used.as_str()));
                if known && used != own && rank(&used) >= rank(&own) {
                    wrong.push(format!("{}:{}: {own} uses {used}", shown(&path), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn files_and_lines_stay_short() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = read(&path);
        let lines = text.lines().count();
        if lines > FILE_LINES {
            wrong.push(format!("{}: {lines} lines", shown(&path)));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > LINE_COLUMNS {
                wrong.push(format!("{}:{}: {columns} columns", shown(&path), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "too long:\n{}", wrong.join("\n"));
}

/// Where `HashMap` and friends, clocks, and platform maths may not appear, even where clippy does
/// not look.
#[test]
fn the_simulated_world_names_nothing_random_or_real() {
    let banned = ["HashMap", "HashSet", "SystemTime", "Instant::now", "thread_rng", "rand_distr"];
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let own = module(&path);
        if !["kernel", "model", "patterns", "faults", "checks", "stats"].contains(&own.as_str())
            || path.ends_with("kernel/lookup.rs")
        {
            continue;
        }
        for (number, line) in production(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for name in banned.iter().filter(|name| code.contains(**name)) {
                wrong.push(format!("{}:{}: {name}", shown(&path), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "against the laws of determinism:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_unfinished() {
    let markers = ["todo!(", "unimplemented!(", concat!("#[", "ignore"), concat!("FIX", "ME")];
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        if path.ends_with("tidy.rs") {
            continue;
        }
        for (number, line) in read(&path).lines().enumerate() {
            if markers.iter().any(|marker| line.contains(marker)) {
                wrong.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "unfinished:\n{}", wrong.join("\n"));
}

/// The build may only contain one version of each random crate, and none that draws by the
/// platform's maths.
#[test]
fn the_lock_file_holds_no_second_source_of_chance() {
    let lock = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"));
    let count = |name: &str| lock.matches(&format!("name = \"{name}\"\n")).count();
    assert_eq!(count("libm"), 1, "one libm");
    assert_eq!(count("rand_distr"), 0, "rand_distr draws by whatever maths the build has");
}

/// Every Markdown file begins with its one title.
#[test]
fn markdown_has_exactly_one_title() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["README.md", "CHANGELOG.md", "scenarios/README.md"] {
        let text = read(&root.join(name));
        assert!(text.starts_with("# "), "{name} begins with its title");
        let mut fenced = false;
        let titles = text.lines().filter(|line| {
            fenced ^= line.starts_with("```");
            !fenced && line.starts_with("# ")
        });
        assert_eq!(titles.count(), 1, "{name} has one title");
    }
}
