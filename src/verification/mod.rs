//! Verification of the model against closed forms.
//!
//! Every [`Case`] is a small system of which textbooks give exact results, and a run must reproduce
//! each of them: within the 99.9 % interval over seeds if it is random, to the bit (but for
//! rounding) if it is not. A case is run as any scenario is, with the same patterns, stores and
//! checks; no part of the model knows that it is verified.

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

use crate::experiment::compare::judge_until;
use crate::experiment::stop::Stop;
use crate::kernel::Span;
use crate::scenario::{Registries, Scenario, Source, load, render};
use crate::stats;

/// The share of runs in which an interval holds the true mean.
pub const COVERAGE: f64 = 0.999;

/// The two-sided quantile of the normal distribution for [`COVERAGE`].
const NORMAL: f64 = 3.290_526_731_491_9;

/// The widest half of an interval, as a share of the exact value, with which a case counts as
/// verified.
const WIDEST: f64 = 0.15;

/// The greatest relative deviation of results that are not random: spans are whole nanoseconds.
const ROUNDING: f64 = 1e-6;

/// The part of every scenario with links, drivers and a broker that take no time.
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

/// The links of clients, which take no time.
const FREE_CLIENTS: &str = "[links.client]\ndelay = '0ns'\n";

/// A system with known closed forms.
pub struct Case {
    /// The system in a few words.
    pub system: &'static str,
    /// The source of its closed forms.
    pub source: &'static str,
    /// Its scenario, with one variant, without its name, its phases and the parts that take no
    /// time.
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
    /// The function that returns the value of one run.
    pub observe: fn(&RunReport) -> f64,
}

/// The exact and the measured value of a quantity.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Finding {
    /// The system in a few words.
    pub system: &'static str,
    /// The quantity, with its unit.
    pub quantity: &'static str,
    /// The closed form.
    pub formula: &'static str,
    /// The source of the closed form.
    pub source: &'static str,
    /// The value of the closed form.
    pub exact: f64,
    /// The mean over seeds.
    pub measured: f64,
    /// The ends of its interval.
    pub interval: (f64, f64),
    /// The number of seeds.
    pub seeds: usize,
    /// The outcome.
    pub verdict: Verdict,
}

/// The outcome of comparing a measurement with a closed form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The exact value lies within the interval.
    Agrees,
    /// The exact value lies outside of the interval.
    Differs,
    /// The interval is so wide that it would contain wrong values, too: more seeds are needed.
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
    /// judges it; `done` is called after each run, from any thread. Nothing if it was stopped.
    ///
    /// # Panics
    ///
    /// If the scenario of the case has an error, or there are fewer than
    /// [`stats::MIN_SEEDS`] seeds.
    pub fn verify(
        &self,
        seeds: u64,
        seconds: u64,
        stop: &Stop,
        done: &(dyn Fn() + Sync),
    ) -> Option<Vec<Finding>> {
        let scenario = self.read(seconds);
        let reports: Option<Vec<RunReport>> = (1..=seeds)
            .into_par_iter()
            .map(|seed| {
                let judged = judge_until(&scenario, &scenario.variants[0], seed, stop)?;
                done();
                Some(judged.report)
            })
            .collect();
        let reports = reports?;
        Some(self.forms.iter().map(|form| self.find(form, &reports)).collect())
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

/// The operations that are measured, that is, arrive after the warm-up.
fn measured(report: &RunReport) -> impl Iterator<Item = &OperationRow> {
    report.operations.iter().filter(|row| row.measured)
}

/// The share of the measured operations for which `is` is true.
fn share(report: &RunReport, is: impl Fn(&OperationRow) -> bool) -> f64 {
    let (mut part, mut whole) = (0_u64, 0_u64);
    for row in measured(report) {
        whole += 1;
        part += u64::from(is(row));
    }
    part as f64 / whole as f64
}

/// The mean, in milliseconds, of a span of the measured operations that have one.
fn mean_ms(report: &RunReport, span: impl Fn(&OperationRow) -> Option<Span>) -> f64 {
    let spans: Vec<f64> =
        measured(report).filter_map(span).map(|span| span.as_nanos() as f64 / 1e6).collect();
    stats::mean(&spans).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
