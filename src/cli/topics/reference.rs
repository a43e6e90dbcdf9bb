//! The reference of the scenario format for people: every key with its type, limits, default and
//! source, from the schema of scenario files, and examples from scenarios that are valid.

#[cfg(test)]
mod tests;

use super::keys::{self, Key, Otherwise, Table, settings};
use crate::cli::examples;
use crate::model::registry::{Configurable, Registry};
use crate::scenario::{self, PROFILES, Registries};

/// A scenario that uses every section; each section shows its own part of it.
const EXAMPLE: &str = include_str!("reference/example.toml");

/// The sections of a file in the order in which one is written.
const SECTIONS: [&str; 18] = [
    "scenario",
    "services",
    "databases",
    "tables",
    "links",
    "broker",
    "drivers",
    "operations",
    "retry",
    "clients",
    "load",
    "reads",
    "invariants",
    "expect",
    "variants",
    "faults",
    "sweep",
    "explore",
];

/// The kinds of values that are written as a text or a table of their own.
const DISTRIBUTION: &str = "distribution";

/// The beginning of the reference.
const HEAD: &str = include_str!("reference/head.md");

/// The reference as Markdown.
pub fn reference(registries: &Registries) -> String {
    let tables = keys::tables(&scenario::schema(registries));
    let mut text = format!("{HEAD}\n{}\nThe sections:\n\n", profiles());
    for section in SECTIONS {
        let of = tables.iter().find(|table| table.path == section);
        let about = of.map_or("", |table| table.about.split_inclusive(". ").next().unwrap_or(""));
        text += &format!("- [`{section}`](#{section}): {}\n", about.trim_end());
    }
    text += &format!("- [{DISTRIBUTION}](#{DISTRIBUTION}): the values that are drawn\n");
    text += "- [settings of patterns](#settings-of-patterns), [of techniques]\
             (#settings-of-techniques) and [of faults](#settings-of-faults)\n";
    let mut told: Vec<&Table> = Vec::new();
    for section in SECTIONS.into_iter().chain([DISTRIBUTION]) {
        text += &format!("\n## {section}\n");
        let inside = format!("{section}.");
        let own = |table: &&Table| table.path == section || table.path.starts_with(&inside);
        for table in tables.iter().filter(own) {
            text += &chapter(table, &tables, &mut told);
        }
        if let Some(example) = example(section) {
            text += &format!("\n```toml\n{example}```\n");
        }
    }
    text += "\nThe example of [services](#services) draws its `work` in six ways.\n";
    text += "\n## Settings of patterns\n\nThey stand in the table `settings` of a variant.\n";
    text += &parts(&registries.patterns, &|name, keys| Some(pattern(name, keys)));
    text += "\n## Settings of techniques\n\nThey stand beside the `name` of a technique.\n";
    text += &parts(&registries.techniques, &|name, _| technique(name));
    text += "\n## Settings of faults\n\nThey stand beside the `kind` of a fault.\n";
    text + &parts(&registries.faults, &|name, _| fault(name))
}

/// The profiles with the defaults that each has.
fn profiles() -> String {
    let mut text =
        "| Profile | | Delay one way | Forced write | Source |\n|---|---|---|---|---|\n".to_owned();
    for profile in &PROFILES {
        let [delay, force] = [profile.delay, profile.force].map(|it| it.replace('\'', "\""));
        text += &row(&[
            &format!("`{}`", profile.name),
            profile.summary,
            &format!("`{delay}`"),
            &format!("`{force}`"),
            profile.source,
        ]);
    }
    text
}

/// A row of a Markdown table.
fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A table of a file with its keys, or where its keys stand if an earlier table has them, too.
fn chapter<'a>(table: &'a Table, all: &[Table], told: &mut Vec<&'a Table>) -> String {
    let mut text = format!("\n### `{}`\n\n{}\n", table.head, table.about);
    if let Some(rule) = table.rule() {
        text += &format!("\n{rule}\n");
    }
    if table.keys.is_empty() {
        return text;
    }
    if let Some(same) = told.iter().find(|same| same.keys == table.keys) {
        return text + &format!("\nIts keys are those of `{}`.\n", same.head);
    }
    told.push(table);
    let own = |key: &Key| {
        let path = format!("{}.{}", table.path, key.name);
        all.iter().find(|table| table.path == path)
    };
    text + "\n" + &listed(&table.keys, &|key| own(key).map(|table| table.head.clone()))
}

/// Keys as a Markdown table; `inner` gives the table that a key opens.
fn listed(keys: &[Key], inner: &dyn Fn(&Key) -> Option<String>) -> String {
    let mut text = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n".to_owned();
    for key in keys {
        let default = match &key.otherwise {
            Otherwise::Required => "required".to_owned(),
            Otherwise::Told => "–".to_owned(),
            Otherwise::Profile(_) => "that of the profile".to_owned(),
            Otherwise::Value(value) => match &key.source {
                Some(source) => format!("`{value}` ({source})"),
                None => format!("`{value}`"),
            },
        };
        let mut meaning = key.meaning().to_owned();
        if !key.words.is_empty() {
            meaning += &format!(" One of: `{}`.", key.words.join("`, `"));
        }
        if let Some(head) = inner(key) {
            meaning += &format!(" See `{head}`.");
        }
        text += &row(&[&format!("`{}`", key.name), &key.kind, &default, meaning.trim()]);
    }
    text
}

/// The settings of the parts of one kind, each with an example.
fn parts<T: ?Sized>(
    registry: &Registry<Configurable<T>>,
    example: &dyn Fn(&str, &[Key]) -> Option<String>,
) -> String {
    let mut text = String::new();
    for entry in registry.iter() {
        let keys = settings(entry);
        let (name, summary) = (entry.name, entry.summary);
        text += &format!("\n### `{name}`\n\n{summary}; `driftlab explain {name}` tells more.\n");
        if !keys.is_empty() {
            text += &format!("\n{}", listed(&keys, &|_| None));
        }
        if let Some(example) = example(name, &keys) {
            text += &format!("\n```toml\n{example}```\n");
        }
    }
    text
}

/// The part of the example that a section shows, with the comments above it.
fn example(section: &str) -> Option<String> {
    let blocks = blocks(EXAMPLE);
    let own = blocks.iter().filter(|(head, _)| section_of(head) == section);
    let text: Vec<&str> = own.map(|(_, block)| block.trim_end()).collect();
    (!text.is_empty()).then(|| text.join("\n\n") + "\n")
}

/// The section of a header.
fn section_of(head: &str) -> &str {
    head.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default()
}

/// The tables of a scenario as they are written: each with its header, and the comments above it.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut above = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            blocks.push((line.to_owned(), std::mem::take(&mut above)));
        }
        if line.starts_with('#') || blocks.is_empty() {
            above += &format!("{line}\n");
        } else if let Some((_, block)) = blocks.last_mut() {
            *block += &format!("{line}\n");
        }
    }
    blocks
}

/// A variant with every setting of a pattern at its default.
fn pattern(name: &str, keys: &[Key]) -> String {
    let settings = keys.iter().filter_map(|key| match &key.otherwise {
        Otherwise::Value(value) => Some(format!("{} = {value}\n", key.name)),
        _ => None,
    });
    let settings: String = settings.collect();
    let mut text = format!("[variants.{name}]\npattern = \"{name}\"\n");
    if !settings.is_empty() {
        text += &format!("\n[variants.{name}.settings]\n{settings}");
    }
    text
}

/// The line of a scenario that ships by which it uses a technique, the one with settings first.
fn technique(name: &str) -> Option<String> {
    let named = format!("technique = {{ name = \"{name}\"");
    let alone = format!("technique = \"{name}\"");
    let uses = |start: &str| {
        let found = examples::texts().find_map(|(_, text)| {
            text.lines().find(|line| line.starts_with(start)).map(str::to_owned)
        });
        found.map(|line| line + "\n")
    };
    uses(&named).or_else(|| uses(&alone))
}

/// The fault of the scenario that ships to show this kind.
fn fault(name: &str) -> Option<String> {
    let kind = format!("kind = \"{name}\"\n");
    let text = examples::text(&format!("faults/{name}")).ok()?;
    let found = blocks(text)
        .into_iter()
        .find(|(head, block)| head == "[[faults]]" && block.contains(&kind));
    found.map(|(_, block)| block.trim_end().to_owned() + "\n")
}
