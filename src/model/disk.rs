//! The disk under the logs of one node, and what can be wrong with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::kernel::{NodeId, Signal, Sim};

/// The faults that a disk can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiskFault {
    /// No flush ends.
    Stalled,
    /// There is no room for more: no flush begins. A database, which has somebody to say no to,
    /// refuses what it would have to log.
    Full,
    /// A flush is reported as done while its records are in volatile memory, until a flush that
    /// begins after the disk was set right.
    Lying,
}

/// The disk of one node; a cheap handle. Several faults may spoil it at once.
#[derive(Clone)]
pub struct Disk(Rc<State>);

struct State {
    ails: [Cell<u32>; 3],
    /// How much of what a flush was writing is on the disk when the node crashes.
    written: Cell<f64>,
    changed: Signal,
}

impl Disk {
    fn new(sim: &Sim) -> Self {
        let (ails, written) = (Default::default(), Cell::new(0.0));
        Self(Rc::new(State { ails, written, changed: Signal::new(sim) }))
    }

    /// Something more is wrong with it.
    pub fn ail(&self, fault: DiskFault) {
        let faults = self.faults(fault);
        faults.set(faults.get() + 1);
    }

    /// Ends what one [`Disk::ail`] began.
    pub fn heal(&self, fault: DiskFault) {
        let faults = self.faults(fault);
        faults.set(faults.get().saturating_sub(1));
        self.0.changed.notify_all();
    }

    /// Returns whether the disk has this fault now.
    pub fn is(&self, fault: DiskFault) -> bool {
        self.faults(fault).get() > 0
    }

    /// Which share of the records of a flush a crash leaves on the disk, 0 to 1, rounded down. The
    /// record behind them is torn: its checksum is wrong.
    pub fn set_written(&self, share: f64) {
        self.0.written.set(share);
    }

    /// See [`Disk::set_written`].
    pub fn written(&self) -> f64 {
        self.0.written.get()
    }

    /// Is notified when something was set right.
    pub fn changed(&self) -> &Signal {
        &self.0.changed
    }

    fn faults(&self, fault: DiskFault) -> &Cell<u32> {
        &self.0.ails[fault as usize]
    }
}

/// The disks of all nodes, made as they are first asked for.
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
