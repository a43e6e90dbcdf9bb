//! Troubles: what goes wrong inside a store, a broker or a job for as long as a fault lasts.
//!
//! Links and disks have states of their own. What concerns a single transaction, message or run is
//! asked for here by whoever is about to carry it out: does it meet with this trouble? As long as
//! there is none anywhere, that is one look at a flag.

use std::cell::{Cell, RefCell};

use super::env::{Ctx, Env};
use super::record::OpId;
use crate::kernel::{Purpose, Signal, Sim, Words};

/// What can go wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Trouble {
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

/// Names a trouble that is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TroubleId(u64);

struct Active {
    id: TroubleId,
    trouble: Trouble,
    /// The luck name of who has it.
    place: u64,
    /// Which share it strikes, 0 to 1.
    share: f64,
    /// How many it still strikes, at most.
    left: u64,
}

/// All troubles of a run.
pub(super) struct Troubles {
    any: Cell<bool>,
    /// How many there were so far.
    begun: Cell<u64>,
    /// How many things on nobody's behalf met with one; names their draws.
    unnamed: Cell<u64>,
    active: RefCell<Vec<Active>>,
    /// When each place was last rebalanced, as the number of that trouble.
    rebalanced: RefCell<Vec<(u64, u64)>>,
    /// Messages that make every consumer fail, by operation and number.
    poisoned: RefCell<Vec<(OpId, u64)>>,
    changed: Signal,
}

impl Troubles {
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
    /// From now on a share of what happens at a place, by its luck name, meets with a trouble; at
    /// `most` so many times.
    pub fn trouble(&self, trouble: Trouble, place: u64, share: f64, most: u64) -> TroubleId {
        let troubles = self.troubles();
        let number = troubles.begun.get() + 1;
        troubles.begun.set(number);
        let id = TroubleId(number);
        troubles.active.borrow_mut().push(Active { id, trouble, place, share, left: most });
        if trouble == Trouble::Rebalance {
            let mut rebalanced = troubles.rebalanced.borrow_mut();
            rebalanced.retain(|(other, _)| *other != place);
            rebalanced.push((place, number));
        }
        troubles.any.set(true);
        id
    }

    /// Ends a trouble; one that has ended already is ignored.
    pub fn relieve(&self, id: TroubleId) {
        let troubles = self.troubles();
        let mut active = troubles.active.borrow_mut();
        active.retain(|it| it.id != id);
        troubles.any.set(!active.is_empty());
        drop(active);
        troubles.changed.notify_all();
    }

    /// Whether what `ctx` is about to do at a place meets with a trouble. `part` tells apart what
    /// one attempt at one step does more than once.
    #[inline]
    pub fn suffers(&self, trouble: Trouble, place: u64, ctx: &Ctx, part: u64) -> bool {
        self.troubles().any.get() && self.meets(trouble, place, ctx, part)
    }

    #[cold]
    fn meets(&self, trouble: Trouble, place: u64, ctx: &Ctx, part: u64) -> bool {
        let troubles = self.troubles();
        let (cause, step) = if ctx.op == OpId::NONE {
            troubles.unnamed.set(troubles.unnamed.get() + 1);
            (0, troubles.unnamed.get())
        } else {
            (self.op_luck(ctx.op), u64::from(ctx.step.0) | u64::from(ctx.attempt) << 8)
        };
        let mut active = troubles.active.borrow_mut();
        let here = active.iter_mut().filter(|it| it.trouble == trouble && it.place == place);
        // Named by their rank at this place, so that one elsewhere changes no draw here.
        for (rank, it) in (0..).zip(here) {
            let name = place ^ (trouble as u64 + 1) << 8 ^ rank;
            let words = || self.luck().draw(Purpose::Nemesis, name, cause, step, part);
            if it.left > 0 && (it.share >= 1.0 || words().chance(it.share)) {
                it.left -= 1;
                return true;
            }
        }
        false
    }

    /// Waits until a place is not being rebalanced.
    pub(super) async fn settled_in(&self, place: u64) {
        let troubles = self.troubles();
        let goes_on = |it: &Active| it.trouble == Trouble::Rebalance && it.place == place;
        while troubles.any.get() && troubles.active.borrow().iter().any(goes_on) {
            troubles.changed.wait().await;
        }
    }

    /// Which rebalance of a place was the last one; 0 if there was none.
    pub(super) fn rebalance(&self, place: u64) -> u64 {
        let rebalanced = self.troubles().rebalanced.borrow();
        rebalanced.iter().find(|(other, _)| *other == place).map_or(0, |(_, number)| *number)
    }

    /// From now on a message makes every consumer fail: that is in its content, so no crash heals
    /// it.
    pub(super) fn poison(&self, op: OpId, number: u64) {
        self.troubles().poisoned.borrow_mut().push((op, number));
    }

    /// Whether a message makes every consumer fail.
    pub(super) fn is_poisoned(&self, op: OpId, number: u64) -> bool {
        self.troubles().poisoned.borrow().contains(&(op, number))
    }
}
