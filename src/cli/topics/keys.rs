//! The keys of a scenario file and the settings of its parts, as their schemas describe them.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::model::registry::{Configurable, Entry};
use crate::report::text::Terminal;
use crate::scenario::{self, BY_PROFILE, SOURCE, UNIT};

/// Definitions of single values, also where they are written as a table.
const VALUES: [&str; 2] = ["Duration", "Distribution"];

/// A key of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name in that table.
    pub name: String,
    /// The note behind its name: its type, or its default.
    pub note: String,
    /// Its documentation.
    pub about: String,
    /// The words that are allowed, if the key is a choice between words.
    pub words: Vec<String>,
    /// The values that it may have, in words, with their unit and limits.
    pub kind: String,
    /// The value if the key is left out.
    pub otherwise: Otherwise,
    /// The source of that value.
    pub source: Option<String>,
}

/// The value of a key that is left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Otherwise {
    /// None: the key must be written.
    Required,
    /// This value, as TOML.
    Value(String),
    /// A value of the profile: each profile with that value, as TOML.
    Profile(Vec<(String, String)>),
    /// No value, or one that the documentation of the key describes.
    Told,
}

impl Key {
    /// A key of this type with the schema of its value.
    fn new(name: &str, schema: &Value, kind: String, is_required: bool) -> Self {
        let of = |key: &str| schema[key].as_array().into_iter().flatten();
        let consts = of("oneOf").chain(of("anyOf")).filter_map(|choice| choice["const"].as_str());
        let mut words: Vec<String> = Vec::new();
        for word in consts.chain(of("enum").filter_map(Value::as_str)) {
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        let otherwise = match (&schema["default"], &schema[BY_PROFILE]) {
            _ if is_required => Otherwise::Required,
            (Value::Null, Value::Object(by)) => {
                let values = by.iter().map(|(profile, value)| (profile.clone(), toml(value)));
                Otherwise::Profile(values.collect())
            }
            (Value::Null, _) => Otherwise::Told,
            (value, _) => Otherwise::Value(toml(value)),
        };
        let note = format!("({kind}{})", if is_required { ", required" } else { "" });
        // A description keeps the line breaks of the comment that it comes from.
        let about = description(schema).replace('\n', " ");
        let source = schema[SOURCE].as_str().map(str::to_owned);
        Self { name: name.into(), note, about, words, kind, otherwise, source }
    }

    /// The documentation without the default and its source, which end it.
    pub fn meaning(&self) -> &str {
        let is_told = self.source.is_some() || matches!(self.otherwise, Otherwise::Profile(_));
        let parts = self.about.split_once(" Default: ").filter(|_| is_told);
        parts.map_or(&self.about, |(meaning, _)| meaning)
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

/// The settings of a part, from the same declarations that decode a scenario.
pub fn settings<T: ?Sized>(entry: &Entry<Configurable<T>>) -> Vec<Key> {
    let inline = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = entry.schema(&mut inline.into_generator()).to_value();
    let mut named = SchemaSettings::draft2020_12().into_generator();
    let referring = scenario::opened(entry, &mut named);
    let definitions = Value::Object(named.take_definitions(true));
    let walk = Walk { definitions: &definitions };
    let defaults = entry.defaults();
    let required = schema["required"].as_array();
    let keys = properties(&schema).map(|(name, property)| {
        let is_required = required.is_some_and(|required| required.contains(&name.as_str().into()));
        let mut property = property.clone();
        property["default"] = defaults[name].clone();
        let kind = walk.kind(&referring["properties"][name]);
        let mut key = Key::new(name, &property, kind, is_required);
        key.note = match &defaults[name] {
            _ if is_required => "(required)".to_owned(),
            Value::Null => "(none by default)".to_owned(),
            value => format!("= {value}"),
        };
        key
    });
    keys.collect()
}

/// A value of JSON as TOML.
pub fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<String>>().join(", "))
        }
        Value::Object(table) => {
            let keys = table.iter().filter(|(_, value)| !value.is_null());
            let keys: Vec<String> =
                keys.map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            if keys.is_empty() { "{}".into() } else { format!("{{ {} }}", keys.join(", ")) }
        }
        // Numbers, texts and truth values are written alike in both.
        value => value.to_string(),
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
    /// The sentence that says of which keys exactly one must be written, if there are any.
    pub fn rule(&self) -> Option<String> {
        let leads = self.leads.iter().map(|group| match group.as_slice() {
            [] => String::new(),
            [lead] => format!("`{lead}`"),
            [lead, needs @ ..] => format!("`{lead}` (with `{}`)", needs.join("`, `")),
        });
        let leads: Vec<String> = leads.collect();
        (!leads.is_empty())
            .then(|| format!("Exactly one of these must be written: {}.", leads.join(", ")))
    }

    /// The page of the table, with its keys. `has_page` returns whether a path has a page of its
    /// own.
    pub fn page(&self, terminal: Terminal, has_page: &dyn Fn(&str) -> bool) -> String {
        let mut text = format!("# {}\n\n{}", self.head, terminal.fill("", "", &self.about));
        if let Some(rule) = self.rule() {
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
            if consts.is_empty() {
                return Key::new(key, inner, self.kind(inner), required(key));
            }
            let about = "Which one; `driftlab explain NAME` explains it, with its settings.";
            let choice = json!({ "enum": consts, "description": about });
            Key::new(key, &choice, "word".into(), required(key))
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
            let choices = choices.iter().filter(|choice| choice["type"] != "null");
            let mut kinds: Vec<String> = Vec::new();
            for kind in choices.map(|choice| self.kind(choice)) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            return kinds.join(" or ");
        }
        let is_word = |key: &str| schema.get(key).is_some();
        if ["enum", "const"].into_iter().any(is_word)
            || schema.get("oneOf").is_some_and(|it| it[0].get("const").is_some())
        {
            return "word".into();
        }
        let most = |key: &str| match &schema[key] {
            Value::Number(most) => format!(", at most {most}"),
            _ => String::new(),
        };
        match (&schema["type"], schema.get("items"), schema.get("additionalProperties")) {
            (_, Some(items), _) => {
                format!("list of {}{}", plural(&self.kind(items)), most("maxItems"))
            }
            (Value::Array(types), _, _) => {
                let types = types.iter().filter(|it| *it != "null");
                let kinds: Vec<String> = types.map(|it| plain(it, schema)).collect();
                kinds.join(" or ")
            }
            (_, _, Some(named)) if named.is_object() => {
                format!("{}, by name{}", self.kind(named), most("maxProperties"))
            }
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
    let unit = schema[UNIT].as_str().map_or_else(String::new, |unit| format!(" {unit}"));
    format!("{name}{unit}{range}")
}

fn plural(kind: &str) -> String {
    let one = |kind: &str| if kind == "text" { "texts".into() } else { format!("{kind}s") };
    kind.split(" or ").map(one).collect::<Vec<String>>().join(" or ")
}
