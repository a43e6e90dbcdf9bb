//! Which faults of a plan began, and which of them met any work.

use crate::kernel::Sink;
use crate::model::record::{Event, OpId, Record};

/// Sees the faults of one run. Only the first 64 of a plan are asked whether they met work.
#[derive(Debug)]
pub(super) struct FaultWatch {
    struck: Vec<bool>,
    /// Under way, and under way while something happened for an operation: a bit each.
    open: u64,
    disturbed: u64,
}

impl FaultWatch {
    /// A watch over a plan of so many faults.
    pub fn new(faults: usize) -> Self {
        Self { struck: vec![false; faults], open: 0, disturbed: 0 }
    }

    /// Which faults began, and which of them overlapped work.
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
