//! The measures M1-M13: what each is, and the folds that compute it.
//!
//! [`CATALOGUE`] says in words what every number of a [`RunReport`](super::RunReport) is; the
//! definitions are those of the model, made exact.

pub mod anomalies;
pub mod answers;
pub mod blast_radius;
pub mod capacity;
pub mod contention;
pub mod copies;
pub mod cost;
pub mod expected_reads;
pub mod gauge;
pub mod in_doubt;
pub mod lag;
pub mod probes;
pub mod reads;
pub mod recovery;
pub mod schema_breaks;
pub mod series;

mod catalogue;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use catalogue::CATALOGUE;

use super::serial::{self, Text};

/// The name of a measure in files and on the command line, such as `m1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MeasureId(pub &'static str);

impl MeasureId {
    /// The entry of the catalogue.
    pub fn measure(self) -> &'static Measure {
        let found = CATALOGUE.iter().find(|measure| measure.id == self);
        found.expect("every measure that is computed is in the catalogue, as a test ensures")
    }
}

impl Serialize for MeasureId {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for MeasureId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(from)?;
        let found = CATALOGUE.iter().find(|measure| measure.id.0 == name);
        found.map(|measure| measure.id).ok_or_else(|| Error::custom("no such measure"))
    }
}

impl fmt::Display for MeasureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a measure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measure {
    /// Its name in files.
    pub id: MeasureId,
    /// Its name for people.
    pub name: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// What kind of number it is.
    pub kind: MeasureKind,
    /// True if less is better; a table marks the best.
    pub lower_is_better: bool,
    /// The exact definition.
    pub what: &'static str,
}

/// In what a measure is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Things.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
}

impl Unit {
    /// As files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Count => "count",
            Self::Share => "share",
        }
    }
}

/// What kind of number a measure is, which decides how runs are summarized.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MeasureKind {
    /// Many values a run; quantiles, with "never" as infinity.
    Distribution,
    /// A part of a whole.
    Share,
    /// One number a run.
    Total,
    /// One number a run, per offered operation or per time.
    Rate,
}

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

    /// How many things have a value, a known lower bound, or infinity.
    pub fn len(&self) -> u64 {
        (self.values.len() + self.censored.len()) as u64 + self.never
    }

    /// Returns whether it holds nothing at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
    /// It did not happen in the time it had.
    Never,
    /// There is no such number in this run.
    Missing {
        /// Why.
        #[serde(with = "serial::text")]
        why: Text,
    },
}

impl Quantity {
    /// A plain total.
    pub fn total(part: impl Into<u128>) -> Self {
        Self::Ratio { part: part.into(), whole: 1 }
    }

    /// A fraction, or missing because of `why` if nothing is there to divide by.
    pub fn ratio(part: impl Into<u128>, whole: impl Into<u128>, why: &'static str) -> Self {
        match whole.into() {
            0 => Self::Missing { why },
            whole => Self::Ratio { part: part.into(), whole },
        }
    }

    /// As a number for charts and statistics: infinity for never, none if missing.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Ratio { part, whole } => Some(part as f64 / whole as f64),
            Self::Never => Some(f64::INFINITY),
            Self::Missing { .. } => None,
        }
    }
}

/// Everything that one run measures, by the measure's name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Measures with many values a run.
    pub distributions: BTreeMap<MeasureId, Distribution>,
    /// Measures with one number a run.
    pub quantities: BTreeMap<MeasureId, Quantity>,
}

impl Measured {
    /// Takes down a distribution.
    pub fn distribution(&mut self, id: &'static str, values: Distribution) {
        self.distributions.insert(MeasureId(id), values.sorted());
    }

    /// Takes down a number.
    pub fn quantity(&mut self, id: &'static str, value: Quantity) {
        self.quantities.insert(MeasureId(id), value);
    }
}

/// Why a share of operations is missing.
pub(super) const NOBODY: &str = "no measured operation was offered";
