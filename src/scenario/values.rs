//! The single values of a scenario file: names, numbers with bounds, durations, lists and maps.

use std::ops::Deref;

use humantime::DurationError;
use serde_json::json;
use toml::de::DeValue;

use super::Origin;
use super::decode::{Decode, Decoder, Item, in_order};
use super::problem::{Code, Place, Problem};
use super::shape::UNIT;
use super::suggest::either;
use crate::kernel::Span;
use crate::reason;

/// A value with its position.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The place where it is written.
    pub place: Place,
    /// The value as written.
    pub value: T,
}

/// A table whose keys are names that the author chose, in the order of the file. An entry whose
/// content could not be read keeps its name, so that references to it are not reported as unknown.
#[derive(Clone, Debug)]
pub struct Map<T>(pub Vec<(At<String>, Option<T>)>);

/// A whole number within bounds.
#[derive(Clone, Copy, Debug)]
pub struct Whole<const LEAST: u64, const MOST: u64>(pub u64);

/// A count of at least one.
pub type Count = Whole<1, 4_294_967_295>;
/// A count of at least one of something of which there are few.
pub type Few = Whole<1, 65_535>;

/// A number above zero.
#[derive(Clone, Copy, Debug)]
pub struct Positive(pub f64);

/// A rate per second, above zero.
#[derive(Clone, Copy, Debug)]
pub struct Rate(pub f64);

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct Share(pub f64);

/// A number above 0, up to 1.
#[derive(Clone, Copy, Debug)]
pub struct Portion(pub f64);

/// A duration above zero.
#[derive(Clone, Copy, Debug)]
pub struct Length(pub Span);

/// The length of the settle phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settle {
    /// The time that the slowest variant needs.
    Auto,
    /// This time.
    Given(Span),
}

/// The value of a cell: a whole number or a word.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A whole number.
    Number(i64),
    /// A word, or a reference in braces.
    Word(String),
}

/// The other side of an expectation: a duration, a number, or another variant.
#[derive(Clone, Debug)]
pub enum Amount {
    /// A duration.
    Time(Span),
    /// A count or a share.
    Number(f64),
    /// The value of another variant, multiplied by this factor.
    Variant(At<String>, f64),
}

impl Decode for Amount {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match number(item) {
            Some(number) => Some(Self::Number(number)),
            None if item.get_ref().is_str() => Span::decode(item, decoder).map(Self::Time),
            None if item.get_ref().is_table() => {
                let mut table = decoder.table(item, "what a variant is compared with")?;
                let variant = table.read(decoder, "variant", None);
                let times: Option<Option<Positive>> = table.read(decoder, "times", None);
                table.close(decoder);
                Some(Self::Variant(variant?, times?.map_or(1.0, |times| times.0)))
            }
            None => decoder.expected(
                item,
                "a number, a duration such as \"2s\", or { variant = \"its name\" }",
            ),
        }
    }

    fn schema() -> serde_json::Value {
        let variant = json!({
            "type": "object",
            "properties": {
                "variant": {
                    "type": "string",
                    "description": "Another variant, on the same seeds.",
                },
                "times": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "default": 1,
                    "description": "So many times what that has.",
                },
            },
            "required": ["variant"],
            "additionalProperties": false,
        });
        json!({ "anyOf": [{ "type": "number" }, Span::schema(), variant] })
    }
}

fn integer(item: &Item<'_>) -> Option<i128> {
    let integer = item.get_ref().as_integer()?;
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(item: &Item<'_>) -> Option<f64> {
    match item.get_ref() {
        DeValue::Integer(_) => integer(item).map(|number| number as f64),
        DeValue::Float(float) => float.as_str().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

impl<T: Decode> Decode for At<T> {
    const LEAF: bool = T::LEAF;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        Some(Self { place: decoder.place(item), value: T::decode(item, decoder)? })
    }

    fn schema() -> serde_json::Value {
        T::schema()
    }

    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Decode> Decode for Option<T> {
    const LEAF: bool = T::LEAF;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        T::decode(item, decoder).map(Some)
    }

    fn schema() -> serde_json::Value {
        T::schema()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn recover() -> Option<Self> {
        T::LEAF.then_some(None)
    }
}

/// The items of a list, each `None` if it cannot be read. All are tried, also those after a wrong
/// one.
fn items<T: Decode>(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Vec<Option<T>>> {
    let Some(list) = item.get_ref().as_array() else {
        return decoder.expected(item, "a list");
    };
    let items = list.iter().enumerate();
    Some(items.map(|(at, item)| decoder.item(at, |decoder| T::decode(item, decoder))).collect())
}

impl<T: Decode> Decode for Vec<T> {
    const LEAF: bool = T::LEAF;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        items(item, decoder)?.into_iter().collect()
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "array", "items": T::schema() })
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// A list of tables that nothing else refers to. A table that cannot be read is left out, so that
/// the others and the rest of the file are checked nevertheless.
#[derive(Clone)]
pub struct Independent<T>(Vec<T>);

impl<T> Deref for Independent<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Decode> Decode for Independent<T> {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        Some(Self(items(item, decoder)?.into_iter().flatten().collect()))
    }

    fn schema() -> serde_json::Value {
        Vec::<T>::schema()
    }

    fn absent() -> Option<Self> {
        Some(Self(Vec::new()))
    }
}

/// The most characters of a name.
const LONGEST_NAME: usize = 100;

/// The problem of a text that cannot be a name of any part: names stand in tables, charts, pages
/// and names of files.
pub fn no_name(name: &At<String>) -> Option<Problem> {
    let what = match &*name.value {
        empty if empty.trim().is_empty() => "it is empty".to_owned(),
        text if text.contains(is_unseen) => "it holds a character that cannot be seen".to_owned(),
        text if text.chars().count() > LONGEST_NAME => {
            format!("it has more than {LONGEST_NAME} characters")
        }
        _ => return None,
    };
    Some(Problem::error(Code::WrongValue, &name.place, "this cannot be a name", what))
}

/// Returns whether a character moves a terminal's cursor, ends a line or reverses the direction of
/// text; such a character is never written as it is.
pub fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl<T: Decode> Decode for Map<T> {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let Some(table) = item.get_ref().as_table() else {
            return decoder.expected(item, "a table");
        };
        let mut entries = Vec::new();
        for (key, item) in in_order(table) {
            let name = At { place: decoder.place(key), value: key.get_ref().to_string() };
            if let Some(problem) = no_name(&name) {
                decoder.report(problem);
            }
            let value = decoder.within(key.get_ref(), |decoder| {
                if T::LEAF {
                    let text = decoder.text.get(item.span()).unwrap_or_default();
                    decoder.used(text.to_owned(), Origin::File);
                }
                T::decode(item, decoder)
            });
            entries.push((name, value));
        }
        Some(Self(entries))
    }

    fn schema() -> serde_json::Value {
        json!({
            "type": "object",
            "propertyNames": { "minLength": 1, "maxLength": LONGEST_NAME },
            "additionalProperties": T::schema(),
        })
    }

    fn absent() -> Option<Self> {
        Some(Self(Vec::new()))
    }
}

impl<T> Map<T> {
    /// The names, in order.
    pub fn names(&self) -> Vec<At<String>> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The entries that could be read, in order, with their positions among all.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &At<String>, &T)> {
        let entries = self.0.iter().enumerate();
        entries.filter_map(|(at, (name, value))| Some((at, name, value.as_ref()?)))
    }
}

impl Decode for String {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => decoder.expected(item, "a string"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string" })
    }
}

impl Decode for bool {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref().as_bool() {
            Some(value) => Some(value),
            None => decoder.expected(item, either(["true", "false"])),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "boolean" })
    }
}

impl Decode for i64 {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match integer(item).and_then(|number| Self::try_from(number).ok()) {
            Some(number) => Some(number),
            None => decoder.expected(item, "a whole number"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "integer" })
    }
}

impl<const LEAST: u64, const MOST: u64> Decode for Whole<LEAST, MOST> {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if !item.get_ref().is_integer() {
            return decoder.expected(item, "a whole number");
        }
        let fits = |number: &u64| (LEAST..=MOST).contains(number);
        match integer(item).and_then(|number| u64::try_from(number).ok()).filter(fits) {
            Some(number) => Some(Self(number)),
            None => {
                let what = match MOST {
                    4_294_967_295.. => format!("a whole number of at least {LEAST}"),
                    _ => format!("a whole number from {LEAST} to {MOST}"),
                };
                decoder.refused(item, what, "out of range")
            }
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

impl Decode for Positive {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match number(item) {
            Some(number) if number > 0.0 => Some(Self(number)),
            Some(_) => decoder.refused(item, "a number above 0", "not above 0"),
            None => decoder.expected(item, "a number"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "number", "exclusiveMinimum": 0 })
    }
}

impl Decode for Rate {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        Positive::decode(item, decoder).map(|rate| Self(rate.0))
    }

    fn schema() -> serde_json::Value {
        let mut schema = Positive::schema();
        schema[UNIT] = "per second".into();
        schema
    }
}

impl Decode for Share {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match number(item) {
            Some(number) if (0.0..=1.0).contains(&number) => Some(Self(number)),
            Some(_) => decoder.refused(item, "a number from 0 to 1", "out of range"),
            None => decoder.expected(item, "a number"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

impl Decode for Portion {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match number(item) {
            Some(number) if 0.0 < number && number <= 1.0 => Some(Self(number)),
            Some(_) => decoder.refused(item, "a number above 0, up to 1", "out of range"),
            None => decoder.expected(item, "a number"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 })
    }
}

impl Decode for Span {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let Some(text) = item.get_ref().as_str() else {
            return decoder.expected(item, "a duration such as \"15ms\"");
        };
        match text.parse() {
            Ok(span) => Some(span),
            Err(error) => {
                let place = decoder.place(item);
                let message = reason!("`{}` is not a duration", text);
                let label = match error {
                    DurationError::UnknownUnit { unit, .. } if unit.is_empty() => {
                        "a unit is missing".to_owned()
                    }
                    DurationError::UnknownUnit { unit, .. } => format!("`{unit}` is not a unit"),
                    _ => "expected a number and a unit".to_owned(),
                };
                let problem = Problem::error(Code::BadDuration, &place, message, label);
                decoder.report(problem.help("durations are written \"250us\", \"15ms\", \"1.5s\""));
                None
            }
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "$ref": "#/$defs/Duration" })
    }
}

impl Decode for Length {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match Span::decode(item, decoder)? {
            Span::ZERO => decoder.refused(item, "a duration above zero", "this is zero"),
            span => Some(Self(span)),
        }
    }

    fn schema() -> serde_json::Value {
        Span::schema()
    }
}

impl Decode for Settle {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref().as_str() {
            Some("auto") => Some(Self::Auto),
            _ => Length::decode(item, decoder).map(|length| Self::Given(length.0)),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "anyOf": [{ "const": "auto" }, Length::schema()] })
    }
}

impl Decode for Scalar {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref() {
            DeValue::String(text) => Some(Self::Word(text.to_string())),
            DeValue::Integer(_) => i64::decode(item, decoder).map(Self::Number),
            _ => decoder.expected(item, "a whole number or a string"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": ["integer", "string"] })
    }
}
