//! Fencing tokens: which transactions pass, when they wait, and what a crash leaves of a token.

use super::*;
use crate::model::disk::DiskFault;
use crate::model::record::AbortCause;

/// When a transaction was over, and how it ended.
type Ending = Rc<Cell<Option<(Time, Result<(), DbError>)>>>;

impl Bench {
    /// One piece is taken from a row by a transaction that carries a token.
    fn take(&self, row: u64, token: u64) -> impl Future<Output = Result<(), DbError>> + use<> {
        let (op, begin) = (self.op(TAKE, &[row]), self.begin());
        async move {
            let mut txn = begin.await;
            txn.fence(token).await?;
            txn.apply(first(op)).await?;
            txn.commit().await
        }
    }

    /// Starts it and tells what became of it in the end.
    fn start(&self, row: u64, token: u64) -> Ending {
        let (done, take, env) = (Rc::default(), self.take(row, token), self.env.clone());
        let told: Rc<Cell<_>> = Rc::clone(&done);
        self.env.sim().spawn(self.client, async move {
            let result = take.await;
            told.set(Some((env.now(), result)));
        });
        done
    }

    fn fenced(&self) -> usize {
        self.pick(pick!(Event::Aborted { cause: AbortCause::Fenced, .. } => ())).len()
    }
}

#[test]
fn behind_a_token_no_lower_one_passes_crash_or_not() {
    let bench = Bench::new();
    assert_eq!(bench.get(bench.take(0, 3)), Ok(()));
    assert_eq!(bench.get(bench.take(0, 2)), Err(DbError::Fenced));
    assert_eq!(bench.value(STOCK, 0, 0), 1, "it took nothing");
    bench.crash();
    bench.restart();
    bench.run(100);
    assert_eq!(bench.get(bench.take(0, 2)), Err(DbError::Fenced));
    assert_eq!(bench.get(bench.take(0, 3)), Ok(()));
    assert_eq!(bench.get(bench.take(1, 4)), Ok(()));
    assert_eq!(bench.get(bench.take(1, 3)), Err(DbError::Fenced));
    assert_eq!(bench.fenced(), 3);
    bench.check_rest();
}

#[test]
fn a_token_that_was_rolled_back_was_never_there() {
    let bench = Bench::new();
    let begin = bench.begin();
    bench.get(async move {
        let mut txn = begin.await;
        txn.fence(9).await.expect("nobody was here before");
        txn.rollback().await;
    });
    assert_eq!(bench.get(bench.take(0, 1)), Ok(()));
    bench.check_rest();
}

#[test]
fn a_token_that_was_not_durable_goes_with_what_it_came_with() {
    let bench = Bench::new();
    assert_eq!(bench.get(bench.take(0, 1)), Ok(()));
    bench.db.disk().begin_fault(DiskFault::Lying);
    assert_eq!(bench.get(bench.take(0, 2)), Ok(()));
    assert_eq!(bench.get(bench.take(1, 1)), Err(DbError::Fenced));
    bench.crash();
    bench.restart();
    bench.db.disk().end_fault(DiskFault::Lying);
    bench.run(100);
    assert_eq!(bench.value(STOCK, 0, 0), 1, "the second piece is back");
    assert_eq!(bench.get(bench.take(0, 1)), Ok(()));
    bench.check_rest();
}

#[test]
fn those_with_one_token_pass_together_and_a_higher_one_waits_for_them() {
    let bench = Bench::new();
    assert_eq!(bench.get(bench.take(0, 1)), Ok(()));
    let pair = [bench.start(0, 1), bench.start(1, 1)];
    bench.run(1);
    let higher = bench.start(2, 2);
    bench.run(1);
    let late = bench.start(3, 1);
    bench.run(1_000);
    let [one, other] = pair.map(|done| done.get().expect("it is over"));
    assert_eq!((one, one.1), (other, Ok(())), "neither waits for the other");
    let (higher, late) = (higher.get().expect("over"), late.get().expect("over"));
    assert!(higher.1.is_ok() && higher.0 > one.0, "{higher:?} behind {one:?}");
    assert_eq!(late.1, Err(DbError::Fenced), "it came in line behind the higher one");
    bench.check_rest();
}
