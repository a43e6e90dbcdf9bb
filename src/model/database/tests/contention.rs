//! Waits between services when two services share the database: DESK and SHOP.

use super::*;
use crate::model::record::Resource;

/// A wait in the books: who, for whom (none: nobody), for what, how many ms.
type Entry = (ServiceId, Option<ServiceId>, Resource, u64);

fn books(bench: &Bench) -> Vec<Entry> {
    let millis = |span: Span| {
        assert_eq!(span.as_nanos() % ms(1).as_nanos(), 0, "whole milliseconds");
        span.as_nanos() / ms(1).as_nanos()
    };
    bench.pick(pick!(Event::Contended { resource, waiter, holder, waited, .. } => {
        (waiter, holder, resource, millis(waited))
    }))
}

/// A query of a service, sent at `at` ms, that takes a core for `takes` ms; it arrives 1 ms later.
fn query(bench: &Bench, service: ServiceId, at: u64, takes: u64) {
    let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
    bench.env.sim().spawn_at(Time::ZERO + ms(at), client, async move {
        db.query_for(ctx, client, service, ms(takes)).await.expect("it is answered");
    });
}

#[test]
fn a_wait_for_the_only_core_goes_to_whoever_is_at_work() {
    let bench = Bench::with(DatabaseSpec { cores: 1, ..spec() });
    query(&bench, DESK, 0, 100); // At work from 1 to 101.
    query(&bench, SHOP, 10, 30); // Waits from 11 to 101, at work until 131.
    query(&bench, DESK, 20, 50); // Waits from 21 to 131.
    bench.run(300);
    let expected = [
        (SHOP, Some(DESK), Resource::Core, 90),
        (DESK, Some(DESK), Resource::Core, 80),
        (DESK, Some(SHOP), Resource::Core, 30),
    ];
    assert_eq!(books(&bench), expected);
    let served = bench.pick(pick!(Event::Served { service, busy, .. } => (service, busy)));
    assert_eq!(served, [(DESK, ms(100)), (SHOP, ms(30)), (DESK, ms(50))]);
    bench.check_rest();
}

#[test]
fn a_wait_for_several_cores_is_split_over_all_who_hold_one() {
    let bench = Bench::with(DatabaseSpec { cores: 2, ..spec() });
    query(&bench, DESK, 0, 100);
    query(&bench, SHOP, 0, 60);
    query(&bench, SHOP, 10, 5); // Waits from 11 to 61, half for each.
    bench.run(300);
    let expected = [(SHOP, Some(DESK), Resource::Core, 25), (SHOP, Some(SHOP), Resource::Core, 25)];
    assert_eq!(books(&bench), expected);
}

#[test]
fn connections_that_a_fault_took_are_nobodys() {
    let bench = Bench::with(DatabaseSpec { connections: 2, ..spec() });
    let taken = bench.db.pool().try_acquire();
    query(&bench, DESK, 0, 40); // Has a connection until 41.
    query(&bench, SHOP, 5, 10); // Waits from 5 to 41.
    bench.run(300);
    let expected =
        [(SHOP, Some(DESK), Resource::Connection, 18), (SHOP, None, Resource::Connection, 18)];
    assert_eq!(books(&bench), expected);
    drop(taken);
    bench.check_rest();
}

/// A transaction of SHOP that takes from the stock, sent at `at` ms.
fn take(bench: &Bench, at: u64) {
    let op = bench.op(TAKE, &[0]);
    let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
    bench.env.sim().spawn_at(Time::ZERO + ms(at), client, async move {
        let mut txn = db.begin(ctx, client, SHOP, false).await.expect("a connection");
        txn.apply(first(op)).await.expect("it is applied");
        txn.commit().await.expect("it commits");
    });
}

#[test]
fn a_wait_for_a_row_goes_to_its_holder() {
    let bench = Bench::new();
    let (op, begin, sim) = (bench.op(TAKE, &[0]), bench.begin(), bench.env.sim().clone());
    bench.env.sim().spawn(bench.client, async move {
        let mut txn = begin.await;
        txn.apply(first(op)).await.expect("it is applied"); // Has the row from 1, says so at 3.
        sim.sleep(ms(100)).await;
        txn.commit().await.expect("it commits"); // Sent at 103, durable at 108.
    });
    take(&bench, 10); // Waits from 11.
    bench.run(300);
    assert_eq!(books(&bench), [(SHOP, Some(DESK), Resource::Lock, 97)]);
    bench.check_rest();
}

#[test]
fn a_prepared_branch_holds_its_rows_on_its_services_account_through_a_crash() {
    for crash in [false, true] {
        let bench = Bench::new();
        let (op, begin) = (bench.op(TAKE, &[0]), bench.begin());
        let vote = bench.get(async move {
            let mut txn = begin.await;
            txn.apply(first(op)).await.expect("it is applied");
            txn.prepare(Ballot { read_only_vote: false, ..ballot(7) }).await.expect("a vote")
        });
        let Vote::Yes(branch) = vote else { panic!("it wrote something") };
        if crash {
            bench.crash();
            bench.restart();
        }
        take(&bench, 100); // Waits from 101.
        let (db, ctx, client) = (Rc::clone(&bench.db), bench.ctx(), bench.client);
        bench.env.sim().spawn_at(Time::ZERO + ms(150), client, async move {
            // Arrives at 151, is durable at 155.
            db.resolve(ctx, client, branch, Resolution::forced(Decision::Commit))
                .await
                .expect("it is told");
        });
        bench.run(400);
        assert_eq!(books(&bench), [(SHOP, Some(DESK), Resource::Lock, 54)], "{crash}");
        bench.check_rest();
    }
}
