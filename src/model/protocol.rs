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

/// A consistency pattern at work in one run.
pub trait Protocol {
    /// Which node a client knocks at with this attempt, from 0.
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId;

    /// Returns whether this node takes on the operation that `here` works for. One
    /// that does not refuses it as if its process were down, and the client may ask another.
    fn admits(&self, here: &ProcessCtx) -> bool {
        let _ = here;
        true
    }

    /// The steps that the entry carries out itself while the client waits, a bit each: what its
    /// request costs there. By default the first.
    fn at_entry(&self, world: &World, op: OpId) -> u32 {
        let _ = (world, op);
        1
    }

    /// Carries out an operation for a client, at the entry node. Called again with the same
    /// operation when a client retries: the operation is its own idempotency key.
    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution;

    /// Starts the processes of one node, at the start of the run and after each restart
    /// (`here.incarnation() > 0`), when they begin by recovering what the node's logs hold.
    fn start(self: Rc<Self>, here: ProcessCtx);

    /// The longest period of anything that recurs; quiescence waits for two of them.
    fn period(&self) -> Span;

    /// The shortest period of anything that recurs: what a run comes to rests on it.
    fn shortest_period(&self) -> Span {
        self.period()
    }
}
