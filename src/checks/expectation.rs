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
//! in a run it also says which: the mean (`m1.mean`), a quantile (`m1.p50`, `m1.p99.9`) or the
//! greatest, `m1.max`. A mean is over what ended; an expectation of `m1.max` says that all did.
//!
//! **Each operation has measures of its own.** A measure per operation (lag, answers, outcomes,
//! throughput, messages and so on) pools the operations that span several stores in the scenario as
//! written, the same ones in every variant; where none does, it pools all. A count (anomalies,
//! violations, time in doubt, deliveries and so on) covers all operations, and events that no
//! operation caused. With `operation` an expectation is about one operation alone, whether it is
//! pooled or not. `measure = "operations.buy.m1.p99"` is the same:
//!
//! ```toml
//! [[expect]]
//! operation = "buy"
//! measure = "m1.p99"
//! below = "2s"
//! ```
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
//! | `unanswered` | how often one was not made, of a read `after = "answer"` |
//! | `timed-out` | the share that was not answered at all |
//! | `latency` | how long one took (many values: `reads.report.latency.p99`) |
//! | `age` | since when a stale one could have known better (many values, too) |
//!
//! A read that looks at operations has them at each of its times, too: `reads.my-order@200ms.right`
//! is the share of right answers to those that were made 200 ms after the arrival, or after the
//! client's answer with `after = "answer"`. The latter has `reads.my-order.unanswered`, too: how
//! many were not made because clients gave up.
//!
//! **Each consumer group has two**, by the name of its service: `groups.stock.lag` is how many
//! messages it was behind, averaged over time, and `groups.stock.lag.max` at most.
//!
//! **Each pool has measures, too**: the workers of a service or of a kind of driver (`coordinator`,
//! `orchestrator`, `relay`, `job`, `broker`) and the cores of a database, by its name.
//! `pools.relay.utilisation` is the share of the load that they are busy, `pools.relay.waiting`
//! what waits for them on average, `pools.relay.waiting.max` at most (of services and drivers), and
//! `pools.ticket-db.connections.waiting` what waits for a connection of a database.
//!
//! **`census`** is a headline of the census, such as `stranded`, or `wrong` for all that no pattern
//! should have; it counts operations once the system is at rest, all of them or those of one
//! `operation`.
//!
//! Against a number each run is judged by itself. What a run does not have, or what its end cut off
//! before it could be known, is undecided; what never ended in a run that came to rest is infinite.

use std::fmt;
use std::sync::Arc;

use super::census::{Census, Headline};
use super::measures::capacity::ALL as OF_ALL_POOLS;
use super::measures::counters::OF_GROUP;
use super::measures::{
    self, Distribution, GROUPS, Key, Measure, OPERATIONS, POOLS, Quantity, READS, Scope, Unit,
    reads,
};
use super::report::RunReport;
use super::verdict::Judgement;
use crate::kernel::Span;
use crate::model::system::Anchor;

/// The manual page of expectations.
pub const MANUAL: &str = include_str!("expectation.rs");

/// An expectation of a scenario about every run of some of its variants.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// The text of the expectation.
    pub name: Arc<str>,
    /// The number that is compared.
    pub subject: Subject,
    /// The side of `bound` on which it must be.
    pub limit: Limit,
    /// The limit of that number.
    pub bound: Bound,
    /// The variants that it concerns, as positions in the scenario; all if empty.
    pub variants: Vec<usize>,
}

/// The limit of an expectation.
#[derive(Clone, PartialEq, Debug)]
pub enum Bound {
    /// An amount in the unit of the subject: nanoseconds, a count, or a share.
    Amount(f64),
    /// The number of another variant on the same seed.
    Variant {
        /// Its name.
        name: Arc<str>,
        /// The factor by which that number is multiplied.
        times: f64,
    },
}

/// The number that an expectation judges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A quantile of a measure with many values, in thousandths; 1,000 is the maximum.
    Quantile(Key, u16),
    /// A measure with one value in each run.
    Number(Key),
    /// The mean of a measure with many values in each run, over those that ended.
    Mean(Key),
    /// The number of operations that the census counts under a headline.
    Census(Headline, Whose),
    /// The number that it counts under any wrong headline.
    Wrong(Whose),
}

/// The operation whose outcomes are counted, by its name and its position in the scenario; none for
/// all operations.
pub type Whose = Option<(Arc<str>, usize)>;

/// The parts of a scenario that have measures of their own, each under its name in texts.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    reads: Vec<(String, Scope)>,
    operations: Vec<(String, Scope)>,
    groups: Vec<(String, Scope)>,
    pools: Vec<(String, Scope)>,
    measures: &'a [&'static Measure],
}

impl<'a> Parts<'a> {
    /// The parts of a scenario with these reads and their times, with operations of these names, in
    /// whose runs these measures are taken.
    pub fn new(
        reads: &[(&str, Anchor, &[Span])],
        operations: &[&str],
        measures: &'a [&'static Measure],
    ) -> Self {
        let times = |(name, after, at): &(&str, Anchor, &[Span])| {
            let name: Arc<str> = (*name).into();
            let times = at.iter().map(|at| Scope::ReadAt(Arc::clone(&name), *at, *after));
            let at = at.iter().map(|at| format!("{name}@{at}"));
            let whole = (name.to_string(), Scope::Read(Arc::clone(&name)));
            std::iter::once(whole).chain(at.zip(times)).collect::<Vec<_>>()
        };
        let whole = |name: &&str| match operations {
            [_] => ((*name).to_owned(), Scope::Run),
            _ => ((*name).to_owned(), Scope::Operation((*name).into())),
        };
        Self {
            reads: reads.iter().flat_map(times).collect(),
            operations: operations.iter().map(whole).collect(),
            groups: Vec::new(),
            pools: Vec::new(),
            measures,
        }
    }

    /// These parts, with services of these names, each of which may be a consumer group.
    #[must_use]
    pub fn with_groups(self, services: &[&str]) -> Self {
        let group = |name: &&str| ((*name).to_owned(), Scope::Group((*name).into()));
        Self { groups: services.iter().map(group).collect(), ..self }
    }

    /// These parts, with pools of these names.
    #[must_use]
    pub fn with_pools(self, names: &[&str]) -> Self {
        let pool = |name: &&str| ((*name).to_owned(), Scope::Pool((*name).into()));
        Self { pools: names.iter().map(pool).collect(), ..self }
    }
}

/// The measure that `text` begins with, and the rest of `text`.
fn find<'t>(text: &'t str, parts: &Parts<'_>) -> Result<(Key, &'t str), Unknown> {
    let within = |prefix| after(text, prefix).and_then(|rest| rest.strip_prefix('.'));
    if let Some(rest) = within(READS) {
        return find_part(rest, &parts.reads, reads::ALL).map_err(|part| match part {
            None => Unknown::Read,
            Some(part) => Unknown::Number(format!("{READS}.{part}")),
        });
    }
    if let Some(rest) = within(OPERATIONS) {
        let measures: Vec<_> =
            parts.measures.iter().copied().filter(|it| it.is_by_operation()).collect();
        return find_part(rest, &parts.operations, &measures).map_err(|part| match part {
            None => Unknown::Operation,
            Some(part) => Unknown::Number(format!("{OPERATIONS}.{part}")),
        });
    }
    if let Some(rest) = within(GROUPS) {
        return find_part(rest, &parts.groups, OF_GROUP).map_err(|part| match part {
            None => Unknown::Group,
            Some(part) => Unknown::Number(format!("{GROUPS}.{part}")),
        });
    }
    if let Some(rest) = within(POOLS) {
        return find_part(rest, &parts.pools, OF_ALL_POOLS).map_err(|part| match part {
            None => Unknown::Pool,
            Some(part) => Unknown::Number(format!("{POOLS}.{part}")),
        });
    }
    let (measure, rest) = longest(text, parts.measures).ok_or(Unknown::Measure)?;
    Ok((measure.into(), rest))
}

/// The measure of a part with which `text` begins, and the rest of `text`; else the name of the
/// part that has no such measure, or none if there is no such part.
fn find_part<'t>(
    text: &'t str,
    parts: &[(String, Scope)],
    measures: &[&'static Measure],
) -> Result<(Key, &'t str), Option<String>> {
    let found = parts.iter().filter_map(|(name, scope)| Some((name, scope, after(text, name)?)));
    let (name, scope, rest) = found.min_by_key(|(_, _, rest)| rest.len()).ok_or(None)?;
    let part = rest.strip_prefix('.').unwrap_or("");
    let (measure, rest) = longest(part, measures).ok_or_else(|| Some(name.clone()))?;
    Ok((measure.of(scope), rest))
}

/// The measure with the longest name with which `text` begins, and the rest of `text`.
fn longest<'t>(
    text: &'t str,
    measures: &[&'static Measure],
) -> Option<(&'static Measure, &'t str)> {
    let found = measures.iter().filter_map(|it| Some((*it, after(text, it.id)?)));
    found.min_by_key(|(_, rest)| rest.len())
}

/// The rest of a text after the name with which it begins.
fn after<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('.'))
}

const UNMEASURED: &str = "it is not measured";

const CUT_OFF: &str = "the run ended before it could be known";

/// The name in scenarios of the mean of a measure with many values in each run.
pub const MEAN: &str = "mean";

/// The side of an amount on which a number must be.
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
    /// The name in scenarios.
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

    /// Returns whether the limit bounds the number from above, so that a greater value is worse.
    const fn is_upper(self) -> bool {
        matches!(self, Self::Below | Self::AtMost)
    }
}

/// The reason why a text names no subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// There is no such measure.
    Measure,
    /// There is no such read.
    Read,
    /// There is no such operation.
    Operation,
    /// There is no such service that could be a consumer group.
    Group,
    /// There is no such pool.
    Pool,
    /// The part of the run with this name, such as `reads.NAME`, has no such number.
    Number(String),
    /// The measure has many values in each run, and the text does not choose a statistic.
    NoStatistic(Key),
    /// There is no such statistic of this measure.
    Statistic(Key),
}

/// The value of a subject in one run.
enum Found {
    Value(f64),
    /// A lower bound, because the end of the run cut the value off.
    AtLeast(f64),
    Nothing(&'static str),
}

impl Subject {
    /// The subject with this name in scenarios: `m7.lost`, `m1.p99`, `operations.NAME.m1.p99` or
    /// `reads.NAME.right`. It is the name of a measure, followed, if that has many values in each
    /// run, by `mean`, a quantile (`p50`, `p99.9`) or `max`. The scenario has these `parts`.
    ///
    /// # Errors
    ///
    /// The part of the name that is unknown.
    pub fn measure(text: &str, parts: &Parts<'_>) -> Result<Self, Unknown> {
        let (key, rest) = find(text, parts)?;
        match (key.measure.is_many(), rest.strip_prefix('.')) {
            (true, None) => Err(Unknown::NoStatistic(key)),
            (true, Some(MEAN)) => Ok(Self::Mean(key)),
            (true, Some(statistic)) => match quantile(statistic) {
                Some(thousandths) => Ok(Self::Quantile(key, thousandths)),
                None => Err(Unknown::Statistic(key)),
            },
            (false, None) => Ok(Self::Number(key)),
            (false, Some(_)) => Err(Unknown::Statistic(key)),
        }
    }

    /// The subject with this headline, such as `stranded`, or `wrong` for all wrong ones, of one
    /// operation or of all.
    pub fn census(text: &str, whose: &Whose) -> Option<Self> {
        let named = |headline: &Headline| headline.name() == text.replace('-', " ");
        let headline = Headline::ALL.into_iter().find(named);
        let headline = headline.map(|headline| Self::Census(headline, whose.clone()));
        headline.or((text == "wrong").then(|| Self::Wrong(whose.clone())))
    }

    /// The unit of the subject.
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Quantile(key, _) | Self::Mean(key) | Self::Number(key) => key.measure.unit,
            Self::Census(..) | Self::Wrong(_) => Unit::Count,
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
            Self::Mean(key) => match report.measures.get(key) {
                Some(measures::Found::Many(values)) => find_mean(values),
                _ => Found::Nothing(UNMEASURED),
            },
            Self::Number(key) => match report.measures.get(key) {
                Some(measures::Found::One(Quantity::Missing { why })) => Found::Nothing(why),
                Some(measures::Found::One(number)) => {
                    Found::Value(number.value().unwrap_or(f64::INFINITY))
                }
                _ => Found::Nothing(UNMEASURED),
            },
            Self::Census(headline, whose) => count(report, whose, |it| it.of(*headline)),
            Self::Wrong(whose) => count(report, whose, Census::wrong),
        }
    }
}

/// Counts outcomes once the system is quiescent: of one operation, or of all, including those that
/// headlines do not pool.
fn count(report: &RunReport, whose: &Whose, of: impl Fn(&Census) -> u64) -> Found {
    let censuses = match whose {
        Some((_, at)) => report.censuses.get(*at..=*at).unwrap_or_default(),
        None => &report.censuses,
    };
    let total: u64 = censuses.iter().map(Census::total).sum();
    match (report.settled, total) {
        (false, _) => Found::Nothing("the run ended before the system had settled"),
        (true, 0) => Found::Nothing("no measured operation was offered"),
        (true, _) => Found::Value(censuses.iter().map(of).sum::<u64>() as f64),
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantile(key, 1_000) => write!(f, "{}, maximum", key.title()),
            Self::Quantile(key, at) => write!(f, "{}, p{}", key.title(), f64::from(*at) / 10.0),
            Self::Mean(key) => write!(f, "{}, mean", key.title()),
            Self::Number(key) => f.write_str(&key.title()),
            Self::Census(headline, whose) => {
                write!(f, "{}{} operations", of(whose), headline.name())
            }
            Self::Wrong(whose) => write!(f, "{}operations with a wrong outcome", of(whose)),
        }
    }
}

/// `buy: `; nothing for all operations.
fn of(whose: &Whose) -> String {
    whose.as_ref().map_or_else(String::new, |(name, _)| format!("{name}: "))
}

/// The mean of the values that ended, unless the end of the run cut any off.
fn find_mean(values: &Distribution) -> Found {
    match values.mean() {
        _ if !values.censored.is_empty() => Found::Nothing(CUT_OFF),
        None => Found::Nothing("nothing ended in this run"),
        Some(mean) => Found::Value(mean),
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
    // A censored value is only known to be at least as large as the part that was observed.
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
    /// Returns whether it concerns a variant, given by its position.
    pub fn concerns(&self, variant: usize) -> bool {
        self.variants.is_empty() || self.variants.contains(&variant)
    }

    /// The text of the limit: `below 2s`.
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
            (false, _) => Judgement::undecided(CUT_OFF),
        }
    }

    /// The text of a value of the subject, or of a difference of two.
    pub fn text(&self, value: f64) -> String {
        match self.subject.unit() {
            _ if value < 0.0 => format!("−{}", self.text(-value)),
            Unit::Nanoseconds if value.is_finite() => Span::from_nanos(value as u64).to_string(),
            Unit::Nanoseconds => "never".into(),
            _ => {
                let text = format!("{value:.4}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;
