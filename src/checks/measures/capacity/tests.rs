//! Tests of capacity: what pools are used for, and which are full.

use super::*;
use crate::tests::events::{dropped, finished, started};
use crate::tests::history::History;
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text, scenario};

/// Only the stock is hot: it has three instances, and the office one with as many workers.
const HOT: &str = r#"
        [scenario]
        name = "hot"
        warm-up = "0s"
        load = "60s"
        settle = "40s"

        [services]
        stock = { workers = 4, instances = 3, work = "20ms" }
        office = { workers = 8, work = "20ms" }

        [databases]
        stock-db = {}
        office-db = {}

        [tables]
        product = { owner = "stock", database = "stock-db", columns = { left = 0 }, rows = 500 }
        note = { owner = "office", database = "office-db", columns = { product = 0 } }

        [operations.take]
        keys = { product = { rows-of = "product" } }
        steps = [
            { name = "take", by = "stock", table = "product", key = "product",
              effect = { add = { left = -1 } } },
        ]

        [operations.jot]
        keys = { note = "new" }
        steps = [
            { name = "jot", by = "office", table = "note", key = "note",
              effect = { insert = { product = 1 } } },
        ]

        [load.buyers]
        operation = "take"
        constant = "100ms"

        [load.clerks]
        operation = "jot"
        constant = "10s"

        [variants]
        apart = { pattern = "orchestrated" }
        together = { pattern = "orchestrated", technique = { name = "consolidation",
                     services = ["stock", "office"] } }
    "#;

fn number(told: &RecordedRun, measure: &'static Measure) -> f64 {
    told.report.measures.number(measure).value().expect("it is measured")
}

#[test]
fn what_scales_as_a_whole_buys_workers_for_all_its_parts() {
    for (variant, provisioned) in [("apart", 3 * 4 + 8), ("together", 3 * (4 + 8))] {
        let told = record_text(HOT, variant, 1);
        assert!(told.report.settled);
        assert_eq!(number(&told, WORKERS), f64::from(provisioned));
        // A visit has a worker from the end of its wait to its own end.
        let stayed = told.pick(
            pick!(Event::Finished { at: Station::Service(_), stayed, .. } => stayed.as_nanos()),
        );
        let waited = told.pick(
            pick!(Event::Started { at: Station::Service(_), waited, .. } => waited.as_nanos()),
        );
        let held = stayed.sum::<u64>() - waited.sum::<u64>();
        assert!(held > 600 * 20_000_000, "600 buyers, 20 ms of work each");
        let used = held as f64 / 100e9;
        assert_eq!(number(&told, WORKERS_USED), used);
        let share = number(&told, UTILISATION);
        assert_eq!(share, held as f64 / (f64::from(provisioned) * 100e9));
    }
}

#[test]
fn the_same_work_leaves_more_of_the_whole_idle() {
    let scenario = scenario(HOT);
    let of = |at: usize| &scenario.variants[at].system.services;
    let host = &of(1)[0];
    assert_eq!((host.instances, host.workers), (3, 12), "scaled for its most demanding part");
    let [apart, together] = ["apart", "together"].map(|variant| record_text(HOT, variant, 1));
    let idle = |told: &RecordedRun| number(told, WORKERS) - number(told, WORKERS_USED);
    assert!(idle(&together) > idle(&apart) + 15.0, "16 workers more, for the same load");
}

fn workers(pool: &str) -> Limited {
    Limited { what: Parts::Workers, pool: pool.into() }
}

/// The pools that are full if both workers of the only service are at work from `from` to `until`
/// ms.
fn busy(from: u64, until: u64) -> Vec<Limited> {
    let mut history = History::new();
    for (at, event) in [(from, started(0)), (until, finished(0, 0))] {
        for _ in 0..2 {
            history.at(at).note_with(event, |record| record.node = NodeId(7));
        }
    }
    history.rest().full
}

#[test]
fn what_has_work_for_everybody_before_the_end_of_the_load_is_full() {
    let full = [workers("desk")];
    assert_eq!(busy(50_000, 110_000), full);
    assert_eq!(busy(90_400, 100_000), full);
    assert_eq!(busy(90_600, 100_000), []);
    assert_eq!(busy(50_000, 90_000), []);
    assert_eq!(full[0].to_string(), "the workers of `desk`");
}

#[test]
fn a_crash_leaves_nobody_at_work() {
    let mut system = crate::tests::history::system();
    system.services[0].workers = 1;
    let mut history = History::of(system);
    let mut on = |at: u64, event| {
        history.at(at).note_with(event, |record| record.node = NodeId(7));
    };
    on(50_000, started(0));
    on(95_000, dropped(1, 0));
    assert_eq!(history.rest().full, []);
}

#[test]
fn a_driver_is_full_of_work_like_a_service() {
    let mut history = History::new();
    let orchestrator = role::number(role::ORCHESTRATOR).map(Station::Driver).expect("it works");
    let mut on = |at: u64, event| {
        history.at(at).note_with(event, |record| record.node = NodeId(9));
    };
    on(80_000, Event::Started { at: orchestrator, waited: Span::ZERO });
    on(99_900, Event::Finished { at: orchestrator, work: Span::ZERO, stayed: Span::ZERO });
    assert_eq!(history.rest().full, [workers("orchestrator")]);
}

/// The pools that are full, and how many wait on average, if a session has a connection at `until`
/// ms for which it waited since `from` ms.
fn connected(from: u64, until: u64) -> (Vec<Limited>, Quantity) {
    let mut system = crate::tests::history::system();
    system.databases = scenario(HOT).system.databases.clone();
    let mut history = History::of(system);
    let waited = Span::from_millis(until - from);
    history.at(until).note(Event::Connected { database: DatabaseId(1), waited });
    let report = history.rest();
    let waiting = report.measures.number(CONNECTING.of_pool(&"office-db".into()));
    (report.full, waiting)
}

#[test]
fn two_who_wait_at_once_make_connections_no_fuller() {
    let mut system = crate::tests::history::system();
    system.databases = scenario(HOT).system.databases.clone();
    let mut history = History::of(system);
    for (at, waited) in [(96_000, 5_000), (96_001, 5_000), (96_002, 5_000)] {
        let waited = Span::from_millis(waited);
        history.at(at).note(Event::Connected { database: DatabaseId(0), waited });
    }
    assert_eq!(history.rest().full, [], "they waited for 15 s together, in 5 s of time");
}

#[test]
fn connections_are_full_while_somebody_waits_for_one() {
    let full = vec![Limited { what: Parts::Connections, pool: "office-db".into() }];
    let waiting =
        |seconds: u128| Quantity::Amount { part: seconds * 1_000_000_000, whole: 90_000_000_000 };
    assert_eq!(connected(85_000, 110_000), (full.clone(), waiting(15)), "after the load, too");
    assert_eq!(
        connected(90_000, 99_500),
        (full, Quantity::Amount { part: 9_500_000_000, whole: 90_000_000_000 })
    );
    assert_eq!(connected(60_000, 99_000 - 8_000), (vec![], waiting(31)));
}

#[test]
fn a_crash_ends_what_its_node_was_at() {
    let mut history = History::new();
    let mut on = |at: u64, node: u16, event: Event| {
        history.at(at).note_with(event, |record| record.node = NodeId(node));
    };
    // One at node 7 for 10 s, two at node 8 until it crashes; the third starts anew there.
    on(20_000, 7, started(0));
    on(22_000, 8, started(0));
    on(23_000, 8, started(0));
    on(25_000, 8, dropped(2, 0));
    on(26_000, 8, started(0));
    on(27_000, 8, finished(0, 0));
    on(30_000, 7, finished(0, 0));
    let report = history.rest();
    let used = report.measures.number(WORKERS_USED);
    let super::Quantity::Amount { part, .. } = used else { panic!("{used:?}") };
    assert_eq!(part, (10 + 3 + 2 + 1) * 1_000_000_000);
}
