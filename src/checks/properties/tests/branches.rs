//! Properties of distributed transactions.

use super::*;
use crate::kernel::NodeId;
use crate::model::contract::label;
use crate::model::database::RowId;
use crate::model::record::MessageClass;
use crate::model::system::{DatabaseId, RowKey, TableId};

/// The test system, with each table in a database of its own.
fn apart() -> History {
    let mut system = system();
    for (at, table) in (0..).zip(&mut system.tables) {
        table.database = DatabaseId(at);
    }
    History::of(system)
}

fn prepare_at(history: &mut History, database: u32, txn: u64) {
    history.note(Kind::Prepared, |r| (r.op, r.subject, r.a, r.b) = (OpId(0), database, txn, 7));
}

fn log(history: &mut History, log: u32, label: u32) {
    history.note(Kind::Logged, |r| {
        (r.op, r.subject, r.a, r.node) = (OpId(0), log, label.into(), NodeId(9));
    });
}

fn force(history: &mut History, log: u32, count: u64) {
    history.note(Kind::Forced, |r| (r.subject, r.a, r.node) = (log, count, NodeId(9)));
}

#[test]
fn irrevocable() {
    let twice = |outcomes: [u64; 2]| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            outcomes.into_iter().for_each(|outcome| resolve(history, 0, 1, outcome));
        }
    };
    assert_eq!(verdict("irrevocable", twice([0, 0])), Held, "recovery carries it out again");
    assert_eq!(verdict("irrevocable", twice([0, 1])), Violated);
    assert_eq!(verdict("irrevocable", twice([3, 2])), Violated);
}

#[test]
fn commit_validity() {
    let votes = |databases: &[u32]| {
        let mut history = apart();
        history.at(20_000).offer(0, OPEN, 3);
        for (txn, database) in (1..).zip(databases) {
            prepare_at(&mut history, *database, txn);
        }
        resolve(&mut history, 0, 1, 0);
        history.found("commit-validity", true)
    };
    assert_eq!(votes(&[0, 1, 2]).verdict(), Held);
    let finding = votes(&[0, 1]);
    assert_eq!(
        finding.judgement.why,
        "operation 0 commits, and where `assignments` is nothing is prepared"
    );
    let mut late = apart();
    late.at(20_000).offer(0, OPEN, 3);
    prepare_at(&mut late, 0, 1);
    prepare_at(&mut late, 1, 2);
    resolve(&mut late, 0, 1, 0);
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
            history.note(Kind::Prepared, |r| (r.op, r.a, r.node) = (OpId(0), 1, NodeId(9)));
        }
    };
    assert_eq!(verdict("write-ahead", vote(true)), Held);
    assert_eq!(verdict("write-ahead", vote(false)), Violated);

    let tell = |logged: bool, covered: u64| {
        move |history: &mut History| {
            log(history, 1, label::TRANSACTION);
            if logged {
                log(history, 1, label::DECISION);
            }
            force(history, 1, covered);
            history.note(Kind::Sent, |r| {
                (r.op, r.subject, r.b) = (OpId(0), label::COMMIT, MessageClass::Service as u64);
            });
        }
    };
    assert_eq!(verdict("write-ahead", tell(true, 2)), Held);
    assert_eq!(verdict("write-ahead", tell(true, 1)), Violated, "the flush covers another record");
    assert_eq!(verdict("write-ahead", tell(false, 2)), Violated, "nothing was decided");
}

#[test]
fn write_ahead_of_local_commits_but_not_of_ends_of_branches() {
    let commit = |forced: bool, prepared: bool| {
        move |history: &mut History| {
            let here = |r: &mut Record| (r.op, r.a, r.node) = (OpId(0), 1, NodeId(9));
            if prepared {
                history.note(Kind::Prepared, here);
            }
            log(history, 1, label::COMMIT);
            if forced {
                force(history, 1, 1);
            }
            history.note(Kind::Committed, here);
        }
    };
    assert_eq!(verdict("write-ahead", commit(true, false)), Held);
    assert_eq!(verdict("write-ahead", commit(false, false)), Violated);
    assert_eq!(verdict("write-ahead", commit(false, true)), Held, "it may be asked again");
}

#[test]
fn prepared_exclusion() {
    let row = RowId { table: TableId(1), key: RowKey(3) };
    let kept = |after: fn(&mut History)| {
        move |history: &mut History| {
            history.at(20_000).offer(0, OPEN, 3);
            prepare(history, 0, 1, 7);
            history.note(Kind::PreparedRow, |r| (r.a, r.b) = (1, row.hash()));
            after(history);
        }
    };
    let granted = |history: &mut History| {
        let row = RowId { table: TableId(1), key: RowKey(3) };
        history.note(Kind::LockGranted, |r| (r.a, r.b) = (2, row.hash()));
    };
    let overwritten = |history: &mut History| {
        history.value(TableId(1), 0, 3, 5).note(Kind::Committed, |r| r.a = 2);
    };
    assert_eq!(verdict("prepared-exclusion", kept(granted)), Violated);
    assert_eq!(verdict("prepared-exclusion", kept(overwritten)), Violated);
    let in_order = |history: &mut History| {
        history.value(TableId(1), 0, 3, 5).note(Kind::Committed, |r| r.a = 1);
        resolve(history, 0, 1, 0);
        history.value(TableId(1), 0, 3, 6).note(Kind::Committed, |r| r.a = 2);
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
            resolve(history.at(until), 0, 1, 0);
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
    history.at(103_000).note(Kind::FaultEnded, |_| ());
    resolve(history.at(106_000), 0, 1, 0);
    let five = Some(Span::from_secs(5));
    assert_eq!(history.found_within("bounded-blocking", true, five).verdict(), Held);
}
