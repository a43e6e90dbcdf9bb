//! The phrases of a story, each in a run in which what it says is known to happen.

use super::*;
use crate::experiment::compare::setup;
use crate::experiment::trace::trace;
use crate::tests::runs::scenario;
use crate::tests::shop::EXACT_SHOP;

/// Two orders, 10 ms apart, for the same product; every duration constant.
const LOADS: &str = r#"
    [scenario]
    name = "shop"
    warm-up = "0s"
    load = "9s"
    settle = "30s"
    [load.first]
    operation = "buy"
    constant = "5s"
    [load.second]
    operation = "buy"
    constant = "5010ms"
    [variants.events]
    pattern = "event-based"
    settings = { publish = "log-tailing" }
"#;

/// The story of one of the orders, with its blanks made single.
fn story(variant: &str, op: u32, faults: &str) -> String {
    let scenario = scenario(&format!("{LOADS}\n{EXACT_SHOP}\n{faults}"));
    let named = |it: &&crate::scenario::Variant| &*it.name.shown == variant;
    let variant = scenario.variants.iter().find(named).expect("a variant of this name");
    let trace = trace(&setup(&scenario, variant), 1, op);
    let text = text(&variant.system, (&variant.name.shown, 1), &trace);
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    text.lines().map(line).collect()
}

fn assert_tells(story: &str, phrases: &[&str]) {
    let mut rest = story;
    for phrase in phrases {
        let at = rest.find(phrase);
        rest = &rest[at.unwrap_or_else(|| panic!("`{phrase}` in order in\n{story}"))..];
    }
}

#[test]
fn it_begins_with_what_the_operation_is_and_what_became_of_it() {
    let told = story("saga", 0, "");
    let head = "operation 0: buy (a new order, product 0)\n\
                variant saga, seed 1, arrived at 5s\n\
                answer: done after 34ms; effects in the stores: all; outcome: committed\n";
    assert!(told.starts_with(head), "{told}");
}

#[test]
fn replies_are_called_replies() {
    let told = story("xa", 0, "");
    assert_tells(
        &told,
        &[
            "coordinator take → work to stock (message",
            "stock take → statement to stock-db (message",
            "stock-db take → reply to statement to stock (message",
            "stock take → reply to work to coordinator (message",
            "coordinator take ← reply to work from stock (message",
            "clients ← reply to ask from coordinator (message",
        ],
    );
}

#[test]
fn a_wait_for_a_lock_says_for_what_and_who_holds_it() {
    let told = story("xa", 1, "");
    assert_tells(
        &told,
        &["waits for product 0 in stock-db, held by operation 0\n", "gets product 0 in stock-db\n"],
    );
    let late = "[[faults]]\nkind = 'delay-message'\nby = '1900ms'\non = { what = 'reply prepare' }";
    assert_tells(&story("xa", 1, late), &["gives up product 0 in stock-db: lock timeout\n"]);
}

/// Nothing that a dead node is asked or seems to say is put down to the clients.
#[test]
fn faults_and_what_dead_nodes_cannot_do_have_their_lines() {
    let crash = "[[faults]]\nkind = 'crash'\ntarget = 'stock'\nat = '5004ms'\nfor = '800ms'";
    let told = story("saga", 0, crash);
    assert_tells(
        &told,
        &[
            "+4ms fault 1, crash of stock, begins\n",
            "+4ms stock crashes\n",
            "stock take ← apply from orchestrator, but its process is down (message",
            "stock take → reply to apply to orchestrator: refused, its process does not serve",
            "orchestrator take ← reply to apply from stock (message",
            "+804ms stock restarts\n",
            "fault 1, crash of stock, ends\n",
        ],
    );
    assert_tells(&story("saga", 1, crash), &["\n\n-6ms fault 1, crash of stock, begins\n"]);
    let cut = "[[faults]]\nkind = 'partition'\nfrom = ['stock']\nat = '5s'\nfor = '100ms'";
    let cut = story("saga", 0, cut);
    assert_tells(&cut, &["orchestrator take ✗ apply to stock is lost (message", "tries again\n"]);
    let at_clients = |line: &&str| line.split(' ').nth(1) == Some("clients");
    for line in told.lines().chain(cut.lines()).filter(at_clients) {
        let own = ["a client asks", "→ ask", "reply to ask", "the client hears", "client: tries"];
        assert!(own.iter().any(|phrase| line.contains(phrase)), "{line}");
    }
}

#[test]
fn a_duplicate_that_is_recognised_is_called_that() {
    let twice = "[[faults]]\nkind = 'duplicate-message'\non = { what = 'send apply' }";
    let told = story("saga", 0, twice);
    assert_tells(&told, &["the network copies apply to order", "rolls back in order-db"]);
    assert_tells(&told, &["rolls back in order-db: a duplicate, done before\n"]);
    assert!(!told.contains("session broken"), "{told}");
}

/// The consumer commits 6 ms behind the event, and the groups are rebalanced meanwhile.
#[test]
fn an_acknowledgement_from_before_a_rebalance_is_ignored() {
    let delay =
        "[[faults]]\nkind = 'delay'\nfrom = ['stock']\nto = ['broker']\nleast = '1s'\nat = '1s'";
    let rebalance = "[[faults]]\nkind = 'broker-rebalance'\nat = '5500ms'\nfor = '100ms'";
    let told = story("events", 0, &format!("{delay}\n{rebalance}"));
    assert_tells(
        &told,
        &[
            "handed out, delivery 1\n",
            "fault 2, broker rebalance of broker, begins\n",
            "broker ignores the acknowledgement of stock: it comes too late\n",
            "handed out, delivery 2\n",
        ],
    );
}

#[test]
fn an_acknowledgement_that_comes_too_late_is_ignored() {
    let late = "[[faults]]\nkind = 'delay-message'\nby = '3s'\non = { what = 'reply apply' }";
    let told = story("saga", 0, late);
    assert_tells(
        &told,
        &[
            "tries again\n",
            "orchestrator place ← reply to apply from order (message",
            "ignores the reply to apply from order: no caller waits for it any more (message",
        ],
    );
}
