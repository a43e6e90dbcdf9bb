//! Circuit breakers wherever the retry policy governs attempts: whoever calls a node that is down
//! stops asking it.

use super::chain::Chain;
use super::delegation::delegated;
use crate::model::record::{Event, Kind};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// Two failures open it, and it stays open to the end.
const BREAKER: &str = "breaker = { failures = 1.0, window = 2, open = '1000s', probes = 1 }\n";

/// Two steps, and this node down for all operations, which have three attempts each.
fn down(pattern: &'static str, settings: &'static str, node: &str) -> Chain {
    let clients = "deadline = '9s'";
    let chain = Chain { steps: 2, pattern, settings, clients, ..Chain::default() };
    chain.crash(node, "0s", "69s")
}

/// The text of a chain with the breaker in the retry policy of `table`.
fn guarded(chain: &Chain, table: &str) -> String {
    chain.text() + &format!("[{table}.retry]\n{BREAKER}")
}

/// How often a node was asked for something by another.
fn calls(told: &RecordedRun, from: &str, to: &str, what: &str) -> usize {
    let (from, to) = (told.node(from), told.node(to));
    let sent = pick!(record: Event::Sent { to: called, label, .. }
        if record.node == from && called == to => label);
    told.pick(sent).filter(|label| told.label(*label) == what).count()
}

#[test]
fn whoever_calls_a_node_that_is_down_stops_asking_it() {
    let bus = "publish = 'in-process'";
    let dual = "publish = 'dual-write'";
    for (pattern, settings, [table, from, to], what) in [
        ("event-based", "", ["services.s1", "clients", "s1"], "ask"),
        ("orchestrated", "", ["operations.work", "clients", "orchestrator"], "ask"),
        ("two-phase-commit", "", ["services.s2", "coordinator", "s2"], "work"),
        ("orchestrated", "", ["variants.it", "orchestrator", "s2"], "apply"),
        ("event-based", bus, ["services.s2", "s1", "s2"], "handle"),
        ("event-based", dual, ["operations.work", "s1", "broker"], "publish"),
    ] {
        let chain = down(pattern, settings, to);
        let without = record_text(&chain.text(), "it", 1);
        assert_eq!(calls(&without, from, to, what), 6 * 3, "{pattern} {settings}: {from} to {to}");
        let told = record_text(&guarded(&chain, table), "it", 1);
        assert_eq!(calls(&told, from, to, what), 2, "{pattern} {settings}: {from} to {to}");
    }
}

#[test]
fn who_looks_something_up_stops_asking_its_owner() {
    let looked = "key = 'row'\nlookup = { table = 't3', key = 'row' }\n";
    let text = guarded(&down("orchestrated", "", "s3"), "services.s3");
    let told = record_text(&text.replacen("key = 'row'\n", looked, 1), "it", 1);
    assert_eq!(calls(&told, "s1", "s3", "look-up"), 2);
}

/// `s3` has delegated the first step, which it passes on for the client, or the second, for the
/// orchestrator.
#[test]
fn who_has_delegated_a_step_stops_asking_its_owner() {
    for (pattern, step, owner) in [("event-based", 0, "s1"), ("orchestrated", 1, "s2")] {
        let chain = down(pattern, "", owner);
        let without = delegated(&chain.text(), Some(step));
        assert_eq!(calls(&without, "s3", owner, "delegate"), 6 * 3, "{pattern}");
        let told = delegated(&guarded(&chain, &format!("services.{owner}")), Some(step));
        assert_eq!(calls(&told, "s3", owner, "delegate"), 2, "{pattern}");
    }
}

#[test]
fn a_crash_of_the_caller_forgets_its_breakers() {
    let chain = down("event-based", "publish = 'in-process'", "s2").crash("s1", "35s", "1s");
    let told = record_text(&guarded(&chain, "services.s2"), "it", 1);
    assert_eq!(calls(&told, "s1", "s2", "handle"), 2 + 2);
}

/// The handler of an event is a local transaction, which calls nobody.
#[test]
fn a_local_transaction_asks_no_breaker() {
    let chain = down("event-based", "max-deliveries = 4", "d2");
    let handed = |text: &str| record_text(text, "it", 1).count(Kind::Handed);
    assert_eq!(handed(&guarded(&chain, "services.s2")), handed(&chain.text()));
}
