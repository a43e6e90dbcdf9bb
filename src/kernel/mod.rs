//! Time, order and chance: the event kernel. It knows nothing of databases and services.

mod dist;
mod time;

pub use dist::Dist;
pub use time::{Span, Time};

/// A simulated node. Nodes are numbered in the order in which they were added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u16);

impl NodeId {
    /// The node on which the world itself acts (arrivals, faults); it never crashes.
    pub const WORLD: Self = Self(0);
}
