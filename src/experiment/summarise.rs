//! Many judged runs to one result: per seed first, then over seeds, in the order of runs.

mod coupling;
mod reads;

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::Judged;
use super::result::{
    Better, Census, Comparison, FaultWindow, Headline, MeasureResult, OperationRow, PhaseWindow,
    ScenarioFacts, SeedQuantiles, Series, SeriesPoint, Unit, ValueUsed, VariantResult, key, ratio,
};
use super::verdicts;
use crate::checks::RunReport;
use crate::checks::census::{Headline as Outcome, State};
use crate::checks::measures::lag::Lag;
use crate::checks::measures::{self, CATALOGUE, Distribution, Measure, MeasureKind, Quantity};
use crate::faults::fault::Fault;
use crate::faults::plan::{PlannedFault, Start};
use crate::faults::random::Random;
use crate::kernel::{RandomStreams, Span, Time};
use crate::model::record::{Answer, MessageClass};
use crate::model::system::System;
use crate::scenario::{Scenario, Variant};
use crate::stats::{Curve, MIN_SEEDS, Observation, Quantile, Sample};

/// The comparison of these variants over these seeds. `runs` holds, per seed, a run per variant.
pub fn comparison(
    scenario: &Scenario,
    variants: &[&Variant],
    seeds: &[u64],
    runs: &[Vec<Judged>],
) -> Comparison {
    let of = |at: usize| runs.iter().map(|seed| &seed[at]).collect::<Vec<_>>();
    let results =
        variants.iter().enumerate().map(|(at, variant)| summary(scenario, variant, &of(at)));
    let mut checks = Vec::new();
    let others = |name: &str| {
        let named = |variant: &&Variant| *variant.name.shown == *name;
        variants.iter().position(named).map(of)
    };
    for (at, variant) in variants.iter().enumerate() {
        let same = |known: &Variant| known.name.shown == variant.name.shown;
        let place = scenario.variants.iter().position(same).unwrap_or(at);
        checks.extend(verdicts::of(scenario, (place, variant), seeds, &of(at), others));
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
        seeds: seeds.to_vec(),
        variants: results.collect(),
        pairs: Vec::new(),
        checks,
        faults: faults(scenario, seeds.first().copied().unwrap_or(scenario.seed), runs),
        phases: phases(scenario),
        values: values(scenario),
        rests_on: variants.iter().filter_map(|variant| rests_on(variant)).collect(),
        warnings: warnings(variants, seeds, runs),
    };
    comparison.complete()
}

fn summary(scenario: &Scenario, variant: &Variant, runs: &[&Judged]) -> VariantResult {
    let reports: Vec<&RunReport> = runs.iter().map(|run| &run.report).collect();
    let curve = |id: &'static str| {
        let samples: Vec<Sample> =
            reports.iter().map(|report| sample(distribution(report, id))).collect();
        Curve::pooled(&samples)
    };
    VariantResult {
        name: variant.name.shown.to_string(),
        technique: variant.technique.clone(),
        pattern: variant.pattern.name().into(),
        summary: variant.pattern.summary().into(),
        settings: variant.pattern.settings(),
        census: census(&reports),
        coupling: coupling::of(variant),
        contended: coupling::contended(&variant.system, &reports),
        touched: coupling::touched(scenario, &reports),
        measures: measures_of(&reports)
            .into_iter()
            .chain(reads::measures_of(&variant.system, &reports))
            .collect(),
        reads: reads::by_services(&variant.system),
        lag: curve(key::LAG),
        done: curve(key::DONE),
        accepted: curve(key::ACCEPTED),
        series: series(&reports),
        fingerprints: runs.iter().map(|run| run.ran.fingerprint).collect(),
        settled: reports.iter().map(|report| report.settled).collect(),
        operations: reports
            .first()
            .map_or_else(Vec::new, |first| operations(&variant.system, first)),
    }
}

fn distribution<'a>(report: &'a RunReport, id: &'static str) -> Option<&'a Distribution> {
    report.measures.distributions.get(&measures::MeasureId(id))
}

/// Infinite values stay infinite; what was still open at the end of an unsettled run is known only
/// to be long, and counts as never ended.
fn sample(distribution: Option<&Distribution>) -> Sample {
    distribution.map_or_else(Sample::default, |known| {
        Sample::new(known.values.iter().copied(), known.never + known.censored.len() as u64)
    })
}

/// Every measure of the catalogue, and messages by class.
fn measures_of(reports: &[&RunReport]) -> BTreeMap<String, MeasureResult> {
    let mut all: BTreeMap<String, MeasureResult> = CATALOGUE
        .iter()
        .map(|measure| (measure.id.0.to_owned(), measure_of(measure, reports)))
        .collect();
    for class in MessageClass::ALL {
        let per_seed: Vec<_> = reports
            .iter()
            .map(|report| ratio(report.cost.messages[class as usize], report.measured))
            .collect();
        let name = format!("{} messages", class.name());
        let result = MeasureResult::scalar(&name, Unit::PerOperation, Better::Lower, &per_seed);
        all.insert(format!("{}.{}", key::MESSAGES, class.name()), result);
    }
    all
}

fn measure_of(measure: &Measure, reports: &[&RunReport]) -> MeasureResult {
    let better = if measure.lower_is_better { Better::Lower } else { Better::Higher };
    let unit = match (measure.unit, measure.kind) {
        (measures::Unit::Nanoseconds, _) => Unit::Nanoseconds,
        (measures::Unit::Share, _) => Unit::Share,
        (measures::Unit::Count, MeasureKind::Rate) => Unit::PerOperation,
        (measures::Unit::Count, _) => Unit::Count,
    };
    if measure.kind == MeasureKind::Distribution {
        let per_seed = reports.iter().map(|report| seed_quantiles(measure, report));
        return MeasureResult::over_seeds(measure.name, unit, better, per_seed.collect());
    }
    let quantities: Vec<Option<Quantity>> =
        reports.iter().map(|report| report.measures.quantities.get(&measure.id).copied()).collect();
    if measure.id.0 == key::RECOVERY {
        return once_a_run(measure.name, unit, better, &quantities);
    }
    let per_seed: Vec<_> =
        quantities.iter().map(|quantity| quantity.and_then(Quantity::value)).collect();
    match missing(&quantities) {
        Some(why) => MeasureResult::missing(measure.name, unit, better, why),
        None => MeasureResult::scalar(measure.name, unit, better, &per_seed),
    }
}

/// The quantiles of one run. What was cut off by the end of a run that had not settled is censored;
/// a latency that was cut off by its client's deadline is as good as infinite.
fn seed_quantiles(measure: &Measure, report: &RunReport) -> SeedQuantiles {
    let found = distribution(report, measure.id.0);
    let offered = found.map_or(0, |found| found.offered);
    match found {
        Some(found)
            if !report.settled && measure.id.0 != key::DONE && measure.id.0 != key::ACCEPTED =>
        {
            let ended =
                found.values.iter().map(|time| Observation { time: *time, censored: false });
            let open =
                found.censored.iter().map(|time| Observation { time: *time, censored: true });
            SeedQuantiles::censored(offered, &ended.chain(open).collect::<Vec<_>>())
        }
        _ => SeedQuantiles::of(offered, &sample(found)),
    }
}

/// A time that each run has once, and that may be infinite: a distribution over seeds.
fn once_a_run(
    name: &str,
    unit: Unit,
    better: Better,
    quantities: &[Option<Quantity>],
) -> MeasureResult {
    if let Some(why) = missing(quantities) {
        return MeasureResult::missing(name, unit, better, why);
    }
    let samples: Vec<Sample> = quantities
        .iter()
        .map(|quantity| match quantity {
            Some(Quantity::Ratio { part, whole }) => Sample::new([(part / whole) as u64], 0),
            Some(Quantity::Never) => Sample::new([], 1),
            _ => Sample::default(),
        })
        .collect();
    let offered: Vec<u64> = samples.iter().map(Sample::n).collect();
    MeasureResult::distribution(name, unit, better, &offered, &samples)
}

/// Why no run has this number, if none has.
fn missing(quantities: &[Option<Quantity>]) -> Option<&'static str> {
    let whys = quantities.iter().map(|quantity| match quantity {
        Some(Quantity::Missing { why }) => Some(*why),
        None => Some("not measured"),
        _ => None,
    });
    whys.collect::<Option<Vec<_>>>()?.first().copied()
}

fn census(reports: &[&RunReport]) -> Census {
    let cell = |state, answer| reports.iter().map(|report| report.census.cell(state, answer)).sum();
    let row = |state| Answer::ALL.iter().map(|answer| cell(state, *answer)).collect();
    Census {
        states: State::ALL.iter().map(|state| state.name().to_owned()).collect(),
        answers: Answer::ALL.iter().map(|answer| answer.name().to_owned()).collect(),
        matrix: State::ALL.iter().map(|state| row(*state)).collect(),
        headlines: Outcome::ALL
            .iter()
            .map(|outcome| Headline {
                name: outcome.name().to_owned(),
                per_seed: reports.iter().map(|report| report.census.of(*outcome)).collect(),
            })
            .collect(),
    }
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

fn operations(system: &System, report: &RunReport) -> Vec<OperationRow> {
    let rows = report.operations.iter().map(|row| {
        let answered = row.answered_after.map(|after| (row.arrived + after).as_nanos());
        let lag = match row.lag {
            Lag::Unexposed => None,
            Lag::Lasted(nanos) => Some(Quantile::Value(nanos)),
            Lag::Never | Lag::AtLeast(_) => Some(Quantile::Never),
        };
        let after_answer = lag.and_then(|lag| {
            let answered = answered.filter(|_| row.answer.is_yes())?;
            let last = row.last_partial.map_or(0, |last| last.as_nanos());
            Some(match lag {
                Quantile::Value(_) => Quantile::Value(last.saturating_sub(answered)),
                Quantile::Never => Quantile::Never,
            })
        });
        OperationRow {
            number: row.op.0,
            kind: system.operation(row.kind).name.shown.clone(),
            arrived: row.arrived.as_nanos(),
            answer: row.answer.name(),
            latency: row.answered_after.map(Span::as_nanos),
            first: row.first_visible.map(|first| first.as_nanos()),
            lag,
            after_answer,
            state: row.state.name(),
            outcome: row.headline.name(),
        }
    });
    rows.collect()
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
        let remark = match (&fault.start, struck) {
            (Start::At(_), Some(_)) => None,
            (Start::At(_), None) => Some("never fired: it begins after the end of the load".into()),
            (Start::On(trigger), Some(_)) => {
                Some(format!("{trigger}; shown as in the first run that came there"))
            }
            (Start::On(trigger), None) => Some(format!("never fired: {trigger}")),
        };
        FaultWindow {
            name: fault.fault.name().into(),
            target: fault.fault.targets().join(", "),
            from: from.as_nanos(),
            to: to.as_nanos(),
            remark,
        }
    });
    let drawn = scenario.nemeses.iter().map(|nemesis| {
        let first = nemesis.draw(&scenario.system, &RandomStreams::new(first));
        let first: Vec<String> = first.iter().map(PlannedFault::to_string).collect();
        let to = (nemesis.from + nemesis.length).min(load);
        FaultWindow {
            name: Random::NAME.into(),
            target: format!(
                "{} of {}",
                nemesis.count,
                nemesis.kinds().collect::<Vec<_>>().join(", ")
            ),
            from: nemesis.from.as_nanos(),
            to: to.as_nanos(),
            remark: Some(format!("drawn for each seed; for the first: {}", first.join("; "))),
        }
    });
    windows.chain(drawn).collect()
}

fn phases(scenario: &Scenario) -> Vec<PhaseWindow> {
    let phases = &scenario.system.phases;
    let ends = [
        ("warm-up", Span::ZERO, phases.warm_up),
        ("load", phases.warm_up, phases.load),
        ("settle", phases.load, phases.load + phases.settle),
    ];
    let windows = ends.into_iter().map(|(name, from, to)| PhaseWindow {
        name: name.into(),
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

/// The settings of a variant on which a ranking rests: its periods and whatever was chosen.
fn rests_on(variant: &Variant) -> Option<String> {
    let settings = variant.pattern.settings();
    let defaults = variant.pattern.defaults();
    let telling = settings.as_object()?.iter().filter_map(|(name, value)| {
        let is_period = value.as_str().is_some_and(|text| text.parse::<Span>().is_ok());
        let chosen = defaults.get(name) != Some(value);
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
            other => other.to_string(),
        };
        (is_period || chosen).then(|| format!("{name} = {text}"))
    });
    let telling: Vec<String> = telling.collect();
    (!telling.is_empty()).then(|| format!("{}: {}", variant.name.shown, telling.join(", ")))
}

fn warnings(variants: &[&Variant], seeds: &[u64], runs: &[Vec<Judged>]) -> Vec<String> {
    let mut warnings = Vec::new();
    if seeds.len() < MIN_SEEDS {
        warnings.push(format!(
            "With fewer than {MIN_SEEDS} seeds there are no intervals, and nothing is compared."
        ));
    }
    for (at, variant) in variants.iter().enumerate() {
        let open = runs.iter().filter(|seed| !seed[at].report.settled).count();
        if open > 0 {
            warnings.push(format!(
                "`{}` had not settled at the end in {open} of {} seeds; its checks at rest are \
                 undecided, and its unfinished operations are counted as never.",
                variant.name.shown,
                seeds.len()
            ));
        }
    }
    warnings
}
