//! Reasons: why something cannot be as a scenario says, for people and as data.

use crate::kernel::Span;

/// The reason why something cannot be as a scenario says: words for people, and the names that
/// stand in them. The macro [`reason!`](crate::reason) makes one of a text with names.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{words}")]
pub struct Reason {
    /// The words: a lowercase fragment without a full stop.
    pub words: String,
    /// The names that stand in backticks in the words, in their order.
    pub names: Vec<String>,
}

impl Reason {
    /// Goes on with more words and their names.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        let Self { words, names } = more.into();
        self.words += &words;
        self.names.extend(names);
        self
    }
}

/// The shortest period of anything that recurs: a shorter one would keep a run busy without end.
pub const SHORTEST_PERIOD: Span = Span::from_micros(100);

/// The problem of a period that is too short, if it is.
pub fn too_frequent(key: &str, period: Span) -> Option<Reason> {
    (period < SHORTEST_PERIOD)
        .then(|| crate::reason!("`{}` recurs, and must be at least {SHORTEST_PERIOD}", key))
}

/// The problem with a share that does not lie between 0 and `most`, if it does not.
pub fn no_share(key: &str, share: f64, most: f64) -> Option<Reason> {
    (!(0.0..=most).contains(&share))
        .then(|| crate::reason!("`{}` must lie between 0 and {most}, not be {share}", key))
}

/// Words without names.
impl From<&str> for Reason {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

/// Words without names.
impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self { words, names: Vec::new() }
    }
}

/// All reasons, of which there is one.
impl From<Reason> for Vec<Reason> {
    fn from(only: Reason) -> Self {
        vec![only]
    }
}

/// A [`Reason`](crate::Reason) from a text as for `format!`, in which the arguments are
/// the names that it is about, and anything else is captured:
///
/// ```
/// use driftlab::prelude::*;
///
/// let (what, name) = ("service", "shelf");
/// let reason = reason!("no {what} is named `{}`", name);
/// assert_eq!(reason.words, "no service is named `shelf`");
/// assert_eq!(reason.names, ["shelf"]);
/// ```
#[macro_export]
macro_rules! reason {
    ($words:literal $(, $name:expr)* $(,)?) => {
        $crate::Reason {
            words: format!($words $(, $name)*),
            names: vec![$($name.to_string()),*],
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_names_and_captures_are_words() {
        let most = 3;
        let reason = reason!("`{}` has more than {most} `{}`", "stock", 7);
        assert_eq!(reason.to_string(), "`stock` has more than 3 `7`");
        let reason = reason.and(" of ").and(reason!("`{}`", "b"));
        assert_eq!(reason.to_string(), "`stock` has more than 3 `7` of `b`");
        assert_eq!(reason.names, ["stock", "7", "b"]);
        assert_eq!(Vec::from(Reason::from("no names"))[0].names, [""; 0]);
    }
}
