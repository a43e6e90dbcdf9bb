//! `driftlab explain`: the manual page of a pattern, technique or fault with its settings, or of a
//! check.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Error, Exit, Session, print};
use crate::checks::expectation;
use crate::model::registry::{self, Configurable, Entry};
use crate::report::text::Terminal;
use crate::scenario::{Registries, VARIANTS, nearest};

/// Pages about what a scenario says that is in no registry.
const CHAPTERS: [(&str, &str); 2] = [("variants", VARIANTS), ("expectations", expectation::MANUAL)];

/// `driftlab explain`.
pub fn explain(session: &Session, name: &str) -> Result<Exit, Error> {
    let Registries { patterns, techniques, faults, properties } = &session.registries;
    if let Some(entry) = patterns.find(name) {
        return print(&page(entry, session.terminal));
    }
    if let Some(entry) = techniques.find(name) {
        return print(&page(entry, session.terminal));
    }
    if let Some(entry) = faults.find(name) {
        return print(&page(entry, session.terminal));
    }
    if let Some(entry) = properties.find(name) {
        return print(&format!("{}\nIt must be true: {}.\n", entry.page(), entry.kind.when.name()));
    }
    if let Some((_, manual)) = CHAPTERS.iter().find(|(chapter, _)| *chapter == name) {
        return print(&registry::page(manual));
    }
    let mut known = patterns.names();
    known.extend(techniques.names());
    known.extend(CHAPTERS.map(|(chapter, _)| chapter));
    known.extend(faults.names());
    known.extend(properties.names());
    let hint = nearest(name, known.iter().copied()).map_or_else(
        || {
            "`driftlab list patterns`, `techniques`, `faults` and `checks` show what has a page; \
             `driftlab list measures` defines measures"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("no pattern, technique, fault or check is called `{name}`");
    Err(Error::Usage(format!("{message}\nhint: {hint}")))
}

/// The manual and, from the same declarations that decode a scenario, the settings.
fn page<T: ?Sized>(entry: &Entry<Configurable<T>>, terminal: Terminal) -> String {
    let inline = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = entry.schema(&mut inline.into_generator()).to_value();
    let defaults = entry.defaults();
    let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty()) else {
        return entry.page();
    };
    let is_required = |key: &str| {
        schema["required"].as_array().is_some_and(|required| required.contains(&key.into()))
    };
    let mut text = format!("{}\nSettings:\n", entry.page());
    for (key, property) in properties {
        let default = match &defaults[key] {
            _ if is_required(key) => "(required)".to_owned(),
            Value::Null => "(none by default)".to_owned(),
            value => format!("= {value}"),
        };
        text += &format!("\n  {key} {default}\n");
        let description = property["description"].as_str().unwrap_or_default();
        // A description keeps the line breaks of the comment that it comes from.
        text += &terminal.fill("      ", "      ", &description.replace('\n', " "));
        let words = words(property);
        if !words.is_empty() {
            text += &terminal.fill("      One of: ", "      ", &words.join(", "));
        }
    }
    text
}

/// The words that a setting may have, where it may have only some.
fn words(property: &Value) -> Vec<&str> {
    let of = |key: &str| property[key].as_array().into_iter().flatten();
    let consts = of("oneOf").chain(of("anyOf")).filter_map(|choice| choice["const"].as_str());
    consts.chain(of("enum").filter_map(Value::as_str)).collect()
}
