//! Values are judged by what they contain, whoever wrote them.

use std::pin::Pin;

use super::*;

/// A job that reads the tickets of a customer and derives the count of open ones.
async fn derive(txn: &mut Txn, customer: u64) -> Derived {
    let mut rows = txn.scan(TICKETS, None, usize::MAX).await.expect("rows");
    rows.retain(|row| row.value(0) == customer as i64);
    let open = rows.iter().filter(|row| row.exists() && row.value(1) == 1).count();
    let read: Vec<Version> = rows.iter().flat_map(|row| [row.existence(), row.column(1)]).collect();
    Version::computed(open as i64, read.iter())
}

async fn write(txn: &mut Txn, customer: u64, count: Derived) {
    let cells = vec![(0, count)];
    let key = RowKey(customer);
    txn.write_versions(CUSTOMERS, key, cells, Policy::Blind).await.expect("it is written");
}

/// Derives and writes a customer's count in one transaction.
fn correct(bench: &Bench, customer: u64) {
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        let count = derive(&mut txn, customer).await;
        write(&mut txn, customer, count).await;
        txn.commit().await.expect("it commits");
    });
}

#[test]
fn a_derived_count_shows_the_operations_that_it_contains() {
    let bench = Bench::new();
    let ops: Vec<OpId> = (0..3).map(|key| bench.op(OPEN, &[key, 4])).collect();
    for op in &ops {
        bench.get(bench.apply(&[first(*op)])).expect("it commits");
    }
    correct(&bench, 4);
    assert_eq!(bench.value(CUSTOMERS, 4, 0), 3);
    let shown = |bench: &Bench| ops.iter().map(|op| bench.shown(second(*op))).collect::<Vec<_>>();
    assert_eq!(shown(&bench), [1, 1, 1]);
    let close = bench.op(CLOSE, &[1, 4]);
    bench.get(bench.apply(&[first(close)])).expect("it commits");
    assert_eq!(bench.shown(second(close)), 0, "the count does not know yet");
    bench.get(bench.apply(&[StepRef::undo(ops[2], StepId(0))])).expect("it commits");
    correct(&bench, 4);
    assert_eq!(bench.value(CUSTOMERS, 4, 0), 1);
    assert_eq!(bench.shown(second(close)), 1);
    assert_eq!(shown(&bench), [1, 1, 1], "what was closed or deleted was counted once");
    assert_eq!(bench.shown(StepRef::undo(ops[2], StepId(1))), 1, "the deletion is in it as well");
    correct(&bench, 4);
    assert_eq!(shown(&bench), [1, 1, 1], "one more correction changes nothing");
    bench.check_rest();
}

#[test]
fn a_count_that_was_found_right_reflects_what_cancels_out() {
    let bench = Bench::new();
    let (open, close) = (bench.op(OPEN, &[0, 4]), bench.op(CLOSE, &[0, 4]));
    bench.get(bench.apply(&[first(open)])).expect("it commits");
    bench.get(bench.apply(&[first(close)])).expect("it commits");
    let compare = |bench: &Bench, meanwhile: Option<OpId>| {
        let begin = bench.begin();
        let meanwhile = meanwhile.map(|op| bench.apply(&[second(op)]));
        let (db, ctx) = (Rc::clone(&bench.db), bench.ctx());
        bench.get(async move {
            let mut txn = begin.await;
            let row = txn.read(CUSTOMERS, RowKey(4)).await.expect("a row");
            let count = derive(&mut txn, 4).await;
            txn.rollback().await;
            if let Some(write) = meanwhile {
                write.await.expect("it commits");
            }
            assert_eq!(count.value(), row.value(0));
            db.attest(&ctx, CUSTOMERS, &row, 0, &count);
        });
    };
    let late = bench.op(MOVE, &[1, 4]);
    compare(&bench, Some(late));
    assert_eq!(bench.shown(second(open)), 0, "the row was written meanwhile");
    bench.get(bench.apply(&[StepRef::undo(late, StepId(1))])).expect("it commits");
    compare(&bench, None);
    assert_eq!((bench.shown(second(open)), bench.shown(second(close))), (1, 1));
    compare(&bench, None);
    assert_eq!((bench.shown(second(open)), bench.shown(second(close))), (1, 1));
    assert_eq!((bench.value(CUSTOMERS, 4, 0), bench.shown(second(late))), (0, 1));
}

type Writing = Pin<Box<dyn Future<Output = Result<(), DbError>>>>;

/// A service adds to the count between the read and the write of a job.
fn race(
    write: impl FnOnce(Txn, RowVersion) -> Writing + 'static,
) -> (Bench, StepRef, Result<(), DbError>) {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    let (read, begin, service) = (bench.begin(), bench.begin(), bench.apply(&[second(op)]));
    let result = bench.get(async move {
        let mut txn = read.await;
        let stale = txn.read(CUSTOMERS, RowKey(4)).await.expect("a row");
        txn.rollback().await;
        service.await.expect("it commits");
        write(begin.await, stale).await
    });
    (bench, second(op), result)
}

#[test]
fn a_blind_overwrite_with_a_stale_image_loses_an_update() {
    let (bench, step, result) = race(|mut txn, stale| {
        Box::pin(async move {
            // The whole row, with the count that is only carried along.
            let cells = vec![(0, stale.column(0).copied()), (1, stale.column(1).copied())];
            txn.write_versions(CUSTOMERS, stale.key(), cells, Policy::Blind).await?;
            txn.commit().await
        })
    });
    assert_eq!(result, Ok(()));
    assert_eq!(bench.value(CUSTOMERS, 4, 0), 0);
    assert_eq!(bench.shown(step), 0, "it was shown and is no more");
    assert_eq!(bench.count(Kind::Shown), 2);
}

#[test]
fn compare_and_set_loses_none() {
    let (bench, step, result) = race(|mut txn, stale| {
        Box::pin(async move {
            let cells = vec![(0, stale.column(0).copied())];
            let policy = Policy::CompareAndSet(stale.version());
            txn.write_versions(CUSTOMERS, stale.key(), cells, policy).await?;
            txn.commit().await
        })
    });
    assert_eq!(result, Err(DbError::Conflict));
    assert_eq!((bench.value(CUSTOMERS, 4, 0), bench.shown(step)), (1, 1));
}

#[test]
fn a_commutative_delta_loses_none() {
    let (bench, step, result) = race(|mut txn, stale| {
        Box::pin(async move {
            let five = Version::computed(5, [stale.column(0)].iter());
            let deltas = vec![(0, five.delta_from(&stale.column(0)))];
            txn.write_deltas(CUSTOMERS, stale.key(), deltas).await?;
            txn.commit().await
        })
    });
    assert_eq!(result, Ok(()));
    assert_eq!((bench.value(CUSTOMERS, 4, 0), bench.shown(step)), (6, 1));
}

#[test]
fn a_delta_applied_by_two_jobs_at_once_counts_twice() {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    bench.get(bench.apply(&[first(op)])).expect("it commits");
    let (one, other) = (bench.begin(), bench.begin());
    bench.get(async move {
        let (mut one, mut other) = (one.await, other.await);
        let count = derive(&mut one, 4).await;
        let now = other.read(CUSTOMERS, RowKey(4)).await.expect("a row");
        other.rollback().await;
        for mut txn in [one] {
            for _ in 0..2 {
                let deltas = vec![(0, count.delta_from(&now.column(0)))];
                txn.write_deltas(CUSTOMERS, RowKey(4), deltas).await.expect("it is written");
            }
            txn.commit().await.expect("it commits");
        }
    });
    assert_eq!((bench.value(CUSTOMERS, 4, 0), bench.shown(second(op))), (2, 2));
}

#[test]
fn a_copied_row_shows_the_step_whose_row_it_is() {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    bench.get(bench.apply(&[first(op)])).expect("it commits");
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        let row = txn.read(TICKETS, RowKey(100)).await.expect("a row");
        let cells = vec![(EXISTENCE, row.existence().copied()), (0, row.column(0).copied())];
        txn.write_versions(TICKETS, RowKey(200), cells, Policy::Blind).await.expect("written");
        txn.commit().await.expect("it commits");
    });
    assert!(bench.row(TICKETS, 200).exists());
    assert_eq!(bench.value(TICKETS, 200, 0), 4);
    assert_eq!(bench.shown(first(op)), 1, "row 200 is no row of that operation");
    bench.get(bench.apply(&[StepRef::undo(op, StepId(0))])).expect("it commits");
    assert!(!bench.row(TICKETS, 100).exists());
    let gone = bench.pick(pick!(Event::RowDeleted { table, row } => (table, row)));
    assert_eq!(gone, [(TICKETS, RowKey(100))]);
}

#[test]
fn compensation_of_what_never_happened_has_no_effect() {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    let undo = |step| StepRef::undo(op, StepId(step));
    bench.get(bench.apply(&[undo(0), undo(1)])).expect("it commits");
    assert_eq!(bench.value(CUSTOMERS, 4, 0), 0);
    assert_eq!(bench.count(Kind::Shown), 0);
    bench.get(bench.apply(&[first(op), second(op)])).expect("it commits");
    bench.get(bench.apply(&[undo(1), undo(0)])).expect("it commits");
    assert_eq!((bench.shown(undo(0)), bench.shown(undo(1))), (1, 1));
    bench.get(bench.apply(&[undo(1), undo(0)])).expect("it commits");
    assert_eq!(bench.value(CUSTOMERS, 4, 0), -1, "a refund that is paid twice");
    assert_eq!((bench.shown(undo(0)), bench.shown(undo(1))), (1, 2));
}

#[test]
fn what_stood_in_a_deleted_row_is_taken_back_once_and_the_row_stays_away() {
    let bench = Bench::new();
    let (op, later) = (bench.op(OPEN, &[100, 4]), bench.op(CLOSE, &[100, 4]));
    let undo = |op| StepRef::undo(op, StepId(0));
    bench.get(bench.apply(&[first(op), first(later)])).expect("it commits");
    bench.get(bench.apply(&[undo(op)])).expect("it commits");
    assert!(!bench.row(TICKETS, 100).exists());
    assert_eq!(bench.shown(undo(later)), 0, "its row is gone, and nobody took it back yet");
    for _ in 0..2 {
        bench.get(bench.apply(&[undo(later), undo(op)])).expect("it commits");
        assert_eq!((bench.shown(undo(later)), bench.shown(undo(op))), (1, 1));
        assert!(!bench.row(TICKETS, 100).exists());
    }
}

#[test]
fn an_insert_is_naturally_idempotent_and_a_foreign_row_is_refused() {
    let bench = Bench::new();
    let (op, other) = (bench.op(OPEN, &[100, 4]), bench.op(OPEN, &[100, 5]));
    bench.get(bench.apply(&[first(op)])).expect("it commits");
    bench.get(bench.apply(&[first(op)])).expect("it is there already");
    assert_eq!(bench.shown(first(op)), 1);
    assert_eq!(bench.get(bench.apply(&[first(other)])), Err(DbError::Refused));
    bench.get(bench.apply(&[first(op), StepRef::undo(op, StepId(0))])).expect("it commits");
    assert!(!bench.row(TICKETS, 100).exists());
    bench.get(bench.apply(&[first(other)])).expect("the key is free again");
    assert_eq!(bench.value(TICKETS, 100, 0), 5);
}

#[test]
fn a_transaction_sees_its_own_writes() {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        txn.apply(first(op)).await.expect("it is applied");
        txn.apply(first(op)).await.expect("it is there already");
        assert!(txn.read(TICKETS, RowKey(100)).await.expect("a row").exists());
        txn.apply(StepRef::undo(op, StepId(0))).await.expect("it is taken back");
        assert!(!txn.read(TICKETS, RowKey(100)).await.expect("a row").exists());
        txn.commit().await.expect("it commits");
    });
    let undo = StepRef::undo(op, StepId(0));
    assert_eq!((bench.shown(first(op)), bench.shown(undo)), (1, 1));
}

#[test]
fn a_job_can_have_a_row_taken_back_by_the_step_that_made_it() {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    bench.get(bench.apply(&[first(op)])).expect("it commits");
    let undo = |key, version| {
        let begin = bench.begin();
        bench.get(async move {
            let mut txn = begin.await;
            txn.undo_row(TICKETS, RowKey(key), version, vec![EXISTENCE]).await?;
            txn.commit().await
        })
    };
    assert_eq!(undo(100, 0), Err(DbError::Conflict), "it was not yet there when it was read");
    assert_eq!(undo(100, 1), Ok(()));
    assert_eq!(bench.shown(StepRef::undo(op, StepId(0))), 1);
    assert_eq!(undo(100, 2), Err(DbError::Refused), "once is enough");
    assert_eq!(undo(5, 0), Err(DbError::Refused), "nobody made it");
}

#[test]
fn what_chance_refuses_cannot_be_brought_in_by_a_job() {
    let bench = Bench::new();
    let (op, take) = (bench.op(REFUSED, &[1]), bench.op(TAKE, &[1]));
    let begin = bench.begin();
    let version = |op| {
        let effect =
            super::super::provenance::Effect { op, step: StepId(0), direction: Direction::Forward };
        Version { value: 3, provenance: Provenance::default().and(effect) }
    };
    let (refused, fine) = (version(op), version(take));
    let (vetted, result) = bench.get(async move {
        let mut txn = begin.await;
        let versions = vec![refused.clone(), fine];
        let vetted = txn.vet(STOCK, RowKey(1), (0, 3), versions).await.expect("an answer");
        let cells = vec![(0, refused.copied())];
        (vetted, txn.write_versions(STOCK, RowKey(1), cells, Policy::Blind).await)
    });
    assert_eq!((vetted, result), (vec![true, false], Err(DbError::Refused)));
    let refused = bench.history().into_iter().find(|r| r.kind() == Kind::RefusedByRule);
    assert_eq!(refused.map(|record| record.op), Some(op));
}
