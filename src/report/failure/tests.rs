//! A real failure, as people see it.

use super::*;
use crate::report::text::Terminal;
use crate::search::explanation::tests::{CRASH, case, explained};

/// A dual write whose service dies between its commit and the publication.
fn lost_event() -> Explanation {
    let explanation = explained("dual-write", &case("dual-write", CRASH));
    Explanation { replay: "driftlab replay lost-event.toml --trace".into(), ..explanation }
}

#[test]
fn the_terminal_tells_everything_in_order() {
    insta::assert_snapshot!(terminal(&lost_event(), Terminal::default()));
}

#[test]
fn the_page_fetches_nothing() {
    let page = page(&lost_event());
    for banned in ["http:", "https:", "//", "src=", "url(", "@import", "<script", "<link", "href"] {
        let found = page.find(banned).map(|at| &page[at.saturating_sub(60)..at + 20]);
        assert_eq!(found, None, "{banned}");
    }
}

#[test]
fn the_page_has_everything() {
    let page = page(&lost_event());
    for part in [
        "all-or-nothing is violated",
        "every operation ends with all of its effects or none",
        "crash of order, after order-db: apply, for 1s <small>(struck at +11 ms",
        "<td class=\"violated\">stranded</td>",
        "<td>product #0</td><td>stock-db</td>\n<td class=\"violated\">missing</td>\n<td>+11 ms",
        "What did it, at +11 ms: fault 1: crash order. Before it 0 of 20 continuations",
        "sequenceDiagram\n    actor p0 as clients",
        "transaction 1 commits in order-db",
        "driftlab replay lost-event.toml --trace",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg").count(), 2, "the diagram and the curve");
}

/// Every element that is opened is closed, and the innermost first.
#[test]
fn the_page_is_well_formed() {
    let page = page(&lost_event());
    let empty = ["!doctype", "meta", "path", "rect", "circle"];
    let mut open: Vec<String> = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("every tag ends");
        let name = tag.split([' ', '\n']).next().unwrap_or_default().trim_end_matches('/');
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed));
        } else if !empty.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn names_from_scenarios_are_escaped() {
    let mut explanation = lost_event();
    explanation.scenario = "<b>shop".into();
    explanation.violation.found = "<i>found".into();
    explanation.operations[0].name = "<u>0".into();
    explanation.space_time.lanes[0].name = "<s>clients".into();
    let page = page(&explanation);
    for tag in ["<b>shop", "<i>found", "<u>0", "<s>clients"] {
        assert!(!page.contains(tag), "{tag}");
    }
}

#[test]
fn a_failure_without_faults_and_curve_is_told_as_well() {
    let mut explanation = explained("xa", &case("xa", ""));
    explanation.curve = None;
    let text = terminal(&explanation, Terminal::default());
    assert!(text.contains("It takes no fault.") && !text.contains("inevitable"), "{text}");
    let page = page(&explanation);
    assert!(page.contains("No fault at all.") && !page.contains("inevitable"));
}

#[test]
fn what_the_curve_says_depends_on_its_jump() {
    let mut explanation = lost_event();
    let mut curve = explanation.curve.take().expect("there is one");
    let said = |curve: &Curve| verdict(&explanation, curve);
    let jump = curve.jump.take().expect("it jumps");
    assert!(said(&curve).starts_with("It is never more likely later"));
    curve.jump = Some(crate::search::explanation::curve::Jump { is_sharp: false, ..jump });
    assert!(said(&curve).starts_with(
        "It was decided behind +11 ms (order-db: commits place) and no later than +11 ms (fault 1"
    ));
    curve.jump =
        curve.jump.map(|jump| crate::search::explanation::curve::Jump { is_clear: false, ..jump });
    assert!(said(&curve).starts_with("No single moment stands out."));
    curve.jump = None;
    curve.moments.iter_mut().for_each(|moment| moment.violated = curve.runs);
    assert!(said(&curve).starts_with("Every continuation violates it"));
}
