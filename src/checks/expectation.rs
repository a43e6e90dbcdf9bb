//! Expectations: what a scenario wants a measure, or a number of outcomes, to be.
//!
//! Each is judged per run. What a run does not have, or what its end cut off before it could be
//! known, is undecided; what never ended in a run that came to rest is infinite.

use std::fmt;
use std::sync::Arc;

use super::census::Headline;
use super::measures::{CATALOGUE, Distribution, Measure, MeasureKind, Quantity, Unit};
use super::report::RunReport;
use super::verdict::Judgement;
use crate::kernel::Span;

/// What a scenario expects of every run of some of its variants.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// What it says, in words.
    pub name: Arc<str>,
    /// What is looked at.
    pub subject: Subject,
    /// On which side of `amount` it must be.
    pub limit: Limit,
    /// In the unit of the subject: nanoseconds, a count, or a share.
    pub amount: f64,
    /// For which variants, as positions in the scenario; for all, if it names none.
    pub variants: Vec<usize>,
}

/// What an expectation looks at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Subject {
    /// A quantile of a measure with many values, in thousandths; 1,000 is the maximum.
    Quantile(&'static Measure, u16),
    /// A measure with one value a run.
    Number(&'static Measure),
    /// How many operations the census counts under a headline.
    Census(Headline),
    /// How many it counts under any headline that no pattern should have.
    Wrong,
}

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

    fn holds(self, value: f64, amount: f64) -> bool {
        match self {
            Self::Below => value < amount,
            Self::Above => value > amount,
            Self::AtMost => value <= amount,
            Self::AtLeast => value >= amount,
        }
    }

    /// Whether a greater value can only be worse.
    const fn is_upper(self) -> bool {
        matches!(self, Self::Below | Self::AtMost)
    }
}

/// Why a text names no subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// There is no such measure.
    Measure,
    /// The measure has many values a run, and the text does not say which.
    NoStatistic(&'static Measure),
    /// There is no such statistic of this measure.
    Statistic(&'static Measure),
}

/// What the run says of a subject.
enum Found {
    Value(f64),
    /// At least so much; the end of the run cut it off.
    AtLeast(f64),
    Nothing(&'static str),
}

impl Subject {
    /// The subject that scenarios call `m7.lost`, or `m1.p99`: the name of a measure and, where it
    /// has many values a run, a quantile (`p50`, `p99.9`) or `max`.
    ///
    /// # Errors
    /// What is unknown about it.
    pub fn measure(text: &str) -> Result<Self, Unknown> {
        let names = |measure: &&Measure| {
            let rest = text.strip_prefix(measure.id.0);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let longest = CATALOGUE.iter().filter(names).max_by_key(|measure| measure.id.0.len());
        let measure = longest.ok_or(Unknown::Measure)?;
        let statistic = text[measure.id.0.len()..].strip_prefix('.');
        let thousandths = match (measure.kind, statistic) {
            (MeasureKind::Distribution, None) => return Err(Unknown::NoStatistic(measure)),
            (MeasureKind::Distribution, Some(statistic)) => statistic,
            (_, None) => return Ok(Self::Number(measure)),
            (_, Some(_)) => return Err(Unknown::Statistic(measure)),
        };
        let found = quantile(thousandths).ok_or(Unknown::Statistic(measure))?;
        Ok(Self::Quantile(measure, found))
    }

    /// The subject with this headline, such as `stranded`, or `wrong` for all that no pattern
    /// should have.
    pub fn census(text: &str) -> Option<Self> {
        let named = |headline: &Headline| headline.name() == text.replace('-', " ");
        let headline = Headline::ALL.into_iter().find(named).map(Self::Census);
        headline.or((text == "wrong").then_some(Self::Wrong))
    }

    /// In what it is counted.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Quantile(measure, _) | Self::Number(measure) => measure.unit,
            Self::Census(_) | Self::Wrong => Unit::Count,
        }
    }

    fn find(self, report: &RunReport) -> Found {
        match self {
            Self::Quantile(measure, thousandths) => {
                match report.measures.distributions.get(&measure.id) {
                    Some(values) => find_quantile(values, thousandths, report.settled),
                    None => Found::Nothing("it is not measured"),
                }
            }
            Self::Number(measure) => match report.measures.quantities.get(&measure.id) {
                Some(Quantity::Missing { why }) => Found::Nothing(why),
                Some(quantity) => Found::Value(quantity.value().unwrap_or(f64::INFINITY)),
                None => Found::Nothing("it is not measured"),
            },
            Self::Census(_) | Self::Wrong if !report.settled => {
                Found::Nothing("the run ended before the system had settled")
            }
            Self::Census(_) | Self::Wrong if report.census.total() == 0 => {
                Found::Nothing("no measured operation was offered")
            }
            Self::Census(headline) => Found::Value(report.census.of(headline) as f64),
            Self::Wrong => Found::Value(report.census.wrong() as f64),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantile(measure, 1_000) => write!(f, "{}, maximum", measure.name),
            Self::Quantile(measure, at) => {
                write!(f, "{}, p{}", measure.name, f64::from(*at) / 10.0)
            }
            Self::Number(measure) => f.write_str(measure.name),
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
    /// Whether a variant is concerned, by its position in the scenario.
    pub fn concerns(&self, variant: usize) -> bool {
        self.variants.is_empty() || self.variants.contains(&variant)
    }

    /// What is wanted, in words: `below 2s`.
    pub fn wanted(&self) -> String {
        format!("{} {}", self.limit.name().replace('-', " "), self.text(self.amount))
    }

    /// What one run says.
    pub fn judge(&self, report: &RunReport) -> Judgement {
        let (value, open) = match self.subject.find(report) {
            Found::Value(value) => (value, false),
            Found::AtLeast(value) => (value, true),
            Found::Nothing(why) => return Judgement::undecided(why),
        };
        let holds = self.limit.holds(value, self.amount);
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

    fn text(&self, value: f64) -> String {
        match self.subject.unit() {
            Unit::Nanoseconds if value.is_finite() => Span::from_nanos(value as u64).to_string(),
            Unit::Nanoseconds => "never".into(),
            Unit::Count | Unit::Share => {
                let text = format!("{value:.4}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;
