//! Calls through a third node, which forwards the request and the reply.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::breaker::Guard;
use super::call::{Call, Message, Reply};
use super::process::ProcessCtx;
use super::system::Work;
use crate::kernel::NodeId;

/// A call that may go through a third node. It resolves as a [`Call`] does, with the outcome of the
/// last leg that was reached.
#[must_use = "a call does nothing for its caller unless awaited"]
pub enum ProxiedCall<R> {
    /// The caller calls the receiver directly.
    Direct(Call<R>),
    /// A node between them forwards request and reply.
    Proxied(Call<Reply<R>>),
}

impl<R> Future for ProxiedCall<R> {
    type Output = Reply<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply<R>> {
        match self.get_mut() {
            Self::Direct(call) => Pin::new(call).poll(cx),
            Self::Proxied(call) => Pin::new(call).poll(cx).map(|reply| match reply {
                Reply::Answered(reply) => reply,
                Reply::Refused => Reply::Refused,
                Reply::Rejected => Reply::Rejected,
                Reply::Unknown => Reply::Unknown,
            }),
        }
    }
}

impl ProcessCtx {
    /// Calls `handler` at node `to`, through another node if there is one between. That node serves
    /// the request as its own (it holds a worker to the end, and does its work), calls `to` in
    /// turn, through a breaker as `onward` says, and forwards the reply. Each of the two waits as
    /// long as the message says. If both are the same node, it is called once.
    pub fn call_through<R, F, Fut>(
        &self,
        between: Option<NodeId>,
        to: NodeId,
        message: Message,
        onward: Guard<R>,
        handler: F,
    ) -> ProxiedCall<R>
    where
        R: 'static,
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        let Some(between) = between.filter(|between| *between != to) else {
            return ProxiedCall::Direct(self.call(to, message, handler));
        };
        let passed = Message::request("delegate", message.deadline).costs(message.work);
        let message = message.costs(Work::Own);
        ProxiedCall::Proxied(self.call(between, message, move |here: ProcessCtx| {
            let handler = handler.clone();
            async move { here.guarded(to, onward, || here.call(to, passed, handler)).await }
        }))
    }
}
