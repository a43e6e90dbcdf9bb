//! The JSON Schema of scenario files, by which editors complete and check.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::decode::Decode;
use super::file::{DriverParts, File, OwnClients, OwnRetry};
use super::plan::SingleStore;
use super::shape::with_default;
use super::values::Length;
use super::{Registries, dist, plan, profile::PROFILES, technique};
use crate::faults::trigger::Trigger;
use crate::kernel::Span;
use crate::model::registry::{Configurable, Entry};
use crate::model::system::{MAX_COLUMNS, MAX_KEYS, MAX_KINDS, MAX_STEPS};
use crate::techniques::table_split::TableSplit;
use crate::techniques::technique::Technique;

/// The JSON Schema (draft 2020-12), with the settings of every pattern and the keys of every
/// kind of fault that is registered.
pub fn schema(registries: &Registries) -> Value {
    let mut generator = generator();
    let patterns = registries.patterns.iter().map(|entry| one(entry, &mut generator));
    let mut patterns: Vec<Value> = patterns.collect();
    patterns.push(several(registries, &mut generator));
    let faults: Vec<Value> =
        registries.faults.iter().map(|entry| fault(entry, &mut generator)).collect();
    let technique = technique::definition(&registries.techniques, &mut generator);
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Duration".into(), schemars::schema_for!(Span).to_value());
    definitions["Duration"].as_object_mut().map(|duration| duration.remove("$schema"));
    definitions["Duration"].as_object_mut().map(|duration| duration.remove("title"));
    definitions.insert("Distribution".into(), dist::definition());
    definitions.insert("Technique".into(), technique);
    let variants: Vec<Value> = patterns.iter().cloned().map(variant).collect();
    let mut switches: Vec<Value> = patterns.into_iter().map(switch).collect();
    switches.push(switch_of_technique());
    definitions.insert("Variant".into(), json!({ "type": "object", "anyOf": variants }));
    definitions.insert("Switch".into(), json!({ "type": "object", "anyOf": switches }));
    definitions.insert("Fault".into(), json!({ "type": "object", "anyOf": faults }));
    let mut schema = File::schema();
    let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    schema["properties"]["scenario"]["properties"]["profile"]["enum"] = json!(names);
    limit(&mut schema["properties"]);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "driftlab scenario".into();
    schema["$defs"] = Value::Object(definitions);
    schema
}

/// Adds the limits of the model to the tables of a file.
fn limit(tables: &mut Value) {
    let operations = &mut tables["operations"];
    operations["maxProperties"] = MAX_KINDS.into();
    let keys = &mut operations["additionalProperties"]["properties"];
    keys["keys"]["maxProperties"] = MAX_KEYS.into();
    keys["steps"]["maxItems"] = MAX_STEPS.into();
    let table = &mut tables["tables"]["additionalProperties"]["properties"];
    table["columns"]["maxProperties"] = MAX_COLUMNS.into();
}

/// A generator of the schemas of settings.
pub fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

/// One pattern for all operations.
fn one<T: ?Sized>(entry: &Entry<Configurable<T>>, generator: &mut SchemaGenerator) -> Value {
    json!({
        "description": entry.summary,
        "properties": {
            "pattern": { "const": entry.name, "description": entry.summary },
            "settings": described(entry.schema(generator).to_value(), "Its settings."),
        },
        "required": ["pattern"],
        "additionalProperties": false,
    })
}

/// A map from operation to pattern, with the settings of each pattern.
fn several(registries: &Registries, generator: &mut SchemaGenerator) -> Value {
    let settings = registries.patterns.iter().map(|entry| {
        let settings = entry.schema(generator).to_value();
        (entry.name.to_owned(), settings)
    });
    let settings: Map<String, Value> = settings.collect();
    let about = "The pattern of each operation, by its name; `default` stands for all others.";
    json!({
        "description": "several patterns side by side, each for some of the operations",
        "properties": {
            "pattern": {
                "type": "object",
                "description": about,
                "additionalProperties": { "enum": registries.patterns.names() },
            },
            "settings": {
                "type": "object",
                "description": "The settings of each pattern, by its name.",
                "properties": settings,
                "additionalProperties": false,
            },
        },
        "required": ["pattern"],
        "additionalProperties": false,
    })
}

/// The schema of a variant: its patterns with its other keys.
fn variant(mut patterns: Value) -> Value {
    let switches = json!({
        "type": "array",
        "description": "The switches: other patterns or techniques from a time on.",
        "items": { "$ref": "#/$defs/Switch" },
    });
    let stream = "The name of its random streams, by default its own name.";
    patterns["properties"]["stream"] = described(String::schema(), stream);
    let numbers = "A name of random numbers of its own. Without it the variant has those of the \
                   others (common random numbers).";
    patterns["properties"]["random-numbers"] = described(String::schema(), numbers);
    let drivers = "The keys in which the capacity of its drivers differs from `[drivers]`.";
    patterns["properties"]["drivers"] = described(DriverParts::schema(), drivers);
    let single = "The way in which operations of one store are carried out: `local` as local \
                  transactions of their service, whatever the pattern is, `through-driver` by the \
                  pattern, like all others.";
    let mut store = SingleStore::schema();
    let (text, source) = plan::SINGLE_STORE;
    let single = single.to_owned() + &with_default(&mut store, text, source);
    patterns["properties"]["single-store"] = described(store, &single);
    let retry = "The keys in which its retry policy differs.";
    patterns["properties"]["retry"] = described(OwnRetry::schema(), retry);
    let clients = "The keys in which its clients differ.";
    patterns["properties"]["clients"] = described(OwnClients::schema(), clients);
    patterns["properties"]["technique"] = techniques();
    patterns["properties"]["technique"]["default"] = json!(TableSplit::NAME);
    patterns["properties"]["switch"] = switches;
    patterns
}

/// The schema of the key `technique`: one technique, or a list.
fn techniques() -> Value {
    let technique = json!({ "$ref": "#/$defs/Technique" });
    let list = json!({ "type": "array", "items": technique, "minItems": 1 });
    let about = "The techniques that arrange ownership: the name of one, a table with its name and \
                 settings, or a list of those, applied in order.";
    json!({ "description": about, "anyOf": [technique, list] })
}

/// The schema of a switch of the patterns at a time.
fn switch(mut patterns: Value) -> Value {
    patterns["properties"]["at"] = described(Span::schema(), "The time of the switch.");
    patterns["properties"]["technique"] = techniques();
    patterns["required"] = json!(["at", "pattern"]);
    patterns
}

/// The schema of a switch of the technique under the same patterns.
fn switch_of_technique() -> Value {
    json!({
        "description": "other techniques under the same patterns",
        "properties": {
            "at": described(Span::schema(), "The time of the switch."),
            "technique": techniques(),
        },
        "required": ["at", "technique"],
        "additionalProperties": false,
    })
}

fn fault<T: ?Sized>(entry: &Entry<Configurable<T>>, generator: &mut SchemaGenerator) -> Value {
    // The keys of a fault stand beside `kind`, not in a table of their own.
    let own = opened(entry, generator);
    let mut properties = Map::new();
    properties.insert("kind".into(), json!({ "const": entry.name, "description": entry.summary }));
    properties.insert("at".into(), described(Span::schema(), "When it begins."));
    let until = "How long it lasts; by default until everything heals at the end of the load.";
    properties.insert("for".into(), described(Length::schema(), until));
    properties.extend(own["properties"].as_object().cloned().unwrap_or_default());
    let on = (generator.subschema_for::<Trigger>()).to_value();
    properties.insert("on".into(), described(on, "The semantic point at which it begins."));
    let mut required = vec![json!("kind")];
    required.extend(own["required"].as_array().cloned().unwrap_or_default());
    json!({
        "description": entry.summary,
        "properties": properties,
        "required": required,
        "oneOf": [{ "required": ["at"] }, { "required": ["on"] }],
        "additionalProperties": false,
    })
}

/// The schema of settings itself, not a reference to it: for keys that stand beside others.
pub fn opened<T: ?Sized>(entry: &Entry<Configurable<T>>, generator: &mut SchemaGenerator) -> Value {
    let own = entry.schema(generator).to_value();
    match own.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next()) {
        Some(name) => generator.definitions().get(name).cloned().unwrap_or_default(),
        None => own,
    }
}

fn described(mut schema: Value, text: &str) -> Value {
    schema["description"] = text.into();
    schema
}
