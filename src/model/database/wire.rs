//! The network between a database and its clients.

use crate::kernel::{NodeId, Signal, Span};

/// The network as sessions need it: lossless and ordered, but it may be cut for a while.
pub trait Wire {
    /// Returns whether anything passes from one node to another now.
    fn up(&self, from: NodeId, to: NodeId) -> bool;
    /// Returns whether the whole machine of a node is down: it neither sends nor answers anything.
    fn is_silent(&self, node: NodeId) -> bool;
    /// Is notified when a link is cut or mended, and when a machine falls silent or is back.
    fn changed(&self) -> Signal;
    /// How much longer than usual a message takes now.
    fn extra(&self, from: NodeId, to: NodeId) -> Span;
}
