//! # summary.json
//!
//! The whole comparison, for programs.
//!
//! Format 1. Keys are sorted. Times are whole nanoseconds; "never" is the text `"never"` where a
//! time stands and `"inf"` or `"-inf"` where a difference does; what has no number is `null` with a
//! `why` beside it, never NaN; a mean is over what ended, and leaves out what `never` counts; where
//! one operation, or a read at one time, has no number, or of what is counted nothing happened to
//! it, nothing is written. An interval is a pair of bounds, or `null` with fewer seeds than an
//! interval needs; a maximum is that of all seeds and has none. Fields may be added to a format;
//! removing or redefining one raises the number.
//!
//! ```text
//! { format, engine, command,
//!   scenario: {name, about, hash, profile}, seeds: [..], rests_on: [..], warnings: [..],
//!   answers: [..] (after `--until` or `--worth` only),
//!   matters: [{name, share, rank_holds, stated, can_flip, can_vanish}] (of `sensitivity` only),
//!   operations: [{name, pooled, spans_stores, arrivals}],
//!   phases: [{name, from, to}], faults: [{name, target, from, to, remark}],
//!   variants: [{ name, technique, pattern, summary, settings, fingerprints, settled,
//!     census: { states, answers, matrix, headlines: {NAME: count}, per_seed: {NAME: [..]} },
//!     measures: { KEY: a distribution {name, unit, better, offered, n, never,
//!                                      kaplan_meier_seeds, mean, p50, p99, max,
//!                                      interval: {mean, p50, p99, max}}
//!                      or a number   {name, unit, better, value, interval}, and why },
//!     coupling: { tables: [{name, owner, ownership, writers, readers, schema_users,
//!                           joint_columns: [{column, services}], without_right, publishers}],
//!                 chains: [{name, read, needs, formula}], together: [[..]],
//!                 waits: [{database, service, holder, core, connection, lock, share, slowdown}],
//!                 touched: [{fault, seeds: {SERVICE: count}}] },
//!     closed_forms: [{measure, of, unit, formula, meaning, source, bound, predicted, held}],
//!     faults_cost: pairs as below, against its runs without the faults,
//!     never_back: null or {seeds, apart: [..], full: [..]} }],
//!   pairs: [{measure, of, unit, variant, baseline, seeds, difference, interval, verdict, p,
//!            why}],
//!   stands_out: {comparisons, false_discovery_rate, greatest_p},
//!   checks: [{variant, kind, name, verdict, why}], values: [{name, value, origin}] }
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::checks::census::{Headline, State};
use crate::checks::measures::{Key, Unit, Values};
use crate::experiment::forms::Predicted;
use crate::experiment::result::{
    Census, Comparison, MeasureResult, Pair, Quantiles, Statistic, Summary, VariantResult,
};
use crate::model::record::Answer;
use crate::report::export::{Export, File, Results};
use crate::report::sentence::shown::Shown;
use crate::stats::FALSE_DISCOVERY_RATE;

/// The number of the format that is written.
pub const FORMAT: u32 = 1;

/// The reason of a missing interval; the number is [`MIN_SEEDS`](crate::stats::MIN_SEEDS).
const TOO_FEW: &str = "an interval needs at least 6 seeds";

/// The reason why a maximum has no interval.
const GREATEST: &str = "the greatest of all seeds, which further seeds could only raise";

/// The file `summary.json`.
pub struct Json;

impl Export for Json {
    const NAME: &'static str = "summary.json";
    const SUMMARY: &'static str =
        "all of it for programs; the field `format` is the number of the format";
    const MANUAL: &'static str = include_str!("json.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, summary(results.comparison))]
    }
}

/// The bytes of `summary.json`.
pub fn summary(comparison: &Comparison) -> Vec<u8> {
    let mut value = value(comparison);
    if !comparison.answers.is_empty() {
        value["answers"] = json!(comparison.answers);
    }
    if !comparison.matters.is_empty() {
        value["matters"] = json!(list(&comparison.matters, |it| json!({
            "name": it.name, "share": it.share, "rank_holds": it.holds, "stated": it.stated,
            "can_flip": it.flips, "can_vanish": it.vanishes,
        })));
    }
    let value = sorted(value);
    let mut bytes = serde_json::to_vec_pretty(&value).expect("a value is always writable");
    bytes.push(b'\n');
    bytes
}

fn value(comparison: &Comparison) -> Value {
    let scenario = &comparison.scenario;
    let family = Shown::of(comparison).family;
    json!({
        "format": FORMAT,
        "engine": comparison.engine,
        "command": comparison.command,
        "scenario": {
            "name": scenario.name,
            "about": scenario.about,
            "hash": scenario.hash,
            "profile": scenario.profile,
        },
        "operations": list(&comparison.operations, |operation| json!({
            "name": operation.name,
            "pooled": operation.pooled,
            "spans_stores": operation.spans_stores,
            "arrivals": if operation.closed_loop { "closed loop" } else { "open loop" },
        })),
        "seeds": comparison.seeds,
        "rests_on": comparison.rests_on,
        "warnings": comparison.warnings,
        "phases": list(&comparison.phases, |phase| {
            json!({"name": phase.phase.name(), "from": phase.from, "to": phase.to})
        }),
        "faults": list(&comparison.faults, |fault| json!({
            "name": fault.name,
            "target": fault.target,
            "from": fault.from,
            "to": fault.to,
            "remark": fault.remark,
        })),
        "variants": list(&comparison.variants, variant),
        "pairs": list(&comparison.pairs, pair),
        "stands_out": {
            "comparisons": family.comparisons,
            "false_discovery_rate": FALSE_DISCOVERY_RATE,
            "greatest_p": family.cut,
        },
        "checks": list(&comparison.checks, |check| json!({
            "variant": check.variant,
            "kind": check.kind.name(),
            "name": check.name,
            "verdict": check.words(),
            "why": check.why,
        })),
        "values": list(&comparison.values, |used| {
            json!({"name": used.name, "value": used.value, "origin": used.origin})
        }),
    })
}

fn list<T>(items: &[T], of: impl Fn(&T) -> Value) -> Value {
    items.iter().map(of).collect()
}

fn variant(variant: &VariantResult) -> Value {
    let measures: Map<String, Value> = variant
        .measures
        .iter()
        .filter(|(key, found)| found.is_worth_a_line(key))
        .map(|(key, found)| (key.to_string(), measure(key, found)))
        .collect();
    let fingerprints = list(&variant.fingerprints, |print| json!(format!("{print:016x}")));
    json!({
        "name": variant.name,
        "technique": variant.technique,
        "pattern": variant.pattern,
        "summary": variant.summary,
        "settings": variant.settings,
        "fingerprints": fingerprints,
        "settled": variant.settled,
        "census": census(&variant.census),
        "measures": measures,
        "coupling": coupling(variant),
        "closed_forms": list(&variant.predicted, |it| closed_form(variant, it)),
        "faults_cost": list(&variant.faults_cost, pair),
        "never_back": variant.never_back.as_ref().map(|never| json!({
            "seeds": never.seeds,
            "apart": never.apart,
            "full": never.full,
        })),
    })
}

fn coupling(variant: &VariantResult) -> Value {
    json!({
        "tables": list(&variant.coupling.tables, |table| json!({
            "name": table.name,
            "owner": table.owner,
            "ownership": table.ownership.name(),
            "writers": table.writers,
            "readers": table.readers,
            "schema_users": table.schema_users,
            "joint_columns": list(&table.joint_columns, |(column, services)| {
                json!({"column": column, "services": services})
            }),
            "without_right": table.without_right,
            "publishers": table.publishers,
        })),
        "chains": list(&variant.coupling.chains, |chain| json!({
            "name": chain.name,
            "read": chain.is_read,
            "needs": chain.needs,
            "formula": chain.formula(),
        })),
        "together": variant.coupling.together,
        "waits": list(&variant.contended, |row| json!({
            "database": row.database,
            "service": row.service,
            "holder": row.holder(),
            "core": row.core,
            "connection": row.connection,
            "lock": row.lock,
            "share": row.share(),
            "slowdown": row.slowdown(),
        })),
        "touched": list(&variant.touched, |touched| json!({
            "fault": touched.fault,
            "seeds": touched.services.iter().cloned().collect::<BTreeMap<_, _>>(),
        })),
    })
}

fn census(census: &Census) -> Value {
    let headlines = |of: &dyn Fn(Headline) -> Value| -> Map<String, Value> {
        Headline::ALL.iter().map(|it| (it.name().into(), of(*it))).collect()
    };
    let row = |state| list(&Answer::ALL, |answer| json!(census.cell(state, *answer)));
    json!({
        "states": list(&State::ALL, |state| json!(state.name())),
        "answers": list(&Answer::ALL, |answer| json!(answer.name())),
        "matrix": list(&State::ALL, |state| row(*state)),
        "headlines": headlines(&|it| json!(census.of(it))),
        "per_seed": headlines(&|it| list(&census.per_seed, |seed| json!(seed.of(it)))),
    })
}

fn measure(key: &Key, result: &MeasureResult) -> Value {
    let unit = key.measure.unit;
    let mut value = match &result.value {
        Summary::Quantiles(found) => quantiles(unit, found),
        Summary::Mean(found) => json!({
            "value": found.estimate.map(|estimate| number(unit, estimate.value)),
            "interval": found.estimate.and_then(|estimate| bounds(unit, estimate.interval)),
        }),
        Summary::Missing(_) => json!({"value": null}),
    };
    value["name"] = json!(key.title());
    value["unit"] = json!(unit.name());
    value["better"] = json!(key.measure.better.name());
    if let Some(why) = result.why().or_else(|| no_interval(result)) {
        value["why"] = json!(why);
    }
    value
}

/// The reason why a number has no interval.
fn no_interval(measure: &MeasureResult) -> Option<&'static str> {
    if measure.measure.values == Values::Greatest {
        return Some(GREATEST);
    }
    let all = [Statistic::Value, Statistic::P50].map(|of| measure.estimate(of));
    let without = all.into_iter().flatten().any(|estimate| estimate.interval.is_none());
    without.then_some(TOO_FEW)
}

fn quantiles(unit: Unit, found: &Quantiles) -> Value {
    let [p50, p99, max] = [found.p50, found.p99, found.max];
    json!({
        "offered": found.offered,
        "n": found.n,
        "never": found.never,
        "kaplan_meier_seeds": found.censored_seeds,
        "mean": found.mean.map(|estimate| number(unit, estimate.value)),
        "p50": p50.map(|estimate| estimate.value),
        "p99": p99.map(|estimate| estimate.value),
        "max": max.map(|estimate| estimate.value),
        "interval": {
            "mean": found.mean.and_then(|estimate| bounds(unit, estimate.interval)),
            "p50": p50.and_then(|estimate| estimate.interval),
            "p99": p99.and_then(|estimate| estimate.interval),
            "max": max.and_then(|estimate| estimate.interval),
        },
    })
}

fn closed_form(variant: &VariantResult, predicted: &Predicted) -> Value {
    let Predicted { form, prediction } = predicted;
    let unit = prediction.key.measure.unit;
    let measured = &variant.measures[&prediction.key];
    json!({
        "measure": prediction.key.to_string(),
        "of": prediction.of.name(),
        "unit": unit.name(),
        "formula": form.formula,
        "meaning": form.meaning,
        "source": form.source,
        "bound": form.bound.word(),
        "predicted": number(unit, prediction.value),
        "held": predicted.held(measured).word(),
    })
}

fn pair(pair: &Pair) -> Value {
    let unit = pair.key.measure.unit;
    json!({
        "measure": pair.key.to_string(),
        "of": pair.of.name(),
        "unit": unit.name(),
        "variant": pair.variant,
        "baseline": pair.baseline,
        "seeds": pair.seeds,
        "difference": number(unit, pair.difference),
        "interval": bounds(unit, pair.interval),
        "verdict": pair.verdict,
        "p": pair.p,
        "why": pair.interval.is_none().then_some(TOO_FEW),
    })
}

pub(super) fn bounds(unit: Unit, interval: Option<(f64, f64)>) -> Option<Value> {
    interval.map(|(low, high)| json!([number(unit, low), number(unit, high)]))
}

/// Nanoseconds as integers, infinities as text, the rest as it is.
pub(super) fn number(unit: Unit, number: f64) -> Value {
    match unit {
        _ if number == f64::INFINITY => json!("inf"),
        _ if number == f64::NEG_INFINITY => json!("-inf"),
        Unit::Nanoseconds => json!((number + 0.5_f64.copysign(number)) as i64),
        _ => json!(number),
    }
}

/// The same JSON value with the keys of every object sorted, whatever features `serde_json` was
/// built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            fields.into_iter().map(|(key, value)| (key, sorted(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    #[test]
    fn the_summary_is_stable() {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        comparison = comparison.paired();
        insta::assert_snapshot!(String::from_utf8(summary(&comparison)).unwrap());
    }

    #[test]
    fn never_is_a_word_and_missing_has_a_reason() {
        let value = value(&comparison::comparison(6));
        let dual = &value["variants"][4]["measures"];
        assert_eq!(dual["m1"]["max"], "never");
        assert_eq!(dual["m6.in-doubt"]["value"], Value::Null);
        assert_eq!(dual["m6.in-doubt"]["why"], "the pattern prepares no branch");
        let few = super::value(&comparison::comparison(2));
        assert_eq!(few["variants"][0]["measures"]["m9"]["why"], TOO_FEW);
        assert_eq!(few["pairs"][0]["why"], TOO_FEW);
        assert!(TOO_FEW.contains(&format!(" {} ", crate::stats::MIN_SEEDS)));
        let bytes = summary(&Comparison::default());
        assert!(!String::from_utf8(bytes).unwrap().contains("NaN"));
    }
}
