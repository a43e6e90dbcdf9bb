//! Futures made of futures. They are structs, not `async fn`s, which keeps processes small; what
//! goes in is `Unpin`, so an `async` block goes in as `std::pin::pin!(block)`.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Sim, Sleep};

/// Which of two futures came first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Either<A, B> {
    /// The first one.
    Left(A),
    /// The second one.
    Right(B),
}

/// The first of two futures to be done; the first named one if both are.
pub fn race<A: Future + Unpin, B: Future + Unpin>(a: A, b: B) -> Race<A, B> {
    Race { a, b }
}

/// Made by [`race`].
#[must_use = "a future does nothing unless awaited"]
pub struct Race<A, B> {
    a: A,
    b: B,
}

impl<A: Future + Unpin, B: Future + Unpin> Future for Race<A, B> {
    type Output = Either<A::Output, B::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = Pin::new(&mut self.a).poll(context) {
            return Poll::Ready(Either::Left(output));
        }
        Pin::new(&mut self.b).poll(context).map(Either::Right)
    }
}

/// A future with a deadline; made by [`Sim::timeout`].
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
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = Pin::new(&mut self.inner).poll(context) {
            return Poll::Ready(Some(output));
        }
        if self.late {
            return Poll::Ready(None);
        }
        if Pin::new(&mut self.deadline).poll(context).is_ready() {
            // Whatever else is due at this instant goes first, so that a tie is never a timeout.
            self.late = true;
            self.sim.wake(self.sim.must_current());
        }
        Poll::Pending
    }
}

/// All outputs, in the order of the futures, when the last one is done. Every wake polls all that
/// are not; for a wide fan-out one future that counts its answers is cheaper.
pub fn join_all<F: Future + Unpin>(futures: Vec<F>) -> JoinAll<F> {
    JoinAll { parts: futures.into_iter().map(Part::Waiting).collect() }
}

/// Made by [`join_all`].
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

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
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
