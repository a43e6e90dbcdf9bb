//! Every exhibit shows under its least plan of faults, and nothing else does.

use std::collections::BTreeSet;

use super::*;
use crate::checks::Verdict;
use crate::checks::properties::Properties;
use crate::experiment::trial::Tried;
use crate::patterns::registry::Patterns;
use crate::scenario::{Registries, Scenario};

fn violated(tried: &Tried) -> Vec<&str> {
    let findings = tried.findings.iter();
    let violated = findings.filter(|found| found.verdict() == Verdict::Violated);
    violated.map(|found| &*found.property).collect()
}

#[test]
fn every_exhibit_shows_under_its_least_plan() {
    let mut unseen = Vec::new();
    for exhibit in HERD {
        let stand = Stand::of(exhibit);
        let tried = stand.wrong().run(&stand.case(stand.least()));
        let violated = violated(&tried);
        let struck = tried.struck.iter().all(|struck| *struck);
        if !struck || tried.degraded.is_some() || !violated.contains(&exhibit.caught_by) {
            let Tried { struck, degraded, .. } = &tried;
            unseen.push(format!("{}: {struck:?} {degraded:?} {violated:?}", exhibit.id));
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn without_faults_only_what_is_wrong_in_itself_is_seen() {
    let mut wrong = Vec::new();
    for exhibit in HERD {
        let stand = Stand::of(exhibit);
        let tried = stand.wrong().run(&stand.case(&[]));
        let mut violated = violated(&tried);
        if exhibit.least.is_empty() {
            violated.retain(|property| *property != exhibit.caught_by);
        }
        if violated != exhibit.at_once {
            wrong.push(format!("{}: {violated:?}", exhibit.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_the_mistake_the_same_faults_break_nothing() {
    for exhibit in HERD {
        let stand = Stand::of(exhibit);
        for faults in [stand.least(), &[]] {
            let tried = stand.correct().run(&stand.case(faults));
            assert!(violated(&tried).is_empty(), "{}: {:?}", exhibit.id, tried.findings);
        }
    }
}

#[test]
fn exhibits_name_what_exists() {
    let (patterns, properties) = (Patterns::builtin(), Properties::builtin());
    let mut ids = BTreeSet::new();
    for exhibit in HERD {
        assert!(ids.insert(exhibit.id), "{} twice", exhibit.id);
        assert!(patterns.find(exhibit.pattern).is_some(), "{}", exhibit.id);
        assert!(properties.find(exhibit.caught_by).is_some(), "{}", exhibit.id);
        let stand = Stand::of(exhibit);
        let promised = stand.correct().promises().keeps.clone();
        assert!(promised.contains(&exhibit.caught_by), "{} is never judged", exhibit.id);
        assert!(stand.least().len() <= 1, "{}: one fault shows it", exhibit.id);
    }
}

/// The names under which a scenario could try to ask for a mistake.
const ASKED: [&str; 6] = ["slips", "slip", "mistake", "zoo", "answers-early", "exhibit"];

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
    let patterns: BTreeSet<&str> = HERD.iter().map(|exhibit| exhibit.pattern).collect();
    for pattern in patterns {
        assert!(read(pattern, "").is_ok(), "{pattern} as it is");
        for asked in ASKED {
            for value in ["\"never-resumes\"", "{ slip = \"NeverResumes\" }", "true"] {
                let answer = read(pattern, &format!("{asked} = {value}")).map(|_| ());
                let answer = answer.expect_err("a key that no pattern has");
                assert!(answer.contains(&format!("{pattern} has no such key")), "{answer}");
            }
        }
    }
    // Nor is there an exhibit among the patterns, or a mistake in what is shown of settings.
    let schema = crate::scenario::schema(&registries).to_string();
    assert!(!schema.contains("slip") && !schema.contains("zoo"), "the schema offers none");
    for exhibit in HERD {
        assert!(read(exhibit.id, "").is_err(), "{} is no pattern", exhibit.id);
        assert!(!exhibit.pattern().settings().to_string().contains("slip"), "{}", exhibit.id);
    }
}

#[test]
fn the_feature_is_never_on_by_default() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("a manifest");
    let features = manifest["features"].as_table().expect("features");
    assert_eq!(features.keys().collect::<Vec<_>>(), ["zoo"], "no `default` that has it");
}
