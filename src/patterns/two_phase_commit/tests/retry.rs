//! Whole transactions tried again, and clients that ask again.

use super::*;
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::{DEADLOCKS, DISTRIBUTED_DEADLOCKS};
use crate::experiment::compare::setup;
use crate::kernel::Span;
use crate::model::record::Decision::{Abort, Commit};
use crate::model::record::{AbortCause, Answer, LockFailure};
use crate::patterns::pattern_mix::{Era, pattern_mix};
use crate::tests::runs::record_run;

/// The pause before the first retry.
const BACKOFF: u64 = 500 * MS;
/// How long a waiter waits for a lock.
const LOCK_TIMEOUT: u64 = SECOND;

/// `reverse` adds to the row of `b`, then to that of `a`, and arrives 10 ms behind a transfer.
const REVERSE: &str = r#"
[operations.reverse]
keys = { row = { rows-of = "alpha" } }

[[operations.reverse.steps]]
name = "one"
by = "b"
table = "beta"
key = "row"
effect = { add = { n = 1 } }

[[operations.reverse.steps]]
name = "two"
by = "a"
table = "alpha"
key = "row"
effect = { add = { n = 1 } }

[load.reverses]
operation = "reverse"
constant = "10001ms"
"#;

fn trying(text: &str, attempts: u16) -> String {
    text.replace("[retry]\nattempts = 1", &format!("[retry]\nattempts = {attempts}"))
}

/// Each holds what the other waits for, in different databases, where no detection sees it.
#[test]
fn a_deadlock_across_databases_ends_by_the_lock_timeout_and_a_new_attempt() {
    // The transfer's work at `b` meets the other's lock there, and the other way round.
    let told = run(&trying(&scenario("", 15, REVERSE), 3));
    check_sound(&told, "deadlock");
    assert_eq!(headlines(&told), [Headline::Committed; 2]);
    let round = 2 * LINK + WORK + 2 * WIRE + STATEMENT;
    let waits = ARRIVAL + CLIENT + round + LINK + WORK + WIRE;
    assert_eq!(when(&told, Kind::LockWait, 1, 0), waits, "the transfer waits for the row of b");
    assert_eq!(when(&told, Kind::LockWait, 0, 1), waits + MS, "the other for the row of a");
    let failed = pick!(record: Event::LockFailed { failure, .. } => {
        (record.time.as_nanos(), record.op, failure)
    });
    let timeout = (waits + LOCK_TIMEOUT, OpId(0), LockFailure::Timeout);
    assert_eq!(told.pick(failed).collect::<Vec<_>>(), [timeout], "no victim");
    let number = |measure| told.report.measures.number(measure);
    assert_eq!(number(DISTRIBUTED_DEADLOCKS), Quantity::total(1_u64));
    assert_eq!(number(DEADLOCKS), Quantity::total(0_u64), "no database saw it");
    let causes = pick!(record: Event::Aborted { cause, .. } if record.op == OpId(0) => cause);
    let expected = [AbortCause::LockTimeout, AbortCause::Requested, AbortCause::Requested];
    assert_eq!(told.pick(causes).collect::<Vec<_>>(), expected, "b, then a and c are told");

    // The first attempt hears of it, tells the others, pauses, and does everything again.
    let gave_up = waits + LOCK_TIMEOUT + WIRE + LINK;
    let begun_again = gave_up + BACKOFF;
    let retried: Vec<u64> = told.all(Kind::Retried).map(|record| record.time.as_nanos()).collect();
    assert_eq!(retried, [begun_again]);
    let answered = begun_again + 2 * round + (2 * LINK + 2 * WIRE + PREPARE) + FORCE + CLIENT;
    let first = told.report.operations[0].answered_after.expect("an answer").as_nanos();
    assert_eq!(ARRIVAL + first, answered);
    let decisions = pick!(record: Event::Decided { decision, attempt, .. } => {
        (record.op.0, decision, attempt)
    });
    let expected = [(0, Abort, 0), (1, Commit, 0), (0, Commit, 1)];
    assert_eq!(told.pick(decisions).collect::<Vec<_>>(), expected, "abort, then each commits");
    // The other got the row of `a` as soon as the abort had arrived there.
    assert_eq!(when(&told, Kind::LockGranted, 0, 1), gave_up + LINK + WIRE);
}

#[test]
fn without_a_further_attempt_a_lock_timeout_is_a_technical_no() {
    let told = run(&scenario("", 15, REVERSE));
    check_sound(&told, "deadlock, no retry");
    assert_eq!(headlines(&told), [Headline::Rejected, Headline::Committed]);
    assert_eq!(told.count(Kind::Retried), 0);
    assert_eq!(told.count(Kind::Decided), 2);
}

/// The answer is lost; the client asks again, once before and once after a restart.
#[test]
fn a_client_that_asks_again_gets_the_answer_of_the_first_time() {
    let moments = Moments::of(ARRIVAL);
    for restarts in [false, true] {
        let mut faults = swallow("role:coordinator", "'role:client'", moments.decided);
        if restarts {
            faults += &crash("role:coordinator", moments.resolved + SECOND, SECOND);
        }
        let text = scenario("", 15, &faults);
        let text =
            text.replace("[clients]\n", "[clients]\nattempts = 5\nattempt-deadline = \"5s\"\n");
        let told = run(&text);
        check_sound(&told, "ask again");
        let row = &told.report.operations[0];
        assert_eq!((row.headline, row.answer), (Headline::Committed, Answer::Done));
        let heard = 5 * SECOND + BACKOFF + 2 * CLIENT;
        assert_eq!(row.answered_after.expect("an answer").as_nanos(), heard);
        assert_eq!(told.count(Kind::Prepared), 3, "it was done once");
    }
}

/// The coordinator forgot the first transaction, which had not been decided, in a crash: the client
/// asks again, and the new transaction waits behind the branches of the old one.
#[test]
fn a_client_that_asks_again_after_a_crash_gets_a_new_transaction() {
    for presumption in ["nothing", "abort", "commit"] {
        let moments = Moments::of(ARRIVAL);
        let faults = crash("role:coordinator", moments.voted + LINK / 2, SECOND);
        let text = scenario(&format!("presumption = '{presumption}'"), 15, &faults);
        let text =
            text.replace("[clients]\n", "[clients]\nattempts = 9\nattempt-deadline = \"5s\"\n");
        let told = run(&trying(&text, 3));
        check_sound(&told, presumption);
        let row = &told.report.operations[0];
        assert_eq!((row.headline, row.answer), (Headline::Committed, Answer::Done));
        let outcomes = told.pick(pick!(Event::Resolved { decision, .. } => decision));
        let expected = [Abort, Abort, Abort, Commit, Commit, Commit];
        assert_eq!(outcomes.collect::<Vec<_>>(), expected, "the first attempt, then the second");
    }
}

/// A copy of a request that was answered by a technical no is not a new request.
#[test]
fn a_copy_of_a_question_gets_the_same_answer() {
    let copies = "[[faults]]\nkind = 'duplication'\nfrom = ['role:client']\nshare = 1.0\n\
                  at = '0s'\nfor = '15s'\n";
    // Only the first transaction meets the database of `b` in a crash.
    let asked = Moments::of(ARRIVAL).asked;
    let faults = crash("b-db", asked - LINK / 2, 100 * MS) + copies;
    let told = run(&scenario("", 15, &faults));
    check_sound(&told, "copies");
    assert_eq!(headlines(&told), [Headline::Rejected]);
    assert_eq!(told.count(Kind::Decided), 1);
}

#[test]
fn recovery_takes_only_what_is_of_its_own_presumption() {
    // From 30 s on transactions presume the commit, before that the abort.
    let presuming = |presumption: &str, outage: &str| {
        let settings = format!("presumption = '{presumption}'");
        let scenario = crate::tests::runs::scenario(&scenario(&settings, 60, outage));
        setup(&scenario, &scenario.variants[0])
    };
    let both = |outage: &str| {
        let (mut before, behind) = (presuming("abort", outage), presuming("commit", outage));
        let era = |from, part| Era { from: Span::from_secs(from), patterns: vec![part] };
        let patterns = [before.pattern, behind.pattern];
        before.pattern = pattern_mix(&patterns, vec![era(0, 0), era(30, 1)], &before.system);
        record_run(&before, 1)
    };
    let Moments { voted, .. } = Moments::of(40 * SECOND).later(FORCE);
    // `b` has voted, and hears of the commit only after its restart, when the coordinator has
    // forgotten it.
    let mut outages = vec![crash("b", voted + LINK / 2, SECOND)];
    // So it is with a coordinator: what it has decided it delivers again, each as it was decided.
    for at in [20, 40] {
        let Moments { decided, .. } = Moments::of(at * SECOND).later((at / 40) * FORCE);
        outages.push(crash("coordinator", decided + US, SECOND));
    }
    for outage in outages {
        let told = both(&outage);
        check_sound(&told, &outage);
        assert_eq!(headlines(&told), [Headline::Committed; 5], "{outage}");
    }
}

/// All connections of a participant's database are taken until the coordinator has given up its
/// work, and the abort is lost. The participant begins no branch then, which would hold its
/// connection, with nobody to end it, until it aborts itself.
#[test]
fn late_work_begins_no_branch() {
    let taken = "[[faults]]\nkind = 'pool-exhaustion'\ntarget = 'b-db'\nconnections = 100\n\
                 at = '0s'\nfor = '20s'\n[[faults]]\nkind = 'lose-message'\n\
                 on = { who = 'coordinator', what = 'send abort', to = 'b', when = 'before' }\n";
    let told = run(&scenario("", 30, taken));
    let got = pick!(record: Event::Connected { database: DatabaseId(1), .. } => record.time);
    let got: Vec<_> = told.pick(got).collect();
    assert_eq!(got.len(), 1, "the participant gets its connection at last: {got:?}");
    let decided = pick!(record: Event::Decided { .. } if record.op == OpId(0) => record.time);
    assert!(told.pick(decided).all(|at| at < got[0]), "too late");
    let causes = pick!(record: Event::Aborted { database: DatabaseId(1), cause, .. }
        if record.op == OpId(0) => (record.time.as_nanos(), cause));
    let causes: Vec<_> = told.pick(causes).collect();
    let [(at, AbortCause::Requested)] = causes[..] else { panic!("{causes:?}") };
    assert!(at < got[0].as_nanos() + SECOND, "and gives it back at once");
}
