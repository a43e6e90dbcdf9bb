//! The summary of many judged runs: first for each seed, then over seeds, in the order of runs.

mod coupling;
mod patience;
mod warm_up;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compare::Judged;
use super::forms::{self, Case};
use super::result::{
    Census, Comparison, FaultWindow, ListedOperation, MeasureResult, OperationFacts, Phase,
    PhaseWindow, ScenarioFacts, SeedQuantiles, Series, SeriesPoint, Statistic, ValueUsed,
    VariantResult, few_seeds,
};
use super::{twin, verdicts};
use crate::checks::RunReport;
use crate::checks::measures::catalogue::{ACCEPTED, COMPARED_AVAILABILITY, DONE, LAG};
use crate::checks::measures::{Distribution, Key, Measure, Quantity, Values};
use crate::faults::crash::Crash;
use crate::faults::fault::Fault;
use crate::faults::plan::{PlannedFault, Start};
use crate::faults::random::Random;
use crate::faults::swarm::Window;
use crate::faults::target::Site;
use crate::faults::torn_tail::TornTail;
use crate::kernel::{RandomStreams, Span, Time};
use crate::model::contract::Driver;
use crate::model::record::OpId;
use crate::model::system::{Arrivals, LoadSpec, OperationKind};
use crate::scenario::{Scenario, Variant};
use crate::stats::{Curve, Observation, Quantile, Sample};

/// The comparison of these variants over these seeds. `runs` holds, for each seed, a run of each
/// variant; their operations move into the result.
pub fn comparison(
    scenario: &Scenario,
    variants: &[&Variant],
    seeds: &[u64],
    runs: &mut [Vec<Judged>],
) -> Comparison {
    let listed: Vec<_> = (0..variants.len()).map(|at| take_operations(runs, at)).collect();
    let runs = &*runs;
    let of = |at: usize| runs.iter().map(|seed| &seed[at]).collect::<Vec<_>>();
    let results =
        variants.iter().enumerate().map(|(at, variant)| summary(scenario, variant, &of(at)));
    let mut results: Vec<VariantResult> = results.collect();
    let mut warnings = warnings(variants, seeds, runs);
    for (at, (result, operations)) in results.iter_mut().zip(listed).enumerate() {
        warnings.extend(warm_up::warning(variants[at], &of(at), &operations));
        result.operations = operations;
    }
    if offers_the_same(scenario) {
        compare_availability(&mut results, runs);
    }
    let mut checks = Vec::new();
    let others = |name: &str| {
        let named = |variant: &&Variant| *variant.name.shown == *name;
        variants.iter().position(named).map(of)
    };
    for (at, variant) in variants.iter().enumerate() {
        let same = |known: &Variant| known.name.shown == variant.name.shown;
        let place = scenario.variants.iter().position(same).unwrap_or(at);
        checks.extend(verdicts::of(scenario, place, variant, seeds, &of(at), others));
    }
    let comparison = Comparison {
        engine: concat!("driftlab ", env!("CARGO_PKG_VERSION")).into(),
        command: String::new(),
        scenario: ScenarioFacts {
            name: scenario.name.clone(),
            about: scenario.about.clone().unwrap_or_default(),
            hash: format!("{:016x}", scenario.hash),
            profile: scenario.profile.clone(),
        },
        inputs: Arc::clone(&scenario.inputs),
        operations: operations(scenario),
        seeds: seeds.to_vec(),
        variants: results,
        pairs: Vec::new(),
        checks,
        faults: faults(scenario, seeds.first().copied().unwrap_or(scenario.seed), runs),
        phases: phases(scenario),
        values: values(scenario),
        rests_on: rests_on(variants),
        answers: Vec::new(),
        matters: Vec::new(),
        warnings,
    };
    comparison.paired()
}

/// Takes the operations of a variant out of each run, since there may be very many.
fn take_operations(runs: &mut [Vec<Judged>], at: usize) -> Arc<[Vec<ListedOperation>]> {
    runs.iter_mut().map(|seed| std::mem::take(&mut seed[at].operations)).collect()
}

/// Returns whether all variants are offered the same operations, because no load waits for answers.
fn offers_the_same(scenario: &Scenario) -> bool {
    let closed = |load: &LoadSpec| matches!(load.arrivals, Arrivals::Closed { .. });
    !scenario.system.loads.iter().any(closed)
}

/// Compares the availability of variants over the operations of each seed that are moot in none of
/// them, for each part that results cover; all variants have the same parts.
fn compare_availability(results: &mut [VariantResult], runs: &[Vec<Judged>]) {
    let parts = runs.iter().flatten().map(|run| run.report.availability.len()).min();
    for part in 0..parts.unwrap_or(0) {
        let moot: Vec<Vec<OpId>> = runs.iter().map(|seed| moot_in_any(seed, part)).collect();
        for (at, result) in results.iter_mut().enumerate() {
            let seeds = runs.iter().map(|seed| &seed[at].report.availability[part]).zip(&moot);
            let shares = seeds.clone().map(|((_, found), moot)| found.without(moot).value());
            let shares = MeasureResult::mean(COMPARED_AVAILABILITY, shares.collect());
            for ((scope, _), _) in seeds.take(1) {
                result.measures.insert(COMPARED_AVAILABILITY.of(scope), shares.clone());
            }
        }
    }
}

/// The operations of a part of a seed that are moot in any variant, in order.
fn moot_in_any(seed: &[Judged], part: usize) -> Vec<OpId> {
    let moot = seed.iter().flat_map(|run| run.report.availability[part].1.moot.iter().copied());
    moot.collect::<BTreeSet<_>>().into_iter().collect()
}

fn summary(scenario: &Scenario, variant: &Variant, runs: &[&Judged]) -> VariantResult {
    let reports: Vec<&RunReport> = runs.iter().map(|run| &run.report).collect();
    let curve = |measure: &'static Measure| {
        let samples = reports.iter().map(|report| sample(report.measures.values(measure)));
        Curve::pooled(&samples.collect::<Vec<_>>())
    };
    let keys = reports.first().into_iter().flat_map(|report| report.measures.keys());
    let system = &variant.system;
    let measures: BTreeMap<Key, MeasureResult> =
        keys.map(|key| (key.clone(), measured(key, &reports))).collect();
    let is_measured = |key: &Key, of| measures.get(key).is_some_and(|it| it.estimate(of).is_some());
    let predicted = forms::predicted(&Case { scenario, variant, measured: &measures }, is_measured);
    VariantResult {
        name: variant.name.shown.to_string(),
        technique: variant.technique.clone(),
        pattern: variant.pattern.name().into(),
        summary: variant.pattern.summary().into(),
        settings: variant.pattern.settings(),
        census: Census { per_seed: reports.iter().map(|report| report.census.clone()).collect() },
        coupling: coupling::of(variant),
        contended: coupling::contended(system, &reports),
        touched: coupling::touched(scenario, &reports),
        measures,
        predicted,
        faults_cost: twin::costs(&variant.name.shown, runs),
        never_back: twin::never_back(runs),
        reads: (system.reads.iter().filter(|read| read.by.is_some()))
            .map(|read| Arc::clone(&read.name.shown))
            .collect(),
        lag: curve(LAG),
        done: curve(DONE),
        accepted: curve(ACCEPTED),
        series: series(&reports),
        fingerprints: runs.iter().map(|run| run.ran.fingerprint).collect(),
        settled: reports.iter().map(|report| report.settled).collect(),
        kinds: system.operations.iter().map(|it| Arc::clone(&it.name.shown)).collect(),
        loads: system.loads.iter().map(|load| Arc::clone(&load.name.shown)).collect(),
        operations: Arc::default(),
    }
}

/// The sample of a distribution. Infinite values stay infinite; values that were still open at the
/// end of an unsettled run count as infinite, too.
fn sample(known: &Distribution) -> Sample {
    Sample::new(known.values.iter().copied(), known.never + known.censored.len() as u64)
}

/// The result of one measure over all runs.
fn measured(key: &Key, reports: &[&RunReport]) -> MeasureResult {
    let measure = key.measure;
    if measure.is_many() {
        let per_seed = reports.iter().map(|report| {
            let censors = !report.settled && measure.values == Values::Many;
            seed_quantiles(report.measures.values(key.clone()), censors)
        });
        return MeasureResult::quantiles(measure, per_seed.collect());
    }
    let numbers = reports.iter().map(|report| report.measures.number(key.clone()));
    let numbers: Vec<Quantity> = numbers.collect();
    match (missing(&numbers), measure.values) {
        (Some(why), _) => MeasureResult::missing(measure, why),
        (None, Values::Once) => {
            let times = numbers.into_iter().map(once);
            let per_seed = times.map(|time| SeedQuantiles::of(time.n(), &time));
            MeasureResult::quantiles(measure, per_seed.collect())
        }
        (None, Values::Greatest) => {
            MeasureResult::greatest(measure, numbers.into_iter().map(Quantity::value).collect())
        }
        (None, _) => MeasureResult::ratios(measure, &numbers),
    }
}

/// One number of a measure in one run.
pub(super) fn number(report: &RunReport, measure: &'static Measure, of: Statistic) -> Quantity {
    if !measure.is_many() {
        return report.measures.number(measure);
    }
    let censors = !report.settled && measure.values == Values::Many;
    match seed_quantiles(report.measures.values(measure), censors).statistic(of) {
        Some(value) if value.is_finite() => Quantity::total(value as u64),
        Some(_) => Quantity::Never,
        None => Quantity::Missing { why: "no sample" },
    }
}

/// The quantiles of one run. Values that the end of the run cut off are censored, or else count as
/// infinite.
fn seed_quantiles(found: &Distribution, censors: bool) -> SeedQuantiles {
    if !censors {
        return SeedQuantiles::of(found.offered, &sample(found));
    }
    let of = |times: &[u64], censored| -> Vec<Observation> {
        times.iter().map(|time| Observation { time: *time, censored }).collect()
    };
    let observations = [of(&found.values, false), of(&found.censored, true)].concat();
    SeedQuantiles::censored(found.offered, &observations)
}

/// The sample of a time that each run has once, and that may be infinite.
fn once(time: Quantity) -> Sample {
    match time {
        Quantity::Ratio { part, whole } | Quantity::Amount { part, whole } => {
            Sample::new([(part / whole) as u64], 0)
        }
        Quantity::Never => Sample::new([], 1),
        Quantity::Missing { .. } => Sample::default(),
    }
}

/// The reason why no run has this number, if none has.
fn missing(numbers: &[Quantity]) -> Option<&'static str> {
    let whys = numbers.iter().map(|number| match number {
        Quantity::Missing { why } => Some(*why),
        _ => None,
    });
    whys.collect::<Option<Vec<_>>>()?.first().copied()
}

/// Averages over seeds, bucket by bucket; the lag of a bucket is the median of its medians.
fn series(reports: &[&RunReport]) -> Series {
    let width = reports.first().map_or(0, |report| report.series.width.as_nanos());
    let length = reports.iter().map(|report| report.series.partial.len()).max().unwrap_or(0);
    let points = (0..length).map(|at| {
        let area: u64 = reports
            .iter()
            .filter_map(|report| report.series.partial.get(at))
            .map(|level| level.area)
            .sum();
        let mut lags: Vec<Quantile> = reports
            .iter()
            .filter_map(|report| report.series.lag.get(at))
            .filter_map(|lag| match lag.median {
                Some(median) => Some(Quantile::Value(median)),
                None => (lag.open > 0).then_some(Quantile::Never),
            })
            .collect();
        lags.sort_unstable();
        SeriesPoint {
            partial: area as f64 / width.max(1) as f64 / reports.len() as f64,
            lag: (!lags.is_empty()).then(|| lags[(lags.len() - 1) / 2]),
        }
    });
    Series { step: width, points: points.collect() }
}

/// The faults of the scenario, and those that were drawn for seed `first`.
fn faults(scenario: &Scenario, first: u64, runs: &[Vec<Judged>]) -> Vec<FaultWindow> {
    let load = scenario.system.phases.load;
    let windows = (0..).zip(&scenario.faults).map(|(number, fault)| {
        let struck = runs
            .iter()
            .flatten()
            .find_map(|run| run.report.faults.iter().find(|window| window.fault == number));
        let from = match &fault.start {
            Start::At(at) => *at,
            Start::On(_) => struck.map_or(load, |window| window.began.since(Time::ZERO)),
        };
        let to = fault.length.map_or(load, |length| (from + length).min(load));
        let back = back_after(scenario, fault, to.saturating_sub(from));
        let fired = match (&fault.start, struck) {
            (Start::At(_), Some(_)) => None,
            (Start::At(_), None) => Some("never fired: it begins after the end of the load".into()),
            (Start::On(trigger), Some(_)) => {
                Some(format!("{trigger}; shown as in the first run that came there"))
            }
            (Start::On(trigger), None) => Some(format!("never fired: {trigger}")),
        };
        let remarks: Vec<String> = back.into_iter().chain(fired).collect();
        FaultWindow {
            name: fault.fault.name().into(),
            target: fault.fault.reach().names().join(", "),
            from: from.as_nanos(),
            to: to.as_nanos(),
            remark: (!remarks.is_empty()).then(|| remarks.join("; ")),
        }
    });
    let drawn = scenario.nemeses.iter().map(|nemesis| {
        let first = nemesis.draw(&scenario.system, &RandomStreams::new(first));
        let first: Vec<String> = first.iter().map(PlannedFault::to_string).collect();
        let Window { from, length } = nemesis.window;
        let to = (from + length).min(load);
        FaultWindow {
            name: Random::NAME.into(),
            target: format!(
                "{} of {}",
                nemesis.count,
                nemesis.kinds().collect::<Vec<_>>().join(", ")
            ),
            from: from.as_nanos(),
            to: to.as_nanos(),
            remark: Some(format!("drawn for each seed; for the first: {}", first.join("; "))),
        }
    });
    windows.chain(drawn).collect()
}

fn operations(scenario: &Scenario) -> Vec<OperationFacts> {
    let system = &scenario.system;
    let pooled = system.pooled_kinds();
    let closed = |kind: OperationKind| {
        let mut loads = system.loads.iter().filter(|load| load.operation == kind);
        loads.any(|load| matches!(load.arrivals, Arrivals::Closed { .. }))
    };
    let facts = system.declared_kinds().map(|kind| OperationFacts {
        name: system.operation(kind).name.shown.to_string(),
        pooled: pooled.contains(&kind),
        spans_stores: system.operation(kind).spans_stores,
        closed_loop: closed(kind),
    });
    facts.collect()
}

/// The text that says when the nodes of a fault serve again: the fault ends when they restart, and
/// their recovery follows.
fn back_after(scenario: &Scenario, fault: &PlannedFault, length: Span) -> Option<String> {
    let restarts = [Crash::NAME, TornTail::NAME].contains(&fault.fault.name());
    let drivers = scenario.variants.iter().flat_map(|variant| variant.pattern.drivers());
    let drivers: Vec<Driver> = drivers.collect();
    let site = Site { system: &scenario.system, drivers: &drivers };
    let targets = fault.fault.reach().names();
    let recovery = targets.iter().map(|target| site.recovery(target)).max().filter(|_| restarts)?;
    Some(format!("each node is back after {}, its recovery included", length + recovery))
}

fn phases(scenario: &Scenario) -> Vec<PhaseWindow> {
    let phases = &scenario.system.phases;
    let ends = [
        (Phase::WarmUp, Span::ZERO, phases.warm_up),
        (Phase::Load, phases.warm_up, phases.load),
        (Phase::Settle, phases.load, phases.load + phases.settle),
    ];
    let windows = ends.into_iter().map(|(phase, from, to)| PhaseWindow {
        phase,
        from: from.as_nanos(),
        to: to.as_nanos(),
    });
    windows.collect()
}

fn values(scenario: &Scenario) -> Vec<ValueUsed> {
    let values = scenario.values.iter().map(|used| ValueUsed {
        name: used.key.clone(),
        value: used.value.clone(),
        origin: used.origin.to_string(),
    });
    values.collect()
}

/// The settings on which a ranking depends: the retry policies and deadlines, once if all variants
/// agree; and for each variant its periods, its own attempts, and the chosen settings, except those
/// without effect.
fn rests_on(variants: &[&Variant]) -> Vec<String> {
    let all = |variant: &&Variant| patience::of(&variant.system);
    let common =
        variants.first().map(all).filter(|first| variants.iter().all(|it| all(it) == *first));
    let own = variants.iter().filter_map(|variant| {
        let choices = variant.pattern.choices();
        let unused = variant.pattern.unused(&variant.system);
        let acts = choices.iter().filter(|it| !unused.contains(&it.name));
        let telling = acts.filter(|it| it.is_span || it.is_attempts || !it.is_default);
        let telling = telling.map(|choice| format!("{} = {}", choice.name, choice.value));
        let patience = if common.is_some() { Vec::new() } else { all(variant) };
        let telling: Vec<String> = patience.into_iter().chain(telling).collect();
        (!telling.is_empty()).then(|| format!("{}: {}", variant.name.shown, telling.join(", ")))
    });
    let own: Vec<String> = own.collect();
    common.map(|all| all.join(", ")).into_iter().chain(own).collect()
}

fn warnings(variants: &[&Variant], seeds: &[u64], runs: &[Vec<Judged>]) -> Vec<String> {
    let mut warnings: Vec<String> = few_seeds(seeds.len()).into_iter().collect();
    for (at, variant) in variants.iter().enumerate() {
        let open = runs.iter().filter(|seed| !seed[at].report.settled).count();
        if open > 0 {
            warnings.push(format!(
                "`{}` had not settled at the end in {open} of {} seeds{}; its checks at rest are \
                 undecided, and its unfinished operations are counted as never.",
                variant.name.shown,
                seeds.len(),
                too_short(variant)
            ));
        }
    }
    warnings
}

/// The least extension of a settle phase that is too short.
fn too_short(variant: &Variant) -> String {
    let (given, needs) = (variant.system.phases.settle, variant.settles.length());
    match needs.saturating_sub(given) {
        Span::ZERO => String::new(),
        missing => format!(", for want of {missing} (settle = {given}, and it needs {needs})"),
    }
}

#[cfg(test)]
mod tests;
