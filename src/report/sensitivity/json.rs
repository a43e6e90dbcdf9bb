//! The sensitivity of a comparison, for programs.

use serde_json::{Value, json};

use crate::experiment::result::{Comparison, Figure, Pair};
use crate::experiment::sensitivity::morris::Screened;
use crate::experiment::sensitivity::{AllScreened, Effect, Fate, Moved, Rank, Sensitivity, Way};
use crate::report::json::{bounds, number};
use crate::scenario::sweep::shown;

/// The name of the file.
pub const NAME: &str = "sensitivity.json";

/// The number of the format that is written.
const FORMAT: u32 = 1;

/// The bytes of the file: the stated differences, the effect of each assumption on each of them,
/// the greatest first, and what could not be moved.
pub fn json(found: &Sensitivity, comparison: &Comparison) -> Vec<u8> {
    let refused = found.refused.iter().map(|refused| {
        json!({ "assumption": refused.name, "way": refused.way.name(), "why": refused.why })
    });
    let value = json!({
        "format": FORMAT,
        "engine": comparison.engine,
        "command": comparison.command,
        "scenario": { "name": comparison.scenario.name, "hash": comparison.scenario.hash },
        "factor": found.factor,
        "seeds": found.seeds,
        "stated": found.stated.iter().map(pair).collect::<Vec<_>>(),
        "effects": found.effects.iter().map(|it| effect(it, &found.stated)).collect::<Vec<_>>(),
        "not_moved": refused.collect::<Vec<_>>(),
        "screened": found.screened.as_ref().map(screened),
    });
    let mut bytes = serde_json::to_vec_pretty(&value).expect("a value is always writable");
    bytes.push(b'\n');
    bytes
}

fn pair(pair: &Pair) -> Value {
    json!({
        "measure": Figure { key: pair.key.clone(), of: pair.of }.to_string(),
        "unit": pair.key.measure.unit.name(),
        "variant": pair.variant,
        "baseline": pair.baseline,
        "difference": number(pair.key.measure.unit, pair.difference),
        "interval": bounds(pair.key.measure.unit, pair.interval),
        "verdict": pair.verdict.name(),
    })
}

fn effect(effect: &Effect, stated: &[Pair]) -> Value {
    let moves = Way::ALL.into_iter().zip(&effect.moved).filter_map(|(way, moved)| {
        let Moved { value, .. } = moved.as_ref()?;
        let differences = fates(moved.as_ref()?, stated);
        Some(json!({ "way": way.name(), "value": value, "differences": differences }))
    });
    json!({
        "assumption": effect.assumption.name,
        "places": effect.assumption.keys,
        "value": shown(&effect.assumption.value),
        "origin": effect.assumption.origin.to_string(),
        "share": effect.share,
        "rank": effect.rank.map(rank),
        "ranks": effect.ranks.iter().map(|it| it.map(rank)).collect::<Vec<_>>(),
        "moves": moves.collect::<Vec<_>>(),
    })
}

fn fates(moved: &Moved, stated: &[Pair]) -> Vec<Value> {
    let fate = |(stated, now): (&Pair, &Option<Pair>)| {
        let difference = now.as_ref().map(|it| number(it.key.measure.unit, it.difference));
        json!({ "difference": difference, "fate": Fate::of(stated, now.as_ref()).name() })
    };
    stated.iter().zip(&moved.pairs).map(fate).collect()
}

/// The elementary effects, by stated difference and assumption; what has no number is null.
fn screened(screened: &AllScreened) -> Value {
    let effect = |it: &Screened| json!({ "mu_star": it.mu_star, "mu": it.mu, "sigma": it.sigma });
    let effects = |all: &Vec<Screened>| all.iter().map(effect).collect::<Vec<_>>();
    json!({
        "trajectories": screened.trajectories,
        "assumptions": screened.names,
        "left_out": screened.left_out,
        "effects": screened.effects.iter().map(effects).collect::<Vec<_>>(),
    })
}

fn rank(rank: Rank) -> Value {
    json!({ "rank": rank.rank, "holds": rank.holds })
}
