//! Tests of faults inside databases and brokers, in whole runs of one order.

use super::{first, order, order_under};
use crate::checks::census::Headline;
use crate::kernel::{Span, Time};
use crate::model::contract::label;
use crate::model::record::{AbortCause, Answer, Discard, Event, Kind, Record};
use crate::model::system::{ColumnRef, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

fn at(millis: u64) -> Time {
    Time::ZERO + Span::from_millis(millis)
}

/// How many transactions rolled back for this reason.
fn aborted(told: &RecordedRun, cause: AbortCause) -> usize {
    let causes = told.pick(pick!(Event::Aborted { cause, .. } => cause));
    causes.filter(|known| *known == cause).count()
}

/// How messages were given up.
fn discarded(told: &RecordedRun) -> Vec<Discard> {
    told.pick(pick!(Event::Discarded { discard, .. } => discard)).collect()
}

/// The outcome of the order.
fn became(told: &RecordedRun) -> Headline {
    told.report.operations[0].headline
}

/// How many products were taken, of 9.
fn taken(told: &RecordedRun) -> i64 {
    let left = ColumnRef { table: TableId(1), column: 0 };
    let values = told.pick(pick!(Event::Value { column, value, .. } if column == left => value));
    9 - values.last().unwrap_or(9)
}

#[test]
fn the_triggered_transaction_is_the_victim_and_its_retry_is_not() {
    let told = order(
        r#"kind = "deadlock-victim"
        target = "stock-db"
        on = { who = "stock-db", what = "work" }"#,
    );
    assert_eq!(aborted(&told, AbortCause::Deadlock), 1);
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
}

#[test]
fn who_asks_for_a_lock_meanwhile_is_a_victim_every_time() {
    let told = order(
        r#"kind = "deadlock-victim"
        target = "stock-db"
        share = 1.0
        at = "9s"
        for = "3s""#,
    );
    // Attempts at 10 s, 500 ms later, and 1 s after that.
    assert_eq!(aborted(&told, AbortCause::Deadlock), 3);
    assert_eq!(told.count(Kind::LockFailed), 3);
    assert_eq!((became(&told), taken(&told)), (Headline::Rejected, 0));
}

/// A vote that is refused was not even logged.
#[test]
fn a_vote_that_is_refused_leaves_nothing() {
    let told = order(
        r#"kind = "serialization-failure"
        target = "stock-db"
        on = { who = "stock-db", what = "force prepare" }"#,
    );
    assert_eq!(aborted(&told, AbortCause::Serialization), 1);
    let node = told.node("stock-db");
    let votes =
        |record: &&Record| record.node == node && record.event.label() == Some(label::PREPARE);
    assert_eq!(told.all(Kind::Logged).filter(votes).count(), 1, "the retry's");
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
}

#[test]
fn a_commit_without_an_answer_stands_and_keys_tell() {
    let fault = r#"kind = "commit-unknown"
        target = "stock-db"
        on = { who = "stock-db", what = "force commit" }"#;
    let told = order_under("saga", fault);
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
    let told = order_under("forgetful-saga", fault);
    assert_eq!((became(&told), taken(&told)), (Headline::Duplicated, 2));
}

#[test]
fn an_outcome_without_an_answer_is_told_again() {
    let told = order(
        r#"kind = "commit-unknown"
        target = "stock-db"
        on = { who = "stock-db", what = "apply commit" }"#,
    );
    let node = told.node("stock-db");
    let tells = pick!(Event::Sent { label: label::RESOLVE, to, .. } if to == node => ());
    assert_eq!(told.pick(tells).count(), 2);
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
}

#[test]
fn a_full_disk_refuses_until_there_is_room() {
    let full = |length: &str| {
        format!("kind = 'disk-full'\ntarget = 'order-db'\nat = '9s'\nfor = '{length}'")
    };
    let told = order_under("saga", &full("3s"));
    assert_eq!(aborted(&told, AbortCause::DiskFull), 3);
    assert_eq!(told.report.operations[0].answer, Answer::TechnicalNo);
    assert_eq!((became(&told), taken(&told)), (Headline::Rejected, 0));
    let told = order_under("saga", &full("1200ms"));
    assert_eq!(aborted(&told, AbortCause::DiskFull), 1, "the second attempt finds room");
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
}

/// A coordinator has nobody to refuse its decision to.
#[test]
fn a_driver_on_a_full_disk_waits_for_room() {
    let told = order(
        r#"kind = "disk-full"
        target = "coordinator"
        at = "10s"
        for = "700ms""#,
    );
    let node = told.node("coordinator");
    let forced = first(&told, Kind::Forced, |record| record.node == node).expect("a decision");
    assert_eq!(forced.time, at(10_702));
    assert_eq!(became(&told), Headline::Committed);
}

#[test]
fn a_stalled_disk_ends_no_commit_before_it_is_well() {
    let told = order_under(
        "saga",
        r#"kind = "disk-stall"
        target = "order-db"
        at = "10s"
        for = "700ms""#,
    );
    let node = told.node("order-db");
    let forced = first(&told, Kind::Forced, |record| record.node == node).expect("a commit");
    assert_eq!(forced.time, at(10_700));
    assert_eq!(became(&told), Headline::Committed);
}

#[test]
fn a_lie_is_found_out_in_a_crash() {
    let lie = r#"kind = "lying-force"
        target = "order-db"
        at = "9s"
        for = "REST"

        [[faults]]
        kind = "torn-tail"
        target = "order-db"
        at = "14s"
        for = "500ms""#;
    let told = order_under("saga", &lie.replace("REST", "6s"));
    assert_eq!(became(&told), Headline::Lost, "it was answered yes");
    // Nothing was flushed since the disk was set right, so its cache is as volatile as before.
    let told = order_under("saga", &lie.replace("REST", "4s"));
    assert_eq!(became(&told), Headline::Lost);
    let honest = lie.replace("lying-force", "disk-stall").replace("REST", "10ms");
    assert_eq!(became(&order_under("saga", &honest)), Headline::Committed);
}

#[test]
fn who_finds_no_connection_waits_for_one() {
    let told = order_under(
        "saga",
        r#"kind = "pool-exhaustion"
        target = "order-db"
        connections = 100
        at = "9s"
        for = "1500ms""#,
    );
    let node = told.node("order-db");
    let sent = pick!(record: Event::Sent { label: label::STATEMENT, to, .. } if to == node => {
        record.time
    });
    assert_eq!(told.pick(sent).next(), Some(at(10_500)));
    assert_eq!(became(&told), Headline::Committed);
}

#[test]
fn a_poison_message_ends_in_the_dead_letters() {
    let told = order_under(
        "events",
        r#"kind = "poison-message"
        on = { what = "publish" }"#,
    );
    assert_eq!(told.count(Kind::Handed), 3, "as often as it may be");
    assert_eq!(discarded(&told), [Discard::DeadLetter]);
    assert_eq!((became(&told), taken(&told)), (Headline::Stranded, 0));
}

/// Poison is in the content: a broker that comes back still has it.
#[test]
fn a_restart_heals_no_poison() {
    let told = order_under(
        "events",
        r#"kind = "poison-message"
        count = 1
        at = "9s"
        for = "2s"

        [[faults]]
        kind = "crash"
        target = "broker"
        on = { who = "stock", what = "receive event" }
        for = "1s""#,
    );
    assert_eq!(told.count(Kind::Crashed), 1);
    assert_eq!(told.count(Kind::Handed), 4, "once before the crash, three times behind it");
    assert_eq!(became(&told), Headline::Stranded);
}

#[test]
fn what_the_broker_loses_is_gone_for_good() {
    let told = order_under(
        "events",
        r#"kind = "broker-loss"
        on = { what = "publish" }

        [[faults]]
        kind = "crash"
        target = "broker"
        at = "12s"
        for = "1s""#,
    );
    assert_eq!(discarded(&told), [Discard::Lost]);
    assert_eq!(told.count(Kind::Handed), 0);
    assert_eq!((became(&told), taken(&told)), (Headline::Lost, 0));
    assert!(told.report.settled, "nobody waits for it");
}

#[test]
fn what_is_handed_out_again_is_so_once() {
    let told = order_under(
        "events",
        r#"kind = "broker-redelivery"
        share = 1.0
        at = "9s""#,
    );
    assert_eq!(told.count(Kind::Handed), 2);
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
}

#[test]
fn behind_a_rebalance_what_was_in_flight_comes_again() {
    let told = order_under(
        "events",
        r#"kind = "broker-rebalance"
        on = { who = "stock", what = "receive event" }
        for = "800ms""#,
    );
    let began = first(&told, Kind::FaultBegan, |_| true).expect("it fired").time;
    let handed: Vec<Time> = told.all(Kind::Handed).map(|record| record.time).collect();
    assert_eq!(handed.len(), 2);
    assert_eq!(handed[1] - began, Span::from_millis(800));
    assert_eq!((became(&told), taken(&told)), (Headline::Committed, 1));
}

/// How the stock's transaction ended whose row was locked when a fault struck, how long after the
/// fault, and how many others had given up waiting for the row by then.
fn lock_left_behind(fault: &str) -> (AbortCause, Span, usize) {
    let text = super::text(&format!("{fault}\non = {{ who = 'stock-db', what = 'work' }}"));
    let text = text.replace("\"100ms\" }", "\"100ms\", branch-timeout = \"4s\" }");
    let text = text.replace("stock = { ", "stock = { recovery = \"100ms\", ");
    let told = record_text(&text, "saga", 1);
    let began = first(&told, Kind::FaultBegan, |_| true).expect("it struck").time;
    let ends = told.pick(pick!(record: Event::Aborted { cause, .. } => (cause, record.time)));
    let ends: Vec<_> = ends.collect();
    let at = ends.iter().position(|(cause, _)| *cause != AbortCause::LockTimeout);
    let (cause, ended) = ends[at.expect("it was rolled back")];
    assert!(told.all(Kind::LockHeld).any(|record| record.time == ended), "its lock goes with it");
    (cause, ended - began, at.unwrap_or_default())
}

/// A process that dies is noticed after one trip. A machine that dies is as silent as a cut cable:
/// its session lives for as long as the database bounds a transaction, though it is long back.
#[test]
fn a_dead_machine_and_a_cut_cable_keep_a_lock_until_a_limit_ends_it() {
    let crash = "kind = 'crash'\ntarget = 'stock'\nfor = '100ms'";
    let cut = "kind = 'partition'\nfrom = ['stock']\nto = ['stock-db']\nfor = '4900ms'";
    assert_eq!(lock_left_behind(crash), (AbortCause::Broken, Span::from_millis(1), 0));
    // The transaction began 5 ms before: its key took 3 ms, the trip and the statement 2 ms.
    let limit = Span::from_millis(4_000 - 5);
    let machine = lock_left_behind(&format!("{crash}\nmachine = true"));
    assert_eq!(machine, (AbortCause::BranchTimeout, limit, 1));
    assert_eq!(lock_left_behind(cut), (AbortCause::BranchTimeout, limit, 0));
}
