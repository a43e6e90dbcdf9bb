//! Replicas that lag: feeds that are held back for as long as a fault lasts.

use std::cell::{Cell, RefCell};

use crate::kernel::{Signal, Sim, Span};
use crate::model::env::Env;

/// Names a lag that is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LagId(u64);

struct Lag {
    id: LagId,
    /// The replica, by its position in [`System::replicas`](crate::model::system::System).
    replica: usize,
    by: Span,
}

/// All replicas of a run that lag.
pub(in crate::model) struct Lags {
    /// How many lags there were so far.
    begun: Cell<u64>,
    active: RefCell<Vec<Lag>>,
    changed: Signal,
}

impl Lags {
    pub fn new(sim: &Sim) -> Self {
        Self { begun: Cell::new(0), active: RefCell::default(), changed: Signal::new(sim) }
    }

    /// By how much a replica lags; the longest counts.
    fn of(&self, replica: usize) -> Option<Span> {
        let active = self.active.borrow();
        active.iter().filter(|lag| lag.replica == replica).map(|lag| lag.by).max()
    }
}

impl Env {
    /// From now on every refreshment of a replica reaches it `by` later; without `by`, none does.
    pub fn lag(&self, replica: usize, by: Option<Span>) -> LagId {
        let lags = self.lags();
        lags.begun.set(lags.begun.get() + 1);
        let id = LagId(lags.begun.get());
        lags.active.borrow_mut().push(Lag { id, replica, by: by.unwrap_or(Span::MAX) });
        id
    }

    /// Ends a lag: what it held back goes on at once. One that has ended already is ignored.
    pub fn catch_up(&self, id: LagId) {
        let lags = self.lags();
        lags.active.borrow_mut().retain(|lag| lag.id != id);
        lags.changed.notify_all();
    }

    /// Waits for as long as a refreshment of a replica that begins now is held back; not at all, if
    /// it does not lag.
    pub(super) async fn held_back(&self, replica: usize) {
        let (began, lags) = (self.now(), self.lags());
        while let Some(by) = lags.of(replica) {
            let late = self.now() - began;
            if late >= by {
                return;
            }
            let changed = lags.changed.wait();
            if by == Span::MAX {
                changed.await;
            } else {
                // Over by itself or ended from outside: the next look tells which.
                let _ = self.sim().timeout(by.saturating_sub(late), changed).await;
            }
        }
    }
}
