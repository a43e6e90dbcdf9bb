//! Registries of patterns, faults and other exchangeable parts: each part has a name, documentation
//! and settings that are decoded from a scenario, described in its schema and shown in reports.
//!
//! A registry is a value. A user's own part is added with one call, without a fork.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeValue, Error, ValueDeserializer};

use crate::kernel::Span;

/// Settings of a part: plain data with a documented default for every value.
///
/// By convention a settings struct derives all of these traits and has `#[serde(rename_all =
/// "kebab-case", deny_unknown_fields)]`, with `default` where it applies.
pub trait Settings:
    Clone
    + Send
    + Sync
    + Default
    + serde::Serialize
    + serde::de::DeserializeOwned
    + schemars::JsonSchema
    + 'static
{
}

impl<T> Settings for T where
    T: Clone
        + Send
        + Sync
        + Default
        + serde::Serialize
        + serde::de::DeserializeOwned
        + schemars::JsonSchema
        + 'static
{
}

/// A registered part: its name, its documentation and, by its kind, its constructor.
#[derive(Clone)]
pub struct Entry<K> {
    /// The name in scenarios, promises and reports.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// Its own source file, whose leading `//!` lines are its manual page; see [`Entry::page`].
    pub manual: &'static str,
    /// The constructor of its settings.
    pub kind: K,
}

impl<K> Entry<K> {
    /// The manual page: the documentation at the head of its source file, as Markdown.
    pub fn page(&self) -> String {
        page(self.manual)
    }
}

/// A kind of part that has settings; `T` is the part with its settings, ready to be used.
pub struct Configurable<T: ?Sized> {
    schema: fn(&mut SchemaGenerator) -> Schema,
    defaults: fn() -> Value,
    decode: for<'i> fn(Spanned<DeValue<'i>>) -> Result<Arc<T>, Error>,
    default: fn() -> Arc<T>,
}

// A derived `Clone` would require `T: Clone`.
impl<T: ?Sized> Clone for Configurable<T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: ?Sized> Configurable<T> {
    /// A part with settings `S`, given by two functions: pass `|tree| decode(tree).map(prepare)`
    /// and `|| prepare(S::default())`.
    pub fn new<S: Settings>(
        decode: for<'i> fn(Spanned<DeValue<'i>>) -> Result<Arc<T>, Error>,
        default: fn() -> Arc<T>,
    ) -> Self {
        Self {
            schema: |generator| generator.subschema_for::<S>(),
            defaults: || json(&S::default()),
            decode,
            default,
        }
    }
}

impl<T: ?Sized> Entry<Configurable<T>> {
    /// The JSON Schema of the settings.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.kind.schema)(generator)
    }

    /// The default settings as JSON.
    pub fn defaults(&self) -> Value {
        (self.kind.defaults)()
    }

    /// Decodes settings from a subtree of a scenario, whose positions the error keeps.
    ///
    /// # Errors
    /// Whatever does not fit the settings, the first thing found.
    pub fn decode(&self, tree: Spanned<DeValue<'_>>) -> Result<Arc<T>, Error> {
        (self.kind.decode)(tree)
    }

    /// The part with its default settings.
    pub fn with_defaults(&self) -> Arc<T> {
        (self.kind.default)()
    }
}

/// The manual page at the head of a source file: its leading `//!` lines, as Markdown.
pub fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// Decodes settings of type `S` from a subtree of a scenario.
///
/// # Errors
/// Whatever does not fit `S`, with its position.
pub fn decode<S: Settings>(tree: Spanned<DeValue<'_>>) -> Result<S, Error> {
    S::deserialize(ValueDeserializer::from(tree))
}

/// Settings as JSON, for reports.
pub fn json<S: Settings>(settings: &S) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// A setting with a single value: present, and neither a list nor a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The key.
    pub name: String,
    /// The value as a scenario shows it, without quotation marks.
    pub value: String,
    /// True if the setting is a length of time.
    pub is_span: bool,
    /// True if the setting is a number of attempts.
    pub is_attempts: bool,
    /// True if the value is the default.
    pub is_default: bool,
}

/// A number of attempts. The type marks settings on which results may depend.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Attempts(pub u16);

/// The settings of type `S` that are single values, in the order of their names.
pub fn choices<S: Settings>(settings: &S) -> Vec<Choice> {
    let schema = SchemaGenerator::default().into_root_schema_for::<S>().to_value();
    let (settings, defaults) = (json(settings), json(&S::default()));
    let choice = |(name, value): (&String, &Value)| {
        let value_in_words = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(Choice {
            name: name.clone(),
            value: value_in_words,
            is_span: is_a(&schema["properties"][name], &Span::schema_name()),
            is_attempts: is_a(&schema["properties"][name], &Attempts::schema_name()),
            is_default: defaults.get(name) == Some(value),
        })
    };
    settings.as_object().into_iter().flatten().filter_map(choice).collect()
}

/// Returns whether a schema is that of the type with this name, or of an optional one.
fn is_a(schema: &Value, name: &str) -> bool {
    let is_it = |target: &str| target.rsplit('/').next() == Some(name);
    schema["$ref"].as_str().is_some_and(is_it)
        || schema["anyOf"].as_array().is_some_and(|either| either.iter().any(|it| is_a(it, name)))
}

/// A type that can be registered among the parts of kind `K`.
pub trait Register<K> {
    /// The entry of this type.
    fn entry() -> Entry<K>;
}

/// All parts of one kind, in the order in which they were registered.
#[derive(Clone)]
pub struct Registry<K>(Vec<Entry<K>>);

impl<K> Default for Registry<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> Registry<K> {
    /// This registry with one more part, which replaces one of the same name.
    #[must_use]
    pub fn with<P: Register<K>>(mut self) -> Self {
        self.add::<P>();
        self
    }

    /// Adds a part; it replaces one of the same name.
    pub fn add<P: Register<K>>(&mut self) {
        let entry = P::entry();
        self.0.retain(|known| known.name != entry.name);
        self.0.push(entry);
    }

    /// The part with this name.
    pub fn find(&self, name: &str) -> Option<&Entry<K>> {
        self.0.iter().find(|entry| entry.name == name)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.iter().map(|entry| entry.name).collect()
    }

    /// All parts, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry<K>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_know_lengths_of_time_by_their_type_and_what_was_chosen() {
        #[derive(Clone, Default, serde::Serialize, serde::Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        struct Own {
            every: Span,
            until: Option<Span>,
            no_span: Option<String>,
            left_out: Option<u8>,
            tries: Attempts,
            list: Vec<u8>,
            number: u8,
        }
        let until = Some(Span::from_secs(5));
        let own = Own { until, no_span: Some("5s".into()), number: 3, ..Own::default() };
        let found = choices(&own).into_iter();
        let found: Vec<_> = found
            .map(|it| (it.name, it.value, it.is_span, it.is_attempts, it.is_default))
            .collect();
        let wanted = [
            ("every", "0s", true, false, true),
            ("no-span", "5s", false, false, false),
            ("number", "3", false, false, false),
            ("tries", "0", false, true, true),
            ("until", "5s", true, false, false),
        ];
        assert_eq!(found, wanted.map(|(n, v, s, a, d)| (n.to_owned(), v.to_owned(), s, a, d)));
    }

    #[test]
    fn the_manual_page_is_the_head_of_the_file() {
        let entry = Entry {
            name: "a",
            summary: "b",
            manual: "//! # Title\n//!\n//! Text.\nuse x;\n//! not this",
            kind: Configurable::<str>::new::<u8>(
                |tree| decode::<u8>(tree).map(|number| number.to_string().into()),
                || "0".into(),
            ),
        };
        assert_eq!(entry.page(), "# Title\n\nText.\n");
        assert_eq!(&*entry.with_defaults(), "0");
        let seven = DeValue::parse("7").expect("a number");
        assert_eq!(&*entry.decode(seven).expect("a number"), "7");
        assert_eq!(entry.defaults(), serde_json::json!(0));
    }
}
