//! Sessions, locks, commits, the outbox and idempotency keys.

use super::*;
use crate::kernel::join_all;
use crate::model::contract::label;
use crate::model::log::Lsn;
use crate::model::record::{AbortCause, LockFailure, ProbeId, RefusalReason, Sight};

fn aborts(bench: &Bench) -> Vec<AbortCause> {
    bench.pick(pick!(Event::Aborted { cause, .. } => cause))
}

#[test]
fn a_committed_step_is_shown_once_with_its_values() {
    let bench = Bench::new();
    let op = bench.op(OPEN, &[100, 4]);
    bench.get(bench.apply(&[first(op), second(op)])).expect("it commits");
    // Two statements and the commit: 1 ms there, 1 ms of work (not for the commit), 1 ms back.
    assert_eq!(bench.env.now(), Time::ZERO + ms(3 + 3 + 1 + 4 + 1));
    assert_eq!((bench.value(TICKETS, 100, 0), bench.value(TICKETS, 100, 1)), (4, 1));
    assert_eq!(bench.value(CUSTOMERS, 4, 0), 1);
    assert_eq!((bench.shown(first(op)), bench.shown(second(op))), (1, 1));
    let values = bench.pick(pick!(Event::Value { column: ColumnRef { table, column }, row, value }
        => (table, column, row.0, value)));
    let expected = [(TICKETS, 0, 100, 4), (TICKETS, 1, 100, 1), (CUSTOMERS, 0, 4, 1)];
    assert_eq!(values, expected);
    assert_eq!(bench.count(Kind::Committed), 1);
    bench.check_rest();
}

#[test]
fn concurrent_commits_share_forced_writes_and_lose_nothing() {
    let bench = Bench::new();
    let ops: Vec<OpId> = (0..8).map(|_| bench.op(OPEN, &[0, 4])).collect();
    let adds = ops.iter().enumerate().map(|(at, op)| {
        let (begin, op) = (bench.begin(), *op);
        let key = RowKey(at as u64);
        Box::pin(async move {
            let mut txn = begin.await;
            txn.apply(second(op)).await.expect("it is applied");
            txn.once(IdemKey { op, step: StepId(0), direction: Direction::Forward, consumer: 0 })
                .await
                .expect("a key");
            assert!(!txn.read(CUSTOMERS, key).await.expect("a row").exists() || key.0 < 10);
            txn.commit().await.expect("it commits");
        })
    });
    let adds = join_all(adds.collect());
    bench.get(async move { drop(adds.await) });
    assert_eq!(bench.value(CUSTOMERS, 4, 0), 8, "no update is lost on one row");
    let rows: Vec<OpId> = (0..8).map(|at| bench.op(OPEN, &[100 + at, 4])).collect();
    let (before, logged) = (bench.count(Kind::Forced), bench.db.log.last());
    let inserts = join_all(rows.iter().map(|op| Box::pin(bench.apply(&[first(*op)]))).collect());
    bench.get(async move { drop(inserts.await) });
    assert_eq!(bench.db.log.last(), Lsn(logged.0 + 8));
    assert!(bench.count(Kind::Forced) - before <= 4, "commits that arrive together share a flush");
    bench.check_rest();
}

#[test]
fn the_victim_of_a_deadlock_is_rolled_back_at_once() {
    let bench = Bench::new();
    let (a, b) = (bench.op(MOVE, &[1, 2]), bench.op(MOVE, &[2, 1]));
    let both = join_all(vec![
        Box::pin(bench.apply(&[first(a), second(a)])),
        Box::pin(bench.apply(&[first(b), second(b)])),
    ]);
    let results = bench.get(both);
    assert_eq!(results, [Ok(()), Err(DbError::Deadlock)]);
    assert_eq!((bench.value(CUSTOMERS, 1, 0), bench.value(CUSTOMERS, 2, 0)), (-1, 1));
    assert_eq!(aborts(&bench), [AbortCause::Deadlock]);
    bench.check_rest();
}

#[test]
fn who_waits_too_long_for_a_lock_gives_up() {
    let bench = Bench::new();
    let (a, b) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    let begin = bench.begin();
    let sim = bench.env.sim().clone();
    bench.env.sim().spawn(bench.client, async move {
        let mut txn = begin.await;
        txn.apply(first(a)).await.expect("it is applied");
        sim.sleep(ms(500)).await;
        txn.commit().await.expect("it commits");
    });
    bench.run(10);
    let result = bench.get(bench.apply(&[first(b)]));
    assert_eq!(result, Err(DbError::LockTimeout));
    assert_eq!(bench.env.now(), Time::ZERO + ms(10 + 1 + 200 + 1));
    bench.run(1000);
    assert_eq!(bench.value(STOCK, 0, 0), 1, "only the first took a piece");
    let failures = bench.pick(pick!(Event::LockFailed { failure, .. } => failure));
    assert_eq!(failures, [LockFailure::Timeout]);
    bench.check_rest();
}

#[test]
fn a_broken_session_is_rolled_back_one_delay_later() {
    let bench = Bench::new();
    let (a, b) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        txn.apply(first(a)).await.expect("it is applied");
    });
    assert_eq!(bench.db.state().locks.len(), 1, "the database does not know yet");
    bench.run(1);
    assert_eq!(bench.db.state().locks.len(), 0);
    assert_eq!(aborts(&bench), [AbortCause::Broken]);
    bench.get(bench.apply(&[first(b)])).expect("the row is free");
    assert_eq!(bench.value(STOCK, 0, 0), 1);
    bench.check_rest();
}

#[test]
fn a_statement_whose_caller_dies_in_line_gives_its_place_back() {
    let bench = Bench::new();
    let (a, b) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    let (db, sim) = (Rc::clone(&bench.db), bench.env.sim().clone());
    bench.env.sim().spawn(NodeId::WORLD, async move {
        let txn = db.begin(Ctx::WORLD, NodeId::WORLD, SHOP, false).await;
        let mut txn = txn.expect("a connection");
        txn.apply(first(a)).await.expect("it is applied");
        sim.sleep(ms(100)).await;
        txn.rollback().await;
    });
    bench.run(10);
    let waiter = bench.apply(&[first(b)]);
    bench.env.sim().spawn(bench.client, async move {
        let _ = waiter.await;
    });
    bench.run(10);
    assert_eq!(bench.count(Kind::LockWait), 1);
    bench.env.sim().crash(bench.client);
    bench.run(200);
    assert_eq!((bench.count(Kind::LockGranted), bench.count(Kind::LockFailed)), (0, 1));
    assert_eq!(bench.value(STOCK, 0, 0), 2);
    bench.check_rest();
}

#[test]
fn a_submitted_commit_completes_though_its_caller_dies() {
    let bench = Bench::new();
    let op = bench.op(TAKE, &[0]);
    let process = bench.apply(&[first(op)]);
    bench.env.sim().spawn(bench.client, async move {
        let _ = process.await;
    });
    bench.run(4);
    bench.env.sim().crash(bench.client);
    bench.run(100);
    assert_eq!(bench.value(STOCK, 0, 0), 1);
    assert_eq!(bench.shown(first(op)), 1);
    bench.check_rest();
}

#[test]
fn a_cut_link_delays_a_session_and_loses_nothing() {
    let bench = Bench::new();
    let op = bench.op(TAKE, &[0]);
    let process = bench.apply(&[first(op)]);
    bench.env.sim().spawn(bench.client, async move {
        let _ = process.await;
    });
    bench.wire.cut(true);
    bench.run(100);
    assert_eq!(bench.count(Kind::Delivered), 0);
    bench.wire.cut(false);
    bench.run(100);
    assert_eq!(bench.value(STOCK, 0, 0), 1);
    bench.check_rest();
}

#[test]
fn a_transaction_that_stays_open_too_long_is_rolled_back() {
    let bench = Bench::new();
    let (a, b) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[1]));
    let begin = bench.begin();
    let sim = bench.env.sim().clone();
    let result = bench.get(async move {
        let mut txn = begin.await;
        txn.apply(first(a)).await.expect("it is applied");
        sim.sleep(ms(2500)).await;
        txn.apply(first(b)).await
    });
    assert_eq!(result, Err(DbError::Broken));
    assert_eq!(aborts(&bench), [AbortCause::BranchTimeout]);
    bench.check_rest();
}

#[test]
fn rules_refuse_and_the_transaction_goes_on() {
    let bench = Bench::new();
    let ops: Vec<OpId> = (0..3).map(|_| bench.op(TAKE, &[0])).collect();
    let steps: Vec<StepRef> = ops.iter().map(|op| first(*op)).collect();
    assert_eq!(bench.get(bench.apply(&steps[..2])), Ok(()));
    assert_eq!(bench.get(bench.apply(&steps[2..])), Err(DbError::Refused));
    assert_eq!(bench.value(STOCK, 0, 0), 0, "never below its bound");
    let chance = bench.op(REFUSED, &[1]);
    assert_eq!(bench.get(bench.apply(&[first(chance)])), Err(DbError::Refused));
    let nobody = bench.op(TAKE, &[77]);
    assert_eq!(bench.get(bench.apply(&[first(nobody)])), Err(DbError::Refused));
    let reasons = bench.pick(pick!(Event::RefusedByRule { reason, .. } => reason));
    assert_eq!(reasons, [RefusalReason::Bound, RefusalReason::Chance, RefusalReason::NoRow]);
    bench.run(10);
    assert_eq!(aborts(&bench), [AbortCause::Rule; 3]);
    bench.check_rest();
}

#[test]
fn a_table_belongs_to_its_owner() {
    let bench = Bench::new();
    let op = bench.op(TAKE, &[0]);
    let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
    let results = bench.get(async move {
        let mut results = Vec::new();
        for (service, grant) in [(DESK, false), (DESK, true), (SHOP, false)] {
            let mut txn = db.begin(ctx, client, service, grant).await.expect("a connection");
            results.push(txn.apply(first(op)).await);
            txn.rollback().await;
        }
        results
    });
    assert_eq!(results, [Err(DbError::Denied), Ok(()), Ok(())]);
}

#[test]
fn the_outbox_is_committed_with_its_cause() {
    let bench = Bench::new();
    let (a, b) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[1]));
    let event = |op| outbox::Event { op, step: StepId(0), kind: EventKind::Applied };
    let (slow, quick) = (bench.begin(), bench.begin());
    let sim = bench.env.sim().clone();
    bench.env.sim().spawn(bench.client, async move {
        let mut txn = slow.await;
        txn.enqueue(event(a)).await.expect("an event");
        sim.sleep(ms(100)).await;
        txn.commit().await.expect("it commits");
    });
    bench.run(1);
    bench.get(async move {
        let mut txn = quick.await;
        txn.enqueue(event(b)).await.expect("an event");
        txn.commit().await.expect("it commits");
    });
    let relay = |after| {
        let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
        async move {
            let rows =
                db.outbox_read(ctx, client, 10, move |row| row.id > after).await.expect("rows");
            let tail = db.tail(ctx, client, (Position(after), 10), |_| true).await.expect("a tail");
            (rows, tail)
        }
    };
    let (rows, tail) = bench.get(relay(0));
    assert_eq!(rows, tail, "only what is committed is there");
    assert_eq!(rows.iter().map(|row| (row.id, row.event.op)).collect::<Vec<_>>(), [(2, b)]);
    bench.run(200);
    let (rows, tail) = bench.get(relay(0));
    assert_eq!(rows.iter().map(|row| row.event.op).collect::<Vec<_>>(), [a, b]);
    assert_eq!(tail.iter().map(|row| row.event.op).collect::<Vec<_>>(), [b, a]);
    assert!(bench.get(relay(2)).0.is_empty(), "who asks by number has missed the slow one");
    assert_eq!(bench.held(label::OUTBOX), 2);
    assert!(bench.db.busy());
    let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
    bench.get(async move {
        db.tail_confirm(ctx, client, Position(1), |_| true).await.expect("it is confirmed");
        db.outbox_delete(ctx, client, vec![1, 2]).await.expect("it is deleted");
    });
    assert_eq!(bench.held(label::OUTBOX), 0);
    bench.check_rest();
}

#[test]
fn an_effect_that_is_delivered_twice_counts_twice_unless_it_has_a_key() {
    let bench = Bench::new();
    let (bare, keyed) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[1]));
    for _ in 0..2 {
        bench.get(bench.apply(&[first(bare)])).expect("it commits");
        let begin = bench.begin();
        let op = keyed;
        bench.get(async move {
            let mut txn = begin.await;
            let key = IdemKey { op, step: StepId(0), direction: Direction::Forward, consumer: 0 };
            if txn.once(key).await.expect("a key") {
                txn.apply(first(op)).await.expect("it is applied");
            }
            txn.commit().await.expect("it commits");
        });
    }
    assert_eq!((bench.shown(first(bare)), bench.shown(first(keyed))), (2, 1));
    assert_eq!((bench.value(STOCK, 0, 0), bench.value(STOCK, 1, 0)), (0, 1));
    bench.db.forget_keys_before(bench.env.now(), |_| true);
    let key = IdemKey { op: keyed, step: StepId(0), direction: Direction::Forward, consumer: 0 };
    assert_eq!(bench.db.state().keys.outcome(key), None, "the retention is over");
    bench.check_rest();
}

#[test]
fn a_key_that_is_not_committed_yet_is_waited_for() {
    let bench = Bench::new();
    let op = bench.op(TAKE, &[0]);
    let key = IdemKey { op, step: StepId(0), direction: Direction::Forward, consumer: 0 };
    let claim = |begin: std::pin::Pin<Box<dyn Future<Output = Txn>>>, commits: bool| {
        Box::pin(async move {
            let mut txn = begin.await;
            let first = txn.once(key).await.expect("a key");
            if commits {
                txn.commit().await.expect("it commits");
            } else {
                txn.rollback().await;
            }
            first
        })
    };
    let claims = [false, true, true].map(|commits| claim(Box::pin(bench.begin()), commits));
    assert_eq!(bench.get(join_all(claims.into())), [true, true, false]);
    bench.check_rest();
}

#[test]
fn probes_write_down_what_the_row_shows() {
    let bench = Bench::new();
    let op = bench.op(TAKE, &[0]);
    let probe = |number| {
        let ctx = Ctx { op, step: StepId(0), ..bench.ctx() };
        let (db, client) = (Rc::clone(&bench.db), bench.client);
        bench
            .get(async move {
                let rows = vec![(StepId(0), STOCK, RowKey(0))];
                db.probe(ctx, client, ServiceId(0), rows, ProbeId(number)).await
            })
            .expect("it is read");
    };
    probe(1);
    bench.get(bench.apply(&[first(op)])).expect("it commits");
    probe(2);
    bench.get(bench.apply(&[first(op)])).expect("it commits");
    probe(3);
    let saw = bench.pick(pick!(Event::ProbeSaw { probe, sight, .. } => (probe.0, sight)));
    assert_eq!(saw, [(1, Sight::Nothing), (2, Sight::Effect), (3, Sight::Other)]);
    bench.check_rest();
}
