//! The techniques that arrange ownership in a variant, applied one after the other.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Origin;
use super::decode::{Decoder, Item};
use super::plan::{note_settings, settings_of, unknown};
use super::problem::Code;
use super::problem::Place;
use super::values::At;
use crate::reason;
use crate::techniques::table_split::TableSplit;
use crate::techniques::technique::{PreparedTechnique, Technique, TechniqueEntry, Techniques};

/// A technique with its settings and its place in the file.
#[derive(Clone)]
pub struct TechniqueText {
    /// The place of the technique.
    pub place: Place,
    /// The technique.
    pub arrangement: Arc<dyn PreparedTechnique>,
    /// Every word of its settings, so that a problem with a name can be shown at its place.
    words: Vec<At<String>>,
}

impl TechniqueText {
    /// The first of these names that the settings contain.
    pub fn first_written(&self, names: &[String]) -> Option<&At<String>> {
        names.iter().find_map(|name| self.words.iter().find(|word| word.value == *name))
    }
}

/// The techniques of a variant that gives none.
pub fn usual(place: &Place, decoder: &mut Decoder<'_>) -> Vec<TechniqueText> {
    let source = "the usual end of a migration";
    decoder.used(format!("'{}'", TableSplit::NAME), Origin::Default { source });
    let entry = decoder.registries.techniques.find(TableSplit::NAME);
    let text = |entry: &TechniqueEntry| TechniqueText {
        place: place.clone(),
        arrangement: entry.with_defaults(),
        words: Vec::new(),
    };
    entry.map(text).into_iter().collect()
}

/// The value of the key `technique`: a name, a table with a name and settings, or a list of those.
pub fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Vec<TechniqueText>> {
    match item.get_ref() {
        DeValue::Array(list) if list.is_empty() => {
            decoder.refused(item, "at least one technique", "it is empty")
        }
        DeValue::Array(list) => {
            let each = list.iter().enumerate();
            let all = each.map(|(at, item)| decoder.item(at, |decoder| one(item, decoder)));
            all.collect::<Vec<_>>().into_iter().collect()
        }
        _ => Some(vec![one(item, decoder)?]),
    }
}

fn one(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<TechniqueText> {
    let place = item.span();
    match item.get_ref() {
        DeValue::String(name) => {
            let name = At { place: place.clone(), value: name.to_string() };
            let nothing = Spanned::new(place, DeValue::Table(DeTable::new()));
            found(&name, &nothing, decoder)
        }
        DeValue::Table(_) => {
            let mut table = decoder.table(item, "a technique")?;
            let name: Option<At<String>> = table.read(decoder, "name", None);
            let rest = Spanned::new(place, DeValue::Table(table.take_rest()));
            table.close(decoder);
            found(&name?, &rest, decoder)
        }
        _ => decoder
            .expected(item, reason!("a name, a table with a `{}`, or a list of those", "name")),
    }
}

/// The technique with this name and these settings.
fn found(
    name: &At<String>,
    settings: &Item<'_>,
    decoder: &mut Decoder<'_>,
) -> Option<TechniqueText> {
    let registries = decoder.registries;
    let Some(entry) = registries.techniques.find(&name.value) else {
        decoder.report(unknown(
            Code::UnknownTechnique,
            "technique",
            name,
            &registries.techniques.names(),
        ));
        return None;
    };
    decoder.used(format!("\"{}\"", entry.name), Origin::File);
    let arrangement = settings_of(entry, settings, decoder)?;
    let source = "the technique's manual page";
    note_settings(decoder, &arrangement.settings(), settings.get_ref().as_table(), source);
    let mut words = Vec::new();
    collect(settings, &mut words);
    Some(TechniqueText { place: name.place.clone(), arrangement, words })
}

/// Collects every string of a subtree, and every key at the place of its value.
fn collect(item: &Item<'_>, words: &mut Vec<At<String>>) {
    match item.get_ref() {
        DeValue::String(word) => {
            words.push(At { place: item.span(), value: word.to_string() });
        }
        DeValue::Array(list) => list.iter().for_each(|item| collect(item, words)),
        DeValue::Table(table) => {
            for (key, item) in table {
                collect(item, words);
                words.push(At { place: item.span(), value: key.get_ref().to_string() });
            }
        }
        _ => {}
    }
}

/// The JSON Schema of one technique: its name, or a table with its settings beside the name.
pub fn definition(techniques: &Techniques, generator: &mut schemars::SchemaGenerator) -> Value {
    let names = json!({ "enum": techniques.names() });
    let tables = techniques.iter().map(|entry| {
        let own = super::schema::opened(entry, generator);
        let mut properties = Map::new();
        let name = json!({ "const": entry.name, "description": entry.summary });
        properties.insert("name".into(), name);
        properties.extend(own["properties"].as_object().cloned().unwrap_or_default());
        let mut required = vec![json!("name")];
        required.extend(own["required"].as_array().cloned().unwrap_or_default());
        json!({
            "type": "object",
            "description": entry.summary,
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    });
    let shapes: Vec<Value> = std::iter::once(names).chain(tables).collect();
    json!({ "anyOf": shapes })
}
