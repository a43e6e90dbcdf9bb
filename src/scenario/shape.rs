//! The macros that declare the tables and words of a scenario file.

/// Declares a table of the file: a struct whose fields are keys. A key without a default must be
/// given, unless its type allows nothing (`Option`, `Vec`, `Map`). `one of` names leading keys of
/// which exactly one must be there, with the keys that they need and allow beside them. Before the
/// `struct` stands what problems call the table: words, or `key` and a name.
macro_rules! shape {
    (
        $(#[doc = $about:literal])+
        $($what:literal)? $(key $key:literal)?
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty $(= $fallback:expr)?, )*
        }
        $( one of { $( $lead:literal [$($needs:literal)*] [$($allows:literal)*] )+ } )?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone)]
        pub struct $name {
            /// The place of the table: its header, or its braces.
            #[allow(dead_code, reason = "not every table is pointed at as a whole")]
            pub place: $crate::scenario::problem::Place,
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl $crate::scenario::decode::Decode for $name {
            fn decode(
                item: &$crate::scenario::decode::Item<'_>,
                decoder: &mut $crate::scenario::decode::Decoder<'_>,
            ) -> Option<Self> {
                let mut table = decoder.table(item, $crate::reason!($($what)? $("`{}`", $key)?))?;
                let place = table.place.clone();
                $(
                    let $field: Option<$type> = table.read(
                        decoder,
                        stringify!($field),
                        $crate::scenario::shape::fallback!($($fallback)?),
                    );
                )*
                $( table.check_leads(decoder, &[ $( $crate::scenario::decode::Lead {
                    key: $lead, needs: &[$($needs),*], allows: &[$($allows),*],
                } ),+ ]); )?
                table.close(decoder);
                Some(Self { place, $($field: $field?,)* })
            }

            fn schema() -> serde_json::Value {
                #[allow(unused_mut)]
                let mut object = $crate::scenario::shape::Object::new(&[$($about),+]);
                $( object.key::<$type>(
                    stringify!($field), &[$($doc),+],
                    $crate::scenario::shape::fallback!($($fallback)?),
                ); )*
                $( $( object.lead(&[$lead $(, $needs)*]); )+ )?
                object.finish()
            }
        }
    };
}

/// The default of a key, if it has one.
macro_rules! fallback {
    () => {
        None
    };
    ($fallback:expr) => {
        Some($fallback)
    };
}

/// Declares a choice between words.
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident { $( $(#[doc = $doc:literal])+ $word:ident = $text:literal, )+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $( $(#[doc = $doc])+ $word, )+ }

        impl $crate::scenario::decode::Decode for $name {
            const LEAF: bool = true;

            fn decode(
                item: &$crate::scenario::decode::Item<'_>,
                decoder: &mut $crate::scenario::decode::Decoder<'_>,
            ) -> Option<Self> {
                match item.get_ref().as_str() {
                    $( Some($text) => Some(Self::$word), )+
                    Some(text) => {
                        let words = $crate::scenario::suggest::either([$($text),+]);
                        decoder.refused(item, words, &format!("`{text}` is no choice"))
                    }
                    None => decoder.expected(item, "a string"),
                }
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({ "enum": [$($text),+] })
            }
        }
    };
}

pub(super) use {fallback, shape, words};

use super::decode::{Decode, Fallback};
use super::profile::PROFILES;
use serde_json::{Map, Value, json};

/// The annotation of a schema that names the source of its `default`.
pub const SOURCE: &str = "x-default-source";
/// The annotation of a schema whose default depends on the profile: the value by its name.
pub const BY_PROFILE: &str = "x-default-by-profile";
/// The annotation of a schema that names the unit of a number.
pub const UNIT: &str = "x-unit";

/// Annotates a schema with a default in TOML and its source, and returns the sentence about them
/// for its description.
pub fn with_default(schema: &mut Value, text: &str, source: &str) -> String {
    schema["default"] = json_of(text);
    schema[SOURCE] = source.into();
    format!(" Default: {} ({source}).", text.replace('\'', "\""))
}

/// A value in TOML as JSON.
fn json_of(text: &str) -> Value {
    let table: Option<Map<String, Value>> = toml::from_str(&format!("value = {text}")).ok();
    table.and_then(|mut table| table.remove("value")).unwrap_or_default()
}

/// The key of a field: kebab case; a trailing underscore only avoids a word of Rust.
pub fn key(field: &str) -> String {
    field.trim_end_matches('_').replace('_', "-")
}

/// The JSON Schema of a table in the making.
pub struct Object {
    about: String,
    keys: Map<String, Value>,
    required: Vec<String>,
    leads: Vec<Value>,
}

impl Object {
    /// A table without keys.
    pub fn new(about: &[&str]) -> Self {
        Self { about: prose(about), keys: Map::new(), required: Vec::new(), leads: Vec::new() }
    }

    /// Adds the key of a field.
    pub fn key<T: Decode>(&mut self, field: &str, doc: &[&str], fallback: Option<Fallback>) {
        let mut description = prose(doc);
        let mut schema = T::schema();
        match fallback {
            Some(Fallback::Fixed(text, source)) => {
                description.push_str(&with_default(&mut schema, text, source));
            }
            Some(Fallback::Profile(pick)) => {
                description.push_str(" Default: the profile's.");
                let values = PROFILES.iter().map(|it| (it.name.to_owned(), json_of(pick(it))));
                schema[BY_PROFILE] = values.collect::<Map<String, Value>>().into();
            }
            Some(Fallback::Empty) => {}
            None if T::absent().is_none() => self.required.push(key(field)),
            None => {}
        }
        // What a key is for says more than what its table is in general.
        schema["description"] = description.into();
        self.keys.insert(key(field), schema);
    }

    /// Adds a leading key with those that it needs.
    pub fn lead(&mut self, keys: &[&str]) {
        self.leads.push(json!({ "required": keys }));
    }

    /// The schema.
    pub fn finish(self) -> Value {
        let mut schema = json!({
            "type": "object",
            "description": self.about,
            "properties": self.keys,
            "additionalProperties": false,
        });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        if !self.leads.is_empty() {
            schema["oneOf"] = json!(self.leads);
        }
        schema
    }
}

/// Lines of a documentation comment as one paragraph.
fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
