//! M7, the outcome census: what the stores show of each operation, against what its client heard.

use serde::{Deserialize, Serialize};

use super::measures::{Better, Measure, Unit};
use crate::model::record::Answer;

/// The share of operations under a headline.
macro_rules! share_of {
    ($id:literal, $name:literal, $better:ident, $what:literal) => {
        &Measure::number(
            concat!("m7.", $id),
            $name,
            Unit::Share,
            Better::$better,
            concat!(
                "Share of measured operations of which at the end holds, as the first in the order \
                 of the census: ",
                $what
            ),
        )
    };
}

/// M7, duplicated.
pub const DUPLICATED: &Measure = share_of!(
    "duplicated",
    "duplicated",
    Lower,
    "a step shows more than once, or was compensated more often than applied."
);
/// M7, mixed.
pub const MIXED: &Measure = share_of!(
    "mixed",
    "mixed",
    Lower,
    "it is partial, and some store refused, aborted or undid a part of it."
);
/// M7, stranded.
pub const STRANDED: &Measure = share_of!(
    "stranded",
    "stranded",
    Lower,
    "it is partial, and something durable still holds it or its client heard nothing."
);
/// M7, lost.
pub const LOST: &Measure =
    share_of!("lost", "lost", Lower, "its client heard yes, and it is partial or absent.");
/// M7, phantom.
pub const PHANTOM: &Measure = share_of!(
    "phantom",
    "phantom",
    Lower,
    "its client heard no, and all or a part of it is there."
);
/// M7, retracted.
pub const RETRACTED: &Measure =
    share_of!("retracted", "retracted", Lower, "its client heard yes, and it was compensated.");
/// M7, compensated.
pub const COMPENSATED: &Measure = share_of!(
    "compensated",
    "compensated",
    Lower,
    "it was compensated, and its client did not hear yes."
);
/// M7, committed.
pub const COMMITTED: &Measure = share_of!(
    "committed",
    "committed",
    Higher,
    "all of it is there, and its client did not hear no."
);
/// M7, refused.
pub const REFUSED: &Measure =
    share_of!("refused", "refused", Neither, "a business rule refused it, and nothing is there.");
/// M7, rejected.
pub const REJECTED: &Measure = share_of!(
    "rejected",
    "rejected",
    Lower,
    "it was turned away for a technical reason, and nothing is there."
);
/// M7, aborted cleanly.
pub const ABORTED_CLEANLY: &Measure = share_of!(
    "aborted-cleanly",
    "aborted cleanly",
    Lower,
    "nothing is there, and its client heard nothing."
);

/// M7, wrong outcomes.
pub const WRONG: &Measure = &Measure::number(
    "m7.wrong",
    "wrong outcomes",
    Unit::Share,
    Better::Lower,
    "Share of measured operations whose data and answer contradict each other, or will for as \
     long as nobody steps in: duplicated, mixed, stranded, lost, phantom or retracted.",
)
.told("the fewest wrong outcomes", "the most wrong outcomes");

/// The state of an operation as the stores show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum State {
    /// Nothing of it.
    None,
    /// Every step, once.
    All,
    /// Nothing any more: whatever was applied has been compensated.
    Reversed,
    /// Some of it.
    Partial,
    /// A step shows more than once, or was compensated more often than applied.
    Over,
}

impl State {
    /// All states, in the order of the census matrix.
    pub const ALL: [Self; 5] = [Self::None, Self::All, Self::Reversed, Self::Partial, Self::Over];

    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::All => "all",
            Self::Reversed => "reversed",
            Self::Partial => "partial",
            Self::Over => "over",
        }
    }

    /// The state of an operation, from how often each of its steps shows its forward effect and
    /// its compensation.
    pub fn of_steps(steps: impl Iterator<Item = (i8, i8)>) -> Self {
        let (mut nothing, mut applied, mut reversed) = (false, false, false);
        for (forward, undo) in steps {
            match forward.saturating_sub(undo) {
                0 if forward == 0 => nothing = true,
                0 => reversed = true,
                1 => applied = true,
                _ => return Self::Over,
            }
        }
        match (nothing, applied, reversed) {
            (false, true, false) => Self::All,
            (_, false, true) => Self::Reversed,
            (_, false, false) => Self::None,
            _ => Self::Partial,
        }
    }
}

/// The headline under which an operation is counted. The order is that of the match: the first
/// one that applies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Headline {
    /// A step shows more than once.
    Duplicated,
    /// Partial, and some store refused, aborted or undid.
    Mixed,
    /// Partial, and something durable still holds it or the client does not know.
    Stranded,
    /// The client heard yes, and not everything is there.
    Lost,
    /// The client heard no, and something is there.
    Phantom,
    /// The client heard yes, and it was taken back.
    Retracted,
    /// The operation was taken back, and no client heard yes.
    Compensated,
    /// Everything is there, and no client heard no.
    Committed,
    /// A business rule refused it, and nothing is there.
    Refused,
    /// The operation was turned away for a technical reason, and nothing is there.
    Rejected,
    /// Nothing is there, and the client does not know.
    AbortedCleanly,
}

impl Headline {
    /// All headlines, in the order of the match.
    pub const ALL: [Self; 11] = [
        Self::Duplicated,
        Self::Mixed,
        Self::Stranded,
        Self::Lost,
        Self::Phantom,
        Self::Retracted,
        Self::Compensated,
        Self::Committed,
        Self::Refused,
        Self::Rejected,
        Self::AbortedCleanly,
    ];

    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicated => "duplicated",
            Self::Mixed => "mixed",
            Self::Stranded => "stranded",
            Self::Lost => "lost",
            Self::Phantom => "phantom",
            Self::Retracted => "retracted",
            Self::Compensated => "compensated",
            Self::Committed => "committed",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::AbortedCleanly => "aborted cleanly",
        }
    }

    /// Returns whether data and answer contradict each other, or will for as long as nobody steps
    /// in.
    pub const fn is_wrong(self) -> bool {
        (self as u8) < Self::Compensated as u8
    }

    /// The measure that says how many operations have it.
    pub const fn measure(self) -> &'static Measure {
        match self {
            Self::Duplicated => DUPLICATED,
            Self::Mixed => MIXED,
            Self::Stranded => STRANDED,
            Self::Lost => LOST,
            Self::Phantom => PHANTOM,
            Self::Retracted => RETRACTED,
            Self::Compensated => COMPENSATED,
            Self::Committed => COMMITTED,
            Self::Refused => REFUSED,
            Self::Rejected => REJECTED,
            Self::AbortedCleanly => ABORTED_CLEANLY,
        }
    }

    /// The headline of one operation. `contested`: some store refused, aborted or undid a part of
    /// it. `held`: something durable still holds unfinished work for it.
    pub const fn of(state: State, answer: Answer, contested: bool, held: bool) -> Self {
        use Answer::{RefusedByRule, TechnicalNo, Unknown};
        match (state, answer) {
            (State::Over, _) => Self::Duplicated,
            (State::Partial, _) if contested => Self::Mixed,
            (State::Partial, _) if held => Self::Stranded,
            (State::Partial, Unknown) => Self::Stranded,
            (State::Partial | State::None, _) if answer.is_yes() => Self::Lost,
            (State::Partial, _) => Self::Phantom,
            (State::All, RefusedByRule | TechnicalNo) => Self::Phantom,
            (State::All, _) => Self::Committed,
            (State::Reversed, _) if answer.is_yes() => Self::Retracted,
            (State::Reversed, _) => Self::Compensated,
            (State::None, RefusedByRule) => Self::Refused,
            (State::None, TechnicalNo) => Self::Rejected,
            (State::None, _) => Self::AbortedCleanly,
        }
    }
}

/// Measured operations, counted by state and answer, and by headline.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Census {
    matrix: [[u64; Answer::ALL.len()]; State::ALL.len()],
    headlines: [u64; Headline::ALL.len()],
}

impl Census {
    /// Counts one operation.
    pub const fn count(&mut self, state: State, answer: Answer, headline: Headline) {
        self.matrix[state as usize][answer as usize] += 1;
        self.headlines[headline as usize] += 1;
    }

    /// How many operations ended in this state after this answer.
    pub const fn cell(&self, state: State, answer: Answer) -> u64 {
        self.matrix[state as usize][answer as usize]
    }

    /// How many operations have this headline.
    pub const fn of(&self, headline: Headline) -> u64 {
        self.headlines[headline as usize]
    }

    /// How many operations have a headline that is [wrong](Headline::is_wrong).
    pub fn wrong(&self) -> u64 {
        Headline::ALL.into_iter().filter(|h| h.is_wrong()).map(|h| self.of(h)).sum()
    }

    /// How many operations were counted.
    pub fn total(&self) -> u64 {
        self.headlines.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(steps: &[(i8, i8)]) -> State {
        State::of_steps(steps.iter().copied())
    }

    #[test]
    fn states_follow_from_what_each_step_shows() {
        assert_eq!(state(&[(0, 0), (0, 0)]), State::None);
        assert_eq!(state(&[(1, 0), (1, 0)]), State::All);
        assert_eq!(state(&[(2, 1), (1, 0)]), State::All, "applied again after a compensation");
        assert_eq!(state(&[(1, 1), (0, 0)]), State::Reversed, "the second was never applied");
        assert_eq!(state(&[(1, 1), (1, 0)]), State::Partial, "one is not compensated yet");
        assert_eq!(state(&[(1, 0), (0, 0)]), State::Partial);
    }

    #[test]
    fn a_duplicate_is_reported_even_if_all_else_is_well() {
        assert_eq!(state(&[(1, 0), (2, 0)]), State::Over);
        assert_eq!(state(&[(1, 1), (0, 1)]), State::Over, "compensated, never applied");
        for answer in Answer::ALL {
            let headline = Headline::of(State::Over, answer, false, false);
            assert_eq!(headline, Headline::Duplicated);
        }
    }

    #[test]
    fn headlines_of_the_whole_matrix() {
        use Headline::*;
        let table = [
            (State::None, [Lost, Lost, Refused, Rejected, AbortedCleanly]),
            (State::All, [Committed, Committed, Phantom, Phantom, Committed]),
            (State::Reversed, [Retracted, Retracted, Compensated, Compensated, Compensated]),
            (State::Partial, [Lost, Lost, Phantom, Phantom, Stranded]),
            (State::Over, [Duplicated; 5]),
        ];
        for (state, row) in table {
            for (answer, expected) in Answer::ALL.into_iter().zip(row) {
                assert_eq!(Headline::of(state, answer, false, false), expected, "{answer:?}");
            }
        }
    }

    #[test]
    fn what_contradicts_its_answer_is_wrong() {
        let wrong: Vec<&str> =
            Headline::ALL.into_iter().filter(|h| h.is_wrong()).map(Headline::name).collect();
        assert_eq!(wrong, ["duplicated", "mixed", "stranded", "lost", "phantom", "retracted"]);
    }

    #[test]
    fn contested_comes_before_held_and_both_before_lost() {
        let of = |contested, held| Headline::of(State::Partial, Answer::Done, contested, held);
        assert_eq!(of(true, true), Headline::Mixed);
        assert_eq!(of(false, true), Headline::Stranded);
        assert_eq!(of(false, false), Headline::Lost);
    }
}
