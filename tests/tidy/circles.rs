//! Circles of files that import each other: few may have to be read at once to understand one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The largest circle of files that may import each other.
const HANDFUL: usize = 5;

/// A module of the crate, by the names from the root down.
type Module = Vec<String>;

/// The module of a source file.
fn module(path: &Path) -> Module {
    let path = path.strip_prefix(super::root().join("src")).expect("below src").with_extension("");
    let mut names: Module = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod" || name == "lib") {
        names.pop();
    }
    names
}

/// The paths that the declarations `use ...;` of a text name, without what is nested in braces.
fn imports(text: &str) -> Vec<Vec<String>> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line.trim(), " "])
        .collect();
    let declared = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let mut paths = Vec::new();
    for tree in declared.filter(|tree| ["crate::", "super::"].iter().any(|it| tree.starts_with(it)))
    {
        expand(&[], tree, &mut paths);
    }
    paths
}

/// Adds the paths of a tree of imports, such as `a::{b, c::d}`, to `into`.
fn expand(prefix: &[String], tree: &str, into: &mut Vec<Vec<String>>) {
    let (head, nested) = tree.split_once('{').unwrap_or((tree, ""));
    let names = head.split(" as ").next().unwrap_or_default().split("::");
    let names = names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let prefix: Vec<String> = prefix.iter().cloned().chain(names).collect();
    if nested.is_empty() {
        return into.push(prefix);
    }
    let (mut depth, mut from) = (0, 0);
    for (at, letter) in nested.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                if !nested[from..at].trim().is_empty() {
                    expand(&prefix, &nested[from..at], into);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// The file that an import of a module leads to, if it is one of the crate.
fn target(own: &Module, import: &[String], known: &BTreeSet<Module>) -> Option<Module> {
    let mut path = if import[0] == "crate" { Module::new() } else { own.clone() };
    for name in import {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => drop(path.pop()),
            name => path.push(name.to_owned()),
        }
    }
    while !path.is_empty() && !known.contains(&path) {
        path.pop();
    }
    (!path.is_empty() && path != *own).then_some(path)
}

/// The modules that one imports, and those that they import.
fn reached<'g>(
    graph: &'g BTreeMap<Module, BTreeSet<Module>>,
    from: &'g Module,
) -> BTreeSet<&'g Module> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        open.extend(graph.get(next).into_iter().flatten().filter(|it| seen.insert(*it)));
    }
    seen
}

/// The modules from which each can be reached that it reaches itself: its circle.
fn circles(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        graph.keys().map(|module| (module, reached(graph, module))).collect();
    let mut found: Vec<BTreeSet<Module>> = Vec::new();
    for (module, others) in &reach {
        let back = |other: &&&Module| reach.get(**other).is_some_and(|all| all.contains(*module));
        let circle: BTreeSet<Module> =
            others.iter().filter(back).map(|other| (*other).clone()).collect();
        if !circle.is_empty() && !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

/// The imports of every file of product code, from module to modules.
fn graph(files: &[PathBuf]) -> BTreeMap<Module, BTreeSet<Module>> {
    let known: BTreeSet<Module> = files.iter().map(|path| module(path)).collect();
    let of = |path: &PathBuf| {
        let (own, text) = (module(path), super::production(path));
        let found = imports(&text).into_iter().filter_map(|it| target(&own, &it, &known)).collect();
        (own, found)
    };
    files.iter().map(of).collect()
}

#[test]
fn imports_are_expanded_and_circles_found() {
    let text = "use crate::a::{self, b::{C, d}, e as f};\nuse super::g;\nuse std::fmt;\n";
    let paths: Vec<String> = imports(text).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        paths,
        ["crate::a::self", "crate::a::b::C", "crate::a::b::d", "crate::a::e", "super::g"]
    );
    let name = |text: &str| vec![text.to_owned()];
    let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")];
    let mut graph: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, to) in edges {
        graph.entry(name(from)).or_default().insert(name(to));
    }
    assert_eq!(circles(&graph), [BTreeSet::from(["a", "b", "c"].map(name))]);
}

#[test]
fn no_circle_of_imports_is_larger_than_a_handful() {
    let files = super::rust_files("src");
    let graph = graph(&files);
    assert!(graph.values().map(BTreeSet::len).sum::<usize>() > 1_000, "the imports are found");
    let large = circles(&graph).into_iter().filter(|circle| circle.len() > HANDFUL);
    let large: Vec<String> = large
        .map(|circle| circle.iter().map(|it| it.join("::")).collect::<Vec<_>>().join(", "))
        .collect();
    assert!(large.is_empty(), "files that import each other:\n{}", large.join("\n"));
}
