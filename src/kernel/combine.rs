//! Combinators of futures: a race, a deadline, a join. They are structs, not `async fn`s, which
//! keeps processes small. Their arguments must be `Unpin`: pass an `async` block as
//! `std::pin::pin!(block)`.
//!
//! Their parts are polled with the no-op waker, by which a [`Sleep`] knows that its process waits
//! for something else, too.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Sim, Sleep};

/// The context in which a future polls another beside which its process waits for something else.
#[inline]
pub fn beside_others() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// The output of the one of two futures that completed first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Either<A, B> {
    /// The first one.
    Left(A),
    /// The second one.
    Right(B),
}

/// Awaits two futures and returns the output of the one that completes first; of `a` if both
/// complete in the same poll.
pub fn race<A: Future + Unpin, B: Future + Unpin>(a: A, b: B) -> Race<A, B> {
    Race { a, b }
}

/// The future of [`race`].
#[must_use = "a future does nothing unless awaited"]
pub struct Race<A, B> {
    a: A,
    b: B,
}

impl<A: Future + Unpin, B: Future + Unpin> Future for Race<A, B> {
    type Output = Either<A::Output, B::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let context = &mut beside_others();
        if let Poll::Ready(output) = Pin::new(&mut self.a).poll(context) {
            return Poll::Ready(Either::Left(output));
        }
        Pin::new(&mut self.b).poll(context).map(Either::Right)
    }
}

/// A future with a deadline, made by [`Sim::timeout`].
#[must_use = "a future does nothing unless awaited"]
pub struct Timeout<F> {
    sim: Sim,
    deadline: Sleep,
    late: bool,
    inner: F,
}

impl<F> Timeout<F> {
    pub(super) fn new(sim: Sim, deadline: Sleep, inner: F) -> Self {
        Self { sim, deadline, late: false, inner }
    }
}

impl<F: Future + Unpin> Future for Timeout<F> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let context = &mut beside_others();
        if let Poll::Ready(output) = Pin::new(&mut self.inner).poll(context) {
            return Poll::Ready(Some(output));
        }
        if self.late {
            return Poll::Ready(None);
        }
        if Pin::new(&mut self.deadline).poll(context).is_ready() {
            // Everything else that is due at this instant runs first, so that a tie never counts as
            // a timeout.
            self.late = true;
            self.sim.wake(self.sim.must_current());
        }
        Poll::Pending
    }
}

/// Awaits all futures and returns their outputs in the same order. Every wake-up polls all that are
/// not complete; for a wide fan-out one future that counts its answers is cheaper.
pub fn join_all<F: Future + Unpin>(futures: Vec<F>) -> JoinAll<F> {
    JoinAll { parts: futures.into_iter().map(Part::Waiting).collect() }
}

/// The future of [`join_all`].
#[must_use = "a future does nothing unless awaited"]
pub struct JoinAll<F: Future> {
    parts: Vec<Part<F>>,
}

enum Part<F: Future> {
    Waiting(F),
    Done(F::Output),
}

/// Outputs are never pinned.
impl<F: Future + Unpin> Unpin for JoinAll<F> {}

impl<F: Future + Unpin> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let context = &mut beside_others();
        let mut waiting = false;
        for part in &mut self.parts {
            if let Part::Waiting(future) = part {
                match Pin::new(future).poll(context) {
                    Poll::Ready(output) => *part = Part::Done(output),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting {
            return Poll::Pending;
        }
        let outputs = std::mem::take(&mut self.parts).into_iter().filter_map(|part| match part {
            Part::Done(output) => Some(output),
            Part::Waiting(_) => None,
        });
        Poll::Ready(outputs.collect())
    }
}
