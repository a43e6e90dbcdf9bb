//! Waiting for time to pass.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::queue::Key;
use super::sim::is_alone;
use super::{Sim, Time};

/// Waits until an instant; made by [`Sim::sleep`] and [`Sim::sleep_until`].
#[must_use = "a future does nothing unless awaited"]
pub struct Sleep {
    sim: Sim,
    at: Time,
    key: Key,
    begun: bool,
}

impl Sleep {
    #[inline]
    pub(super) fn new(sim: &Sim, at: Time) -> Self {
        Self { sim: sim.clone(), at, key: Key::NONE, begun: false }
    }

    /// The instant at which it ends.
    pub const fn deadline(&self) -> Time {
        self.at
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let due = self.at <= self.sim.now();
        if self.begun && due {
            // A timer that is still set is due at this very instant and needs no cancelling.
            self.key = Key::NONE;
            return Poll::Ready(());
        }
        if !self.begun {
            self.begun = true;
            let is_alone = is_alone(context);
            if !due {
                match self.sim.pass_or_arm(self.at, is_alone) {
                    Some(key) => self.key = key,
                    None => return Poll::Ready(()),
                }
            } else if is_alone && self.sim.pass_now() {
                return Poll::Ready(());
            } else {
                // A span of zero sets no timer: a timer would overtake the processes that are ready
                // already.
                self.sim.wake(self.sim.must_current());
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if self.key != Key::NONE {
            self.sim.disarm(self.key);
        }
    }
}

/// A future that lets other processes run first; made by [`Sim::yield_now`].
#[must_use = "a future does nothing unless awaited"]
pub struct Yield {
    sim: Sim,
    begun: bool,
}

impl Yield {
    pub(super) fn new(sim: &Sim) -> Self {
        Self { sim: sim.clone(), begun: false }
    }
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.begun || is_alone(context) && self.sim.pass_now() {
            return Poll::Ready(());
        }
        self.begun = true;
        self.sim.wake(self.sim.must_current());
        Poll::Pending
    }
}
