//! Lags of replicas: feeds that a fault holds back.

use std::cell::{Cell, RefCell};

use crate::kernel::{Signal, Sim, Span};
use crate::model::env::Env;

/// The id of a lag in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LagId(u64);

struct Lag {
    id: LagId,
    /// The replica, by its position in [`System::replicas`](crate::model::system::System).
    replica: usize,
    by: Span,
}

/// The lags of all replicas of a run.
pub(in crate::model) struct Lags {
    /// The number of lags so far.
    begun: Cell<u64>,
    active: RefCell<Vec<Lag>>,
    changed: Signal,
}

impl Lags {
    pub fn new(sim: &Sim) -> Self {
        Self { begun: Cell::new(0), active: RefCell::default(), changed: Signal::new(sim) }
    }

    /// The lag of a replica; of several, the longest.
    fn of(&self, replica: usize) -> Option<Span> {
        let active = self.active.borrow();
        active.iter().filter(|lag| lag.replica == replica).map(|lag| lag.by).max()
    }
}

impl Env {
    /// Delays every update of a replica by `by` from now on; without `by`, none arrives.
    pub fn lag(&self, replica: usize, by: Option<Span>) -> LagId {
        let lags = self.lags();
        lags.begun.set(lags.begun.get() + 1);
        let id = LagId(lags.begun.get());
        lags.active.borrow_mut().push(Lag { id, replica, by: by.unwrap_or(Span::MAX) });
        id
    }

    /// Ends a lag: updates that it held back continue at once. Ending it again has no effect.
    pub fn catch_up(&self, id: LagId) {
        let lags = self.lags();
        lags.active.borrow_mut().retain(|lag| lag.id != id);
        lags.changed.notify_all();
    }

    /// Waits for as long as an update of a replica that begins now is held back; not at all without
    /// a lag.
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
                // The wait ends when the lag has passed or changes; the loop finds out which.
                let _ = self.sim().timeout(by.saturating_sub(late), changed).await;
            }
        }
    }
}
