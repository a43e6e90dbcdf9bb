//! Tests of the log: durability, and flushes that several writers share.

use std::cell::RefCell;
use std::sync::Arc;

use super::*;
use crate::kernel::{RandomStreams, Recorder, Simulation, Sink, Span, Time};
use crate::model::database::test_system;
use crate::model::record::Record;
use crate::tests::pick;

#[derive(Default)]
struct Keep(Vec<Record>);

impl Sink<Record> for Keep {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

/// Which record was forced, at which place, and when.
type Done = Rc<RefCell<Vec<(u32, Option<Lsn>, Time)>>>;

struct Bench {
    simulation: Simulation,
    env: Env,
    log: Log<u32>,
    node: NodeId,
    keep: Rc<RefCell<Keep>>,
    done: Done,
}

impl Bench {
    fn new() -> Self {
        let simulation = Simulation::new();
        let keep = Rc::new(RefCell::new(Keep::default()));
        let recorder = Recorder::new(vec![Rc::clone(&keep) as _]);
        let system = Arc::new(test_system());
        let env = Env::new(simulation.sim().clone(), RandomStreams::new(1), system, recorder);
        let node = env.sim().add_node();
        let spec = ForceSpec {
            commit: Dist::Constant(Span::from_millis(4)),
            prepare: Dist::Constant(Span::from_millis(5)),
            decide: Dist::Constant(Span::from_millis(6)),
        };
        let log = Log::new(&env, 7, LogId(3), spec, node);
        Self { simulation, env, log, node, keep, done: Rc::default() }
    }

    /// A process that forces `record` after so many milliseconds.
    fn force(&self, record: u32, after: u64, kind: ForceKind) {
        let (log, done, env) = (self.log.clone(), Rc::clone(&self.done), self.env.clone());
        let at = self.env.now() + Span::from_millis(after);
        let ctx = Ctx { node: self.node, ..Ctx::WORLD };
        self.env.sim().spawn_at(at, NodeId::WORLD, async move {
            let lsn = log.force(&ctx, record, LabelId(0), kind).await;
            done.borrow_mut().push((record, lsn, env.now()));
        });
    }

    fn run(&self, millis: u64) {
        self.simulation.run_until(Time::ZERO + Span::from_millis(millis));
    }

    fn kept(&self) -> Vec<u32> {
        self.log.records().into_iter().map(|(_, record)| record).collect()
    }

    fn forced(&self) -> Vec<(u64, u64)> {
        self.env.recorder().flush();
        let records = &self.keep.borrow().0;
        let millis = |took: Span| took.as_nanos() / 1_000_000;
        let forced = pick!(Event::Forced { records, took, .. } => (records, millis(took)));
        records.iter().filter_map(forced).collect()
    }
}

fn at(millis: u64) -> Time {
    Time::ZERO + Span::from_millis(millis)
}

#[test]
fn who_comes_during_a_flush_shares_the_next_one() {
    let bench = Bench::new();
    for (record, after) in [(1, 0), (2, 1), (3, 2), (4, 3)] {
        bench.force(record, after, ForceKind::Commit);
    }
    bench.run(100);
    assert_eq!(bench.forced(), [(1, 4), (3, 4)], "two flushes for four commits");
    let times: Vec<Time> = bench.done.borrow().iter().map(|done| done.2).collect();
    assert_eq!(times, [at(4), at(8), at(8), at(8)]);
}

#[test]
fn the_first_in_line_decides_how_long_a_flush_takes() {
    let bench = Bench::new();
    bench.force(1, 0, ForceKind::Prepare);
    bench.force(2, 1, ForceKind::Decide);
    bench.force(3, 1, ForceKind::Commit);
    bench.run(100);
    assert_eq!(bench.forced(), [(1, 5), (2, 6)]);
}

#[test]
fn a_flush_covers_what_was_appended_before_it_starts() {
    let bench = Bench::new();
    let ctx = Ctx { node: bench.node, ..Ctx::WORLD };
    bench.log.append(&ctx, 10, LabelId(0));
    bench.force(11, 0, ForceKind::Commit);
    bench.run(2);
    bench.log.append(&ctx, 12, LabelId(0));
    bench.run(50);
    assert_eq!((bench.log.durable(), bench.log.last()), (Lsn(2), Lsn(3)));
    bench.env.sim().crash(bench.node);
    bench.log.crash(false);
    assert_eq!(bench.kept(), [10, 11]);
}

#[test]
fn what_the_operating_system_has_survives_a_crash_of_the_process() {
    let bench = Bench::new();
    let ctx = Ctx { node: bench.node, ..Ctx::WORLD };
    bench.force(11, 0, ForceKind::Commit);
    bench.run(2);
    bench.log.append(&ctx, 12, LabelId(0));
    bench.env.sim().crash(bench.node);
    bench.log.crash(true);
    assert_eq!(bench.kept(), [11, 12]);
    assert_eq!((bench.log.durable(), bench.log.last()), (Lsn(2), Lsn(2)));
    assert!(bench.log.take_lost().is_empty());
}

#[test]
fn a_flush_that_is_under_way_at_a_crash_is_lost() {
    let bench = Bench::new();
    bench.force(1, 0, ForceKind::Commit);
    bench.force(2, 5, ForceKind::Commit);
    bench.run(7);
    bench.env.sim().crash(bench.node);
    bench.log.crash(false);
    bench.env.sim().restart(bench.node);
    bench.force(3, 10, ForceKind::Commit);
    bench.run(100);
    assert_eq!(bench.kept(), [1, 3]);
    let expected = [(1, Some(Lsn(1)), at(4)), (2, None, at(7)), (3, Some(Lsn(2)), at(21))];
    assert_eq!(*bench.done.borrow(), expected);
}

#[test]
fn what_is_forgotten_takes_no_memory() {
    let bench = Bench::new();
    for record in 0..9 {
        bench.force(record, 0, ForceKind::Commit);
    }
    bench.run(100);
    bench.log.forget(Lsn(3));
    bench.log.forget_if(|record| *record > 4);
    assert_eq!(bench.kept(), [0, 1, 3, 4]);
}

#[test]
fn a_stalled_disk_ends_no_flush_and_a_lying_one_keeps_nothing() {
    let bench = Bench::new();
    bench.log.disk().begin_fault(DiskFault::Stalled);
    bench.force(1, 0, ForceKind::Commit);
    bench.run(50);
    assert!(bench.done.borrow().is_empty());
    bench.log.disk().end_fault(DiskFault::Stalled);
    bench.run(60);
    assert_eq!(*bench.done.borrow(), [(1, Some(Lsn(1)), at(50))]);
    bench.log.disk().begin_fault(DiskFault::Lying);
    bench.force(2, 0, ForceKind::Commit);
    bench.run(100);
    assert_eq!(bench.done.borrow().len(), 2, "it says that it is durable");
    bench.env.sim().crash(bench.node);
    bench.log.crash(false);
    assert_eq!(bench.kept(), [1], "it was not");
}

#[test]
fn a_node_that_is_down_appends_nothing() {
    let bench = Bench::new();
    bench.env.sim().crash(bench.node);
    bench.log.crash(false);
    bench.force(1, 0, ForceKind::Commit);
    bench.run(50);
    assert!(bench.log.is_empty());
    assert_eq!(*bench.done.borrow(), [(1, None, at(0))]);
}

#[test]
fn a_full_disk_begins_no_flush_and_ends_the_one_under_way() {
    let bench = Bench::new();
    bench.force(1, 0, ForceKind::Commit);
    bench.force(2, 1, ForceKind::Commit);
    bench.run(2);
    bench.log.disk().begin_fault(DiskFault::Full);
    bench.run(50);
    bench.log.disk().end_fault(DiskFault::Full);
    bench.run(100);
    assert_eq!(*bench.done.borrow(), [(1, Some(Lsn(1)), at(4)), (2, Some(Lsn(2)), at(54))]);
}

/// Two faults that stall one disk: it is well when both are over.
#[test]
fn a_disk_is_well_when_nothing_is_wrong_with_it() {
    let bench = Bench::new();
    bench.log.disk().begin_fault(DiskFault::Stalled);
    bench.log.disk().begin_fault(DiskFault::Stalled);
    bench.log.disk().end_fault(DiskFault::Stalled);
    bench.force(1, 0, ForceKind::Commit);
    bench.run(50);
    assert!(bench.done.borrow().is_empty());
    bench.log.disk().end_fault(DiskFault::Stalled);
    bench.run(51);
    assert_eq!(bench.done.borrow().len(), 1);
}

/// Record 1 was forced, 2 to 5 are being written when the node crashes, and 6 is not yet.
fn torn(lies: bool, written: f64) -> Vec<u32> {
    let bench = Bench::new();
    if lies {
        bench.log.disk().begin_fault(DiskFault::Lying);
    }
    bench.force(1, 0, ForceKind::Commit);
    bench.run(1);
    for record in [2, 3, 4, 5] {
        bench.force(record, 0, ForceKind::Commit);
    }
    bench.run(6);
    bench.force(6, 0, ForceKind::Commit);
    bench.run(7);
    bench.log.disk().set_written(written);
    bench.env.sim().crash(bench.node);
    bench.log.crash(false);
    bench.kept()
}

#[test]
fn a_torn_tail_is_the_unforced_tail_less_what_was_whole() {
    assert_eq!(torn(false, 0.0), [1], "as every crash");
    assert_eq!(torn(false, 0.5), [1, 2, 3], "records that nobody was told of");
    assert_eq!(torn(false, 0.99), [1, 2, 3, 4]);
    assert!(torn(true, 0.0).is_empty(), "record 1 had been reported as durable");
    assert_eq!(torn(true, 0.5), [1, 2]);
}
