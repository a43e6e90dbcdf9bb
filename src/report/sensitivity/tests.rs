//! Tests of what a comparison hangs on, in words, charts and tables.

use super::*;
use crate::experiment::sensitivity::{Design, sensitivity};
use crate::report::export::Exports;
use crate::report::sentence;
use crate::report::text::Terminal;
use crate::scenario::assumption::assumptions;
use crate::tests::runs::{SHOP, scenario};
use crate::tests::{comparison, texts};

/// The made-up comparison, in which one assumption turns variants around, one does nothing and one
/// cannot be moved.
fn found() -> (Sensitivity, Comparison) {
    let base = comparison::comparison(10);
    let shop = scenario(&SHOP.replace("deadline = \"3s\"", "deadline = \"3s\"\nattempts = 1"));
    let all = assumptions(&shop, &shop.variants.iter().collect::<Vec<_>>());
    let wanted = ["clients.attempts", "links.*.delay", "retry.attempts", "links.*.loss"];
    let wanted = all.into_iter().filter(|it| wanted.contains(&&*it.name)).collect();
    let design = Design::new(&shop, wanted, 2.0, 2);
    let stated = sentence::stated(&base);
    let moved: Vec<Comparison> = design
        .moves
        .iter()
        .map(|it| {
            let mut moved = base.clone();
            if design.assumptions[it.assumption].name == "links.*.delay" {
                let names: Vec<String> = moved.variants.iter().map(|it| it.name.clone()).collect();
                let turned = names.into_iter().rev();
                moved.variants.iter_mut().zip(turned).for_each(|(it, name)| it.name = name);
            }
            moved.paired()
        })
        .chain(design.screening.scenarios.iter().map(|_| base.clone()))
        .collect();
    let found = sensitivity(&design, &base, stated, &moved, 1);
    let matters = found.matters(3);
    (found, Comparison { matters, ..base })
}

#[test]
fn it_reads_well_on_a_terminal() {
    let (found, comparison) = found();
    let text = render(&found, &comparison, Terminal::default());
    for line in text.lines() {
        assert!(crate::report::text::width(line) <= Terminal::default().columns, "{line}");
    }
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("What matters most, measured: links.*.delay (100 % of what moves;"));
    assert!(said.contains("Cannot be moved: clients.attempts down (1 is the whole number that is"));
    assert!(said.contains("links.*.loss down and up (zero stays zero)"), "{said}");
    insta::assert_snapshot!(text);
}

#[test]
fn tornados_keep_to_their_paper() {
    let (found, _) = found();
    for chart in charts(&found) {
        texts::check(&chart.picture);
    }
    let svg = String::from_utf8(charts(&found)[0].picture.svg()).expect("text");
    assert!(svg.contains("links.*.delay") && svg.contains("flips"), "{svg}");
    assert!(!svg.contains("retry.attempts"), "it moves nothing");
}

#[test]
fn tables_have_a_row_for_each_move_and_difference() {
    let (found, comparison) = found();
    let text = String::from_utf8(table(&found)).expect("text");
    let moves: usize = found.effects.iter().flat_map(|it| it.moved.iter().flatten()).count();
    assert_eq!(text.lines().count(), 1 + moves * found.stated.len() + found.refused.len());
    assert!(text.contains("not moved: zero stays zero"), "{text}");
    let value: serde_json::Value =
        serde_json::from_slice(&json(&found, &comparison)).expect("JSON");
    assert_eq!(value["effects"][0]["assumption"], "links.*.delay");
    assert_eq!(value["effects"][0]["rank"]["rank"], 1);
    assert_eq!(value["not_moved"].as_array().map(Vec::len), Some(found.refused.len()));
}

#[test]
fn the_page_of_the_comparison_names_what_matters() {
    let (found, comparison) = found();
    let text = |files: &[File], path: &str| {
        let file = files.iter().find(|file| file.path == path).expect("a file");
        String::from_utf8(file.bytes()).expect("text")
    };
    let own = files(&found, &comparison);
    let all = Exports::builtin().files(&comparison);
    assert!(text(&all, "index.html").contains("What matters most, measured: links.*.delay"));
    assert!(text(&all, "summary.json").contains("\"can_flip\""));
    let readme = text(&all, "README.md");
    for file in &own {
        let name = file.path.split("-").next().unwrap_or_default();
        assert!(readme.contains(&format!("| `{name}")), "README.md explains {}", file.path);
    }
    let page = text(&own, "sensitivity.html");
    assert!(page.contains("retry.attempts") && !page.contains("http"), "{page}");
    let plain = Exports::builtin().files(&comparison::comparison(10));
    assert!(!text(&plain, "index.html").contains("matters most"), "never unless it was measured");
}
