//! Properties of distributed transactions.

use super::*;
use crate::kernel::NodeId;
use crate::model::contract::label;
use crate::model::record::{GlobalTxnId, LabelId, MessageClass, TxnId};
use crate::model::system::DatabaseId;
use crate::tests::history::CUSTOMERS;

/// The test system, with each table in a database of its own.
fn apart() -> History {
    let mut system = system();
    for (at, table) in (0..).zip(&mut system.tables) {
        table.database = DatabaseId(at);
    }
    History::of(system)
}

fn prepare_at(history: &mut History, database: u16, txn: u64) {
    let (database, txn, transaction) = (DatabaseId(database), TxnId(txn), GlobalTxnId(7));
    history.note_of(0, Event::Prepared { database, txn, transaction });
}

fn log(history: &mut History, log: u32, label: LabelId) {
    history.note_with(events::logged(log, label), |r| (r.op, r.node) = (OpId(0), NodeId(9)));
}

fn force(history: &mut History, log: u32, count: u64) {
    history.note_with(events::forced(log, count), |r| r.node = NodeId(9));
}

#[test]
fn irrevocable() {
    let twice = |outcomes: [Decision; 2]| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            outcomes.into_iter().for_each(|outcome| resolve(history, 0, 1, outcome));
        }
    };
    assert_eq!(verdict("irrevocable", twice([Commit, Commit])), Held, "recovery says it again");
    assert_eq!(verdict("irrevocable", twice([Commit, Abort])), Violated);
    let alone = |history: &mut History| {
        history.note_of(0, events::resolved_alone(1, Abort));
        history.note_of(0, events::resolved_alone(1, Commit));
    };
    assert_eq!(verdict("irrevocable", alone), Violated);
}

#[test]
fn commit_validity() {
    let votes = |databases: &[u16]| {
        let mut history = apart();
        history.at(20_000).offer(0, OPEN, 3);
        for (txn, database) in (1..).zip(databases) {
            prepare_at(&mut history, *database, txn);
        }
        resolve(&mut history, 0, 1, Commit);
        history.found("commit-validity", true)
    };
    assert_eq!(votes(&[0, 1, 2]).verdict(), Held);
    let finding = votes(&[0, 1]);
    assert_eq!(
        finding.judgement.why,
        "operation 0 commits, and where `assignments` is nothing is prepared"
    );
    assert_eq!(votes(&[0, 1, 2 + 64]).verdict(), Violated, "one of many databases");
    let mut late = apart();
    late.at(20_000).offer(0, OPEN, 3);
    prepare_at(&mut late, 0, 1);
    prepare_at(&mut late, 1, 2);
    resolve(&mut late, 0, 1, Commit);
    prepare_at(&mut late, 2, 3);
    assert_eq!(late.found("commit-validity", true).verdict(), Violated, "a vote behind the commit");
}

#[test]
fn write_ahead_of_votes_and_decisions() {
    let vote = |forced: bool| {
        move |history: &mut History| {
            log(history, 1, label::PREPARE);
            if forced {
                force(history, 1, 1);
            }
            let here = |r: &mut Record| (r.op, r.node) = (OpId(0), NodeId(9));
            history.note_with(events::prepared(1, 7), here);
        }
    };
    assert_eq!(verdict("write-ahead", vote(true)), Held);
    assert_eq!(verdict("write-ahead", vote(false)), Violated);

    let tell = |teller: u16, logged: bool, covered: u64| {
        move |history: &mut History| {
            log(history, 1, label::TRANSACTION);
            if logged {
                log(history, 1, label::DECISION);
            }
            force(history, 1, covered);
            let (label, to, class) = (label::COMMIT, NodeId(1), MessageClass::Service);
            let here = |r: &mut Record| (r.op, r.node) = (OpId(0), NodeId(teller));
            history.note_with(Event::Sent { label, to, class }, here);
        }
    };
    assert_eq!(verdict("write-ahead", tell(9, true, 2)), Held);
    assert_eq!(
        verdict("write-ahead", tell(9, true, 1)),
        Violated,
        "the flush covers another record"
    );
    assert_eq!(verdict("write-ahead", tell(9, false, 2)), Violated, "nothing was decided");

    // The decision in another log may be that of a late acceptor.
    assert_eq!(verdict("write-ahead", tell(8, true, 1)), Held);
}

#[test]
fn write_ahead_of_local_commits_but_not_of_ends_of_branches() {
    let commit = |forced: bool, prepared: bool| {
        move |history: &mut History| {
            let here = |r: &mut Record| (r.op, r.node) = (OpId(0), NodeId(9));
            if prepared {
                history.note_with(events::prepared(1, 7), here);
            }
            log(history, 1, label::COMMIT);
            if forced {
                force(history, 1, 1);
            }
            history.note_with(events::committed(1), here);
        }
    };
    assert_eq!(verdict("write-ahead", commit(true, false)), Held);
    assert_eq!(verdict("write-ahead", commit(false, false)), Violated);
    assert_eq!(verdict("write-ahead", commit(false, true)), Held, "it may be asked again");
}

#[test]
fn prepared_exclusion() {
    let kept = |after: fn(&mut History)| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            prepare(history, 0, 1, 7);
            history.note(events::prepared_row(1, 3));
            after(history);
        }
    };
    let granted = |history: &mut History| {
        history.note(events::lock_granted(2, 3));
    };
    let overwritten = |history: &mut History| {
        history.value(CUSTOMERS, 0, 3, 5).note(events::committed(2));
    };
    assert_eq!(verdict("prepared-exclusion", kept(granted)), Violated);
    assert_eq!(verdict("prepared-exclusion", kept(overwritten)), Violated);
    let in_order = |history: &mut History| {
        history.value(CUSTOMERS, 0, 3, 5).note(events::committed(1));
        resolve(history, 0, 1, Commit);
        history.value(CUSTOMERS, 0, 3, 6).note(events::committed(2));
    };
    assert_eq!(verdict("prepared-exclusion", kept(in_order)), Held);
}

#[test]
fn bounded_blocking() {
    let doubt = |until: Option<u64>, within: Option<u64>| {
        let mut history = History::new();
        history.at(99_000).offer(0, OPEN, 3);
        prepare(&mut history, 0, 1, 7);
        if let Some(until) = until {
            resolve(history.at(until), 0, 1, Commit);
        }
        let within = within.map(Span::from_secs);
        history.at(115_000).found_within("bounded-blocking", false, within).verdict()
    };
    assert_eq!(doubt(Some(104_000), Some(5)), Held, "the load ends at 100 s");
    assert_eq!(doubt(Some(106_000), Some(5)), Violated);
    assert_eq!(doubt(None, Some(5)), Violated);
    assert_eq!(doubt(None, Some(20)), Undecided, "it still has time");
    assert_eq!(doubt(Some(104_000), None), Undecided, "nothing is promised");
}

#[test]
fn a_bound_counts_from_the_heal() {
    let mut history = History::new();
    history.at(99_000).offer(0, OPEN, 3);
    prepare(&mut history, 0, 1, 7);
    history.at(103_000).note(events::fault_ended(0));
    resolve(history.at(106_000), 0, 1, Commit);
    let five = Some(Span::from_secs(5));
    assert_eq!(history.found_within("bounded-blocking", true, five).verdict(), Held);
}
