//! The interface between the world and a consistency pattern, which `patterns` implements.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use super::process::ProcessCtx;
use super::record::{Answer, OpId};
use super::system::OperationKind;
use super::world::World;
use crate::kernel::{NodeId, Span};

/// The process that answers one client request.
pub type Execution = Pin<Box<dyn Future<Output = Answer>>>;

/// An instance of a consistency pattern in one run.
pub trait Protocol {
    /// The node to which a client sends this attempt, from 0.
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId;

    /// Returns whether this node accepts the operation that `here` works for. A node that does not
    /// refuses it as if its process were down, and the client may ask another one.
    fn admits(&self, here: &ProcessCtx) -> bool {
        let _ = here;
        true
    }

    /// The steps that the entry carries out itself while the client waits, one bit for each: the
    /// cost of the request there. By default the first.
    fn at_entry(&self, world: &World, op: OpId) -> u32 {
        let _ = (world, op);
        1
    }

    /// Carries out an operation for a client, at the entry node. It is called again with the same
    /// operation when a client retries: the id of the operation is its idempotency key.
    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution;

    /// Starts the processes of one node, at the start of the run and after each restart
    /// (`here.incarnation() > 0`), when they first recover what the node's logs hold.
    fn start(self: Rc<Self>, here: ProcessCtx);

    /// The longest period of any recurring activity; quiescence requires two such periods without
    /// change.
    fn period(&self) -> Span;

    /// The shortest period of any recurring activity, on which the results of a run depend.
    fn shortest_period(&self) -> Span {
        self.period()
    }
}
