//! The exact cost of a transaction, and its duration when nothing goes wrong.

use super::*;
use crate::model::record::MessageClass;

/// Participants.
const N: usize = 3;

/// Log records of all together, forced and not, and messages, replies included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Price {
    forced: usize,
    lazy: usize,
    messages: usize,
}

fn price(told: &RecordedRun) -> Price {
    let logged = |forced| -> usize {
        let labels = ["prepare", "decision", "accepted", "promised", "commit", "abort", "end"];
        labels.iter().map(|label| told.logged(label, forced)).sum()
    };
    let labels =
        ["prepare", "vote", "accepted", "commit", "abort", "end", "inquire", "promise", "accept"];
    Price {
        forced: logged(true),
        lazy: logged(false) - logged(true),
        messages: labels.iter().map(|label| told.sent(label, MessageClass::Service)).sum(),
    }
}

fn tolerating(faults: usize) -> String {
    format!("tolerated-faults = {faults}")
}

#[test]
fn a_commit_costs_what_the_manual_says_and_without_tolerance_what_two_phase_commit_costs() {
    for f in 0..=2 {
        let told = run(&paxos(&tolerating(f), 15, ""));
        check_sound(&told, &tolerating(f));
        assert_eq!(headlines(&told), [Headline::Committed]);
        let expected =
            Price { forced: 2 * N + 2 * f + 1, lazy: 2 * f + 1, messages: (2 * f + 4) * N + 4 * f };
        assert_eq!(price(&told), expected, "F = {f}");
        assert_eq!(told.sent("work", MessageClass::Service), 2 * N);
        assert_eq!(told.count(Kind::Retried), 0);
        // With F > 0 the word of another acceptor is one delay more.
        let moments = Moments::of(ARRIVAL);
        let later = if f == 0 { 0 } else { LINK };
        let waited = told.report.operations[0].answered_after.expect("an answer").as_nanos();
        assert_eq!(ARRIVAL + waited, moments.answered + later);
        for database in 0..3 {
            assert_eq!(when(&told, Kind::Prepared, database, 0), moments.prepared);
            assert_eq!(when(&told, Kind::Resolved, database, 0), moments.resolved + later);
        }
    }
    let beside = run(&scenario("", 15, ""));
    let without = run(&paxos(&tolerating(0), 15, ""));
    assert_eq!(price(&beside), price(&without));
}

/// A database whose transactions cannot be serialized votes no: the first `yes` participants vote
/// yes and all others no.
#[test]
fn an_abort_costs_what_the_manual_says() {
    for f in 0..=2 {
        for yes in 0..N {
            let refusal = |name: &&str| {
                format!(
                    "[[faults]]\nkind = 'serialization-failure'\ntarget = '{name}-db'\n\
                     on = {{ who = '{name}-db', what = 'force prepare' }}\n"
                )
            };
            let refusals: String = ["a", "b", "c"][yes..].iter().map(refusal).collect();
            let told = run(&paxos(&tolerating(f), 15, &refusals));
            check_sound(&told, &tolerating(f));
            assert_eq!(headlines(&told), [Headline::Rejected]);
            let expected = Price {
                forced: 2 * yes,
                lazy: 2 * f + 1,
                messages: 2 * N + (2 * f + 2) * yes + 2 * f,
            };
            assert_eq!(price(&told), expected, "F = {f}, {yes} yes");
        }
    }
}

/// One participant that has only read registers its vote and hears nothing more; if all have only
/// read, there is no record at all but that it is over.
#[test]
fn who_has_only_read_drops_out_at_its_vote() {
    let f = 1;
    let text = paxos(&tolerating(f), 15, "");
    let (before, third) = text.split_once("name = \"third\"").expect("a third step");
    let third = third.replacen("{ add = { n = 1 } }", "'none'", 1);
    let told = run(&format!("{before}name = \"third\"{third}"));
    check_sound(&told, "one reads");
    assert_eq!(headlines(&told), [Headline::Committed]);
    let expected = Price {
        forced: 2 * (N - 1) + 2 * f + 1,
        lazy: 2 * f + 1,
        messages: (2 * f + 4) * N + 4 * f - 2,
    };
    assert_eq!(price(&told), expected);
    let told = run(&text.replace("effect = { add = { n = 1 } }", "effect = 'none'"));
    check_sound(&told, "all read");
    assert_eq!(headlines(&told), [Headline::Committed]);
    assert_eq!((price(&told).forced, told.count(Kind::Prepared)), (0, 0));
}

/// A rule refuses the work of `c`: nobody was asked for a vote.
#[test]
fn a_refusal_of_work_costs_no_log_record() {
    let text = paxos("", 15, "");
    let (before, third) = text.split_once("name = \"third\"").expect("a third step");
    let refused = "by = \"c\"\nrefuse = { probability = 1.0 }";
    let third = third.replacen("by = \"c\"", refused, 1);
    let text = format!("{before}name = \"third\"{third}");
    let told = run(&text);
    check_sound(&told, "refused");
    assert_eq!(headlines(&told), [Headline::Refused]);
    assert_eq!(price(&told), Price { forced: 0, lazy: 0, messages: N - 1 });
}
