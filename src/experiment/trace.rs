//! The trace of one operation, recorded in a run of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::lock_waits::{LockWait, LockWaits};
use super::run::{Setup, observe};
use crate::checks::{Judge, JudgeOptions, OperationRow};
use crate::faults::random;
use crate::kernel::{NodeId, Sink};
use crate::model::record::{Event, Kind, LabelId, OpId, Record};
use crate::model::world::World;

/// The records of one operation and of the faults meanwhile, with the names that they use.
pub struct Trace {
    /// The operation's number.
    pub op: u32,
    /// The outcome of the operation; none if it did not arrive.
    pub row: Option<OperationRow>,
    /// Its records, and those of faults and nodes from its arrival to its end, in order. Faults
    /// that were active when it arrived come first.
    pub records: Vec<Record>,
    /// Its waits for row locks, in order.
    pub waits: Vec<LockWait>,
    /// Names of nodes, by number.
    pub nodes: Vec<String>,
    /// Names of labels, by number.
    pub labels: BTreeMap<LabelId, &'static str>,
    /// The texts of the faults of the run, by number.
    pub faults: Vec<String>,
}

/// A sink that keeps the records of one operation and those of faults and nodes.
pub struct OperationRecorder {
    op: OpId,
    records: Vec<Record>,
    waits: LockWaits,
}

impl Sink<Record> for OperationRecorder {
    fn see(&mut self, record: &Record) {
        let surroundings = [Kind::FaultBegan, Kind::FaultEnded, Kind::Crashed, Kind::Restarted];
        if record.op == self.op || surroundings.contains(&record.kind()) {
            self.records.push(*record);
        }
        self.waits.see(record);
    }
}

impl OperationRecorder {
    /// A recorder before the first record.
    pub fn new(op: OpId) -> Self {
        Self { op, records: Vec::new(), waits: LockWaits::default() }
    }

    /// The trace of the recorded operation, without faults before or after it, and without nodes at
    /// which it never was.
    pub fn trace(
        self,
        row: Option<OperationRow>,
        nodes: Vec<String>,
        faults: Vec<String>,
        label: impl Fn(LabelId) -> Option<&'static str>,
    ) -> Trace {
        let Self { op, mut records, waits } = self;
        let waits = waits.of(op).copied().collect();
        let own = || records.iter().filter(|record| record.op == op);
        let times = own().next().map(|it| it.time).zip(own().next_back().map(|it| it.time));
        let visited: Vec<NodeId> = own().map(|record| record.node).collect();
        let (mut lasting, mut since) = (BTreeMap::new(), Vec::new());
        for record in &records {
            match record.event {
                Event::FaultBegan { fault, .. } => _ = lasting.insert(fault, *record),
                Event::FaultEnded { fault, .. } => _ = lasting.remove(&fault),
                Event::Offered { .. } => since = lasting.values().copied().collect(),
                _ => {}
            }
        }
        records.retain(|record| match record.event {
            _ if record.op == op => true,
            _ if !times.is_some_and(|(from, to)| (from..=to).contains(&record.time)) => false,
            Event::Crashed { .. } | Event::Restarted { .. } => visited.contains(&record.node),
            _ => true,
        });
        if let Some((from, _)) = times {
            since.retain(|record: &Record| record.time < from);
            records.splice(0..0, since);
        }
        let named = records.iter().filter_map(|record| record.event.label());
        let labels = named.filter_map(|it| Some((it, label(it)?))).collect();
        Trace { op: op.0, row, records, waits, nodes, labels, faults }
    }
}

/// Makes a run once more and traces operation `op`. A run is a pure function, so the trace is that
/// of every other run of the same seed.
pub fn trace(setup: &Setup, seed: u64, op: u32) -> Trace {
    let recorder = Rc::new(RefCell::new(OperationRecorder::new(OpId(op))));
    let options = JudgeOptions { keep_operations: true, ..JudgeOptions::default() };
    let judge = Rc::new(RefCell::new(Judge::audit(&setup.system, options)));
    let sinks = vec![Rc::clone(&recorder) as _, Rc::clone(&judge) as _];
    let look = |world: &World| {
        let env = world.env();
        let nodes = world.nodes().map(|node| world.node_name(node).to_owned());
        let labels = (0..).map_while(|number| env.label_text(LabelId(number)));
        let plan = random::plan(&setup.faults, &setup.nemeses, &setup.system, env.streams());
        let faults = plan.iter().map(|planned| planned.what());
        (nodes.collect(), labels.collect::<Vec<_>>(), faults.collect())
    };
    let (_, (nodes, labels, faults)) = observe(setup, seed, sinks, |_| (), look);
    let judge = Rc::into_inner(judge).expect("the run is over, and its recorder gone with it");
    let report = judge.into_inner().finish();
    let row = report.operations.into_iter().find(|row| row.op == OpId(op));
    let recorder = Rc::into_inner(recorder).expect("and so is its other sink").into_inner();
    recorder.trace(row, nodes, faults, |label| labels.get(label.0 as usize).copied())
}
