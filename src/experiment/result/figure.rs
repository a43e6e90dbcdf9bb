//! A figure: one number of one measure, as shown by a line of a chart, a row of a table, or a
//! search.

use std::fmt;

use super::measure::{Estimate, Statistic};
use super::pair::{COMPARED, Pair};
use super::{Comparison, VariantResult};
use crate::checks::expectation::Subject;
use crate::checks::measures::{Key, Unit};

/// One number of one measure, such as the 99 % quantile of M1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// The measure.
    pub key: Key,
    /// The statistic of the measure.
    pub of: Statistic,
}

impl Figure {
    /// The figures of comparisons, see [`COMPARED`].
    pub fn compared() -> impl Iterator<Item = Self> {
        COMPARED.into_iter().map(|(measure, of)| Self { key: measure.into(), of })
    }

    /// The figure of the subject of an expectation; none if results do not keep that number of
    /// every run, as for other quantiles than the median and p99.
    pub fn of(subject: &Subject) -> Option<Self> {
        let (key, of) = match subject {
            Subject::Number(key) => (key, Statistic::Value),
            Subject::Mean(key) => (key, Statistic::Mean),
            Subject::Quantile(key, 500) => (key, Statistic::P50),
            Subject::Quantile(key, 990) => (key, Statistic::P99),
            Subject::Quantile(key, 1_000) => (key, Statistic::Max),
            Subject::Quantile(..) | Subject::Census(..) | Subject::Wrong(_) => return None,
        };
        Some(Self { key: key.clone(), of })
    }

    /// The unit of the figure.
    pub const fn unit(&self) -> Unit {
        self.key.measure.unit
    }

    /// Its estimate of a variant, if it has one.
    pub fn estimate(&self, variant: &VariantResult) -> Option<Estimate<f64>> {
        variant.measures.get(&self.key)?.estimate(self.of)
    }

    /// The number of each seed of a variant; empty if it has none at all.
    pub fn per_seed(&self, variant: &VariantResult) -> Vec<Option<f64>> {
        variant.measures.get(&self.key).map(|it| it.per_seed(self.of)).unwrap_or_default()
    }

    /// Two variants of a comparison in this figure, paired seed by seed.
    pub fn pair(&self, comparison: &Comparison, variant: &str, baseline: &str) -> Option<Pair> {
        let (variant, baseline) = (comparison.variant(variant)?, comparison.variant(baseline)?);
        Pair::of(&self.key, self.of, variant, baseline)
    }

    /// The name for people: that of the measure, with the statistic.
    pub fn title(&self) -> String {
        match self.of {
            Statistic::Value => self.key.title(),
            of => format!("{} {}", self.key.title(), of.name()),
        }
    }
}

/// The notation of scenarios: `m1.p99`.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Statistic::Value => write!(f, "{}", self.key),
            of => write!(f, "{}.{}", self.key, of.name()),
        }
    }
}
