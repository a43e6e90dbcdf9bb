//! The fault-free twin of a run: the same variant on the same seed without faults.
//!
//! With common random numbers both have the same arrivals, keys and delays, so that every
//! difference is an effect of the faults. A twin is reduced to the compared numbers as soon as it
//! has run.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::compare::Judged;
use super::result::{NeverBack, Pair, Statistic};
use super::run::{Setup, run};
use super::summarise::number;
use crate::checks::measures::capacity::Limited;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::recovery::{self, Course, NO_FAULT, NO_TWIN, Spread};
use crate::checks::measures::{Measure, Quantity};
use crate::checks::{Judge, JudgeOptions};
use crate::patterns::pattern::period;
use crate::scenario::{Scenario, Variant};

/// The numbers that show the cost of faults, in the order of reports.
const COSTS: [(&Measure, Statistic); 11] = [
    (LAG, Statistic::P99),
    (PARTIAL, Statistic::Value),
    (VIOLATION, Statistic::Value),
    (AVAILABILITY, Statistic::Value),
    (WRONG, Statistic::Value),
    (RETRIES, Statistic::Value),
    (COMPENSATED, Statistic::Value),
    (DONE, Statistic::P99),
    (ACCEPTED, Statistic::P99),
    (MESSAGES_COMMITTED, Statistic::Value),
    (FORCED_WRITES_COMMITTED, Statistic::Value),
];

/// The name of the twins as the baseline of a comparison.
const WITHOUT: &str = "without faults";

/// The part of a fault-free twin that is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Twin {
    /// Its time series, for recovery.
    pub course: Course,
    /// Its numbers of [`COSTS`], in their order.
    numbers: Vec<Quantity>,
    /// The resources that were full at the end of its load.
    full: Vec<Limited>,
    /// The numbers in which a run that never recovered differed from it at the end.
    #[serde(skip)]
    apart: Vec<&'static str>,
}

/// Returns whether the runs of a scenario have faults.
pub fn has_faults(scenario: &Scenario) -> bool {
    !(scenario.faults.is_empty() && scenario.nemeses.is_empty())
}

/// Runs a setup on a seed without its faults.
pub fn twin(setup: Setup, seed: u64) -> Twin {
    let setup = Setup { faults: Vec::new().into(), nemeses: Vec::new().into(), ..setup };
    let judge = Judge::audit(&setup.system, JudgeOptions::default());
    let judge = Rc::new(RefCell::new(judge));
    run(&setup, seed, vec![Rc::clone(&judge) as _]);
    let judge = Rc::into_inner(judge).expect("the run is over, and its recorder gone with it");
    let report = judge.into_inner().finish();
    Twin {
        course: Course::of(&report, setup.system.phases.load),
        numbers: COSTS.iter().map(|cost| number(&report, cost.0, cost.1)).collect(),
        full: report.full,
        apart: Vec::new(),
    }
}

/// Takes, in each run of a variant, the time to recovery relative to its twin.
pub fn compare(scenario: &Scenario, variant: &Variant, runs: &mut [&mut Judged]) {
    let why = if has_faults(scenario) { NO_TWIN } else { NO_FAULT };
    let spread = {
        let twins = runs.iter().filter_map(|run| Some(&run.twin.as_ref()?.course));
        Spread::of(twins, period(&*variant.pattern, &variant.system))
    };
    for run in runs {
        let found = run.twin.as_mut().map_or(Quantity::Missing { why }, |twin| {
            let course = Course::of(&run.report, variant.system.phases.load);
            let found = recovery::recovery(&course, &twin.course, &spread, &run.report.faults);
            if found == Quantity::Never {
                twin.apart = recovery::apart_at_last(&course, &twin.course, &spread);
            }
            found
        });
        run.report.measures.quantity(RECOVERY, found);
    }
}

/// The cost of the faults for a variant in each of [`COSTS`]: its runs against their twins.
pub fn costs(variant: &str, runs: &[&Judged]) -> Vec<Pair> {
    let cost = |(at, (measure, of)): (usize, &(&'static Measure, Statistic))| {
        let own = runs.iter().map(|run| number(&run.report, measure, *of).value());
        let twins = runs.iter().map(|run| run.twin.as_ref()?.numbers.get(at)?.value());
        let (own, twins): (Vec<_>, Vec<_>) = (own.collect(), twins.collect());
        Pair::between((*measure).into(), *of, (variant, &own), (WITHOUT, &twins))
    };
    COSTS.iter().enumerate().filter_map(cost).collect()
}

/// The runs of a variant that never recovered and what they have in common; none if all did.
pub fn never_back(runs: &[&Judged]) -> Option<NeverBack> {
    let never = runs.iter().filter(|run| run.report.measures.number(RECOVERY) == Quantity::Never);
    let pairs: Vec<(&Judged, &Twin)> =
        never.filter_map(|run| Some((*run, run.twin.as_ref()?))).collect();
    let apart = pairs.iter().flat_map(|(_, twin)| twin.apart.iter().map(|name| (*name).to_owned()));
    let full = pairs.iter().flat_map(|(run, twin)| {
        let more = run.report.full.iter().filter(|resource| !twin.full.contains(resource));
        more.map(Limited::to_string)
    });
    let in_most = |names: Vec<String>| {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for name in names {
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        counts.retain(|(_, count)| 2 * count > pairs.len());
        counts.into_iter().map(|(name, _)| name).collect()
    };
    (!pairs.is_empty()).then(|| NeverBack {
        seeds: pairs.len(),
        apart: in_most(apart.collect()),
        full: in_most(full.collect()),
    })
}
