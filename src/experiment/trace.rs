//! Everything that happened to one operation, kept from a run of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::run::{Setup, observe};
use crate::kernel::Sink;
use crate::model::record::{LabelId, OpId, Record};

/// The records of one operation, and the names that they use.
pub struct Trace {
    /// The operation's number.
    pub op: u32,
    /// Its records, in order.
    pub records: Vec<Record>,
    /// Names of nodes, by number.
    pub nodes: Vec<String>,
    /// Names of labels, by number.
    pub labels: BTreeMap<LabelId, &'static str>,
}

/// Keeps the records of one operation.
struct Keeper {
    op: OpId,
    records: Vec<Record>,
}

impl Sink<Record> for Keeper {
    fn see(&mut self, record: &Record) {
        if record.op == self.op {
            self.records.push(*record);
        }
    }
}

/// Runs once more and keeps what happened to operation `op`. A run is a pure function, so this is
/// what happened in every other run of the same seed.
pub fn trace(setup: &Setup, seed: u64, op: u32) -> Trace {
    let keeper = Rc::new(RefCell::new(Keeper { op: OpId(op), records: Vec::new() }));
    let (_, (nodes, labels)) = observe(
        setup,
        seed,
        vec![Rc::clone(&keeper) as _],
        |_| (),
        |world| {
            let nodes: Vec<String> =
                world.nodes().map(|node| world.node_name(node).to_owned()).collect();
            let records = &keeper.borrow().records;
            let text = |label| Some((label, world.env().label_text(label)?));
            let labels = records.iter().filter_map(|record| text(record.event.label()?)).collect();
            (nodes, labels)
        },
    );
    let records = std::mem::take(&mut keeper.borrow_mut().records);
    Trace { op, records, nodes, labels }
}
