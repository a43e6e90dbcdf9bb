//! Searches: which difference is looked for on an axis, and where it changes its sign.

use super::crossing::{Crossing, Crossings, Look, crossings};
use super::result::{Comparison, Figure};
use super::sweep::Swept;
use crate::scenario::sweep::Axis;
use crate::stats::{Paired, paired};

/// A search: a difference, and the axis on which it changes its sign.
#[derive(Clone, PartialEq, Debug)]
pub struct Sought {
    /// The axis, with the values that are looked at first.
    pub axis: Axis,
    /// The figure.
    pub figure: Figure,
    /// The two sides of the difference.
    pub sides: Sides,
}

/// The two sides of a difference.
#[derive(Clone, PartialEq, Debug)]
pub enum Sides {
    /// One variant minus another.
    Between([String; 2]),
    /// A variant minus a limit.
    Limit {
        /// The variant.
        variant: String,
        /// The limit, in the unit of the figure.
        limit: f64,
        /// True if the figure must not be greater.
        is_upper: bool,
    },
}

/// A search with its outcome.
#[derive(Clone, PartialEq, Debug)]
pub struct Searched {
    /// The search.
    pub sought: Sought,
    /// The outcome.
    pub found: Crossings,
}

impl Sought {
    /// The difference in a comparison, paired over its seeds; none if no seed has a number.
    pub fn difference(&self, comparison: &Comparison) -> Option<Paired> {
        let of = |name: &String| comparison.variant(name).map(|it| self.figure.per_seed(it));
        let (one, other) = match &self.sides {
            Sides::Between([one, other]) => (of(one)?, of(other)?),
            Sides::Limit { variant, limit, .. } => {
                let values = of(variant)?;
                let limits = vec![Some(*limit); values.len()];
                (values, limits)
            }
        };
        (one.len() == other.len()).then(|| paired(&one, &other)).flatten()
    }

    /// The search made again among the points of a sweep over the values that it looked at; none if
    /// one of them is missing.
    pub fn among(self, swept: &Swept) -> Option<Searched> {
        let over = swept.axes.first()?;
        let mut look = |value: &toml::Value| {
            let at = over.values.iter().position(|known| known == value);
            let point = at.and_then(|at| swept.point(&[at])).ok_or(())?;
            Ok::<_, ()>(self.difference(point))
        };
        let found = crossings(&self.axis, &mut look).ok()?;
        Some(Searched { sought: self, found })
    }
}

impl Searched {
    /// Returns whether any value that was looked at has a number.
    pub fn has_numbers(&self) -> bool {
        self.found.looks.iter().any(|look| look.found.is_some())
    }

    /// Returns whether the difference keeps its limit at the first value with a number; none
    /// without one, or for two variants.
    pub fn holds_first(&self) -> Option<bool> {
        let Sides::Limit { is_upper, .. } = self.sought.sides else { return None };
        let first = self.found.looks.iter().find_map(|look: &Look| look.found)?;
        Some(if is_upper { first.difference < 0.0 } else { first.difference >= 0.0 })
    }

    /// The first crossing at which a limit is no longer kept.
    pub fn breaks(&self) -> Option<&Crossing> {
        let Sides::Limit { is_upper, .. } = self.sought.sides else { return None };
        self.found.crossings.iter().find(|crossing| crossing.falls != is_upper)
    }
}
