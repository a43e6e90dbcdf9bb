//! The measures M1-M13: what each is, and the folds that compute it.
//!
//! [`CATALOGUE`](catalogue::CATALOGUE) says in words what every number of a
//! [`RunReport`](super::RunReport) is; the definitions are those of the model, made exact.

pub mod anomalies;
pub mod answers;
pub mod blast_radius;
pub mod by_kind;
pub mod capacity;
pub mod catalogue;
pub mod contention;
pub mod copies;
pub mod cost;
pub mod counters;
pub mod expected_reads;
pub mod gauge;
pub mod in_doubt;
pub mod lag;
pub mod lock_waits;
pub mod meter;
pub mod probes;
pub mod reads;
pub mod recovery;
pub mod schema_breaks;
pub mod series;

mod measure;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use measure::{
    Better, Covers, GROUPS, Key, Measure, OPERATIONS, POOLS, READS, Scope, Unit, Values,
};

use self::by_kind::Counts;
use super::serial::{self, Text, pairs};
use crate::model::system::System;

/// The values of a distribution measure in one run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// How many things could have had a value.
    pub offered: u64,
    /// The values, sorted.
    pub values: Vec<u64>,
    /// How many never came to an end in a settled run: plus infinity.
    pub never: u64,
    /// Those whose end was not seen: each value is at least so much. Sorted.
    pub censored: Vec<u64>,
}

impl Distribution {
    /// The same with its values in order.
    fn sorted(mut self) -> Self {
        self.values.sort_unstable();
        self.censored.sort_unstable();
        self
    }

    /// The same with all values of another.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.offered += other.offered;
        self.never += other.never;
        self.values.extend_from_slice(&other.values);
        self.censored.extend_from_slice(&other.censored);
        self
    }

    /// How many things have a value, a known lower bound, or infinity.
    pub fn len(&self) -> u64 {
        (self.values.len() + self.censored.len()) as u64 + self.never
    }

    /// Returns whether it holds nothing at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mean of the values; `None` if there are none.
    pub fn mean(&self) -> Option<f64> {
        let sum: u128 = self.values.iter().copied().map(u128::from).sum();
        (!self.values.is_empty()).then(|| sum as f64 / self.values.len() as f64)
    }

    /// The sum of the values, and of what was seen of the censored ones.
    pub fn sum(&self) -> u128 {
        self.values.iter().chain(&self.censored).map(|value| u128::from(*value)).sum()
    }
}

/// A number of one run, as an exact fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Quantity {
    /// `part / whole`; `whole` is above zero, and 1 for a plain total.
    Ratio {
        /// The numerator, in the measure's unit.
        part: u128,
        /// The denominator.
        whole: u128,
    },
    /// `part / whole` of amounts, such as times, or numbers of things that are there. Unlike in a
    /// [`Ratio`](Self::Ratio) no events were counted, so that a small number is not a rare event.
    Amount {
        /// The numerator, in the measure's unit times that of the denominator.
        part: u128,
        /// The denominator, above zero.
        whole: u128,
    },
    /// The awaited event did not happen in the time of the run.
    Never,
    /// There is no such number in this run.
    Missing {
        /// Why.
        #[serde(with = "serial::text")]
        why: Text,
    },
}

impl Quantity {
    /// The number of events counted, or the sum of their times.
    pub fn total(part: impl Into<u128>) -> Self {
        Self::Ratio { part: part.into(), whole: 1 }
    }

    /// The number of things that are there.
    pub fn size(part: impl Into<u128>) -> Self {
        Self::Amount { part: part.into(), whole: 1 }
    }

    /// A fraction, or missing because of `why` if nothing is there to divide by.
    pub fn ratio(part: impl Into<u128>, whole: impl Into<u128>, why: &'static str) -> Self {
        match whole.into() {
            0 => Self::Missing { why },
            whole => Self::Ratio { part: part.into(), whole },
        }
    }

    /// A fraction of amounts, or missing because of `why` if nothing is there to divide by.
    pub fn amount(part: impl Into<u128>, whole: impl Into<u128>, why: &'static str) -> Self {
        match whole.into() {
            0 => Self::Missing { why },
            whole => Self::Amount { part: part.into(), whole },
        }
    }

    /// As a number for charts and statistics: infinity for never, none if missing.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Ratio { part, whole } | Self::Amount { part, whole } => {
                Some(part as f64 / whole as f64)
            }
            Self::Never => Some(f64::INFINITY),
            Self::Missing { .. } => None,
        }
    }
}

/// Everything that one run measures.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    #[serde(with = "pairs")]
    found: BTreeMap<Key, Found>,
}

/// The values of a measure in one run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Found {
    /// Many values.
    Many(Distribution),
    /// One number.
    One(Quantity),
}

impl Measured {
    /// Takes down the values of a measure that has many.
    pub fn distribution(&mut self, of: impl Into<Key>, values: Distribution) {
        self.found.insert(of.into(), Found::Many(values.sorted()));
    }

    /// Takes down the number of a measure that has one.
    pub fn quantity(&mut self, of: impl Into<Key>, value: Quantity) {
        self.found.insert(of.into(), Found::One(value));
    }

    /// Takes down how often something happened: in all of the run, and for each operation.
    pub fn counts(&mut self, of: &'static Measure, counts: &Counts, system: &System) {
        self.quantity(of, Quantity::total(counts.all().sum::<u64>()));
        for (scope, count) in counts.operations(system) {
            self.quantity(of.of(&scope), Quantity::total(*count));
        }
    }

    /// Adds what another judge of the same run measured.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
    }

    /// The values of a measure in the run.
    pub fn get(&self, of: &Key) -> Option<&Found> {
        self.found.get(of)
    }

    /// The values of a measure that has many.
    ///
    /// # Panics
    /// If it has not: every run has all of them.
    pub fn values(&self, of: impl Into<Key>) -> &Distribution {
        let of = of.into();
        match self.get(&of) {
            Some(Found::Many(values)) => values,
            _ => panic!("no run has values of {of}"),
        }
    }

    /// The number of a measure that has one.
    ///
    /// # Panics
    /// If it has not: every run has all of them.
    pub fn number(&self, of: impl Into<Key>) -> Quantity {
        let of = of.into();
        match self.get(&of) {
            Some(Found::One(number)) => *number,
            _ => panic!("no run has a number of {of}"),
        }
    }

    /// All measures that the run has.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.found.keys()
    }
}

/// Why a share of operations is missing.
pub(super) const NOBODY: &str = "no measured operation was offered";
