//! Everything that a scenario or a report can name is explained, and no name is dead.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::checks::Verdict;
use crate::checks::measures::catalogue::CATALOGUE;
use crate::model::record::Answer;

const TERMINAL: Terminal = Terminal { columns: 100, colour: false };

/// The pages that a name leads to.
fn pages(topics: &Topics<'_>, name: &str) -> String {
    topics.find(name).named.iter().map(|topic| topic.page(TERMINAL)).collect()
}

#[test]
fn whatever_is_registered_or_reported_is_explained() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let topics = Topics::of(&registries, &exports);
    let mut names = [
        registries.patterns.names(),
        registries.techniques.names(),
        registries.faults.names(),
        registries.properties.names(),
        exports.names(),
    ]
    .concat();
    names.extend(CATALOGUE.iter().flat_map(|measure| [measure.id, measure.name]));
    names.extend(Headline::ALL.map(Headline::name));
    names.extend(Answer::ALL.map(Answer::name));
    names.extend([Verdict::Held, Verdict::Violated, Verdict::Undecided].map(Verdict::name));
    names.extend(Hook::ALL.map(Hook::name));
    names.extend(PROFILES.iter().map(|profile| profile.name));
    names.extend(["p50", "p99", "max", "value", "interval", "never"]);
    for name in names {
        assert!(pages(&topics, name).len() > 40, "`{name}` has a page");
    }
}

#[test]
fn every_key_of_a_scenario_is_explained_by_its_documentation() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let (topics, schema) = (Topics::of(&registries, &exports), scenario::schema(&registries));
    let sections = schema["properties"].as_object().expect("the tables of a file");
    for (section, inner) in sections {
        let page = pages(&topics, section).split_whitespace().collect::<Vec<_>>().join(" ");
        let about = inner["description"].as_str().expect("documentation");
        assert!(page.contains(about), "`{section}` is explained by {about}");
        let table = inner.get("items").unwrap_or(&inner["additionalProperties"]);
        for table in [inner, table] {
            for key in table["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
                assert!(page.contains(&format!(" {key} (")), "`{section}` has {key}");
                assert!(!pages(&topics, &format!("{section}.{key}")).is_empty(), "{section}.{key}");
            }
        }
    }
    for topic in topics.of_sort(Sort::Key).chain(topics.of_sort(Sort::Setting)) {
        assert!(!topic.title.is_empty(), "`{}` is documented", topic.name);
    }
}

#[test]
fn names_are_neither_ambiguous_nor_dead() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let topics = Topics::of(&registries, &exports);
    let mut bearers: BTreeMap<String, Vec<&Topic<'_>>> = BTreeMap::new();
    for topic in &topics.0 {
        let names: BTreeSet<String> = topic.names().map(plain).collect();
        names.into_iter().for_each(|name| bearers.entry(name).or_default().push(topic));
    }
    for (name, bearers) in bearers {
        // A term may introduce what has its name.
        let (terms, others): (Vec<&Topic<'_>>, Vec<&Topic<'_>>) =
            bearers.iter().copied().partition(|topic| topic.sort == Sort::Term);
        let named: Vec<&str> = bearers.iter().map(|topic| topic.name.as_str()).collect();
        assert!(terms.len() <= 1 && others.len() <= 1, "`{name}`: {named:?}");
    }
    for entry in glossary::entries() {
        for other in entry.others.iter().chain([&entry.term]) {
            assert!(!topics.find(other).named.is_empty(), "`{other}` leads somewhere");
        }
    }
    for topic in &topics.0 {
        for name in &topic.see {
            assert!(topics.named(name).is_some(), "`{}` refers to `{name}`", topic.name);
        }
    }
}

#[test]
fn people_find_what_they_call_by_other_names() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let topics = Topics::of(&registries, &exports);
    let first = |name: &str| topics.find(name).named.first().map(|topic| topic.name.clone());
    for (asked, found) in [
        ("2PC", "two-phase-commit"),
        ("xa", "two-phase-commit"),
        ("3PC", "non-blocking commit"),
        ("Paxos acceptor", "acceptor"),
        ("round", "ballot"),
        ("saga", "saga"),
        ("sagas", "saga"),
        ("Orchestration", "orchestration"),
        ("choreography", "choreography"),
        ("outbox", "outbox"),
        ("CDC", "change data capture"),
        ("change_data_capture", "change data capture"),
        ("dual-write", "dual write"),
        ("inbox", "inbox"),
        ("idempotency", "idempotency key"),
        ("dlq", "dead letter"),
        ("tcc", "TCC"),
        ("in doubt", "in-doubt"),
        ("availability", "availability"),
        ("m9", "m9"),
        ("lag", "consistency lag"),
        ("p99", "quantile"),
        ("average", "mean"),
        ("failpoint", "semantic point"),
        ("staleness", "staleness"),
        ("blast radius", "blast radius"),
        ("mttr", "time to recovery"),
        ("aborted cleanly", "aborted cleanly"),
        ("stranded", "stranded"),
        ("expectations", "expect"),
        ("netsplit", "partition"),
        ("phases", "phase"),
        ("operation", "operations"),
        ("service", "services"),
    ] {
        assert_eq!(first(asked).as_deref(), Some(found), "{asked}");
    }
}

#[test]
fn a_term_introduces_the_page_of_its_name() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let topics = Topics::of(&registries, &exports);
    let names = |name: &str| {
        let found = topics.find(name);
        found.named.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("lag"), ["consistency lag", "m1"]);
    assert_eq!(names("uptime"), ["availability", "m9"]);
    assert_eq!(names("m1"), ["m1"]);
}

#[test]
fn a_key_that_stands_in_several_tables_has_several_meanings() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let topics = Topics::of(&registries, &exports);
    let related = |name: &str| {
        let found = topics.find(name);
        assert!(found.named.is_empty(), "{name}");
        found.related.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(related("endpoint-delay"), ["drivers.endpoint-delay", "services.endpoint-delay"]);
    let of_recovery =
        ["broker.recovery", "databases.recovery", "drivers.recovery", "services.recovery"];
    assert_eq!(related("recovery"), of_recovery);
    assert!(related("m7").iter().all(|name| name.starts_with("m7.")));
    assert!(related("xyzzy").is_empty());
}

#[test]
fn a_name_that_nobody_knows_is_compared_with_all_that_are_known() {
    let (registries, exports) = (Registries::builtin(), Exports::builtin());
    let topics = Topics::of(&registries, &exports);
    assert_eq!(topics.alike("orchestrat").first(), Some(&"orchestrated"));
    assert_eq!(topics.alike("outbx").first(), Some(&"outbox"));
    assert_eq!(topics.alike("strandd").first(), Some(&"stranded"));
    assert!(topics.alike("xyzzy").is_empty());
}
