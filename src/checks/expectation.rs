//! # Expectations
//!
//! What a scenario wants a measure, or a number of outcomes, to be in every run:
//!
//! ```toml
//! [[expect]]
//! measure = "m1.p99"
//! below = "2s"
//! variants = ["saga"]
//!
//! [[expect]]
//! name = "the report is right nine times in ten"
//! measure = "reads.report.right"
//! at-least = 0.9
//!
//! [[expect]]
//! census = "stranded"
//! at-most = 0
//! ```
//!
//! The limit is one of `below`, `above`, `at-most` and `at-least`: a duration for what is counted
//! in time, otherwise a number, which for a share lies between 0 and 1. `variants` names those that
//! are meant; without it, all are. `name` says it in words of one's own.
//!
//! **One variant against another.** In the place of a number may stand a variant, perhaps so many
//! times what it has:
//!
//! ```toml
//! [[expect]]
//! name = "an expensive query of one service slows all of them"
//! measure = "reads.orders.latency.p99"
//! variants = ["shared-database"]
//! above = { variant = "database-per-service", times = 10 }
//! ```
//!
//! Both are compared seed by seed, over all seeds. It holds if the 95 % interval of the median
//! difference lies on the right side of zero (for `at-most` and `at-least` zero included), and is
//! violated if it lies on the wrong one. Otherwise, and with fewer than 6 seeds, no difference was
//! shown, and it is undecided.
//!
//! **`measure`** is one of those that `driftlab list measures` shows. Of a measure with many values
//! in a run it also says which: a quantile (`m1.p50`, `m1.p99.9`) or the greatest, `m1.max`.
//!
//! **Each read of the scenario has measures of its own.** For `[reads.report]` they are
//! `reads.report.` and then
//!
//! | | |
//! |---|---|
//! | `count` | how often it was to be made |
//! | `right` | the share of those that came back with the right answer, however late |
//! | `stale` | the share that missed what a client had been told, or a replica's source held |
//! | `torn` | the share that saw some effects of an operation and not others |
//! | `error` | the share that was answered with an error |
//! | `timed-out` | the share that was not answered at all |
//! | `latency` | how long one took (many values: `reads.report.latency.p99`) |
//! | `age` | since when a stale one could have known better (many values, too) |
//!
//! **`census`** is a headline of the census, such as `stranded`, or `wrong` for all that no pattern
//! should have; it counts operations once the system is at rest.
//!
//! Against a number each run is judged by itself. What a run does not have, or what its end cut off
//! before it could be known, is undecided; what never ended in a run that came to rest is infinite.

use std::fmt;
use std::sync::Arc;

use super::census::Headline;
use super::measures::{self, Distribution, Key, Measure, Quantity, READS, Unit, reads};
use super::report::RunReport;
use super::verdict::Judgement;
use crate::kernel::Span;

/// The manual page of expectations.
pub const MANUAL: &str = include_str!("expectation.rs");

/// An expectation of a scenario about every run of some of its variants.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// The expectation in words.
    pub name: Arc<str>,
    /// The number that is judged.
    pub subject: Subject,
    /// On which side of `bound` it must be.
    pub limit: Limit,
    /// The limit of that number.
    pub bound: Bound,
    /// For which variants, as positions in the scenario; for all, if it names none.
    pub variants: Vec<usize>,
}

/// The limit of an expectation.
#[derive(Clone, PartialEq, Debug)]
pub enum Bound {
    /// In the unit of the subject: nanoseconds, a count, or a share.
    Amount(f64),
    /// The number of another variant on the same seed.
    Variant {
        /// Its name.
        name: Arc<str>,
        /// So many times that.
        times: f64,
    },
}

/// The number that an expectation judges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A quantile of a measure with many values, in thousandths; 1,000 is the maximum.
    Quantile(Key, u16),
    /// A measure with one value a run.
    Number(Key),
    /// How many operations the census counts under a headline.
    Census(Headline),
    /// How many it counts under any headline that no pattern should have.
    Wrong,
}

/// The measure that `text` begins with, and the rest of `text`.
fn find<'t>(
    text: &'t str,
    reads: &[&str],
    measures: &[&'static Measure],
) -> Result<(Key, &'t str), Unknown> {
    if let Some(rest) = after(text, READS).and_then(|rest| rest.strip_prefix('.')) {
        return find_read(rest, reads);
    }
    let (measure, rest) = longest(text, measures).ok_or(Unknown::Measure)?;
    Ok((measure.into(), rest))
}

fn find_read<'t>(text: &'t str, reads: &[&str]) -> Result<(Key, &'t str), Unknown> {
    let found = reads.iter().enumerate();
    let found = found.filter_map(|(at, name)| Some((at, name, after(text, name)?)));
    let found = found.min_by_key(|(_, _, rest)| rest.len());
    let (at, name, rest) = found.ok_or(Unknown::Read)?;
    let part = rest.strip_prefix('.').unwrap_or("");
    let (measure, rest) = longest(part, reads::ALL).ok_or(Unknown::Number(at))?;
    Ok((measure.of_read(name), rest))
}

/// The measure with the longest name with which `text` begins, and the rest of `text`.
fn longest<'t>(
    text: &'t str,
    measures: &[&'static Measure],
) -> Option<(&'static Measure, &'t str)> {
    let found = measures.iter().filter_map(|it| Some((*it, after(text, it.id)?)));
    found.min_by_key(|(_, rest)| rest.len())
}

/// The rest of a text behind the name that it begins with.
fn after<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('.'))
}

const UNMEASURED: &str = "it is not measured";

/// On which side of an amount something must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Less.
    Below,
    /// More.
    Above,
    /// No more.
    AtMost,
    /// No less.
    AtLeast,
}

impl Limit {
    /// As scenarios write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Above => "above",
            Self::AtMost => "at-most",
            Self::AtLeast => "at-least",
        }
    }

    /// Returns whether a value is on this side of an amount.
    pub fn holds(self, value: f64, amount: f64) -> bool {
        match self {
            Self::Below => value < amount,
            Self::Above => value > amount,
            Self::AtMost => value <= amount,
            Self::AtLeast => value >= amount,
        }
    }

    /// Returns whether a greater value can only be worse.
    const fn is_upper(self) -> bool {
        matches!(self, Self::Below | Self::AtMost)
    }
}

/// Why a text names no subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// There is no such measure.
    Measure,
    /// There is no such read.
    Read,
    /// The read at this position has no such number.
    Number(usize),
    /// The measure has many values a run, and the text does not say which.
    NoStatistic(Key),
    /// There is no such statistic of this measure.
    Statistic(Key),
}

/// The value of a subject in one run.
enum Found {
    Value(f64),
    /// At least so much; the end of the run cut it off.
    AtLeast(f64),
    Nothing(&'static str),
}

impl Subject {
    /// The subject that scenarios call `m7.lost`, `m1.p99` or `reads.NAME.right`: the name of a
    /// measure and, where it has many values a run, a quantile (`p50`, `p99.9`) or `max`. The
    /// scenario has `reads` of these names, in this order.
    ///
    /// # Errors
    /// What is unknown about it.
    pub fn measure(
        text: &str,
        reads: &[&str],
        measures: &[&'static Measure],
    ) -> Result<Self, Unknown> {
        let (key, rest) = find(text, reads, measures)?;
        match (key.measure.is_many(), rest.strip_prefix('.')) {
            (true, None) => Err(Unknown::NoStatistic(key)),
            (true, Some(statistic)) => match quantile(statistic) {
                Some(thousandths) => Ok(Self::Quantile(key, thousandths)),
                None => Err(Unknown::Statistic(key)),
            },
            (false, None) => Ok(Self::Number(key)),
            (false, Some(_)) => Err(Unknown::Statistic(key)),
        }
    }

    /// The subject with this headline, such as `stranded`, or `wrong` for all that no pattern
    /// should have.
    pub fn census(text: &str) -> Option<Self> {
        let named = |headline: &Headline| headline.name() == text.replace('-', " ");
        let headline = Headline::ALL.into_iter().find(named).map(Self::Census);
        headline.or((text == "wrong").then_some(Self::Wrong))
    }

    /// In what it is counted.
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Quantile(key, _) | Self::Number(key) => key.measure.unit,
            Self::Census(_) | Self::Wrong => Unit::Count,
        }
    }

    fn find(&self, report: &RunReport) -> Found {
        match self {
            Self::Quantile(key, thousandths) => match report.measures.get(key) {
                Some(measures::Found::Many(values)) => {
                    find_quantile(values, *thousandths, report.settled)
                }
                _ => Found::Nothing(UNMEASURED),
            },
            Self::Number(key) => match report.measures.get(key) {
                Some(measures::Found::One(Quantity::Missing { why })) => Found::Nothing(why),
                Some(measures::Found::One(number)) => {
                    Found::Value(number.value().unwrap_or(f64::INFINITY))
                }
                _ => Found::Nothing(UNMEASURED),
            },
            Self::Census(_) | Self::Wrong if !report.settled => {
                Found::Nothing("the run ended before the system had settled")
            }
            Self::Census(_) | Self::Wrong if report.census.total() == 0 => {
                Found::Nothing("no measured operation was offered")
            }
            Self::Census(headline) => Found::Value(report.census.of(*headline) as f64),
            Self::Wrong => Found::Value(report.census.wrong() as f64),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantile(key, 1_000) => write!(f, "{}, maximum", key.title()),
            Self::Quantile(key, at) => write!(f, "{}, p{}", key.title(), f64::from(*at) / 10.0),
            Self::Number(key) => f.write_str(&key.title()),
            Self::Census(headline) => write!(f, "{} operations", headline.name()),
            Self::Wrong => f.write_str("operations with a wrong outcome"),
        }
    }
}

/// `p99` in thousandths.
fn quantile(text: &str) -> Option<u16> {
    if text == "max" {
        return Some(1_000);
    }
    let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
    let thousandths = percent * 10.0;
    let fits = (1.0..1_000.0).contains(&thousandths) && thousandths % 1.0 == 0.0;
    fits.then_some(thousandths as u16)
}

/// The smallest value that is no less than so many thousandths of all.
fn find_quantile(values: &Distribution, thousandths: u16, settled: bool) -> Found {
    let count = values.len();
    if count == 0 {
        return Found::Nothing("there is no such value in this run");
    }
    let rank = (u128::from(count) * u128::from(thousandths)).div_ceil(1_000).max(1) as usize;
    // What was cut off is known only to be no less than what was seen of it.
    let surely = values
        .values
        .partition_point(|value| values.censored.first().is_none_or(|open| value <= open));
    match values.values.get(rank - 1) {
        Some(value) if rank <= surely => Found::Value(*value as f64),
        _ if settled && values.censored.is_empty() => Found::Value(f64::INFINITY),
        _ => {
            let mut all: Vec<u64> = values.values.iter().chain(&values.censored).copied().collect();
            all.sort_unstable();
            let least = all.get(rank - 1).or(all.last()).copied().unwrap_or(0);
            Found::AtLeast(least as f64)
        }
    }
}

impl Expectation {
    /// Returns whether a variant is concerned, by its position in the scenario.
    pub fn concerns(&self, variant: usize) -> bool {
        self.variants.is_empty() || self.variants.contains(&variant)
    }

    /// The limit in words: `below 2s`.
    pub fn wanted(&self) -> String {
        let side = self.limit.name().replace('-', " ");
        match &self.bound {
            Bound::Amount(amount) => format!("{side} {}", self.text(*amount)),
            Bound::Variant { name, times: 1.0 } => format!("{side} {name}"),
            Bound::Variant { name, times } => format!("{side} {times} times {name}"),
        }
    }

    /// The value in one run, if it is known for certain.
    pub fn value(&self, report: &RunReport) -> Option<f64> {
        match self.subject.find(report) {
            Found::Value(value) => Some(value),
            Found::AtLeast(_) | Found::Nothing(_) => None,
        }
    }

    /// The judgement of one run by itself.
    pub fn judge(&self, report: &RunReport) -> Judgement {
        let Bound::Amount(amount) = self.bound else {
            return Judgement::undecided("one run says nothing about two variants");
        };
        let (value, open) = match self.subject.find(report) {
            Found::Value(value) => (value, false),
            Found::AtLeast(value) => (value, true),
            Found::Nothing(why) => return Judgement::undecided(why),
        };
        let holds = self.limit.holds(value, amount);
        let is_certain = !open || holds != self.limit.is_upper();
        match (is_certain, holds) {
            (true, true) => Judgement::held(),
            (true, false) => {
                let least = if open { "at least " } else { "" };
                Judgement::violated(format!("{least}{}, not {}", self.text(value), self.wanted()))
            }
            (false, _) => Judgement::undecided("the run ended before it could be known"),
        }
    }

    /// A value of the subject, or a difference of two, in words.
    pub fn text(&self, value: f64) -> String {
        match self.subject.unit() {
            _ if value < 0.0 => format!("−{}", self.text(-value)),
            Unit::Nanoseconds if value.is_finite() => Span::from_nanos(value as u64).to_string(),
            Unit::Nanoseconds => "never".into(),
            Unit::Count | Unit::PerOperation | Unit::Share => {
                let text = format!("{value:.4}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;
