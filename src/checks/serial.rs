//! Serialization of reports that reads every number back exactly as it was.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// A text of the program itself.
pub type Text = &'static str;

/// Lengths of time as whole nanoseconds: as scenarios write them they would be rounded.
pub mod span {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::kernel::Span;

    /// Writes one.
    pub fn serialize<S: Serializer>(span: &Span, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_u64(span.as_nanos())
    }

    /// Reads one.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        u64::deserialize(from).map(Span::from_nanos)
    }
}

/// Lengths of time that may be absent, as whole nanoseconds.
pub mod maybe_span {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::kernel::Span;

    /// Writes one.
    pub fn serialize<S: Serializer>(span: &Option<Span>, into: S) -> Result<S::Ok, S::Error> {
        span.map(Span::as_nanos).serialize(into)
    }

    /// Reads one.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
        Option::<u64>::deserialize(from).map(|span| span.map(Span::from_nanos))
    }
}

/// Maps whose keys are no text, as lists of pairs.
pub mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes one.
    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        into: S,
    ) -> Result<S::Ok, S::Error> {
        into.collect_seq(map)
    }

    /// Reads one.
    pub fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

/// Texts of the program. Read back, each is in memory once, for as long as the program runs.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Text, interned};

    /// Writes one.
    pub fn serialize<S: Serializer>(text: &str, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(text)
    }

    /// Reads one.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        String::deserialize(from).map(interned)
    }
}

/// Reports name reasons, of which there are a few dozen; they are plain data that is copied.
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
