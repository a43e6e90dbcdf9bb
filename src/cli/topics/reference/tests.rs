//! The reference is complete and current, and every example in it is a part of a valid scenario.

use std::io;
use std::path::Path;

use super::*;
use crate::scenario::{Source, any_error, render};

/// The committed page.
fn place() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/REFERENCE.md")
}

/// The problems that are errors of a scenario, rendered; `path` is where it lies among the
/// examples.
fn errors(path: &str, text: &str) -> Option<String> {
    let source = Source { name: path.to_owned(), text: text.to_owned() };
    let read = |relative: &str| -> io::Result<Vec<u8>> {
        examples::beside(path, relative).map(|(_, bytes)| bytes.to_vec())
    };
    let (_, problems) = scenario::load(&source, &read, &Registries::builtin());
    any_error(&problems).then(|| render(&source, &problems, false))
}

/// The examples of the page, each with the nearest heading of the level of its parts above it.
fn examples_of(page: &str, chapter: &str) -> Vec<(String, String)> {
    let start = page.find(&format!("\n## {chapter}\n")).expect("a chapter");
    let rest = &page[start + 4..];
    let chapter = &rest[..rest.find("\n## ").unwrap_or(rest.len())];
    let mut found = Vec::new();
    for part in chapter.split("\n### `").skip(1) {
        let name = part.split('`').next().expect("a heading");
        if let Some((_, fenced)) = part.split_once("```toml\n") {
            let example = fenced.split("```").next().expect("an end");
            found.push((name.to_owned(), example.to_owned()));
        }
    }
    found
}

/// A scenario without the tables of a section.
fn without(text: &str, section: &str) -> String {
    let blocks = blocks(text).into_iter().filter(|(head, _)| section_of(head) != section);
    blocks.map(|(_, block)| block).collect()
}

#[test]
fn the_committed_page_is_current() {
    let page = reference(&Registries::builtin());
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(place(), page).expect("written");
    }
    let kept = std::fs::read_to_string(place()).expect("the page");
    let differs = kept.lines().zip(page.lines()).find(|(kept, page)| kept != page);
    assert_eq!(differs, None, "`driftlab explain scenario > scenarios/REFERENCE.md` renews it");
    assert_eq!(kept.len(), page.len(), "it is cut short");
}

#[test]
fn every_section_and_every_key_is_there_with_its_type_and_default() {
    let schema = scenario::schema(&Registries::builtin());
    let sections = schema["properties"].as_object().expect("the sections of a file");
    let mut known = SECTIONS;
    known.sort_unstable();
    assert_eq!(known.to_vec(), sections.keys().map(String::as_str).collect::<Vec<_>>());
    let page = reference(&Registries::builtin());
    for table in keys::tables(&schema) {
        assert!(page.contains(&format!("\n### `{}`\n", table.head)), "{}", table.head);
        for key in &table.keys {
            let line = format!("\n| `{}` | {} | ", key.name, key.kind);
            assert!(page.contains(&line), "{} {line}", table.head);
            assert!(!key.meaning().contains(" Default: "), "{}: {}", key.name, key.about);
            assert!(!key.meaning().is_empty(), "{}.{} is documented", table.path, key.name);
        }
    }
    for (line, what) in [
        ("| `workers` | whole number, at least 1 | `25` (resilience4j bulkhead) |", "a source"),
        ("| `poisson` | number per second, above 0 | – |", "a unit"),
        ("| `steps` | list of tables, at most 8 | – |", "a limit"),
        ("| `delay` | distribution | that of the profile |", "a profile"),
        ("| `publish` | word | `\"outbox\"` |", "a setting"),
    ] {
        assert!(page.contains(line), "{what}: {line}");
    }
}

#[test]
fn the_examples_of_the_sections_are_one_valid_scenario() {
    let page = reference(&Registries::builtin());
    let mut whole = String::new();
    for section in SECTIONS {
        let chapter = page.split_once(&format!("\n## {section}\n")).expect("a chapter").1;
        let chapter = &chapter[..chapter.find("\n## ").expect("another chapter")];
        let (_, fenced) = chapter.split_once("```toml\n").expect(section);
        whole += fenced.split("```").next().expect("an end");
        whole += "\n";
    }
    assert_eq!(errors("reference.toml", &whole), None);
    for form in ["exponential", "uniform", "normal", "log-normal", "pareto", "erlang", "mixture"] {
        assert!(whole.contains(&format!("{form} = ")), "{form} is drawn");
    }
}

/// A variant over one store.
fn one_store(variant: &str) -> String {
    variant.replace("pattern = ", "technique = 'monolith'\npattern = ")
}

#[test]
fn every_example_of_a_pattern_is_a_valid_variant() {
    let page = reference(&Registries::builtin());
    let found = examples_of(&page, "Settings of patterns");
    assert_eq!(found.len(), Registries::builtin().patterns.iter().count());
    for (name, example) in found {
        let system = without(&without(EXAMPLE, "variants"), "expect");
        let system = without(&system, "sweep");
        let mut wrong = errors("reference.toml", &format!("{system}\n{example}"));
        if wrong.is_some() {
            // A pattern for one store needs one.
            wrong = errors("reference.toml", &(system + "\n" + &one_store(&example)));
        }
        assert_eq!(wrong, None, "{name}");
    }
}

#[test]
fn every_example_of_a_technique_is_a_line_of_a_valid_scenario() {
    let page = reference(&Registries::builtin());
    let found = examples_of(&page, "Settings of techniques");
    assert!(found.len() > 8, "{found:?}");
    for (name, line) in found {
        let scenario = examples::texts().find(|(_, text)| text.contains(&line));
        let (path, text) = scenario.unwrap_or_else(|| panic!("{name}: {line}"));
        assert_eq!(errors(&format!("{path}.toml"), text), None, "{name}");
    }
}

#[test]
fn every_kind_of_fault_has_an_example_that_is_valid() {
    let page = reference(&Registries::builtin());
    let found = examples_of(&page, "Settings of faults");
    assert_eq!(found.len(), Registries::builtin().faults.iter().count());
    for (name, example) in found {
        assert!(example.contains(&format!("kind = \"{name}\"\n")), "{example}");
        let path = format!("faults/{name}.toml");
        let text = examples::text(&path).expect("it ships");
        let one = without(text, "faults") + "\n" + &example;
        assert_eq!(errors(&path, &one), None, "{name}");
    }
}
