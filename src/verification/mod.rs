//! The model held against closed forms.
//!
//! Every [`Case`] is a small system of which textbooks know exactly what comes out of it, and of
//! each a run must come to the same: within the 99.9 % interval over seeds where chance plays a
//! part, to the bit (but for rounding) where it does not. A case is run as any scenario is, with
//! the same patterns, stores and judges; nothing knows that it is verified.

mod availability;
#[cfg(any(test, feature = "internals"))]
pub mod coverage;
mod lags;
mod locks;
mod prices;
mod queues;
mod quorums;

use rayon::prelude::*;
use serde::Serialize;

use crate::checks::{OperationRow, RunReport};

use crate::experiment::compare::judge;
use crate::kernel::Span;
use crate::scenario::{Registries, Scenario, Source, load, render};
use crate::stats;

/// The share of runs in which an interval holds the true mean.
pub const COVERAGE: f64 = 0.999;

/// The quantile of the normal distribution that goes with [`COVERAGE`], two-sided.
const NORMAL: f64 = 3.290_526_731_491_9;

/// An interval that reaches further than this share of the exact value to each side says little.
const WIDEST: f64 = 0.15;

/// Numbers that are drawn from nothing may differ by this share: spans are whole nanoseconds.
const ROUNDING: f64 = 1e-6;

/// The part of every scenario that takes no time: links, drivers and the broker.
const FREE: &str = "
[links]
default = { delay = '0ns' }
database = { delay = '0ns' }
[drivers]
work = '0ns'
force = '0ns'
[broker]
work = '0ns'
force = '0ns'
";

/// The link of clients that takes no time.
const FREE_CLIENTS: &str = "[links.client]\ndelay = '0ns'\n";

/// A system of which closed forms are known.
pub struct Case {
    /// The system in a few words.
    pub system: &'static str,
    /// Where its closed forms come from.
    pub source: &'static str,
    /// Its scenario, with one variant, but for its name, its phases and what takes no time.
    pub scenario: String,
    /// The quantities with a closed form.
    pub forms: Vec<Form>,
}

/// A quantity with a closed form.
pub struct Form {
    /// The quantity, with its unit.
    pub quantity: &'static str,
    /// The closed form, with the names of its source.
    pub formula: &'static str,
    /// Its value.
    pub exact: f64,
    /// The value of one run.
    pub observe: fn(&RunReport) -> f64,
}

/// A quantity as it should be and as it came out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Finding {
    /// The system in a few words.
    pub system: &'static str,
    /// The quantity, with its unit.
    pub quantity: &'static str,
    /// The closed form.
    pub formula: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The value of the closed form.
    pub exact: f64,
    /// The mean over seeds.
    pub measured: f64,
    /// The ends of its interval.
    pub interval: (f64, f64),
    /// How many seeds there were.
    pub seeds: usize,
    /// The outcome.
    pub verdict: Verdict,
}

/// The outcome of holding a measurement against a closed form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The exact value lies within the interval.
    Agrees,
    /// The exact value lies outside of the interval.
    Differs,
    /// The interval is so wide that it would hold wrong values too: more seeds are needed.
    Wide,
}

impl Verdict {
    /// The verdict as it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Wide => "too wide",
        }
    }
}

/// All cases, by topic.
pub fn cases() -> Vec<Case> {
    [
        queues::cases(),
        locks::cases(),
        lags::cases(),
        availability::cases(),
        quorums::cases(),
        prices::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Case {
    /// Runs the case on the seeds from 1 on, each for `seconds` of load behind ten of warm-up, and
    /// judges it; `done` is called after each run, from any thread.
    ///
    /// # Panics
    ///
    /// If the scenario of the case has an error, or there are fewer than
    /// [`stats::MIN_SEEDS`] seeds.
    pub fn verify(&self, seeds: u64, seconds: u64, done: &(dyn Fn() + Sync)) -> Vec<Finding> {
        let scenario = self.read(seconds);
        let reports: Vec<RunReport> = (1..=seeds)
            .into_par_iter()
            .map(|seed| {
                let judged = judge(&scenario, &scenario.variants[0], seed, true);
                done();
                judged.report
            })
            .collect();
        self.forms.iter().map(|form| self.find(form, &reports)).collect()
    }

    fn find(&self, form: &Form, reports: &[RunReport]) -> Finding {
        let values: Vec<f64> = reports.iter().map(form.observe).collect();
        let measured = stats::mean(&values).expect("there are seeds");
        let interval = stats::mean_interval_at(&values, NORMAL).expect("enough seeds");
        let slack = ROUNDING * form.exact.abs();
        let holds = (interval.0 - slack..=interval.1 + slack).contains(&form.exact);
        let verdict = match holds {
            false => Verdict::Differs,
            true if interval.1 - measured > WIDEST * form.exact.abs() => Verdict::Wide,
            true => Verdict::Agrees,
        };
        Finding {
            system: self.system,
            quantity: form.quantity,
            formula: form.formula,
            source: self.source,
            exact: form.exact,
            measured,
            interval,
            seeds: values.len(),
            verdict,
        }
    }

    fn read(&self, seconds: u64) -> Scenario {
        let end = seconds + 10;
        let head = format!("[scenario]\nname = 'case'\nwarm-up = '10s'\nload = '{end}s'\n");
        let source = Source { name: self.system.into(), text: head + FREE + &self.scenario };
        let (scenario, problems) = load(&source, &|_: &str| unreachable!(), &Registries::builtin());
        scenario.unwrap_or_else(|| panic!("{}", render(&source, &problems, false)))
    }
}

/// The operations that enter the measures.
fn measured(report: &RunReport) -> impl Iterator<Item = &OperationRow> {
    report.operations.iter().filter(|row| row.measured)
}

/// The share of the measured operations of which something is true.
fn share(report: &RunReport, is: impl Fn(&OperationRow) -> bool) -> f64 {
    let (mut part, mut whole) = (0_u64, 0_u64);
    for row in measured(report) {
        whole += 1;
        part += u64::from(is(row));
    }
    part as f64 / whole as f64
}

/// The mean of a span that measured operations have, in milliseconds.
fn mean_ms(report: &RunReport, span: impl Fn(&OperationRow) -> Option<Span>) -> f64 {
    let spans: Vec<f64> =
        measured(report).filter_map(span).map(|span| span.as_nanos() as f64 / 1e6).collect();
    stats::mean(&spans).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
