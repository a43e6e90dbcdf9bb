//! The measures M1-M14: their declarations, and the folds that compute them.
//!
//! [`CATALOGUE`](catalogue::CATALOGUE) defines every number of a [`RunReport`](super::RunReport) in
//! words.

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
pub mod in_flight;
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
    /// The number of things that could have had a value.
    pub offered: u64,
    /// The values, sorted.
    pub values: Vec<u64>,
    /// The number of things that never ended in a settled run, which count as infinite.
    pub never: u64,
    /// Lower bounds of the values whose end was not observed, sorted.
    pub censored: Vec<u64>,
}

impl Distribution {
    /// This distribution with its values sorted.
    fn sorted(mut self) -> Self {
        self.values.sort_unstable();
        self.censored.sort_unstable();
        self
    }

    /// The union with another distribution.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.offered += other.offered;
        self.never += other.never;
        self.values.extend_from_slice(&other.values);
        self.censored.extend_from_slice(&other.censored);
        self
    }

    /// The number of things with a value, a known lower bound, or infinity.
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

    /// The sum of the values, and of the observed parts of the censored ones.
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
    /// `part / whole` of amounts, such as times, or numbers of things at a time. Unlike in a
    /// [`Ratio`](Self::Ratio) no events were counted, so a small number is not a rare event.
    Amount {
        /// The numerator, in the measure's unit times that of the denominator.
        part: u128,
        /// The denominator, above zero.
        whole: u128,
    },
    /// The awaited event did not occur during the run.
    Never,
    /// There is no such number in this run.
    Missing {
        /// The reason.
        #[serde(with = "serial::text")]
        why: Text,
    },
}

impl Quantity {
    /// A plain number: of events counted, or the sum of their times.
    pub fn total(part: impl Into<u128>) -> Self {
        Self::Ratio { part: part.into(), whole: 1 }
    }

    /// A plain number of things that exist.
    pub fn size(part: impl Into<u128>) -> Self {
        Self::Amount { part: part.into(), whole: 1 }
    }

    /// A fraction; missing for the reason `why` if the denominator is zero.
    pub fn ratio(part: impl Into<u128>, whole: impl Into<u128>, why: &'static str) -> Self {
        match whole.into() {
            0 => Self::Missing { why },
            whole => Self::Ratio { part: part.into(), whole },
        }
    }

    /// A fraction of amounts; missing for the reason `why` if the denominator is zero.
    pub fn amount(part: impl Into<u128>, whole: impl Into<u128>, why: &'static str) -> Self {
        match whole.into() {
            0 => Self::Missing { why },
            whole => Self::Amount { part: part.into(), whole },
        }
    }

    /// The number as a float for charts and statistics: infinity for never, none if missing.
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

/// The measured values of one run.
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
    /// Stores the values of a measure that has many.
    pub fn distribution(&mut self, of: impl Into<Key>, values: Distribution) {
        self.found.insert(of.into(), Found::Many(values.sorted()));
    }

    /// Stores the number of a measure that has one.
    pub fn quantity(&mut self, of: impl Into<Key>, value: Quantity) {
        self.found.insert(of.into(), Found::One(value));
    }

    /// Stores the number of occurrences, in the whole run and for each operation.
    pub fn counts(&mut self, of: &'static Measure, counts: &Counts, system: &System) {
        self.quantity(of, Quantity::total(counts.all().sum::<u64>()));
        for (scope, count) in counts.operations(system) {
            self.quantity(of.of(&scope), Quantity::total(*count));
        }
    }

    /// Adds the values that another judge of the same run measured.
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
    ///
    /// If the measure has one number. (Every run has all measures.)
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
    ///
    /// If the measure has many values. (Every run has all measures.)
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

/// The reason why a share of operations is missing.
pub(super) const NO_OPERATION: &str = "no measured operation was offered";
