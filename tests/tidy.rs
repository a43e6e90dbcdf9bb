//! The house rules, as tests: layers, sizes, banned names, and that every part has what it needs.
//!
//! Rules that clippy knows are in `.clippy.toml` and `Cargo.toml`; these are the others, and those
//! that should hold where clippy is not installed.

#[path = "tidy/circles.rs"]
mod circles;

use std::fs;
use std::path::{Path, PathBuf};

use driftlab::scenario::Registries;

/// Modules from the bottom up; those of one row do not use each other either.
const LAYERS: [&[&str]; 13] = [
    &["kernel", "stats"],
    &["model"],
    &["patterns", "techniques", "faults", "checks"],
    &["scenario"],
    &["experiment"],
    &["search", "verification", "claims"],
    &["walks"],
    &["report"],
    &["cli", "mutants"],
    &["lab"],
    &["prelude"],
    &["main"],
    &["lib"],
];

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
const LINE_COLUMNS: usize = 100;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything below a folder of the project that is not built, generated or git's own.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let foreign = ["target", ".git", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"];
    let foreign = foreign.map(|folder| root().join(folder));
    let reports = root().join("reports");
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_result = folder == reports && path.is_dir() && !path.ends_with("example");
            if foreign.contains(&path) || is_result {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {}", folder.display());
    found
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = all_files(&root().join(folder));
    found.retain(|path| has_ending(path, "rs"));
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a text file")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The part of a source file that is not test code: everything above `#[cfg(test)]`, or nothing of
/// a file that is a test module.
fn production(path: &Path) -> String {
    let text = read(path);
    if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
        return String::new();
    }
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// The layer of a source file, by its first folder or name below `src`.
fn module(path: &Path) -> String {
    let first = path.strip_prefix(root().join("src")).expect("below src").components().next();
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

/// The functions of a file that are too long, by the indentation that rustfmt gives their ends.
fn long_functions(text: &str) -> Vec<String> {
    let mut long = Vec::new();
    let mut open: Vec<(usize, usize, &str)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let words = code.split('(').next().unwrap_or_default();
        let declares = words.starts_with("fn ") || words.contains(" fn ");
        if declares && !code.starts_with("//") && !code.ends_with(';') && !code.ends_with('}') {
            open.push((number, indent, words));
        }
        if code.starts_with('}')
            && let Some((first, _, words)) = open.pop_if(|(_, at, _)| *at == indent)
        {
            let lines = number + 1 - first;
            if lines > FUNCTION_LINES {
                long.push(format!("{words}: {lines} lines, at line {}", first + 1));
            }
        }
    }
    long
}

#[test]
fn functions_stay_short() {
    let body = "    let x = { 1 };\n".repeat(FUNCTION_LINES - 1);
    let text = format!("impl X {{\n    pub fn long() {{\n{body}    }}\n    fn short() {{}}\n}}\n");
    assert_eq!(long_functions(&text), ["pub fn long: 71 lines, at line 2"]);
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let long = long_functions(&read(&path));
        wrong.extend(long.iter().map(|long| format!("{}: {long}", shown(&path))));
    }
    assert!(wrong.is_empty(), "too long:\n{}", wrong.join("\n"));
}

/// A reader is told what a file is for before its first line of code.
#[test]
fn every_file_begins_with_what_it_is() {
    let silent = |path: &PathBuf| !read(path).starts_with("//! ");
    let files = ["src", "tests", "benches"].into_iter().flat_map(rust_files);
    let wrong: Vec<String> = files.filter(silent).map(|path| shown(&path)).collect();
    assert!(wrong.is_empty(), "no word on what these are:\n{}", wrong.join("\n"));
}

/// A comment is shown alone, by rustdoc, the schema and `driftlab explain`: it begins with the noun
/// that it is about.
#[test]
fn comments_begin_with_what_the_item_is() {
    let openings = ["The same;", "The same,", "Who ", "What ", "Whether ", "It ", "They "];
    let mut wrong = Vec::new();
    let folders = ["src", "tests", "benches", "examples", "fuzz/fuzz_targets"];
    for path in folders.into_iter().flat_map(rust_files) {
        let text = read(&path);
        let mut before = "";
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let comment = ["/// ", "//! "].iter().find_map(|marker| line.strip_prefix(marker));
            let is_first = !before.starts_with("///") && !before.starts_with("//!");
            if comment.is_some_and(|comment| openings.iter().any(|it| comment.starts_with(it)))
                && is_first
            {
                wrong.push(format!("{}:{}: {line}", shown(&path), number + 1));
            }
            before = line;
        }
    }
    assert!(wrong.is_empty(), "comments that do not stand alone:\n{}", wrong.join("\n"));
}

/// A file that only tests compile lies under a path that says so.
#[test]
fn test_files_lie_at_test_paths() {
    let mut wrong = Vec::new();
    let mut declared = 0;
    for path in rust_files("src") {
        let text = production(&path);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            let module = pair[1].trim_end_matches(';').rsplit("mod ").next().unwrap_or_default();
            if pair[1].ends_with(';') && pair[1].contains("mod ") {
                declared += 1;
                if module != "tests" {
                    wrong.push(format!("{}: {module}", shown(&path)));
                }
            }
        }
    }
    assert!(declared > 30, "the modules of tests are found");
    assert!(wrong.is_empty(), "test files at product paths:\n{}", wrong.join("\n"));
}

/// Where `HashMap` and friends, clocks, and platform maths may not appear, even where clippy does
/// not look.
#[test]
fn the_simulated_world_names_nothing_random_or_real() {
    let banned = ["HashMap", "HashSet", "SystemTime", "Instant::now", "thread_rng", "rand_distr"];
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let own = module(&path);
        let pure = ["kernel", "stats", "model", "patterns", "techniques", "faults", "checks"];
        if !pure.contains(&own.as_str()) || path.ends_with("kernel/lookup.rs") {
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
    let lock = read(&root().join("Cargo.lock"));
    let count = |name: &str| lock.matches(&format!("name = \"{name}\"\n")).count();
    assert_eq!(count("libm"), 1, "one libm");
    assert_eq!(count("rand_distr"), 0, "rand_distr draws by whatever maths the build has");
}

/// Every pattern and fault has a manual page that answers what a reader asks first, and a scenario
/// that uses it.
#[test]
fn every_part_has_a_manual_and_a_scenario() {
    let folders = ["scenarios", "tests/scenarios", "src"].map(|folder| root().join(folder));
    let texts: Vec<String> =
        folders.iter().flat_map(|folder| all_files(folder)).filter_map(text).collect();
    let is_used = |key: &str, name: &str| {
        let line = format!("{key} = \"{name}\"");
        texts.iter().any(|text| text.contains(&line))
    };
    let registries = Registries::builtin();
    for entry in registries.patterns.iter() {
        let (name, page) = (entry.name, entry.page());
        assert!(page.starts_with("# "), "the manual of {name} begins with its title");
        for section in ["Acknowledged", "Promises", "Does not promise", "Fails as"] {
            let head = format!("\n**{section}**");
            assert!(page.contains(&head), "the manual of {name} says {section}");
        }
        assert!(is_used("pattern", name), "a scenario uses {name}");
    }
    for entry in registries.faults.iter() {
        let name = entry.name;
        assert!(entry.page().starts_with("# "), "the manual of {name} begins with its title");
        assert!(is_used("kind", name), "a scenario or a test uses {name}");
    }
}

/// A program outside the crate adds parts with the prelude, and nothing else.
#[test]
fn parts_of_ones_own_need_the_prelude_alone() {
    let program = read(&root().join("tests/own_parts.rs"));
    let used: Vec<&str> = program.split("driftlab::").skip(1).collect();
    assert_eq!(used.len(), 1, "one import");
    assert!(used[0].starts_with("prelude::*;"), "of the prelude");
    for part in ["Pattern", "Technique", "Fault", "Property", "Meter", "Export"] {
        assert!(program.contains(&format!("\nimpl {part} for ")), "it adds a {part}");
    }
}

/// The text of a file that is text.
fn text(path: PathBuf) -> Option<String> {
    String::from_utf8(fs::read(path).expect("a file")).ok()
}

/// Every Markdown file begins with its one title, and what it links to is there.
#[test]
fn markdown_has_one_title_and_no_dead_link() {
    let files = all_files(root()).into_iter().filter(|path| has_ending(path, "md"));
    for path in files {
        let (name, text) = (shown(&path), read(&path));
        assert!(text.starts_with("# "), "{name} begins with its title");
        let mut fenced = false;
        let prose: Vec<&str> = text
            .lines()
            .filter(|line| {
                fenced ^= line.starts_with("```");
                !fenced
            })
            .collect();
        let titles = prose.iter().filter(|line| line.starts_with("# ")).count();
        assert_eq!(titles, 1, "{name} has one title");
        for link in prose.iter().flat_map(|line| line.split("](").skip(1)) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            let is_there = target.contains("://") || path.with_file_name(target).exists();
            assert!(is_there, "{name} links to {target}");
        }
    }
}

/// Nothing that is kept knows on which machine it was made.
#[test]
fn no_file_names_a_place_on_one_machine() {
    let places = ["work", "root", "tmp", "home"].map(|top| format!("/{top}/"));
    let mut wrong = Vec::new();
    for path in all_files(root()) {
        let name = shown(&path);
        for (number, line) in text(path).iter().flat_map(|text| text.lines()).enumerate() {
            if places.iter().any(|place| line.contains(place)) {
                wrong.push(format!("{name}:{}: {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "paths of one machine:\n{}", wrong.join("\n"));
}

/// `driftlab schema` is what is kept beside the scenarios, for editors.
#[test]
fn the_schema_is_up_to_date() {
    let kept = read(&root().join("scenarios/scenario.schema.json"));
    let now = format!("{:#}\n", driftlab::scenario::schema(&Registries::builtin()));
    assert!(kept == now, "`driftlab schema > scenarios/scenario.schema.json` renews it");
}
