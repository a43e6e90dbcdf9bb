//! Serialization of reports that reads every number back exactly as it was.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// A static text of the program.
pub type Text = &'static str;

/// Spans as whole nanoseconds; the notation of scenarios would round them.
pub mod span {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::kernel::Span;

    /// Writes a span.
    pub fn serialize<S: Serializer>(span: &Span, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_u64(span.as_nanos())
    }

    /// Reads a span.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        u64::deserialize(from).map(Span::from_nanos)
    }
}

/// Lengths of time that may be absent, as whole nanoseconds.
pub mod maybe_span {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::kernel::Span;

    /// Writes an optional span.
    pub fn serialize<S: Serializer>(span: &Option<Span>, into: S) -> Result<S::Ok, S::Error> {
        span.map(Span::as_nanos).serialize(into)
    }

    /// Reads an optional span.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
        Option::<u64>::deserialize(from).map(|span| span.map(Span::from_nanos))
    }
}

/// Maps whose keys are no strings, as lists of pairs.
pub mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes a map.
    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        into: S,
    ) -> Result<S::Ok, S::Error> {
        into.collect_seq(map)
    }

    /// Reads a map.
    pub fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

/// Static texts. Each text that is read back is allocated once and kept for the life of the
/// program.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Text, interned};

    /// Writes a text.
    pub fn serialize<S: Serializer>(text: &str, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(text)
    }

    /// Reads a text.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        String::deserialize(from).map(interned)
    }
}

/// The texts are reasons, of which there are a few dozen, so leaking one copy of each is bounded.
fn interned(text: String) -> Text {
    static KNOWN: Mutex<BTreeSet<Text>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match known.get(&*text) {
        Some(known) => known,
        None => {
            let text: Text = text.leak();
            known.insert(text);
            text
        }
    }
}
