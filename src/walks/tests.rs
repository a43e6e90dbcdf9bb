//! Tests of the walkthroughs: every one comes to the outcomes that its list promises.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::claims::Claims;
use crate::scenario::Registries;

fn scenario(walk: &Walk) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let path = folder.join(format!("{}.toml", walk.scenario));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", walk.name));
    Scenario::from_text(&text, &Registries::builtin())
        .unwrap_or_else(|error| panic!("{}: {error}", walk.name))
}

#[test]
fn every_walkthrough_comes_to_the_outcomes_that_it_promises() {
    let mut wrong = Vec::new();
    for walk in &Walks::all().walks {
        let stories = walk.stories(&scenario(walk), &[], &Stop::default());
        let stories = stories.unwrap_or_else(|| panic!("{}: an operation is missing", walk.name));
        for (telling, story) in walk.tells.iter().zip(&stories) {
            let ended = story.operation.headline.id();
            if ended != telling.ends {
                wrong.push(format!("{} {}: {ended}", walk.name, telling.variant));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_walkthrough_asks_says_what_to_look_for_and_tells_two_stories() {
    let all = Walks::all();
    let names: BTreeSet<&str> = all.walks.iter().map(|walk| &*walk.name).collect();
    assert_eq!(names.len(), all.walks.len(), "each name is there once");
    for walk in &all.walks {
        let name = &walk.name;
        assert!(walk.asks.ends_with('?'), "{name} asks no question");
        assert!(walk.look_for.len() > 1, "{name}");
        assert!(walk.look_for.iter().all(|it| it.ends_with('.')), "{name}: whole sentences");
        assert_eq!(walk.tells.len(), 2, "{name} tells two stories");
        assert!(walk.tells[0].selection().is_some(), "{name}: which operation?");
        let scenario = scenario(walk);
        let known = |it: &&Telling| scenario.variant(&it.variant).is_none();
        assert!(walk.tells.iter().find(known).is_none(), "{name}: unknown variant");
    }
}

/// The folder of walkthroughs and the list have the same names.
#[test]
fn every_scenario_of_the_folder_is_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/walkthroughs");
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let name =
        |path: std::path::PathBuf| path.file_stem().map(|it| it.to_string_lossy().into_owned());
    let files: BTreeSet<String> = files.filter_map(name).collect();
    let all = Walks::all();
    let told = all.walks.iter().filter_map(|it| it.scenario.strip_prefix("walkthroughs/"));
    assert_eq!(files, told.map(str::to_owned).collect());
}

/// The commands that go on name walkthroughs and claims that there are.
#[test]
fn what_goes_on_is_there() {
    let (all, claims) = (Walks::all(), Claims::all());
    for command in all.walks.iter().flat_map(|walk| &walk.then) {
        let words: Vec<&str> = command.split(' ').collect();
        let is_known = match words[..] {
            ["driftlab", "walk", name, "--variant", _] => all.find(name).is_some(),
            ["driftlab", "claims", "--only", id] => claims.claims.iter().any(|it| it.id == id),
            ["driftlab", "examples", _] => true,
            _ => false,
        };
        assert!(is_known, "{command}");
    }
}

/// Other variants show the same operation, chosen under the first of them.
#[test]
fn other_variants_show_the_operation_of_the_walkthrough() {
    let all = Walks::all();
    let walk = all.find("lost-count").expect("a walkthrough");
    let variants = ["saga".to_owned(), "outbox".to_owned()];
    let stories = walk.stories(&scenario(walk), &variants, &Stop::default());
    let stories = stories.expect("two stories");
    let names: Vec<&str> = stories.iter().map(|story| &*story.operation.name).collect();
    assert_eq!(names, ["shoppers#100", "shoppers#100"]);
    let told: Vec<&str> = stories.iter().map(|story| &*story.variant).collect();
    assert_eq!(told, ["saga", "outbox"]);
}
