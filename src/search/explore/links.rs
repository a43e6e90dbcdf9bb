//! The links between the nodes of a run: nodes that exchanged a message, and nodes that worked for
//! the same operation. Groups without a link cannot have influenced each other.

use std::collections::BTreeMap;

use crate::kernel::NodeId;
use crate::model::record::{Event, OpId, Record};

/// Nodes and operations in a union-find structure.
#[derive(Clone, Debug, Default)]
pub struct Links {
    above: BTreeMap<u32, u32>,
}

/// The number of an operation in that structure; nodes have their own numbers.
const fn operation(op: OpId) -> u32 {
    1 << 31 | op.0
}

impl Links {
    /// Takes in one record. Clients are joined to their operations, not to each other.
    pub fn see(&mut self, record: &Record) {
        let node = (record.node != NodeId::WORLD).then_some(u32::from(record.node.0));
        let op = (record.op != OpId::NONE).then(|| operation(record.op));
        let other = match record.event {
            Event::Sent { to, .. } if to != NodeId::WORLD => Some(u32::from(to.0)),
            _ => None,
        };
        let both = [(node, op), (node, other), (op, other)];
        for (one, other) in both.into_iter().filter_map(|(one, other)| Some((one?, other?))) {
            self.join(one, other);
        }
    }

    /// The union with the groups of another run.
    pub fn with(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        other.above.iter().for_each(|(one, other)| joined.join(*one, *other));
        joined
    }

    /// Returns whether two nodes are in one group.
    pub fn have_met(&self, one: NodeId, other: NodeId) -> bool {
        self.head(u32::from(one.0)) == self.head(u32::from(other.0))
    }

    fn head(&self, mut one: u32) -> u32 {
        while let Some(above) = self.above.get(&one).filter(|above| **above != one) {
            one = *above;
        }
        one
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.head(one), self.head(other));
        if one != other {
            self.above.insert(one.max(other), one.min(other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_grow_together() {
        let mut links = Links::default();
        links.join(1, 2);
        links.join(3, 4);
        assert!(links.have_met(NodeId(1), NodeId(2)) && !links.have_met(NodeId(2), NodeId(3)));
        let mut others = Links::default();
        others.join(4, 2);
        assert!(links.with(&others).have_met(NodeId(1), NodeId(3)));
        assert!(!links.have_met(NodeId(1), NodeId(3)), "the first run is as it was");
    }
}
