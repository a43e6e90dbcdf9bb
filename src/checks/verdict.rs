//! The verdict of a check, and the composition of verdicts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The conclusion of a check. Verdicts compose to their maximum in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// The check could have failed and did not.
    Held,
    /// The check had no chance to fail, or the run ended too early to know.
    Undecided,
    /// The check failed.
    Violated,
}

impl Verdict {
    /// The verdict on several checks: violated if any is, else undecided if any is or if there are
    /// none, else held.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Undecided)
    }

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Undecided => "undecided",
            Self::Violated => "violated",
        }
    }
}

/// A verdict and, unless it is obvious, its reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Judgement {
    /// The conclusion.
    pub verdict: Verdict,
    /// The reason in words; empty if the check held.
    pub why: Cow<'static, str>,
    /// The number of failures in the run; zero unless violated.
    pub failures: u64,
}

impl Judgement {
    /// The judgement that a check held.
    pub const fn held() -> Self {
        Self { verdict: Verdict::Held, why: Cow::Borrowed(""), failures: 0 }
    }

    /// The judgement that a check failed, for the reason `why`.
    pub fn violated(why: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict: Verdict::Violated, why: why.into(), failures: 1 }
    }

    /// This judgement with the number of failures.
    #[must_use]
    pub fn times(self, failures: u64) -> Self {
        Self { failures, ..self }
    }

    /// The judgement that a check is undecided, for the reason `why`.
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
