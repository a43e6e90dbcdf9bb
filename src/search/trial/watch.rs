//! The faults of a plan that began, those that overlapped work, and the stable fingerprint of a
//! run.

use std::collections::BTreeSet;

use crate::kernel::{Fingerprint, Sink};
use crate::model::record::{Event, OpId, Record, StreamNames};
use crate::model::world::World;

/// A sink that observes the faults of one run. Only for the first 64 of a plan it knows whether
/// they overlapped work.
#[derive(Debug)]
pub(super) struct FaultWatch {
    struck: Vec<bool>,
    /// The active faults, and those that were active while something happened for an operation, one
    /// bit for each.
    open: u64,
    disturbed: u64,
    buried: BTreeSet<OpId>,
}

impl FaultWatch {
    /// A watch over a plan of so many faults.
    pub fn new(faults: usize) -> Self {
        let buried = BTreeSet::new();
        Self { struck: vec![false; faults], open: 0, disturbed: 0, buried }
    }

    /// The operations of which a message was given up.
    pub fn buried(&self) -> &BTreeSet<OpId> {
        &self.buried
    }

    /// For each fault, whether it began, and whether it overlapped work.
    pub fn said(&self) -> (Vec<bool>, Vec<bool>) {
        let disturbed = (0..self.struck.len()).map(|at| self.disturbed & bit(at as u32) != 0);
        (self.struck.clone(), disturbed.collect())
    }
}

fn bit(fault: u32) -> u64 {
    1_u64.checked_shl(fault).unwrap_or(0)
}

impl Sink<Record> for FaultWatch {
    fn see(&mut self, record: &Record) {
        if let Event::Discarded { .. } = record.event {
            self.buried.insert(record.op);
        }
        match record.event {
            Event::FaultBegan { fault, .. } => {
                if let Some(struck) = self.struck.get_mut(fault as usize) {
                    *struck = true;
                }
                self.open |= bit(fault);
            }
            Event::FaultEnded { fault, .. } => self.open &= !bit(fault),
            _ if record.op != OpId::NONE => self.disturbed |= self.open,
            _ => {}
        }
    }
}

/// A sink that computes the stable fingerprint of one run.
#[derive(Default)]
pub(super) struct StableFingerprint {
    names: StreamNames,
    fingerprint: Fingerprint,
}

impl StableFingerprint {
    /// Takes the names of the nodes and tables of a world, before anything happens in it.
    pub fn name(&mut self, world: &World) {
        self.names.nodes = world.nodes().map(|node| world.name(node).stream).collect();
        let tables = &world.env().system().tables;
        self.names.tables = tables.iter().map(|table| table.name.stream).collect();
    }

    /// The fingerprint of all that was seen.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.value()
    }
}

impl Sink<Record> for StableFingerprint {
    fn see(&mut self, record: &Record) {
        record.fold_stable(&self.names, &mut self.fingerprint);
    }
}
