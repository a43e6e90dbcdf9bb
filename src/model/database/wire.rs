//! The network between a database and its clients.

use crate::kernel::{NodeId, Signal, Span};

/// The network as sessions use it: lossless and ordered, but it may be cut for a while.
pub trait Wire {
    /// Returns whether messages pass from one node to another now.
    fn up(&self, from: NodeId, to: NodeId) -> bool;
    /// Returns whether the whole machine of a node is down: it neither sends nor answers anything.
    fn is_silent(&self, node: NodeId) -> bool;
    /// A signal that is given when a link is cut or restored, and when a machine fails or is back.
    fn changed(&self) -> Signal;
    /// The additional delay of a message now.
    fn extra(&self, from: NodeId, to: NodeId) -> Span;
}
