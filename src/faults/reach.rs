//! The reach of faults: the nodes, links, load or message that they affect.

use std::fmt;

use super::target::{CLIENTS, all_nodes};
use crate::kernel::NodeId;
use crate::model::reason::Reason;
use crate::model::world::World;

/// The reach of a fault, by the names that its settings give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Nodes, given by their names, services, databases, zones, roles, or owned tables.
    Nodes(Vec<String>),
    /// The links between two sides.
    Sides(Sides),
    /// The links between nodes that share none of these groups.
    Groups(Vec<Vec<String>>),
    /// A load, as `load:NAME`.
    Load(String),
    /// The message whose point triggers the fault.
    Message,
}

/// The two sides of some links, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sides {
    /// One side.
    pub from: Vec<String>,
    /// The other side; all other nodes, if empty.
    pub to: Vec<String>,
    /// True if only messages from the first to the second are affected.
    pub one_way: bool,
}

/// The nodes at the two ends of some links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ends {
    /// The nodes at one end.
    pub from: Vec<NodeId>,
    /// The nodes at the other end.
    pub to: Vec<NodeId>,
}

impl Reach {
    /// One target by its name.
    pub fn node(name: &str) -> Self {
        Self::Nodes(vec![name.to_owned()])
    }

    /// All names, in the order of the settings.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Nodes(names) => names.clone(),
            Self::Sides(Sides { from, to, .. }) => from.iter().chain(to).cloned().collect(),
            Self::Groups(groups) => groups.concat(),
            Self::Load(name) => vec![name.clone()],
            Self::Message => Vec::new(),
        }
    }

    /// Every node that is named, itself or by an end of its links.
    pub fn nodes(&self, world: &World) -> Vec<NodeId> {
        all_nodes(world, &self.names())
    }

    /// Returns whether it affects nothing without a node.
    pub const fn needs_nodes(&self) -> bool {
        matches!(self, Self::Nodes(_) | Self::Sides(_) | Self::Groups(_))
    }

    /// The problems of a fault with this reach. Clients are many and outside the system: faults of
    /// a machine cannot affect them.
    pub fn check(&self) -> Vec<Reason> {
        let Self::Nodes(names) = self else { return Vec::new() };
        let message = "clients are not machines of this system: only their links can be disturbed";
        if names.iter().any(|name| name == CLIENTS) { vec![message.into()] } else { Vec::new() }
    }
}

impl fmt::Display for Reach {
    /// The phrase after the kind of fault in a sentence: `of stock`, `between order and stock`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(names) if names.is_empty() => Ok(()),
            Self::Nodes(names) => write!(f, "of {}", names.join(", ")),
            Self::Sides(Sides { from, to, one_way }) => {
                let to = if to.is_empty() { "all others".into() } else { to.join(", ") };
                let (one, other) = if *one_way { ("from", "to") } else { ("between", "and") };
                write!(f, "{one} {} {other} {to}", from.join(", "))
            }
            Self::Groups(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| group.join(", ")).collect();
                write!(f, "between the groups {}", groups.join(" | "))
            }
            Self::Load(name) => write!(f, "of {name}"),
            Self::Message => Ok(()),
        }
    }
}

impl Sides {
    /// The nodes at the ends of the links between them.
    pub fn ends(&self, world: &World) -> Ends {
        let from = all_nodes(world, &self.from);
        let to = match self.to.is_empty() {
            true => world.nodes().filter(|node| !from.contains(node)).collect(),
            false => all_nodes(world, &self.to),
        };
        Ends { from, to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reach_follows_its_fault_in_a_sentence() {
        let names = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let sides = |to: &[&str], one_way| {
            Reach::Sides(Sides { from: names(&["a", "b"]), to: names(to), one_way })
        };
        let groups =
            Reach::Groups(vec![names(&["a"]), names(&["b", "c"]), names(&["role:driver"])]);
        for (reach, said) in [
            (Reach::node("a"), "of a"),
            (sides(&["c"], false), "between a, b and c"),
            (sides(&[], true), "from a, b to all others"),
            (groups, "between the groups a | b, c | role:driver"),
            (Reach::Load("load:a".into()), "of load:a"),
            (Reach::Message, ""),
        ] {
            assert_eq!(reach.to_string(), said);
        }
    }
}
