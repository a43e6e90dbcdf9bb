//! Reasons why a scenario is not possible, as text and as data.

use crate::kernel::Span;

/// The reason why something in a scenario is not possible: a text, and the names that it contains.
/// The macro [`reason!`](crate::reason) makes one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{words}")]
pub struct Reason {
    /// The words: a lowercase fragment without a full stop.
    pub words: String,
    /// The names that stand in backticks in the words, in their order.
    pub names: Vec<String>,
}

impl Reason {
    /// This reason, continued with more text and its names.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        let Self { words, names } = more.into();
        self.words += &words;
        self.names.extend(names);
        self
    }
}

/// The shortest allowed period of a recurring activity: a shorter one would keep a run busy without
/// end.
pub const SHORTEST_PERIOD: Span = Span::from_micros(100);

/// The problem of a period that is too short, if it is.
pub fn too_frequent(key: &str, period: Span) -> Option<Reason> {
    (period < SHORTEST_PERIOD)
        .then(|| crate::reason!("`{}` recurs, and must be at least {SHORTEST_PERIOD}", key))
}

/// The problem of a share outside 0 to `most`, if it is.
pub fn no_share(key: &str, share: f64, most: f64) -> Option<Reason> {
    (!(0.0..=most).contains(&share))
        .then(|| crate::reason!("`{}` must lie between 0 and {most}, not be {share}", key))
}

/// A text without names.
impl From<&str> for Reason {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

/// A text without names.
impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self { words, names: Vec::new() }
    }
}

/// A list of one reason.
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
