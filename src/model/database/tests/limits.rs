//! Sessions whose client is silent: dead machines, dead processes and cut cables.

use super::*;
use crate::model::record::AbortCause;

const SECOND: u64 = 1_000;

/// A database that bounds no transaction, but for what `limits` says.
fn patient(limits: impl FnOnce(&mut DatabaseSpec)) -> Bench {
    let mut spec = DatabaseSpec {
        branch_timeout: Span::from_secs(100_000),
        lock_timeout: Span::from_secs(100_000),
        ..spec()
    };
    limits(&mut spec);
    Bench::with(spec)
}

fn probing(idle: u64, interval: u64, probes: u32) -> impl FnOnce(&mut DatabaseSpec) {
    move |spec| {
        let (idle, interval) = (Span::from_secs(idle), Span::from_secs(interval));
        spec.keepalive = KeepaliveSpec { idle, interval, probes };
    }
}

/// A process on the client's node takes the lock of a row, which is answered at 2 ms, and does
/// nothing more. Returns when the clock says 10 ms.
fn hold_a_lock(bench: &Bench) {
    let (begin, op) = (bench.begin(), bench.op(TAKE, &[0]));
    let sim = bench.env.sim().clone();
    bench.env.sim().spawn(bench.client, async move {
        let mut txn = begin.await;
        txn.apply(first(op)).await.expect("it is applied");
        sim.sleep(Span::from_secs(1_000_000)).await;
        drop(txn);
    });
    bench.run(10);
    assert_eq!(bench.db.state().locks.len(), 1);
}

/// Crashes the client's node, and with it the whole machine if `machine` says so.
fn kill(bench: &Bench, machine: bool) {
    bench.wire.silent.set(machine);
    bench.env.sim().crash(bench.client);
}

/// The times, in whole milliseconds, and causes of all roll-backs.
fn ends(bench: &Bench) -> Vec<(u64, AbortCause)> {
    bench.pick(pick!(record: Event::Aborted { cause, .. }
        => (record.time.as_nanos() / 1_000_000, cause)))
}

#[test]
fn a_dead_process_is_noticed_after_one_trip() {
    let bench = patient(|_| ());
    hold_a_lock(&bench);
    kill(&bench, false);
    bench.run(1);
    assert_eq!(ends(&bench), [(11, AbortCause::Broken)]);
    bench.check_rest();
}

#[test]
fn a_dead_machine_keeps_its_locks_until_a_limit_and_others_wait() {
    for (limit, cause, ends_at) in [
        (Some(2), AbortCause::IdleInTransaction, 2 * SECOND + 2),
        (None, AbortCause::BranchTimeout, 5 * SECOND),
    ] {
        let bench = patient(|spec| {
            spec.idle_in_transaction = limit.map(Span::from_secs);
            spec.branch_timeout = Span::from_secs(5);
        });
        hold_a_lock(&bench);
        kill(&bench, true);
        bench.env.sim().restart(bench.client);
        bench.wire.silent.set(false);
        let op = bench.op(TAKE, &[0]);
        bench.get(bench.apply(&[first(op)])).expect("it gets the row in the end");
        // The second waiter goes on from where the first was cut off: work, answer, commit.
        assert_eq!(ends(&bench), [(ends_at, cause)]);
        assert_eq!(bench.env.now(), Time::ZERO + ms(ends_at + 1 + 1 + 1 + 4 + 1));
        bench.check_rest();
    }
}

#[test]
fn a_dead_machine_that_stays_away_answers_no_probe() {
    let bench = patient(probing(10, 2, 3));
    hold_a_lock(&bench);
    kill(&bench, true);
    bench.run(60 * SECOND);
    // Last heard of at 2 ms; probes after 10, 12 and 14 s, and 2 s for the last answer.
    assert_eq!(ends(&bench), [(16 * SECOND + 2, AbortCause::Keepalive)]);
    bench.check_rest();
}

#[test]
fn linux_notices_after_two_hours_and_eleven_minutes() {
    let bench = patient(|_| ());
    hold_a_lock(&bench);
    kill(&bench, true);
    bench.run(3 * 3600 * SECOND);
    assert_eq!(ends(&bench), [(7875 * SECOND + 2, AbortCause::Keepalive)]);
}

#[test]
fn a_machine_that_is_back_answers_the_next_probe_with_a_reset() {
    let bench = patient(probing(10, 2, 9));
    hold_a_lock(&bench);
    kill(&bench, true);
    bench.run(SECOND);
    bench.env.sim().restart(bench.client);
    bench.wire.silent.set(false);
    bench.run(8 * SECOND);
    assert_eq!(ends(&bench), [], "it is back, and nobody has asked it yet");
    bench.run(2 * SECOND);
    assert_eq!(ends(&bench), [(10 * SECOND + 2, AbortCause::Keepalive)]);
    bench.check_rest();
}

#[test]
fn a_client_that_lives_answers_probes_for_ever() {
    let bench = patient(probing(10, 2, 3));
    hold_a_lock(&bench);
    bench.run(3600 * SECOND);
    assert_eq!(ends(&bench), []);
    kill(&bench, false);
    bench.run(1);
    assert_eq!(bench.count(Kind::Aborted), 1);
}

#[test]
fn a_cut_cable_is_noticed_like_a_dead_machine_unless_it_is_mended() {
    for (mended_after, expected) in [(13, None), (17, Some(16 * SECOND + 2))] {
        let bench = patient(probing(10, 2, 3));
        hold_a_lock(&bench);
        bench.wire.cut(true);
        bench.run(mended_after * SECOND);
        bench.wire.cut(false);
        bench.run(3600 * SECOND);
        let expected: Vec<_> = expected.map(|at| (at, AbortCause::Keepalive)).into_iter().collect();
        assert_eq!(ends(&bench), expected, "mended after {mended_after} s");
    }
}

#[test]
fn nobody_is_idle_while_its_statement_waits() {
    let bench = patient(|spec| spec.idle_in_transaction = Some(Span::from_secs(3)));
    let (a, b) = (bench.op(TAKE, &[0]), bench.op(TAKE, &[0]));
    let (begin, sim) = (bench.begin(), bench.env.sim().clone());
    bench.env.sim().spawn(bench.client, async move {
        let mut txn = begin.await;
        txn.apply(first(a)).await.expect("it is applied");
        for _ in 0..5 {
            txn.read(STOCK, RowKey(0)).await.expect("it is read");
            sim.sleep(ms(2 * SECOND)).await;
        }
        txn.commit().await.expect("it is never idle for long");
    });
    bench.run(10);
    bench.get(bench.apply(&[first(b)])).expect("a statement waits for 10 s and is not idle");
    assert!(bench.env.now() > Time::ZERO + ms(10 * SECOND));
    assert_eq!(ends(&bench), []);
    bench.check_rest();
}

/// A client that has a transaction open asks for a row 10 ms later, when the database is down.
#[test]
fn a_database_whose_machine_is_dead_is_silent_and_a_dead_process_is_not() {
    let given_up = 74 * SECOND + 13; // Asked at 13 ms; nobody answers probes after 60 and 67 s.
    for (machine, back_after, heard_at) in
        [(false, 60, 13), (true, 60, 60 * SECOND), (true, 90, given_up)]
    {
        let bench = patient(probing(60, 7, 2));
        let (begin, op, sim) = (bench.begin(), bench.op(TAKE, &[0]), bench.env.sim().clone());
        let heard = Rc::new(Cell::new(None));
        let hears = Rc::clone(&heard);
        bench.env.sim().spawn(bench.client, async move {
            let mut txn = begin.await;
            txn.apply(first(op)).await.expect("it is applied");
            sim.sleep(ms(10)).await;
            let read = txn.read(STOCK, RowKey(0)).await.map(drop);
            hears.set(Some((sim.now().as_nanos() / 1_000_000, read)));
        });
        bench.run(10);
        bench.wire.silent.set(machine);
        bench.env.sim().crash(bench.db.node());
        bench.db.crash(false);
        bench.run(back_after * SECOND - 10);
        bench.wire.silent.set(false);
        bench.wire.changed.notify_all();
        bench.run(1);
        assert_eq!(
            heard.get(),
            Some((heard_at, Err(DbError::Broken))),
            "{machine}, {back_after} s"
        );
    }
}
