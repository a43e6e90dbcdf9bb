//! Every exhibit shows under its least plan of faults, and nothing else does.

use std::collections::BTreeSet;

use super::*;
use crate::checks::Verdict;
use crate::checks::properties::Properties;
use crate::experiment::trial::Tried;
use crate::patterns::registry::Patterns;

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
