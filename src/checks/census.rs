//! M7, the outcome census: what the stores show of each operation, against the answer that its
//! client got.

use serde::{Deserialize, Serialize};

use super::measures::{Better, Measure, Unit};
use crate::model::record::Answer;

/// The measure of the share of operations with a headline.
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
        .at_rest()
        .by_operation()
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
pub const RETRACTED: &Measure = share_of!(
    "retracted",
    "retracted",
    Lower,
    "its client heard that everything is done, and it was compensated."
);
/// M7, withdrawn.
pub const WITHDRAWN: &Measure = share_of!(
    "withdrawn",
    "withdrawn",
    Lower,
    "its client heard that it was accepted, and it was compensated, as patterns document that \
     answer before the end."
);
/// M7, moot.
pub const MOOT: &Measure = share_of!(
    "moot",
    "moot",
    Neither,
    "nothing of it stays, and the operation that it follows never happened."
);
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
/// M7, too early.
pub const TOO_EARLY: &Measure = share_of!(
    "too-early",
    "too early",
    Lower,
    "it was refused because a row that it needs was not there yet, and nothing is there."
);
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
    "Share of measured operations whose data and answer contradict each other, or will until \
     someone intervenes: duplicated, mixed, stranded, lost, phantom or retracted.",
)
.by_operation()
.told("the fewest wrong outcomes", "the most wrong outcomes")
.at_rest();

/// The state of an operation as the stores show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum State {
    /// No effect of it.
    None,
    /// Every step, once.
    All,
    /// No effect any more: whatever was applied has been compensated.
    Reversed,
    /// Some of its effects.
    Partial,
    /// A step shows more than once, or was compensated more often than applied.
    Over,
}

impl State {
    /// All states, in the order of the census matrix.
    pub const ALL: [Self; 5] = [Self::None, Self::All, Self::Reversed, Self::Partial, Self::Over];

    /// The name in reports.
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

/// The headline under which an operation is counted: the first in this order that applies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Headline {
    /// A step shows more than once.
    Duplicated,
    /// Partial, and some store refused, aborted or undid.
    Mixed,
    /// Partial, and durable state still holds it or its client has no answer.
    Stranded,
    /// Answered yes, and not all of its effects are there.
    Lost,
    /// Answered no, and some effect is there.
    Phantom,
    /// Answered done, and compensated later.
    Retracted,
    /// Answered accepted, and compensated later.
    Withdrawn,
    /// Without any effect, because the operation that it follows never happened.
    Moot,
    /// Compensated, and not answered yes.
    Compensated,
    /// Completely there, and not answered no.
    Committed,
    /// Refused by a business rule, and without any effect.
    Refused,
    /// Refused because a row that it needs was not there yet, and without any effect.
    TooEarly,
    /// Rejected for a technical reason, and without any effect.
    Rejected,
    /// Without any effect, and without an answer.
    AbortedCleanly,
}

impl Headline {
    /// All headlines, in the order of the match.
    pub const ALL: [Self; 14] = [
        Self::Duplicated,
        Self::Mixed,
        Self::Stranded,
        Self::Lost,
        Self::Phantom,
        Self::Retracted,
        Self::Withdrawn,
        Self::Moot,
        Self::Compensated,
        Self::Committed,
        Self::Refused,
        Self::TooEarly,
        Self::Rejected,
        Self::AbortedCleanly,
    ];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicated => "duplicated",
            Self::Mixed => "mixed",
            Self::Stranded => "stranded",
            Self::Lost => "lost",
            Self::Phantom => "phantom",
            Self::Retracted => "retracted",
            Self::Withdrawn => "withdrawn",
            Self::Moot => "moot",
            Self::Compensated => "compensated",
            Self::Committed => "committed",
            Self::Refused => "refused",
            Self::TooEarly => "too early",
            Self::Rejected => "rejected",
            Self::AbortedCleanly => "aborted cleanly",
        }
    }

    /// The name without blanks, as on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::TooEarly => "too-early",
            Self::AbortedCleanly => "aborted-cleanly",
            other => other.name(),
        }
    }

    /// Returns whether data and answer contradict each other, or will until someone intervenes.
    pub const fn is_wrong(self) -> bool {
        self as u8 <= Self::Retracted as u8
    }

    /// The measure that counts operations with this headline.
    pub const fn measure(self) -> &'static Measure {
        match self {
            Self::Duplicated => DUPLICATED,
            Self::Mixed => MIXED,
            Self::Stranded => STRANDED,
            Self::Lost => LOST,
            Self::Phantom => PHANTOM,
            Self::Retracted => RETRACTED,
            Self::Withdrawn => WITHDRAWN,
            Self::Moot => MOOT,
            Self::Compensated => COMPENSATED,
            Self::Committed => COMMITTED,
            Self::Refused => REFUSED,
            Self::TooEarly => TOO_EARLY,
            Self::Rejected => REJECTED,
            Self::AbortedCleanly => ABORTED_CLEANLY,
        }
    }

    /// The headline of one operation.
    pub const fn of(state: State, answer: Answer, circumstances: Circumstances) -> Self {
        use Answer::{Accepted, Done, RefusedByRule, TechnicalNo, Unknown};
        let Circumstances { contested, held, unfounded, row_missing } = circumstances;
        match (state, answer) {
            (State::Over, _) => Self::Duplicated,
            (State::Partial, _) if contested => Self::Mixed,
            (State::Partial, _) if held => Self::Stranded,
            (State::Partial, Unknown) => Self::Stranded,
            (State::Partial | State::None, Done | Accepted) => Self::Lost,
            (State::Partial, _) => Self::Phantom,
            (State::All, RefusedByRule | TechnicalNo) => Self::Phantom,
            (State::Reversed, Done) => Self::Retracted,
            (State::Reversed, Accepted) => Self::Withdrawn,
            (State::None | State::Reversed, _) if unfounded => Self::Moot,
            (State::Reversed, _) => Self::Compensated,
            (State::All, _) => Self::Committed,
            (State::None, RefusedByRule) if row_missing => Self::TooEarly,
            (State::None, RefusedByRule) => Self::Refused,
            (State::None, TechnicalNo) => Self::Rejected,
            (State::None, Unknown) => Self::AbortedCleanly,
        }
    }
}

/// The circumstances that determine the headline of an operation, beside its state and its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Circumstances {
    /// True if a store refused, aborted or compensated a part of it.
    pub contested: bool,
    /// True if durable state still holds unfinished work for it.
    pub held: bool,
    /// True if the operation that it follows never happened.
    pub unfounded: bool,
    /// True if its last refusal was because a row was not there.
    pub row_missing: bool,
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

    /// The number of operations that ended in this state after this answer.
    pub const fn cell(&self, state: State, answer: Answer) -> u64 {
        self.matrix[state as usize][answer as usize]
    }

    /// The number of operations with this headline.
    pub const fn of(&self, headline: Headline) -> u64 {
        self.headlines[headline as usize]
    }

    /// The number of operations with a [wrong](Headline::is_wrong) headline.
    pub fn wrong(&self) -> u64 {
        Headline::ALL.into_iter().filter(|h| h.is_wrong()).map(|h| self.of(h)).sum()
    }

    /// The sum of two censuses.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        let cells = self.matrix.iter_mut().flatten().zip(other.matrix.iter().flatten());
        let headlines = self.headlines.iter_mut().zip(&other.headlines);
        cells.chain(headlines).for_each(|(sum, more)| *sum += more);
        self
    }

    /// The number of operations counted.
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
            let headline = Headline::of(State::Over, answer, Circumstances::default());
            assert_eq!(headline, Headline::Duplicated);
        }
    }

    #[test]
    fn headlines_of_the_whole_matrix() {
        use Headline::*;
        let table = [
            (State::None, [Lost, Lost, Refused, Rejected, AbortedCleanly]),
            (State::All, [Committed, Committed, Phantom, Phantom, Committed]),
            (State::Reversed, [Retracted, Withdrawn, Compensated, Compensated, Compensated]),
            (State::Partial, [Lost, Lost, Phantom, Phantom, Stranded]),
            (State::Over, [Duplicated; 5]),
        ];
        for (state, row) in table {
            for (answer, expected) in Answer::ALL.into_iter().zip(row) {
                let plain = Circumstances::default();
                assert_eq!(Headline::of(state, answer, plain), expected, "{answer:?}");
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
        let of = |contested, held| {
            let circumstances = Circumstances { contested, held, ..Circumstances::default() };
            Headline::of(State::Partial, Answer::Done, circumstances)
        };
        assert_eq!(of(true, true), Headline::Mixed);
        assert_eq!(of(false, true), Headline::Stranded);
        assert_eq!(of(false, false), Headline::Lost);
    }

    #[test]
    fn without_what_it_follows_only_an_operation_that_came_to_nothing_is_moot() {
        use Headline::*;
        let unfounded = Circumstances { unfounded: true, row_missing: true, ..Default::default() };
        let table = [
            (State::None, [Lost, Lost, Moot, Moot, Moot]),
            (State::All, [Committed, Committed, Phantom, Phantom, Committed]),
            (State::Reversed, [Retracted, Withdrawn, Moot, Moot, Moot]),
            (State::Partial, [Lost, Lost, Phantom, Phantom, Stranded]),
        ];
        for (state, row) in table {
            for (answer, expected) in Answer::ALL.into_iter().zip(row) {
                assert_eq!(Headline::of(state, answer, unfounded), expected, "{answer:?}");
            }
        }
    }

    #[test]
    fn a_refusal_for_want_of_a_row_is_not_one_by_a_rule() {
        let early = Circumstances { row_missing: true, ..Default::default() };
        let of = |state, answer| Headline::of(state, answer, early);
        assert_eq!(of(State::None, Answer::RefusedByRule), Headline::TooEarly);
        assert_eq!(of(State::None, Answer::TechnicalNo), Headline::Rejected);
        assert_eq!(of(State::Reversed, Answer::RefusedByRule), Headline::Compensated);
    }
}
