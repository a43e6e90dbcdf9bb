//! Tests of faults around the stores: deployments, loads, queries.

use super::{first, order};
use crate::kernel::{Span, Time};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

fn at(millis: u64) -> Time {
    Time::ZERO + Span::from_millis(millis)
}

#[test]
fn who_is_idle_is_replaced_at_once_and_one_after_the_other() {
    let told = order(
        r#"kind = "deployment"
        targets = ["order", "stock"]
        grace = "3s"
        down = "500ms"
        at = "1s""#,
    );
    let (order, stock) = (told.node("order"), told.node("stock"));
    let times = |kind| {
        let seen = told.all(kind).map(|record| (record.node, record.time));
        seen.collect::<Vec<_>>()
    };
    // The first starts and is ready again after the default recovery of 5 s.
    assert_eq!(times(Kind::Crashed), [(order, at(1_000)), (stock, at(6_500))]);
    assert_eq!(times(Kind::Restarted), [(order, at(1_500)), (stock, at(7_000))]);
}

#[test]
fn what_runs_may_finish_within_the_grace_time() {
    let deployed = |grace: &str| {
        order(&format!(
            "kind = 'deployment'\ntargets = ['stock']\ngrace = '{grace}'\ndown = '500ms'\n\
             on = {{ who = 'stock', what = 'receive work' }}"
        ))
    };
    let stock = |told: &RecordedRun| told.node("stock");
    let (patient, hasty) = (deployed("1s"), deployed("0s"));
    let dropped = |told: &RecordedRun| {
        let node = stock(told);
        let dropped =
            pick!(record: Event::Dropped { requests, .. } if record.node == node => requests);
        told.pick(dropped).next()
    };
    assert_eq!((dropped(&patient), dropped(&hasty)), (Some(0), Some(1)));
    let served = |record: &Record| record.node == stock(&patient);
    let crashed = first(&patient, Kind::Crashed, served).expect("it is replaced");
    let finished = first(&patient, Kind::Finished, served).expect("it was served");
    assert!(crashed.time >= finished.time && crashed.time - finished.time <= Span::from_millis(10));
}

/// Two loads, one of which comes in a rush or does not.
fn shop(fault: &str) -> RecordedRun {
    let text = format!(
        r#"
        [scenario]
        name = "rush"
        warm-up = "0s"
        load = "20s"
        settle = "10s"
        [services]
        shop = {{}}
        [databases]
        shop-db = {{ cores = 1 }}
        [tables]
        order = {{ owner = "shop", database = "shop-db", columns = {{ state = 0 }} }}
        [operations.buy]
        keys = {{ order = "new" }}
        steps = [{{ name = "place", by = "shop", table = "order", key = "order",
                   effect = {{ insert = {{ state = 1 }} }} }}]
        [load.shoppers]
        operation = "buy"
        constant = "500ms"
        [load.robots]
        operation = "buy"
        poisson = 3.0
        [variants.saga]
        pattern = "orchestrated"
        {fault}
        "#
    );
    record_text(&text, "saga", 1)
}

#[test]
fn a_burst_brings_more_and_moves_nobody() {
    let calm = shop("");
    let burst = shop(
        r#"[[faults]]
        kind = "load-burst"
        target = "load:shoppers"
        factor = 6.0
        at = "5s"
        for = "10s""#,
    );
    let arrivals = |told: &RecordedRun| {
        told.all(Kind::Offered).map(|record| record.time).collect::<Vec<Time>>()
    };
    let (before, after) = (arrivals(&calm), arrivals(&burst));
    let further: Vec<Time> = after.iter().filter(|time| !before.contains(time)).copied().collect();
    assert_eq!(before.len() + further.len(), after.len(), "everybody else comes as before");
    // Five times two a second for 10 s: 100 with a standard deviation of 10.
    assert!((70..=130).contains(&further.len()), "{}", further.len());
    assert!(further.iter().all(|time| (at(5_000)..at(15_000)).contains(time)));
    assert_eq!(shop("").ran.fingerprint, calm.ran.fingerprint);
}

#[test]
fn long_queries_hold_the_cores_of_whoever_shares_them() {
    let told = shop(
        r#"[[faults]]
        kind = "expensive-query"
        target = "shop-db"
        by = "shop"
        takes = "400ms"
        every = "1s"
        at = "5s"
        for = "10s""#,
    );
    let (long, half) = (Span::from_millis(400), Span::from_millis(200));
    let waits = |told: &RecordedRun| {
        told.pick(pick!(Event::Worked { waited, .. } => waited)).collect::<Vec<Span>>()
    };
    let worked = told.pick(pick!(Event::Worked { busy, .. } if busy == long => ()));
    assert_eq!(worked.count(), 10);
    let longest = waits(&told).into_iter().max().expect("statements");
    assert!(longest > half, "somebody waited for such a query: {longest}");
    assert!(waits(&shop("")).into_iter().all(|waited| waited <= half));
}

#[test]
fn queries_that_still_wait_end_with_the_fault() {
    let told = shop(
        r#"[[faults]]
        kind = "expensive-query"
        target = "shop-db"
        by = "shop"
        takes = "2s"
        every = "50ms"
        at = "5s"
        for = "1s""#,
    );
    let long = Span::from_secs(2);
    let worked = told.pick(pick!(Event::Worked { busy, .. } if busy >= long => ()));
    assert_eq!(worked.count(), 1, "of twenty one had a core, and keeps it");
    let late = at(7_100);
    let last = pick!(record: Event::Worked { waited, .. } if record.time > late => waited);
    assert!(told.pick(last).max().expect("statements") < Span::from_secs(1));
    let hung = told.all(Kind::Aborted).filter(|record| record.op == OpId::NONE).count();
    assert!(hung > 1, "those that had a connection have lost it: {hung}");
}
