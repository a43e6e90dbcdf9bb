//! Every mutant shows under its least plan of faults, and nothing else does.

use std::collections::BTreeSet;

use super::*;
use crate::checks::Verdict;
use crate::checks::properties::Properties;
use crate::patterns::pattern::Patterns;
use crate::scenario::{Registries, Scenario};
use crate::search::trial::Tried;

fn violated(tried: &Tried) -> Vec<&str> {
    let findings = tried.findings.iter();
    let violated = findings.filter(|found| found.verdict() == Verdict::Violated);
    violated.map(|found| &*found.property).collect()
}

#[test]
fn every_exhibit_shows_under_its_least_plan() {
    let mut unseen = Vec::new();
    for mutant in MUTANTS {
        let harness = Harness::of(mutant);
        let tried = harness.wrong().run(&harness.case(harness.least()));
        let violated = violated(&tried);
        let struck = tried.struck.iter().all(|struck| *struck);
        if !struck || tried.degraded.is_some() || !violated.contains(&mutant.caught_by) {
            let Tried { struck, degraded, .. } = &tried;
            unseen.push(format!("{}: {struck:?} {degraded:?} {violated:?}", mutant.id));
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn without_faults_only_what_is_wrong_in_itself_is_seen() {
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        let harness = Harness::of(mutant);
        let tried = harness.wrong().run(&harness.case(&[]));
        let mut violated = violated(&tried);
        if mutant.least.is_empty() {
            violated.retain(|property| *property != mutant.caught_by);
        }
        if violated != mutant.at_once {
            wrong.push(format!("{}: {violated:?}", mutant.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_the_mistake_the_same_faults_break_nothing() {
    for mutant in MUTANTS {
        let harness = Harness::of(mutant);
        for faults in [harness.least(), &[]] {
            let tried = harness.correct().run(&harness.case(faults));
            assert!(violated(&tried).is_empty(), "{}: {:?}", mutant.id, tried.findings);
        }
    }
}

#[test]
fn exhibits_name_what_exists() {
    let (patterns, properties) = (Patterns::builtin(), Properties::builtin());
    let mut ids = BTreeSet::new();
    for mutant in MUTANTS {
        assert!(ids.insert(mutant.id), "{} twice", mutant.id);
        assert!(patterns.find(mutant.pattern).is_some(), "{}", mutant.id);
        assert!(properties.find(mutant.caught_by).is_some(), "{}", mutant.id);
        let harness = Harness::of(mutant);
        let promised = harness.correct().promises().guarantees.clone();
        assert!(promised.contains(&mutant.caught_by), "{} is never judged", mutant.id);
        assert!(harness.least().len() <= 1, "{}: one fault shows it", mutant.id);
    }
}

/// The names under which a scenario could try to ask for a mistake.
const ASKED: [&str; 6] =
    ["seeded_bugs", "seeded_bug", "mistake", "mutants", "answers-early", "mutant"];

#[test]
fn no_scenario_file_reaches_the_zoo() {
    let registries = Registries::builtin();
    let read = |pattern: &str, settings: &str| {
        let text = format!(
            "{}\n[variants.asked]\npattern = \"{pattern}\"\nsettings = {{ {settings} }}\n",
            include_str!("shop.toml")
        );
        Scenario::from_text(&text, &registries)
    };
    let patterns: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.pattern).collect();
    for pattern in patterns {
        assert!(read(pattern, "").is_ok(), "{pattern} as it is");
        for asked in ASKED {
            for value in ["\"never-resumes\"", "{ seeded_bug = \"NeverResumes\" }", "true"] {
                let answer = read(pattern, &format!("{asked} = {value}")).map(|_| ());
                let answer = answer.expect_err("a key that no pattern has");
                assert!(answer.contains(&format!("{pattern} has no such key")), "{answer}");
            }
        }
    }
    // Nor is there an mutant among the patterns, or a mistake in what is shown of settings.
    let schema = crate::scenario::schema(&registries).to_string();
    assert!(
        !schema.contains("seeded_bug") && !schema.contains("mutants"),
        "the schema offers none"
    );
    for mutant in MUTANTS {
        assert!(read(mutant.id, "").is_err(), "{} is no pattern", mutant.id);
        assert!(!mutant.pattern().settings().to_string().contains("seeded_bug"), "{}", mutant.id);
    }
}

#[test]
fn the_feature_is_never_on_by_default() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("a manifest");
    let features = manifest["features"].as_table().expect("features");
    assert_eq!(features.keys().collect::<Vec<_>>(), ["mutants"], "no `default` that has it");
}
