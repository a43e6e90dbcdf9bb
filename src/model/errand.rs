//! Calls by way of a third node, which passes question and answer on.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::breaker::Guard;
use super::call::{Call, Message, Reply};
use super::process::ProcessCtx;
use super::system::Work;
use crate::kernel::NodeId;

/// A call that may go by way of a third node. Resolves as a [`Call`] does, with what became of the
/// last leg that was reached.
#[must_use = "a call does nothing for its caller unless awaited"]
pub enum Errand<R> {
    /// Caller and receiver talk to each other.
    Straight(Call<R>),
    /// A node between them passes question and answer on.
    ByWay(Call<Reply<R>>),
}

impl<R> Future for Errand<R> {
    type Output = Reply<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply<R>> {
        match self.get_mut() {
            Self::Straight(call) => Pin::new(call).poll(cx),
            Self::ByWay(call) => Pin::new(call).poll(cx).map(|reply| match reply {
                Reply::Answered(reply) => reply,
                Reply::Refused => Reply::Refused,
                Reply::Rejected => Reply::Rejected,
                Reply::Unknown => Reply::Unknown,
            }),
        }
    }
}

impl ProcessCtx {
    /// Calls `handler` at node `to`, by way of another node if there is one between: that one
    /// serves the request as its own (a worker, held to the end, and its work), asks `to` in turn
    /// and passes the reply on, itself through a breaker as `onward` says. Each of the two waits as
    /// long as the message says. A node that is both is asked once.
    pub fn call_by_way_of<R, F, Fut>(
        &self,
        between: Option<NodeId>,
        to: NodeId,
        message: Message,
        onward: Guard<R>,
        handler: F,
    ) -> Errand<R>
    where
        R: 'static,
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        let Some(between) = between.filter(|between| *between != to) else {
            return Errand::Straight(self.call(to, message, handler));
        };
        let passed = Message::request("delegate", message.deadline).costs(message.work);
        let message = message.costs(Work::Own);
        Errand::ByWay(self.call(between, message, move |here: ProcessCtx| {
            let handler = handler.clone();
            async move { here.guarded(to, onward, || here.call(to, passed, handler)).await }
        }))
    }
}
