//! One budget of patience: where everything is refused or silent, every pattern makes as many
//! attempts as the operation has, whoever makes them, and no layer multiplies those of another.

use super::chain::Chain;
use crate::checks::census::State;
use crate::kernel::Span;
use crate::model::record::{Answer, Event, Kind, MessageClass, OpId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// Patterns, with the settings under which they run.
const PATTERNS: [(&str, &str); 6] = [
    ("two-phase-commit", ""),
    ("two-phase-commit", "coordinator = 'caller'"),
    ("orchestrated", ""),
    ("background-sync", ""),
    ("event-based", ""),
    ("event-based", "publish = 'in-process'"),
];

/// Clients that differ in nothing from the operation's policy, and have all the time.
const PATIENT: &str = "deadline = '60s'";

/// Two steps, and this node down for the first operations.
fn down(pattern: &'static str, settings: &'static str, node: &str) -> Chain {
    let chain = Chain { steps: 2, pattern, settings, clients: PATIENT, ..Chain::default() };
    chain.crash(node, "0s", "25s")
}

fn run(text: &str) -> RecordedRun {
    let told = record_text(text, "it", 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    told
}

/// The retries on which the answer to the first operation waited, by what was tried again.
fn retries(told: &RecordedRun) -> Vec<&'static str> {
    let of_first = pick!(record: Event::Retried { label, .. } if record.op == OpId(0) => label);
    told.pick(of_first).map(|label| told.label(label)).collect()
}

fn answer(told: &RecordedRun) -> Answer {
    told.report.operations[0].answer
}

#[test]
fn the_client_makes_all_attempts_at_an_entry_that_is_down() {
    for (pattern, settings) in PATTERNS {
        let entry = match (pattern, settings) {
            ("orchestrated", _) | ("two-phase-commit", "") => "role:driver",
            _ => "s1",
        };
        let told = run(&down(pattern, settings, entry).text());
        assert_eq!(retries(&told), ["client"; 2], "{pattern} {settings}");
        assert_eq!(answer(&told), Answer::TechnicalNo, "{pattern} {settings}");
    }
}

#[test]
fn who_is_asked_makes_all_attempts_and_its_no_is_final() {
    let tried = ["transaction", "transaction", "step", "first step", "first step", "first step"];
    for ((pattern, settings), tried) in PATTERNS.into_iter().zip(tried) {
        // A driver meets a service that is down, a service its database.
        let node = if tried == "transaction" && settings.is_empty() || tried == "step" {
            "s1"
        } else {
            "d1"
        };
        let told = run(&down(pattern, settings, node).text());
        assert_eq!(retries(&told), [tried; 2], "{pattern} {settings}");
        assert_eq!(answer(&told), Answer::TechnicalNo, "{pattern} {settings}");
    }
}

#[test]
fn a_service_that_calls_the_next_one_by_hand_makes_all_attempts_at_that() {
    let told = run(&down("event-based", "publish = 'in-process'", "s2").text());
    assert_eq!(retries(&told), ["handle"; 2]);
    assert_eq!(answer(&told), Answer::TechnicalNo);
}

/// `s3` fails; `s2`, which calls it, is not called again by `s1`, nor is `s1` by the client.
#[test]
fn the_attempts_of_a_chain_by_hand_do_not_multiply() {
    let settings = "publish = 'in-process'";
    let chain = Chain { steps: 4, ..down("event-based", settings, "s4") };
    let told = run(&chain.text());
    assert_eq!(retries(&told), ["handle"; 2]);
    assert_eq!(answer(&told), Answer::TechnicalNo);
    // Silence takes longer at each call than at those in front of it, so they are repeated, but
    // only wait for what is under way: `s4` is called three times.
    let cut =
        "[[faults]]\nkind = 'partition'\nfrom = ['s3']\nto = ['s4']\nat = '0s'\nfor = '25s'\n";
    let chain = Chain { faults: cut.into(), ..chain };
    let told = run(&chain.text());
    let to = told.node("s4");
    let calls = pick!(record: Event::Sent { to, .. } if record.op == OpId(0) => to);
    assert_eq!(told.pick(calls).filter(|called| *called == to).count(), 3);
    assert_eq!(answer(&told), Answer::Unknown);
}

/// Attempts that the client has used up are not left to who is asked.
#[test]
fn attempts_that_were_used_up_travel_with_the_request() {
    let lost = "[[faults]]\nkind = 'lose-message'\non = { what = 'send ask', nth = 1 }\n";
    for (pattern, settings) in [("event-based", ""), ("background-sync", "")] {
        let mut chain = down(pattern, settings, "d1");
        chain.faults += lost;
        let told = run(&chain.text());
        assert_eq!(retries(&told), ["client", "first step"], "{pattern}");
        assert_eq!(answer(&told), Answer::Unknown, "the first attempt may have run");
    }
    let mut chain = down("two-phase-commit", "", "s1");
    chain.faults += lost;
    assert_eq!(retries(&run(&chain.text())), ["client", "transaction"]);
    // The steps of a saga have theirs.
    let mut chain = down("orchestrated", "", "s1");
    chain.faults += lost;
    assert_eq!(retries(&run(&chain.text())), ["client", "step", "step"]);
}

/// An answer that is lost is asked for again, and what it took is not done again.
#[test]
fn a_no_that_was_lost_is_given_again() {
    for (pattern, settings) in PATTERNS {
        let node = match (pattern, settings) {
            ("orchestrated", _) | ("two-phase-commit", "") => "s1",
            _ => "d1",
        };
        let mut chain = down(pattern, settings, node);
        chain.faults += "[[faults]]\nkind = 'lose-message'\non = { what = 'reply ask', nth = 1 }\n";
        let told = run(&chain.text());
        let of_client = retries(&told).iter().filter(|tried| **tried == "client").count();
        assert_eq!(retries(&told).len(), 2 + of_client, "{pattern} {settings}");
        assert_eq!(told.report.operations[0].state, State::None, "{pattern} {settings}");
    }
}

#[test]
fn an_operation_a_called_service_and_a_variant_may_be_more_patient() {
    let chain = down("orchestrated", "", "s1");
    let tries = |more: &str| retries(&run(&(chain.text() + more))).len() + 1;
    assert_eq!(tries(""), 3);
    assert_eq!(tries("[variants.it.retry]\nattempts = 2\n"), 2);
    assert_eq!(tries("[operations.work.retry]\nattempts = 4\n"), 4);
    assert_eq!(tries("[services.s1.retry]\nattempts = 5\n"), 5);
    assert_eq!(tries("[services.s2.retry]\nattempts = 5\n"), 3, "another service");
    let all = "[variants.it.retry]\nattempts = 2\n[operations.work.retry]\nattempts = 4\n\
               [services.s1.retry]\nattempts = 1\n";
    assert_eq!(tries(all), 1, "the service counts before the operation, that before the variant");
}

#[test]
fn the_clients_of_a_variant_may_have_a_patience_of_their_own() {
    let chain = down("event-based", "", "s1");
    let asked = |more: &str| {
        let told = run(&(chain.text() + more));
        (retries(&told).len() + 1, told.report.operations[0].answered_after.expect("an answer"))
    };
    let millis = Span::from_millis;
    // There and back a millisecond each, the pauses of the policy between.
    assert_eq!(asked(""), (3, millis(2 + 100 + 2 + 200 + 2)));
    assert_eq!(asked("[variants.it.clients]\nattempts = 2\n"), (2, millis(2 + 100 + 2)));
    assert_eq!(asked("[variants.it.clients]\ndeadline = '200ms'\n"), (2, millis(2 + 100 + 2)));
    let silent = "[[faults]]\nkind = 'lose-message'\non = { what = 'send ask', nth = 1 }\n";
    let chain = Chain { faults: silent.into(), ..down("event-based", "", "s2") };
    let waited = |more: &str| run(&(chain.text() + more)).report.operations[0].answered_after;
    let more = "[variants.it.clients]\nattempt-deadline = '500ms'\n";
    assert_eq!(waited(""), waited(more).map(|own| own + millis(1_500)));
}

/// A look-up is part of an attempt at its step.
#[test]
fn a_look_up_is_made_once_in_an_attempt_unless_its_owner_has_attempts_of_its_own() {
    let looked = "key = 'row'\nlookup = { table = 't3', key = 'row' }\n";
    let lookups = |more: &str| {
        let chain = down("orchestrated", "", "s3");
        let told = run(&(chain.text().replacen("key = 'row'\n", looked, 1) + more));
        let to = told.node("s3");
        let calls = pick!(record: Event::Sent { to, .. } if record.op == OpId(0) => to);
        told.pick(calls).filter(|called| *called == to).count()
    };
    assert_eq!(lookups(""), 3);
    assert_eq!(lookups("[services.s3.retry]\nattempts = 2\n"), 6);
}

#[test]
fn within_a_delivery_a_consumer_makes_one_attempt_unless_told_otherwise() {
    let tries = |settings| {
        let refused = "[[faults]]\nkind = 'serialization-failure'\ntarget = 'd2'\nshare = 1.0\n\
                       at = '0s'\nfor = '70s'\n";
        let chain = Chain { steps: 2, pattern: "event-based", settings, ..Chain::default() };
        let told = run(&Chain { faults: refused.into(), ..chain }.text());
        assert_eq!(told.report.operations[0].answer, Answer::Accepted);
        let aborted = told.all(Kind::Aborted).filter(|record| record.op == OpId(0)).count();
        (aborted, told.all(Kind::Handed).filter(|record| record.op == OpId(0)).count())
    };
    assert_eq!(tries("max-deliveries = 4"), (4, 4));
    assert_eq!(tries("max-deliveries = 4, attempts-per-delivery = 3"), (12, 4));
}

#[test]
fn clients_ask_their_entry_as_often_as_the_policy_of_calls_to_it_says() {
    // Two operations find the service down that carries them out, and are refused at once.
    let asked = |more: &str| {
        let clients = "deadline = '5s'";
        let chain = Chain { clients, ..Chain::default() }.crash("s1", "15s", "20s");
        let text = chain.world() + more + "[variants.it]\npattern = 'orchestrated'\n";
        record_text(&text, "it", 1).sent("ask", MessageClass::Client)
    };
    let messages = |attempts: usize| 2 * (4 + 2 * attempts);
    assert_eq!(asked(""), messages(3));
    assert_eq!(asked("[services.s1.retry]\nattempts = 1\n"), messages(1));
    assert_eq!(asked("[services.s1.retry]\nattempts = 5\n"), messages(5));
    assert_eq!(asked("[services.s2.retry]\nattempts = 1\n"), messages(3), "nobody asks that");
}
