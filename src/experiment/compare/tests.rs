//! Studies that are stopped and go on.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::tests::runs::{SHOP, scenario};

/// Keeps runs as text in memory, and counts how often one was found and kept.
#[derive(Default)]
struct Memory {
    runs: Mutex<BTreeMap<(String, u64), String>>,
    found: AtomicU64,
    kept: AtomicU64,
}

fn key(id: RunId) -> (String, u64) {
    (id.variant.to_owned(), id.seed)
}

impl Shelf for Memory {
    fn find(&self, id: RunId) -> Option<Judged> {
        let runs = self.runs.lock().expect("nobody panics");
        let text = runs.get(&key(id))?;
        self.found.fetch_add(1, Ordering::Relaxed);
        Some(serde_json::from_str(text).expect("what was kept can be read"))
    }

    fn keep(&self, id: RunId, judged: &Judged) {
        let text = serde_json::to_string(judged).expect("it can be written");
        self.kept.fetch_add(1, Ordering::Relaxed);
        self.runs.lock().expect("nobody panics").insert(key(id), text);
    }
}

impl Memory {
    fn counted(&self) -> (u64, u64) {
        (self.found.swap(0, Ordering::Relaxed), self.kept.swap(0, Ordering::Relaxed))
    }
}

/// The shop with everything that a report can say: reads, invariants, expectations, a fault, and
/// two services that wait for each other in one database.
fn busy() -> String {
    let shop = SHOP.replace("database = \"stock-db\"", "database = \"order-db\"");
    shop.replace("constant = \"4s\"", "poisson = 10.0").replace("load = \"60s\"", "load = \"25s\"")
        + "
        [reads.left]
        table = 'product'
        column = 'left'
        key = { rows-of = 'product' }
        rate = 1.0

        [[invariants]]
        name = 'enough'
        when = 'always'
        bound = { table = 'product', column = 'left', least = 95 }

        [[expect]]
        measure = 'reads.left.latency.p99'
        below = '1s'

        [[faults]]
        kind = 'crash'
        at = '20s'
        for = '3s'
        target = 'order-db'
    "
}

#[test]
fn a_run_that_was_written_down_is_read_back_exactly() {
    let scenario = scenario(&busy());
    let study = Study::of(&scenario, [1]);
    for judged in study.ids().filter_map(|id| study.judge(study.variants[0], id, &Stop::default()))
    {
        assert!(judged.operations.len() > 100 && judged.report.operations.is_empty());
        assert!(!judged.report.contention.waited.is_empty() && !judged.report.faults.is_empty());
        assert!(!judged.report.invariants.is_empty() && !judged.report.reads.is_empty());
        let text = serde_json::to_string(&judged).expect("it can be written");
        let read: Judged = serde_json::from_str(&text).expect("it can be read");
        assert_eq!(read.report, judged.report);
        assert_eq!(read.operations, judged.operations);
        assert_eq!((read.ran, read.promised), (judged.ran, judged.promised));
    }
}

#[test]
fn a_study_that_was_stopped_goes_on_and_comes_to_the_same() {
    let scenario = scenario(&busy());
    let study = Study::of(&scenario, 1..=4);
    let whole = study.compare().expect("two variants, four seeds");
    let memory = Memory::default();
    let (stop, runs) = (Stop::default(), AtomicU64::new(0));
    let stop_in_the_third = || {
        if runs.fetch_add(1, Ordering::Relaxed) + 1 == 2 * 3 {
            stop.set();
        }
    };
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let stopped = threads.install(|| study.resume(&memory, &stop, &stop_in_the_third));
    assert_eq!((stopped.finished, memory.counted()), (1, (0, 3)), "a seed and a half");
    let go = Stop::default();
    let resumed = study.resume(&memory, &go, &|| ());
    assert_eq!((resumed.finished, memory.counted()), (4, (3, 5)));
    assert_eq!(resumed.comparison.as_ref(), Some(&whole));
    let again = study.resume(&memory, &go, &|| ());
    assert_eq!((again.comparison, memory.counted()), (Some(whole), (8, 0)));
}

#[test]
fn another_study_finds_the_runs_that_it_shares() {
    let scenario = scenario(SHOP);
    let memory = Memory::default();
    let go = Stop::default();
    Study::of(&scenario, 1..=2).resume(&memory, &go, &|| ());
    assert_eq!(memory.counted(), (0, 4));
    let later = Study::of(&scenario, 2..=3);
    let resumed = later.resume(&memory, &go, &|| ()).comparison;
    assert_eq!(memory.counted(), (2, 2), "both variants have run on seed 2");
    assert_eq!(resumed, later.compare());
}
