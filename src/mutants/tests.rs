//! Every mutant is killed under its least plan of faults, and its original passes.

use std::collections::BTreeSet;

use super::*;
use crate::checks::Verdict;
use crate::checks::properties::{Properties, is_of_parts};
use crate::patterns::pattern::Patterns;
use crate::scenario::{Registries, Scenario};
use crate::search::trial::Tried;

fn violated(tried: &Tried) -> Vec<&str> {
    let findings = tried.findings.iter();
    let violated = findings.filter(|found| found.verdict() == Verdict::Violated);
    violated.map(|found| &*found.property).collect()
}

#[test]
fn every_mutant_is_killed_under_its_least_plan() {
    let mut alive = Vec::new();
    for mutant in mutants() {
        let harness = Harness::of(mutant);
        let tried = harness.mutant().run(&harness.case(harness.least()));
        let violated = violated(&tried);
        let is_killed = match &mutant.killed_by {
            Some(property) => violated.contains(&&**property),
            None => violated.is_empty(),
        };
        let struck = tried.struck.iter().all(|struck| *struck);
        if !struck || tried.degraded.is_some() || !is_killed {
            let Tried { struck, degraded, .. } = &tried;
            alive.push(format!("{}: {struck:?} {degraded:?} {violated:?}", mutant.id));
        }
    }
    assert!(alive.is_empty(), "{alive:#?}");
}

#[test]
fn without_faults_only_what_is_violated_at_once_is_seen() {
    let mut wrong = Vec::new();
    for mutant in mutants() {
        let harness = Harness::of(mutant);
        let tried = harness.mutant().run(&harness.case(&[]));
        let mut violated = violated(&tried);
        if mutant.faults.is_empty() {
            violated.retain(|property| Some(*property) != mutant.killed_by.as_deref());
        }
        if violated != mutant.at_once {
            wrong.push(format!("{}: {violated:?}", mutant.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_original_passes_under_the_same_faults() {
    for mutant in mutants() {
        let harness = Harness::of(mutant);
        for faults in [harness.least(), &[]] {
            let tried = harness.original().run(&harness.case(faults));
            assert!(violated(&tried).is_empty(), "{}: {:?}", mutant.id, tried.findings);
        }
    }
}

#[test]
fn mutants_name_what_exists() {
    let (patterns, properties) = (Patterns::builtin(), Properties::builtin());
    let mut ids = BTreeSet::new();
    for mutant in mutants() {
        assert!(ids.insert(&mutant.id), "{} twice", mutant.id);
        assert!(patterns.find(&mutant.pattern).is_some(), "{}", mutant.id);
        let harness = Harness::of(mutant);
        let promised = harness.original().promises().guarantees.clone();
        assert!(mutant.killed_by.is_some() || mutant.missed.is_some(), "{} says why", mutant.id);
        if let Some(property) = &mutant.killed_by {
            assert!(properties.find(property).is_some(), "{}", mutant.id);
            let is_judged = promised.contains(&&**property) || is_of_parts(property);
            assert!(is_judged, "{} is never killed", mutant.id);
        }
        assert!(harness.least().len() <= 1, "{}: one fault shows it", mutant.id);
    }
}

/// The names under which a scenario could try to ask for a mutation.
const ASKED: [&str; 5] = ["seeded-bug", "mutation", "mutants", "answers-early", "mutant"];

#[test]
fn no_scenario_file_reaches_the_mutants() {
    let registries = Registries::builtin();
    let read = |pattern: &str, settings: &str| {
        let text = format!(
            "{}\n[variants.asked]\npattern = \"{pattern}\"\nsettings = {{ {settings} }}\n",
            harness::SHOP
        );
        Scenario::from_text(&text, &registries)
    };
    let patterns: BTreeSet<&str> = mutants().iter().map(|mutant| &*mutant.pattern).collect();
    for pattern in patterns {
        assert!(read(pattern, "").is_ok(), "{pattern} as it is");
        for asked in ASKED {
            for value in ["\"never-resumes\"", "{ seeded-bug = \"never-resumes\" }", "true"] {
                let answer = read(pattern, &format!("{asked} = {value}")).map(|_| ());
                let answer = answer.expect_err("a key that no pattern has").to_string();
                assert!(answer.contains(&format!("{pattern} has no such key")), "{answer}");
            }
        }
    }
    // Nor is there a mutant among the patterns, or a mutation in the schema.
    let schema = crate::scenario::schema(&registries).to_string();
    assert!(!schema.contains("seeded") && !schema.contains("mutant"), "the schema offers none");
    for mutant in mutants() {
        assert!(read(&mutant.id, "").is_err(), "{} is no pattern", mutant.id);
    }
}

#[test]
fn the_feature_is_never_on_by_default() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("a manifest");
    let features = manifest["features"].as_table().expect("features");
    let defaults = features.get("default").and_then(toml::Value::as_array);
    let is_default =
        |name: &str| defaults.is_some_and(|all| all.iter().any(|it| it == &name.into()));
    assert!(features.contains_key("mutants") && !is_default("mutants") && !is_default("internals"));
}
