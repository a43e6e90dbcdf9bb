//! Prepared branches, crashes and recovery.

use super::super::rows::RowId;
use super::*;
use crate::model::contract::label;
use crate::model::disk::DiskFault;
use crate::model::record::AbortCause;
use crate::model::record::Decision::{self, Abort, Commit};
use proptest::prelude::*;

type Outcomes<T> = Rc<RefCell<Vec<(OpId, T)>>>;

/// Applies a step and prepares.
fn prepare(bench: &Bench, op: OpId) -> Result<Vote, DbError> {
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        txn.apply(first(op)).await?;
        txn.prepare(ballot(u128::from(op.0))).await
    })
}

const fn decision(commit: bool) -> Decision {
    if commit { Commit } else { Abort }
}

fn resolve(bench: &Bench, txn: TxnId, resolution: Resolution) -> Result<(), DbError> {
    let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
    bench.get(async move { db.resolve(ctx, client, txn, resolution).await })
}

/// The answer to a request for a connection.
fn refused(bench: &Bench) -> impl Future<Output = Result<(), DbError>> + use<> {
    let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
    async move { db.begin(ctx, client, DESK, false).await.map(drop) }
}

fn voted(vote: Result<Vote, DbError>) -> TxnId {
    match vote {
        Ok(Vote::Yes(txn)) => txn,
        other => panic!("{other:?} is no yes"),
    }
}

#[test]
fn a_prepared_branch_keeps_its_locks_until_it_is_resolved() {
    let bench = Bench::new();
    let (op, other) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    let txn = voted(prepare(&bench, op));
    assert_eq!(bench.shown(first(op)), 0, "nobody sees it yet");
    assert_eq!(bench.get(bench.apply(&[first(other)])), Err(DbError::LockTimeout));
    bench.run(10_000);
    let branches = bench.db.prepared();
    assert_eq!(
        branches.iter().map(|b| (b.txn, b.tag, b.op)).collect::<Vec<_>>(),
        [(txn, 0, OpId::NONE)]
    );
    assert_eq!(bench.held(label::BRANCH), 1);
    assert_eq!(resolve(&bench, txn, Resolution::forced(Commit)), Ok(()));
    assert_eq!(
        resolve(&bench, txn, Resolution::forced(Commit)),
        Ok(()),
        "telling it twice is fine"
    );
    assert_eq!((bench.shown(first(op)), bench.value(STOCK, 0, 0)), (1, 1));
    assert_eq!(bench.get(bench.apply(&[first(other)])), Ok(()));
    assert_eq!(bench.held(label::BRANCH), 0);
    assert_eq!(bench.count(Kind::PreparedRow), 1);
    bench.check_rest();
}

#[test]
fn votes_say_what_is_the_case() {
    let bench = Bench::new();
    let begin = bench.begin();
    let vote = bench.get(async move {
        let mut txn = begin.await;
        txn.read(STOCK, RowKey(0)).await?;
        txn.prepare(ballot(0)).await
    });
    assert_eq!(vote, Ok(Vote::ReadOnly));
    bench.check_rest();
    let bench = Bench::with(DatabaseSpec { xa: false, ..spec() });
    let op = bench.op(TAKE, &[0]);
    assert_eq!(prepare(&bench, op), Err(DbError::NoXa));
    bench.check_rest();
}

#[test]
fn an_abort_overtakes_the_work_or_waits_for_the_vote() {
    let bench = Bench::new();
    for (delay, cause) in [(2, AbortCause::Requested), (6, AbortCause::Requested)] {
        let op = bench.op(TAKE, &[0]);
        let begin = bench.begin();
        let votes: Outcomes<Result<Vote, DbError>> = Rc::default();
        let kept = Rc::clone(&votes);
        let id = Rc::new(Cell::new(None));
        let told = Rc::clone(&id);
        bench.env.sim().spawn(bench.client, async move {
            let mut txn = begin.await;
            told.set(Some(txn.id()));
            let vote = match txn.apply(first(op)).await {
                Ok(()) => txn.prepare(ballot(0)).await,
                Err(error) => Err(error),
            };
            kept.borrow_mut().push((op, vote));
        });
        bench.run(delay);
        let txn = id.get().expect("the transaction has begun");
        assert_eq!(resolve(&bench, txn, Resolution::presumed(Abort)), Ok(()));
        bench.run(100);
        assert_eq!(bench.db.prepared(), [], "nothing stays in doubt after {delay} ms");
        let aborts = bench.pick(pick!(Event::Aborted { txn, cause, .. } => (txn, cause)));
        assert_eq!(aborts.last(), Some(&(txn, cause)));
    }
    assert_eq!(bench.value(STOCK, 0, 0), 2);
}

#[test]
fn a_prepared_branch_survives_a_crash_with_its_locks() {
    let bench = Bench::new();
    let (op, other) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    let txn = voted(prepare(&bench, op));
    bench.crash();
    assert_eq!(bench.get(refused(&bench)), Err(DbError::Unavailable));
    bench.restart();
    bench.run(100);
    assert_eq!(bench.db.prepared().len(), 1);
    assert_eq!(bench.count(Kind::Prepared), 1, "it was prepared once");
    assert_eq!(bench.get(bench.apply(&[first(other)])), Err(DbError::LockTimeout));
    assert_eq!(resolve(&bench, txn, Resolution::heuristic(Abort)), Ok(()));
    let resolved =
        bench.pick(pick!(Event::Resolved { decision, heuristic, .. } => (decision, heuristic)));
    assert_eq!(resolved, [(Abort, true)]);
    assert_eq!((bench.shown(first(op)), bench.value(STOCK, 0, 0)), (0, 2));
    assert_eq!(bench.get(bench.apply(&[first(other)])), Ok(()));
    bench.check_rest();
}

#[test]
fn an_outcome_that_was_not_forced_is_in_doubt_again_after_a_crash() {
    for commit in [true, false] {
        let bench = Bench::new();
        let op = bench.op(TAKE, &[0]);
        let txn = voted(prepare(&bench, op));
        assert_eq!(resolve(&bench, txn, Resolution::presumed(decision(commit))), Ok(()));
        assert_eq!(bench.shown(first(op)), i64::from(commit));
        bench.crash();
        bench.restart();
        bench.run(100);
        assert_eq!(bench.db.prepared().len(), 1);
        assert_eq!((bench.shown(first(op)), bench.value(STOCK, 0, 0)), (0, 2));
        assert_eq!(bench.count(Kind::Prepared), 2);
        assert_eq!(resolve(&bench, txn, Resolution::forced(decision(commit))), Ok(()));
        assert_eq!(bench.shown(first(op)), i64::from(commit));
        assert_eq!(bench.held(label::BRANCH), 0);
        bench.check_rest();
    }
}

#[test]
fn a_lying_disk_loses_what_it_said_was_durable() {
    let bench = Bench::new();
    let (before, lost) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    bench.get(bench.apply(&[first(before)])).expect("it commits");
    bench.db.disk().begin_fault(DiskFault::Lying);
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        let event = outbox::Event { op: lost, step: StepId(0), kind: EventKind::Applied };
        txn.apply(first(lost)).await.expect("it is applied");
        txn.enqueue(event).await.expect("an event");
        txn.commit().await.expect("it says so");
    });
    assert_eq!(bench.shown(first(lost)), 1);
    bench.crash();
    bench.restart();
    bench.run(100);
    assert_eq!((bench.shown(first(before)), bench.shown(first(lost))), (1, 0));
    assert_eq!(bench.value(STOCK, 0, 0), 1);
    assert_eq!(bench.held(label::OUTBOX), 0);
    bench.check_rest();
}

/// Crashes the node at an instant: behind the timers that were set earlier, before those whom they
/// wake, so that it falls between a flush and those who waited for it.
fn crash_between(bench: &Bench, at: Span) {
    let (sim, db) = (bench.env.sim().clone(), Rc::clone(&bench.db));
    let at = Time::ZERO + at;
    bench.env.sim().spawn(NodeId::WORLD, async move {
        sim.sleep_until(Time::from_nanos(at.as_nanos() - 1)).await;
        sim.sleep_until(at).await;
        sim.crash(db.node());
        db.crash(false);
    });
}

#[test]
fn what_is_durable_but_not_in_place_is_redone() {
    for plan in [Plan::Commit, Plan::Prepare] {
        let bench = Bench::new();
        let op = bench.op(TAKE, &[0]);
        // A statement takes 3 ms, the way of the commit 1 ms, the flush 4 ms.
        crash_between(&bench, ms(8));
        let begin = bench.begin();
        let outcome = bench.get(async move { carry_out(begin.await, op, plan).await });
        assert_eq!(outcome, Err(DbError::Unknown));
        assert_eq!(bench.count(Kind::Forced), 1);
        assert_eq!(bench.count(Kind::Committed) + bench.count(Kind::Prepared), 0);
        bench.restart();
        bench.run(100);
        let commits = plan == Plan::Commit;
        assert_eq!(bench.shown(first(op)), i64::from(commits));
        assert_eq!(bench.count(Kind::Committed), usize::from(commits));
        assert_eq!(bench.count(Kind::Prepared), usize::from(!commits));
        assert_eq!(bench.db.prepared().len(), usize::from(!commits));
        assert_eq!(bench.count(Kind::Aborted), 0, "the crash ended nothing");
    }
}

/// The plan of a client of the crash test for its operation.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Plan {
    Commit,
    Rollback,
    Prepare,
}

async fn carry_out(txn: Txn, op: OpId, plan: Plan) -> Result<Option<TxnId>, DbError> {
    let mut txn = txn;
    txn.apply(first(op)).await?;
    match plan {
        Plan::Commit => txn.commit().await.map(|()| None),
        Plan::Rollback => {
            txn.rollback().await;
            Ok(None)
        }
        Plan::Prepare => match txn.prepare(ballot(u128::from(op.0))).await? {
            Vote::Yes(txn) => Ok(Some(txn)),
            Vote::ReadOnly => Ok(None),
        },
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![3 => Just(Plan::Commit), 1 => Just(Plan::Rollback), 2 => Just(Plan::Prepare)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_the_crash_point_the_promises_hold(
        plans in prop::collection::vec((plan(), 0_u64..12, 0_u64..10), 1..8),
        crash in 1_u64..40,
        commit: bool,
    ) {
        let bench = Bench::new();
        let outcomes: Outcomes<Result<Option<TxnId>, DbError>> = Rc::default();
        let mut ops = Vec::new();
        for (plan, start, customer) in plans {
            let op = bench.op(MOVE, &[customer, 0]);
            ops.push((op, plan, customer));
            let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
            let outcomes = Rc::clone(&outcomes);
            let at = Time::ZERO + ms(start);
            bench.env.sim().spawn_at(at, client, async move {
                let outcome = match db.begin(ctx, client, DESK, false).await {
                    Ok(txn) => carry_out(txn, op, plan).await,
                    Err(error) => Err(error),
                };
                outcomes.borrow_mut().push((op, outcome));
            });
        }
        crash_between(&bench, ms(crash));
        bench.run(crash + 5);
        bench.restart();
        bench.run(3000);
        let outcomes = outcomes.borrow().clone();
        prop_assert_eq!(outcomes.len(), ops.len(), "everybody hears something");
        let in_doubt = bench.db.prepared();
        for (op, plan, customer) in &ops {
            let outcome = outcomes.iter().find(|other| other.0 == *op).map(|found| found.1);
            let shown = bench.shown(first(*op));
            let doubt = in_doubt.iter().any(|branch| branch.tag == u128::from(op.0));
            match (plan, outcome.expect("an outcome")) {
                (Plan::Commit, Ok(_)) => prop_assert_eq!(shown, 1, "committed stays"),
                (Plan::Commit, Err(DbError::Unknown)) => prop_assert!(shown == 0 || shown == 1),
                (Plan::Prepare, Ok(_)) => prop_assert!(doubt, "prepared is in doubt"),
                (Plan::Prepare, Err(DbError::Unknown)) => prop_assert_eq!(shown, 0),
                _ => prop_assert!(shown == 0 && !doubt, "uncommitted goes"),
            }
            let row = RowId { table: CUSTOMERS, key: RowKey(*customer) };
            let branch = in_doubt.iter().find(|branch| branch.tag == u128::from(op.0));
            if let Some(branch) = branch {
                let held = bench.db.state().locks.held(branch.txn).to_vec();
                prop_assert_eq!(held, [row]);
            }
        }
        for branch in &in_doubt {
            let outcome = Resolution::forced(decision(commit));
            prop_assert_eq!(resolve(&bench, branch.txn, outcome), Ok(()));
        }
        for customer in 0..10 {
            let here = ops.iter().filter(|(_, _, key)| *key == customer);
            let total: i64 = here.map(|(op, ..)| bench.shown(first(*op))).sum();
            prop_assert_eq!(bench.value(CUSTOMERS, customer, 0), -total);
        }
        bench.run(3000);
        bench.check_rest();
    }
}
