//! Sensitivity: what becomes of the differences that a comparison states when an assumption is
//! another one.
//!
//! Each assumption is multiplied and divided by a factor, one at a time, on the same seeds. A
//! stated difference then *holds* (it is shown, with the same sign), *vanishes* (no difference is
//! shown), or *flips* (the opposite is shown). It moves by the distance between the median
//! differences; of the two directions the greater one counts. An assumption's *share* is what it
//! moves of all that moves a difference, averaged over the differences: a number without a unit.
//!
//! Ranks by share are as uncertain as the differences are. So seeds are drawn anew with
//! replacement, a thousand times, the same ones for every difference and every move (Efron,
//! "Bootstrap methods", Annals of Statistics 7, 1979); a rank holds in those draws in which the
//! assumption has it again.

pub mod morris;
mod rank;

use super::compare::Study;
use super::result::{Comparison, Figure, Matter, Pair};
use crate::scenario::Scenario;
use crate::scenario::assumption::Assumption;
use crate::stats::Verdict;
use morris::{Screened, Screening};
pub use rank::Rank;

/// The two directions in which an assumption moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Divided by the factor.
    Down,
    /// Multiplied by the factor.
    Up,
}

impl Way {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Down, Self::Up];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
        }
    }

    /// By what an assumption is multiplied.
    fn by(self, factor: f64) -> f64 {
        match self {
            Self::Down => 1.0 / factor,
            Self::Up => factor,
        }
    }
}

/// The scenario with one assumption moved.
pub struct Move {
    /// The position of the assumption.
    pub assumption: usize,
    /// The direction.
    pub way: Way,
    /// The value there.
    pub value: String,
    /// The scenario.
    pub scenario: Scenario,
}

/// A move that the scenario does not allow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The name of the assumption.
    pub name: String,
    /// The direction.
    pub way: Way,
    /// Why, in words.
    pub why: String,
}

/// The moves of a sensitivity.
pub struct Design {
    /// The factor, above one.
    pub factor: f64,
    /// The assumptions.
    pub assumptions: Vec<Assumption>,
    /// Every move that is possible.
    pub moves: Vec<Move>,
    /// The moves that are not.
    pub refused: Vec<Refused>,
    /// The moves of several at once; none of them, unless they were asked for.
    pub screening: Screening,
}

impl Design {
    /// Moves each of these assumptions of a scenario down and up by a factor, and all of them
    /// together on so many trajectories.
    pub fn new(
        scenario: &Scenario,
        assumptions: Vec<Assumption>,
        factor: f64,
        trajectories: usize,
    ) -> Self {
        let (mut moves, mut refused) = (Vec::new(), Vec::new());
        for (at, assumption) in assumptions.iter().enumerate() {
            for way in Way::ALL {
                match assumption.moved_in(scenario, way.by(factor)) {
                    Ok((scenario, value)) => {
                        moves.push(Move { assumption: at, way, value, scenario });
                    }
                    Err(why) => {
                        let (name, why) = (assumption.name.clone(), why.words);
                        refused.push(Refused { name, way, why });
                    }
                }
            }
        }
        let screening = Screening::new(scenario, &assumptions, factor, trajectories);
        Self { factor, assumptions, moves, refused, screening }
    }

    /// The comparisons of all moves: the variants with these names on these seeds.
    pub fn studies(&self, names: &[String], seeds: &[u64]) -> Vec<Study<'_>> {
        let of = |scenario| Study {
            scenario,
            variants: names.iter().filter_map(|name| Scenario::variant(scenario, name)).collect(),
            seeds: seeds.to_vec(),
            twins: false,
            lists: false,
        };
        let moves = self.moves.iter().map(|moved| &moved.scenario);
        moves.chain(&self.screening.scenarios).map(of).collect()
    }
}

/// The fate of a stated difference under a move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// Shown as before.
    Holds,
    /// No difference is shown.
    Vanishes,
    /// The opposite is shown.
    Flips,
}

impl Fate {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Vanishes => "vanishes",
            Self::Flips => "flips",
        }
    }

    /// The fate of a difference that is this one now.
    pub fn of(stated: &Pair, moved: Option<&Pair>) -> Self {
        match moved.map(|moved| moved.verdict) {
            None | Some(Verdict::NoDifferenceShown) => Self::Vanishes,
            Some(verdict) if verdict == stated.verdict => Self::Holds,
            Some(_) => Self::Flips,
        }
    }
}

/// The differences under one move.
#[derive(Clone, PartialEq, Debug)]
pub struct Moved {
    /// The value of the assumption.
    pub value: String,
    /// The pair of each stated difference; none where no seed has a number in both.
    pub pairs: Vec<Option<Pair>>,
}

/// The effect of an assumption on the stated differences.
#[derive(Clone, PartialEq, Debug)]
pub struct Effect {
    /// The assumption.
    pub assumption: Assumption,
    /// The differences when it is moved down and up; none where it cannot be.
    pub moved: [Option<Moved>; 2],
    /// The share of it in all that moves the differences, averaged over them.
    pub share: f64,
    /// Its rank among all; none if it moves nothing.
    pub rank: Option<Rank>,
    /// Its rank in each difference.
    pub ranks: Vec<Option<Rank>>,
}

/// The outcome of moving all assumptions.
#[derive(Clone, PartialEq, Debug)]
pub struct Sensitivity {
    /// The factor.
    pub factor: f64,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The stated differences, as they are when nothing is moved.
    pub stated: Vec<Pair>,
    /// The effect of each assumption that could be moved, the greatest first.
    pub effects: Vec<Effect>,
    /// The moves that were not possible.
    pub refused: Vec<Refused>,
    /// The outcome of a screening; none if there was none.
    pub screened: Option<AllScreened>,
}

/// The elementary effects of assumptions on the stated differences.
#[derive(Clone, PartialEq, Debug)]
pub struct AllScreened {
    /// How many trajectories there were.
    pub trajectories: usize,
    /// The names of the assumptions that took part.
    pub names: Vec<String>,
    /// The names of those that did not, because one of their values is refused.
    pub left_out: Vec<String>,
    /// The effects on each stated difference, in its unit, in the order of the names.
    pub effects: Vec<Vec<Screened>>,
}

/// The effects in the comparison of each move and of each point of the screening, in
/// the order of [`Design::studies`]. `stated` are those of the comparison in
/// which nothing is moved; random draws of seeds go by `seed`.
pub fn sensitivity(
    design: &Design,
    base: &Comparison,
    stated: Vec<Pair>,
    moved: &[Comparison],
    seed: u64,
) -> Sensitivity {
    let all = |comparison: &Comparison| -> rank::Differences {
        stated.iter().map(|pair| differences(comparison, pair)).collect()
    };
    let mut effects: Vec<Effect> = Vec::new();
    let mut numbers: Vec<rank::Moves> = Vec::new();
    for (at, assumption) in design.assumptions.iter().enumerate() {
        let (mut found, mut values) = ([None, None], [None, None]);
        let own = design.moves.iter().zip(moved).filter(|(it, _)| it.assumption == at);
        for (Move { way, value, .. }, comparison) in own {
            let pairs = stated.iter().map(|pair| again(comparison, pair)).collect();
            found[*way as usize] = Some(Moved { value: value.clone(), pairs });
            values[*way as usize] = Some(all(comparison));
        }
        if found.iter().any(Option::is_some) {
            let (assumption, moved) = (assumption.clone(), found);
            let ranks = Vec::new();
            effects.push(Effect { assumption, moved, share: 0.0, rank: None, ranks });
            numbers.push(values);
        }
    }
    let ranked = rank::ranked(&all(base), &numbers, seed);
    for (effect, found) in effects.iter_mut().zip(ranked) {
        (effect.share, effect.rank, effect.ranks) = (found.share, found.rank, found.ranks);
    }
    effects.sort_by(|one, other| other.share.total_cmp(&one.share));
    let (factor, refused) = (design.factor, design.refused.clone());
    let together = moved.get(design.moves.len()..).unwrap_or_default();
    let screened = screened(design, &stated, together);
    Sensitivity { factor, seeds: base.seeds.clone(), stated, effects, refused, screened }
}

/// The elementary effects on the stated differences at all points of a screening.
fn screened(design: &Design, stated: &[Pair], points: &[Comparison]) -> Option<AllScreened> {
    let screening = &design.screening;
    let on = |pair: &Pair| {
        let at = |point| again(point, pair).map_or(f64::NAN, |pair| pair.difference);
        screening.effects(&points.iter().map(at).collect::<Vec<f64>>())
    };
    let name = |at: &usize| design.assumptions[*at].name.clone();
    (!screening.trajectories.is_empty()).then(|| AllScreened {
        trajectories: screening.trajectories.len(),
        names: screening.parts.iter().map(name).collect(),
        left_out: screening.left_out.clone(),
        effects: stated.iter().map(on).collect(),
    })
}

/// A stated difference in another comparison.
fn again(comparison: &Comparison, stated: &Pair) -> Option<Pair> {
    let figure = Figure { key: stated.key.clone(), of: stated.of };
    figure.pair(comparison, &stated.variant, &stated.baseline)
}

/// A stated difference in every seed.
fn differences(comparison: &Comparison, stated: &Pair) -> Vec<Option<f64>> {
    let figure = Figure { key: stated.key.clone(), of: stated.of };
    let of = |name: &str| comparison.variant(name).map(|it| figure.per_seed(it));
    let (values, bases) =
        (of(&stated.variant).unwrap_or_default(), of(&stated.baseline).unwrap_or_default());
    let difference = |at: usize| {
        let (value, base) = ((*values.get(at)?)?, (*bases.get(at)?)?);
        Some(if value == base { 0.0 } else { value - base })
    };
    (0..comparison.seeds.len()).map(difference).collect()
}

impl Effect {
    /// The fates of a stated difference under its moves.
    pub fn fates(&self, at: usize, stated: &Pair) -> [Option<Fate>; 2] {
        let fate = |moved: &Option<Moved>| {
            moved.as_ref().map(|moved| Fate::of(stated, moved.pairs[at].as_ref()))
        };
        [fate(&self.moved[0]), fate(&self.moved[1])]
    }

    /// How many of the stated differences have this fate under one of its moves at least.
    pub fn count(&self, stated: &[Pair], fate: Fate) -> usize {
        let has = |(at, pair): &(usize, &Pair)| self.fates(*at, pair).contains(&Some(fate));
        stated.iter().enumerate().filter(has).count()
    }
}

impl Sensitivity {
    /// The assumptions that matter most, at most so many.
    pub fn matters(&self, most: usize) -> Vec<Matter> {
        let matter = |effect: &Effect| {
            Some(Matter {
                name: effect.assumption.name.clone(),
                share: effect.share,
                holds: effect.rank?.holds,
                stated: self.stated.len(),
                flips: effect.count(&self.stated, Fate::Flips),
                vanishes: effect.count(&self.stated, Fate::Vanishes),
            })
        };
        self.effects.iter().filter_map(matter).take(most).collect()
    }
}

#[cfg(test)]
mod tests;
