//! Copies that follow, whatever happens on the way.

use std::sync::Arc;

use proptest::prelude::*;

use crate::checks::measures::reads;
use crate::experiment::compare::setup;
use crate::kernel::Span;
use crate::model::record::{Event, Kind};
use crate::model::system::{ColumnRef, Feed, ReplicaSpec, System, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, SHOP, record_run, scenario};

const PRODUCTS: TableId = TableId(1);
const COPY: TableId = TableId(2);

/// The shop, whose orders keep a copy of what stock has left, with more buyers and these faults.
fn shop(feed: impl Into<Option<Feed>>, faults: &str, seed: u64) -> RecordedRun {
    changed_shop(feed.into(), faults, seed, |_| ())
}

fn changed_shop(
    feed: Option<Feed>,
    faults: &str,
    seed: u64,
    change: impl FnOnce(&mut System),
) -> RecordedRun {
    let text = SHOP
        .replace(
            "[operations.buy]",
            "left = { owner = 'order', database = 'order-db', columns = { left = 99 }, rows = 5 }\n\
             [operations.buy]",
        )
        .replace("constant = \"4s\"", "constant = \"400ms\"")
        .replace("delay = \"10s\"", "delay = \"10.2s\"")
        + "[reads.left]\nby = 'order'\ntable = 'product'\ncolumn = 'left'\n\
           key = { rows-of = 'product' }\nrate = 20.0\n"
        + faults;
    let scenario = scenario(&text);
    let mut setup = setup(&scenario, &scenario.variants[0]);
    let system = Arc::make_mut(&mut setup.system);
    let replica = |feed| ReplicaSpec { of: PRODUCTS, copy: COPY, feed };
    system.replicas.extend(feed.map(replica));
    change(system);
    record_run(&setup, seed)
}

/// The final values of the cells of a table, and how often one changed.
fn values(told: &RecordedRun, table: TableId) -> (Vec<i64>, usize) {
    let mut values = vec![99; 5];
    let mut changes = 0;
    let cell = ColumnRef { table, column: 0 };
    let values_of = pick!(Event::Value { column, row, value } if column == cell => (row, value));
    for (row, value) in told.pick(values_of) {
        values[row.0 as usize] = value;
        changes += 1;
    }
    (values, changes)
}

#[test]
fn events_carry_every_commit_on_in_three_hops_and_two_commits() {
    let unread = |system: &mut System| system.reads.clear(); // Nobody locks what is written.
    let told = changed_shop(Some(Feed::Events), "", 1, unread);
    let times = |table| {
        let cell = ColumnRef { table, column: 0 };
        let changes = pick!(record: Event::Value { column, row, value } if column == cell => {
            (row.0, value, record.time)
        });
        told.pick(changes).collect::<Vec<_>>()
    };
    let (source, copy) = (times(PRODUCTS), times(COPY));
    assert_eq!(source.len(), copy.len());
    for ((row, value, sold), copied) in source.into_iter().zip(copy) {
        assert_eq!((row, value), (copied.0, copied.1));
        // The log is read (1 + 1 + 1 ms) and its session closed (1 + 1), the change travels (1)
        // and is served (1), written (1 + 1 + 1) and committed (1 + 2).
        assert_eq!(copied.2 - sold, Span::from_millis(13), "{row} {value}");
    }
    assert!(told.ran.settled);
}

#[test]
fn a_copy_counts_for_no_step_and_keeps_no_property_from_holding() {
    let mut names: Vec<&str> = crate::checks::properties::Properties::builtin().names();
    names.retain(|name| *name != "copies-catch-up"); // It asks about copies.
    let (with, without) = (shop(Feed::Events, "", 1), shop(None, "", 1));
    assert!(names.len() >= 28, "{}", names.len());
    let verdicts = |told: &RecordedRun| -> Vec<(String, _)> {
        let findings = told.verify(&names, None).into_iter();
        findings.map(|finding| (finding.property, finding.judgement.verdict)).collect()
    };
    assert_eq!(verdicts(&with), verdicts(&without));
    assert_eq!(with.report.census, without.report.census);
    let shown = |told: &RecordedRun| told.count(Kind::Shown);
    assert_eq!(shown(&with), shown(&without));
    assert!(values(&with, COPY).1 > 100 && values(&without, COPY).1 == 0);
}

#[test]
fn a_periodic_copy_writes_only_what_has_changed_and_is_late_by_its_period() {
    let told = shop(Feed::Periodic(Span::from_secs(5)), "", 1);
    let ((left, sold), (copied, written)) = (values(&told, PRODUCTS), values(&told, COPY));
    assert_eq!(left, copied);
    assert!(written < sold && written <= 5 * 14, "at most five cells, every five seconds");
    let read = &told.report.reads[0];
    let stale = read.within[2].stale as f64 / read.scheduled as f64;
    // Five rows take turns at 5 changes a second: 2.5 buyers and as many who give back.
    assert!((0.5..0.95).contains(&stale), "{stale}");
    assert!(
        told.report
            .measures
            .values(reads::AGE.of_read("left"))
            .values
            .iter()
            .all(|age| *age < 5_100_000_000)
    );
    assert!(told.ran.settled, "one period of silence is not the end");
}

#[test]
fn a_copy_that_cannot_follow_keeps_the_run_from_being_settled() {
    let told = shop(Feed::Periodic(Span::from_secs(600)), "", 1);
    assert!(!told.ran.settled);
    assert_eq!(values(&told, COPY).1, 0, "the next run is far away");
}

/// A fault that may hit either end of a feed, or what is between them.
fn fault() -> impl Strategy<Value = String> {
    let target = prop::sample::select(vec!["order", "stock", "order-db", "stock-db"]);
    let crash = (target, 1_u64..50, 1_u64..8).prop_map(|(target, at, length)| {
        format!(
            "[[faults]]\nkind = 'crash'\ntarget = '{target}'\nat = '{at}s'\nfor = '{length}s'\n"
        )
    });
    let loss = (1_u64..50, 1_u64..9, 0.1_f64..0.9).prop_map(|(at, length, share)| {
        format!(
            "[[faults]]\nkind = 'loss'\nfrom = ['order', 'stock']\nshare = {share:.2}\n\
             at = '{at}s'\nfor = '{length}s'\n"
        )
    });
    let cut = (1_u64..50, 1_u64..9).prop_map(|(at, length)| {
        format!(
            "[[faults]]\nkind = 'partition'\ngroups = [['order'], ['stock']]\nat = '{at}s'\n\
             for = '{length}s'\n"
        )
    });
    prop_oneof![crash, loss, cut]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_copy_converges_through_crashes_losses_and_partitions(
        faults in prop::collection::vec(fault(), 1..5),
        events: bool,
        seed in 0_u64..1_000,
    ) {
        let feed = if events { Feed::Events } else { Feed::Periodic(Span::from_secs(3)) };
        let told = shop(feed, &faults.concat(), seed);
        let ((left, sold), (copied, _)) = (values(&told, PRODUCTS), values(&told, COPY));
        prop_assert!(sold > 50);
        prop_assert_eq!(left, copied);
    }
}
