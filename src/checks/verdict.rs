//! The verdict of a check, and how verdicts add up.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The conclusion of a check. The order is that of composition: the greatest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// The check could have failed and did not.
    Held,
    /// Nobody can say: it had no chance to fail, or the run ended too early.
    Undecided,
    /// The check failed.
    Violated,
}

impl Verdict {
    /// The verdict on several checks: one violation violates, one doubt leaves all in doubt, and
    /// no check at all decides nothing.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Undecided)
    }

    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Undecided => "undecided",
            Self::Violated => "violated",
        }
    }
}

/// A verdict and, unless it is obvious, why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Judgement {
    /// The conclusion.
    pub verdict: Verdict,
    /// Why, in words; empty for what held.
    pub why: Cow<'static, str>,
    /// How often it failed in the run, or for how many things; zero unless it is violated.
    pub failures: u64,
}

impl Judgement {
    /// The judgement of a check that held.
    pub const fn held() -> Self {
        Self { verdict: Verdict::Held, why: Cow::Borrowed(""), failures: 0 }
    }

    /// The judgement of a check that failed, as `why` says.
    pub fn violated(why: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict: Verdict::Violated, why: why.into(), failures: 1 }
    }

    /// The judgement of a check that failed so often.
    #[must_use]
    pub fn times(self, failures: u64) -> Self {
        Self { failures, ..self }
    }

    /// The judgement of a check that stays open, as `why` says.
    pub fn undecided(why: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict: Verdict::Undecided, why: why.into(), failures: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, Held, Undecided, Violated};

    #[test]
    fn violated_beats_undecided_beats_held() {
        assert_eq!(Verdict::all([Held, Held]), Held);
        assert_eq!(Verdict::all([Held, Undecided]), Undecided);
        assert_eq!(Verdict::all([Undecided, Violated, Held]), Violated);
    }

    #[test]
    fn no_check_at_all_decides_nothing() {
        assert_eq!(Verdict::all([]), Undecided);
    }
}
