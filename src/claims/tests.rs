//! Tests of the list of claims: every row names what there is, and every change goes with its
//! scenario. Whether claims hold, and are turned, is for `driftlab claims --check`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::scenario::Registries;
use crate::scenario::sweep::AxisText;

fn scenario(claims: &Claims, name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = claims.with_expectations(name, &text);
    Scenario::from_text(&text, &Registries::builtin())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_claim_names_what_there_is_and_is_a_sentence() {
    let all = Claims::all();
    let ids: BTreeSet<&str> = all.claims.iter().map(|claim| &*claim.id).collect();
    assert_eq!(ids.len(), all.claims.len(), "each id is there once");
    for claim in &all.claims {
        let id = &claim.id;
        assert!(!all.title(claim).is_empty(), "{id}: no source");
        assert!(claim.says.ends_with('.') && claim.says.len() > 30, "{id}: no sentence");
        let scenario = scenario(&all, &claim.scenario);
        let found: BTreeSet<&str> =
            claim.expectations(&scenario).iter().map(|it| &*it.name).collect();
        assert_eq!(found, claim.names(), "{id}: other expectations");
        assert!(!claim.variants(&scenario).is_empty(), "{id}: no variant");
    }
}

#[test]
fn every_change_that_is_to_turn_a_claim_goes_with_its_scenario() {
    let all = Claims::all();
    let mut wrong = Vec::new();
    for claim in &all.claims {
        let shipped = scenario(&all, &claim.scenario);
        let changed = shipped.changed(&claim.changes());
        wrong.extend(changed.err().map(|problems| {
            let why = problems.first().map_or("no such place", |problem| &problem.message);
            format!("{}: {why}", claim.id)
        }));
        if let Some(axis) = &claim.depends_on {
            let axis = AxisText::parse(axis).unwrap_or_else(|it| panic!("{}: {it:?}", claim.id));
            let problems = axis.check(&shipped);
            wrong.extend(problems.iter().map(|it| format!("{}: {}", claim.id, it.message)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn axis() -> Axis {
    Axis::new("load.all.poisson", [1, 16, 100].map(toml::Value::Integer).to_vec())
}

#[test]
fn the_values_at_which_a_verdict_turns_are_found_by_halving() {
    let mut looks = Vec::new();
    let turn = Turn::search(&axis(), &mut |value| {
        let value = value.as_integer().expect("a whole number");
        looks.push(value);
        Some(match value {
            ..=40 => Found::Supported,
            41..=60 => Found::Undecided,
            _ => Found::Contradicted,
        })
    });
    let turn = turn.expect("it was not interrupted");
    let ends = turn.ends.expect("it turns");
    let (last, first) = (ends.last.as_integer().unwrap(), ends.first.as_integer().unwrap());
    assert!((38..=40).contains(&last) && (61..=63).contains(&first), "{last} {first}");
    assert_eq!((turn.begins, ends.found), (Found::Supported, Found::Contradicted));
    assert!(looks.len() <= 14, "{looks:?}");
}

#[test]
fn a_verdict_that_turns_and_turns_back_is_not_said_to_be_the_same() {
    let back = |value: &toml::Value| {
        let is_middle = (10..=30).contains(&value.as_integer().expect("a whole number"));
        Some(if is_middle { Found::Contradicted } else { Found::Supported })
    };
    let ends = Turn::search(&axis(), &mut { back }).and_then(|turn| turn.ends).expect("it turns");
    assert_eq!(ends.found, Found::Contradicted);
}

#[test]
fn a_verdict_that_never_turns_is_said_to_be_the_same() {
    let turn = Turn::search(&axis(), &mut |_| Some(Found::Undecided)).expect("it ends");
    assert_eq!((turn.begins, turn.ends), (Found::Undecided, None));
    assert_eq!(Turn::search(&axis(), &mut |_| None), None, "an interruption ends it");
}

#[test]
fn one_violation_contradicts_and_one_doubt_leaves_undecided() {
    let with = |verdict| Evidence {
        variant: "saga".into(),
        measure: "m9".into(),
        wanted: "above 1".into(),
        measured: None,
        verdict,
        why: String::new(),
    };
    let of = |verdicts: &[Verdict]| found(&verdicts.iter().map(|it| with(*it)).collect::<Vec<_>>());
    assert_eq!(of(&[Verdict::Held, Verdict::Held]), Found::Supported);
    assert_eq!(of(&[Verdict::Held, Verdict::Undecided]), Found::Undecided);
    assert_eq!(of(&[Verdict::Undecided, Verdict::Violated]), Found::Contradicted);
    assert_eq!(of(&[]), Found::Undecided, "nothing supports it");
}
