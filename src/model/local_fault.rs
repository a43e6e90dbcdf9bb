//! Local faults: what goes wrong inside a store, a broker or a job while a fault lasts.
//!
//! Links and disks have fault states of their own. A fault that strikes single transactions,
//! messages or runs is looked up here by the process that is about to carry one out. While there is
//! no local fault, the look-up is the test of one flag.

use std::cell::{Cell, RefCell};

use rand::RngExt;

use super::env::{Ctx, Env};
use super::record::OpId;
use crate::kernel::{Purpose, Signal, Sim};

/// The local faults that a store, a broker or a job can have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum LocalFault {
    /// A transaction is chosen as the victim of a deadlock when it asks for its first lock.
    Deadlock = 0,
    /// A transaction cannot be serialized and is refused at its commit or prepare.
    Serialization = 1,
    /// The session breaks behind a submitted commit, which stands.
    CommitUnknown = 2,
    /// A message that was acknowledged is handed out once more.
    Redelivery = 3,
    /// A stored message vanishes.
    Loss = 4,
    /// Consumer groups stand still, and what they were at work on is handed out again.
    Rebalance = 5,
    /// A message makes every consumer fail.
    Poison = 6,
    /// A job does not run when it should.
    JobSkip = 7,
    /// A job runs twice when it should run once.
    JobOverlap = 8,
}

/// The id of a local fault in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalFaultId(u64);

struct Active {
    id: LocalFaultId,
    local_fault: LocalFault,
    /// The stream name of the place that has the fault.
    place: u64,
    /// The share of events that it strikes, 0 to 1.
    share: f64,
    /// The number of events that it may still strike.
    left: u64,
}

/// The local faults of a run.
pub(super) struct LocalFaults {
    any: Cell<bool>,
    /// The number of local faults so far.
    begun: Cell<u64>,
    /// The number of events without an operation that a fault was looked up for; it keys their
    /// draws.
    unnamed: Cell<u64>,
    active: RefCell<Vec<Active>>,
    /// The number of the last rebalance of each place.
    rebalanced: RefCell<Vec<(u64, u64)>>,
    /// Messages on which every consumer fails, by operation and number.
    poisoned: RefCell<Vec<(OpId, u64)>>,
    changed: Signal,
}

impl LocalFaults {
    pub fn new(sim: &Sim) -> Self {
        Self {
            any: Cell::new(false),
            begun: Cell::new(0),
            unnamed: Cell::new(0),
            active: RefCell::default(),
            rebalanced: RefCell::default(),
            poisoned: RefCell::default(),
            changed: Signal::new(sim),
        }
    }
}

impl Env {
    /// Begins a local fault: it strikes a share of the events at a place, which is given by its
    /// stream name, at most `most` times.
    pub fn local_fault(
        &self,
        local_fault: LocalFault,
        place: u64,
        share: f64,
        most: u64,
    ) -> LocalFaultId {
        let local_faults = self.local_faults();
        let number = local_faults.begun.get() + 1;
        local_faults.begun.set(number);
        let id = LocalFaultId(number);
        local_faults.active.borrow_mut().push(Active { id, local_fault, place, share, left: most });
        if local_fault == LocalFault::Rebalance {
            let mut rebalanced = local_faults.rebalanced.borrow_mut();
            rebalanced.retain(|(other, _)| *other != place);
            rebalanced.push((place, number));
        }
        local_faults.any.set(true);
        id
    }

    /// Ends a local fault; ending it again has no effect.
    pub fn end_local_fault(&self, id: LocalFaultId) {
        let local_faults = self.local_faults();
        let mut active = local_faults.active.borrow_mut();
        active.retain(|it| it.id != id);
        local_faults.any.set(!active.is_empty());
        drop(active);
        local_faults.changed.notify_all();
    }

    /// Returns whether the action that `ctx` is about to carry out at a place is struck by a fault.
    /// `part` distinguishes several such actions of one attempt at one step.
    #[inline]
    pub fn suffers(&self, local_fault: LocalFault, place: u64, ctx: &Ctx, part: u64) -> bool {
        self.local_faults().any.get() && self.meets(local_fault, place, ctx, part)
    }

    #[cold]
    fn meets(&self, local_fault: LocalFault, place: u64, ctx: &Ctx, part: u64) -> bool {
        let local_faults = self.local_faults();
        let (cause, step) = if ctx.op == OpId::NONE {
            local_faults.unnamed.set(local_faults.unnamed.get() + 1);
            (0, local_faults.unnamed.get())
        } else {
            (self.op_stream(ctx.op), u64::from(ctx.step.0) | u64::from(ctx.attempt) << 8)
        };
        let mut active = local_faults.active.borrow_mut();
        let here =
            active.iter_mut().filter(|it| it.local_fault == local_fault && it.place == place);
        // The key is the rank among the faults of this place, so that a fault elsewhere changes no
        // draw here.
        for (rank, it) in (0..).zip(here) {
            let name = place ^ (local_fault as u64 + 1) << 8 ^ rank;
            let rng = || self.streams().draw(Purpose::Nemesis, name, cause, step, part);
            if it.left > 0 && rng().random_bool(it.share) {
                it.left -= 1;
                return true;
            }
        }
        false
    }

    /// Waits until a place is not being rebalanced.
    pub(super) async fn until_balanced(&self, place: u64) {
        let local_faults = self.local_faults();
        let goes_on = |it: &Active| it.local_fault == LocalFault::Rebalance && it.place == place;
        while local_faults.any.get() && local_faults.active.borrow().iter().any(goes_on) {
            local_faults.changed.wait().await;
        }
    }

    /// The number of the last rebalance of a place; 0 if there was none.
    pub(super) fn rebalance(&self, place: u64) -> u64 {
        let rebalanced = self.local_faults().rebalanced.borrow();
        rebalanced.iter().find(|(other, _)| *other == place).map_or(0, |(_, number)| *number)
    }

    /// Makes every consumer fail on a message from now on. The cause is in the content of the
    /// message, so it survives crashes.
    pub(super) fn poison(&self, op: OpId, number: u64) {
        self.local_faults().poisoned.borrow_mut().push((op, number));
    }

    /// Returns whether every consumer fails on a message.
    pub(super) fn is_poisoned(&self, op: OpId, number: u64) -> bool {
        self.local_faults().poisoned.borrow().contains(&(op, number))
    }
}
