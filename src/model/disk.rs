//! The disk under the logs of one node, and its faults.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::kernel::{NodeId, Signal, Sim};

/// The faults that a disk can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiskFault {
    /// No flush ends.
    Stalled,
    /// The disk is full: no flush begins. A database refuses transactions that would have to be
    /// logged.
    Full,
    /// The disk lies about flushes: it reports them as done while their records are in volatile
    /// memory. They become durable with the first flush that begins after the fault.
    Lying,
}

/// The disk of one node; a cheap handle. It may have several faults at once.
#[derive(Clone)]
pub struct Disk(Rc<State>);

struct State {
    ails: [Cell<u32>; 3],
    /// The share of an interrupted flush that is on the disk after a crash.
    written: Cell<f64>,
    changed: Signal,
}

impl Disk {
    fn new(sim: &Sim) -> Self {
        let (ails, written) = (Default::default(), Cell::new(0.0));
        Self(Rc::new(State { ails, written, changed: Signal::new(sim) }))
    }

    /// Begins a fault. Faults of the same kind may overlap.
    pub fn begin_fault(&self, fault: DiskFault) {
        let faults = self.faults(fault);
        faults.set(faults.get() + 1);
    }

    /// Ends a fault that [`Disk::begin_fault`] began.
    pub fn end_fault(&self, fault: DiskFault) {
        let faults = self.faults(fault);
        faults.set(faults.get().saturating_sub(1));
        self.0.changed.notify_all();
    }

    /// Returns whether the disk has this fault now.
    pub fn is(&self, fault: DiskFault) -> bool {
        self.faults(fault).get() > 0
    }

    /// Sets the share, 0 to 1, of the records of an interrupted flush that a crash leaves on the
    /// disk, rounded down. The record after them is torn: its checksum is wrong.
    pub fn set_written(&self, share: f64) {
        self.0.written.set(share);
    }

    /// The share that [`Disk::set_written`] has set.
    pub fn written(&self) -> f64 {
        self.0.written.get()
    }

    /// A signal that is given when a fault has ended.
    pub fn changed(&self) -> &Signal {
        &self.0.changed
    }

    fn faults(&self, fault: DiskFault) -> &Cell<u32> {
        &self.0.ails[fault as usize]
    }
}

/// The disks of all nodes, made on first use.
#[derive(Default)]
pub(super) struct Disks(RefCell<Vec<Disk>>);

impl Disks {
    /// The disk of a node.
    pub fn of(&self, node: NodeId, sim: &Sim) -> Disk {
        let mut disks = self.0.borrow_mut();
        while disks.len() <= usize::from(node.0) {
            disks.push(Disk::new(sim));
        }
        disks[usize::from(node.0)].clone()
    }
}
