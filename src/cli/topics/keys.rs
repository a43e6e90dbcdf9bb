//! The keys of a scenario file and the settings of its parts, as their schemas describe them.

use serde_json::{Value, json};

use crate::report::text::Terminal;

/// Definitions of single values, also where they are written as a table.
const VALUES: [&str; 2] = ["Duration", "Distribution"];

/// A key of a table.
#[derive(Clone)]
pub struct Key {
    /// Its name in that table.
    pub name: String,
    /// The note behind its name: its type, or its default.
    pub note: String,
    /// Its documentation.
    pub about: String,
    /// The words that are allowed, if the key is a choice between words.
    words: Vec<String>,
}

impl Key {
    /// A key with the schema of its value.
    pub fn new(name: &str, schema: &Value, note: String) -> Self {
        let of = |key: &str| schema[key].as_array().into_iter().flatten();
        let consts = of("oneOf").chain(of("anyOf")).filter_map(|choice| choice["const"].as_str());
        let words = consts.chain(of("enum").filter_map(Value::as_str)).map(str::to_owned);
        // A description keeps the line breaks of the comment that it comes from.
        let about = description(schema).replace('\n', " ");
        Self { name: name.into(), note, about, words: words.collect() }
    }

    /// The page of the key: its allowed values, and its documentation.
    pub fn page(&self, terminal: Terminal) -> String {
        let indent = "      ";
        let mut text = format!("  {} {}\n", self.name, self.note);
        if !self.about.is_empty() {
            text += &terminal.fill(indent, indent, &self.about);
        }
        if !self.words.is_empty() {
            text += &terminal.fill(&format!("{indent}One of: "), indent, &self.words.join(", "));
        }
        text
    }
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// A table of a scenario file.
pub struct Table {
    /// Its path, without the names that a scenario chooses: `operations.steps`.
    pub path: String,
    /// The purpose of the key.
    pub about: String,
    /// Its keys; of a table that is one of several, those that all of them have.
    pub keys: Vec<Key>,
    /// Its header, as a file writes it: `[[operations.NAME.steps]]`.
    pub head: String,
    /// Groups of keys of which exactly one must be written.
    leads: Vec<Vec<String>>,
}

impl Table {
    /// The page of the table, with its keys. `has_page` returns whether a path has a page of its
    /// own.
    pub fn page(&self, terminal: Terminal, has_page: &dyn Fn(&str) -> bool) -> String {
        let mut text = format!("# {}\n\n{}", self.head, terminal.fill("", "", &self.about));
        let leads = self.leads.iter().map(|group| match group.as_slice() {
            [] => String::new(),
            [lead] => format!("`{lead}`"),
            [lead, needs @ ..] => format!("`{lead}` (with `{}`)", needs.join("`, `")),
        });
        let leads: Vec<String> = leads.collect();
        if !leads.is_empty() {
            let rule = format!("Exactly one of these must be written: {}.", leads.join(", "));
            text += &format!("\n{}", terminal.fill("", "", &rule));
        }
        for key in &self.keys {
            text += &format!("\n{}", key.page(terminal));
            let path = format!("{}.{}", self.path, key.name);
            if has_page(&path) {
                text += &format!("      Its keys: `driftlab explain {path}`\n");
            }
        }
        text
    }
}

/// The place of a table in a file.
#[derive(Clone)]
struct Place {
    path: String,
    written: String,
    /// The number of brackets of its header: one, two in a list, none if it has no header.
    brackets: usize,
}

impl Place {
    fn top(key: &str, brackets: usize) -> Self {
        Self { path: key.into(), written: key.into(), brackets }
    }

    fn below(&self, key: &str) -> Self {
        Self {
            path: format!("{}.{key}", self.path),
            written: format!("{}.{key}", self.written),
            brackets: self.brackets.min(1),
        }
    }

    fn named(self) -> Self {
        Self { written: format!("{}.NAME", self.written), ..self }
    }

    fn listed(self) -> Self {
        Self { brackets: self.brackets * 2, ..self }
    }

    fn head(&self) -> String {
        let (open, close) = ("[".repeat(self.brackets), "]".repeat(self.brackets));
        format!("{open}{}{close}", self.written)
    }
}

/// Every table that a scenario file may have, by the schema of such files.
pub fn tables(schema: &Value) -> Vec<Table> {
    let walk = Walk { definitions: &schema["$defs"] };
    let mut found = Vec::new();
    for (key, inner) in properties(schema) {
        walk.collect(inner, Place::top(key, 1), &mut found);
    }
    walk.collect(&schema["$defs"]["Distribution"], Place::top("distribution", 0), &mut found);
    found
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

struct Walk<'a> {
    definitions: &'a Value,
}

impl<'a> Walk<'a> {
    /// The schema that a reference stands for; `None` if it is a single value.
    fn referred(&self, schema: &'a Value) -> Option<&'a Value> {
        let name = name_of_reference(schema)?;
        (!VALUES.contains(&name)).then(|| &self.definitions[name])
    }

    /// The tables that may be written for a schema, each with its place.
    fn shapes(&self, schema: &'a Value, place: Place) -> Vec<(&'a Value, Place)> {
        if let Some(choices) = schema.as_array().or_else(|| schema["anyOf"].as_array()) {
            return choices.iter().flat_map(|choice| self.shapes(choice, place.clone())).collect();
        }
        if schema.get("$ref").is_some() {
            return self.referred(schema).map_or_else(Vec::new, |it| self.shapes(it, place));
        }
        match (schema.get("properties"), schema.get("items"), schema.get("additionalProperties")) {
            (Some(_), _, _) => vec![(schema, place)],
            (_, Some(items), _) => self.shapes(items, place.listed()),
            (_, _, Some(named)) if named.is_object() => self.shapes(named, place.named()),
            _ => Vec::new(),
        }
    }

    /// Collects the table that a schema describes, if it does, and those inside it.
    fn collect(&self, schema: &'a Value, place: Place, into: &mut Vec<Table>) {
        let shapes = self.shapes(schema, place);
        into.extend(self.table(schema, &shapes));
        let Some(((first, place), others)) = shapes.split_first() else { return };
        for (key, inner) in properties(first) {
            // Keys that differ between the shapes are explained with each shape.
            if others.iter().all(|(it, _)| it["properties"].get(key) == Some(inner)) {
                self.collect(inner, place.below(key), into);
            }
        }
    }

    /// The table with what its shapes have in common.
    fn table(&self, schema: &Value, shapes: &[(&'a Value, Place)]) -> Option<Table> {
        let ((first, place), others) = shapes.split_first()?;
        let in_all = |key: &str| others.iter().all(|(it, _)| it["properties"].get(key).is_some());
        let required = |key: &str| {
            let says =
                |it: &Value| it["required"].as_array().is_some_and(|it| it.contains(&key.into()));
            shapes.iter().all(|(it, _)| says(it))
        };
        let keys = properties(first).filter(|(key, _)| in_all(key)).map(|(key, inner)| {
            let consts = shapes.iter().filter_map(|(it, _)| it["properties"][key].get("const"));
            let consts: Vec<&Value> = consts.collect();
            let required = if required(key) { ", required" } else { "" };
            if consts.is_empty() {
                return Key::new(key, inner, format!("({}{required})", self.kind(inner)));
            }
            let about = "Which one; `driftlab explain NAME` explains it, with its settings.";
            let choice = json!({ "enum": consts, "description": about });
            Key::new(key, &choice, format!("(word{required})"))
        });
        let own = description(first);
        let about = match description(schema) {
            "" => own.to_owned(),
            about if about == own || !others.is_empty() => about.to_owned(),
            about => format!("{about} {own}"),
        };
        let leads = first["oneOf"].as_array().into_iter().flatten().map(|lead| {
            let keys = lead["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            keys.map(str::to_owned).collect()
        });
        Some(Table {
            path: place.path.clone(),
            about: about.replace('\n', " "),
            keys: keys.collect(),
            head: place.head(),
            leads: leads.collect(),
        })
    }

    /// The values that a schema allows, in words.
    fn kind(&self, schema: &'a Value) -> String {
        match name_of_reference(schema) {
            Some("Duration") => return "duration".into(),
            Some("Distribution") => return "distribution".into(),
            _ => {}
        }
        if let Some(inner) = self.referred(schema) {
            return self.kind(inner);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let mut kinds: Vec<String> = choices.iter().map(|choice| self.kind(choice)).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
        if schema.get("enum").is_some()
            || schema.get("oneOf").is_some_and(|it| it[0].get("const").is_some())
        {
            return "word".into();
        }
        match (&schema["type"], schema.get("items"), schema.get("additionalProperties")) {
            (Value::Array(types), _, _) => {
                let kinds: Vec<String> = types.iter().map(|it| plain(it, schema)).collect();
                kinds.join(" or ")
            }
            (_, Some(items), _) => format!("list of {}", plural(&self.kind(items))),
            (_, _, Some(named)) if named.is_object() => format!("{}, by name", self.kind(named)),
            (kind, _, _) => plain(kind, schema),
        }
    }
}

fn name_of_reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// A type without parts, with its range.
fn plain(kind: &Value, schema: &Value) -> String {
    let name = match kind.as_str() {
        Some("integer") => "whole number",
        Some("number") => "number",
        Some("string") => "text",
        Some("boolean") => "true or false",
        _ => "table",
    };
    let bound =
        |key: &str| schema.get(key).filter(|bound| bound.as_f64().is_some_and(|it| it < 1e7));
    let range = match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum")) {
        (Some(least), _, Some(most)) => format!(", {least} to {most}"),
        (Some(least), ..) => format!(", at least {least}"),
        (_, Some(limit), Some(most)) => format!(", above {limit}, up to {most}"),
        (_, Some(limit), None) => format!(", above {limit}"),
        _ => String::new(),
    };
    format!("{name}{range}")
}

fn plural(kind: &str) -> String {
    let one = |kind: &str| if kind == "text" { "texts".into() } else { format!("{kind}s") };
    kind.split(" or ").map(one).collect::<Vec<String>>().join(" or ")
}
