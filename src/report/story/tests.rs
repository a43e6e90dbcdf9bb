//! Reports of one operation.

use super::*;
use crate::search::explanation::operation::RecordedRun;
use crate::search::explanation::selection::Selection;
use crate::search::explanation::tests::{CRASH, case};

const HEADING: Heading<'static> =
    Heading { scenario: "shop", command: "again", profile: "none", look_for: &[] };

/// The order of the shop under some variants, whose service crashes behind its commit.
fn stories(variants: &[&str]) -> Vec<Story> {
    let story = |name: &&str| {
        let run = RecordedRun::new(name, case(name, CRASH), 1);
        let op = run.find(&Selection::Name("shoppers#0".into())).expect("an order");
        run.story(op).expect("it arrived")
    };
    variants.iter().map(story).collect()
}

#[test]
fn the_text_has_outcome_faults_and_events() {
    let text = text(&stories(&["dual-write"]));
    let parts = [
        "operation 0: buy (a new order, product 0)\n",
        "variant dual-write, seed 1, arrived at 10s\n",
        "outcome: stranded\n",
        "name in every run: shoppers#0\nconsistent: never\n",
        "\nFaults while it was under way\n\n  crash of order, ",
        "\n    from +11 ms to +",
        "\nWhat happened\n\n",
        "  crashes\n",
    ];
    let mut rest = text.as_str();
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { panic!("{part:?} in {text}") };
        rest = behind;
    }
}

#[test]
fn the_page_has_a_diagram_for_each_variant_side_by_side_and_fetches_nothing() {
    let page = page(HEADING, &stories(&["dual-write", "saga"]));
    assert_eq!(page.matches("<figure class=\"diagram\">").count(), 2);
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(page.contains("<div class=\"beside\">"));
    for part in ["<h2>dual-write</h2>", "<h2>saga</h2>", "crash of order", "sequenceDiagram"] {
        assert!(page.contains(part), "{part}");
    }
    for banned in ["http:", "https:", "//", "src=", "url(", "@import", "<script", "<link", "href"] {
        assert!(!page.contains(banned), "{banned}");
    }
    let one = super::page(HEADING, &stories(&["saga"]));
    assert!(!one.contains("<div class=\"beside\">"));
}

/// The document has the same times and texts as the diagram.
#[test]
fn the_document_is_the_diagram_as_data() {
    let stories = stories(&["dual-write"]);
    let document = serde_json::to_value(document(HEADING, &stories)).expect("plain data");
    let operation = &document["operations"][0];
    assert_eq!(operation["outcome"], "stranded");
    assert_eq!(operation["never_consistent"], true);
    assert_eq!(operation["faults"][0]["from_ns"], 10_011_000_000_u64);
    let diagram = &stories[0].space_time;
    let length = |key: &str| operation[key].as_array().map(Vec::len);
    assert_eq!(length("messages"), Some(diagram.messages.len()));
    assert_eq!(length("nodes"), Some(diagram.lanes.len()));
    let sent = operation["messages"][0]["sent_ns"].as_u64();
    assert_eq!(sent, Some(diagram.messages[0].sent.time.as_nanos()));
    let texts = mermaid(&stories);
    assert!(texts.starts_with("sequenceDiagram\n%% dual-write, seed 1: operation 0 (shoppers#0)"));
}
