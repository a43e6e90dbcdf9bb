//! # Partition
//!
//! No message passes between the two sides: those sent meanwhile, and those in flight when the
//! partition begins, are lost without notice. Sessions between a service and its database are not
//! broken by it; they wait, as TCP does, until the partition heals, their caller gives up, or the
//! database ends them for lack of a sign of life (`explain databases` names its limits).
//!
//! With `groups` there is any number of parts, and messages pass only between nodes that share a
//! group. A node in two groups can reach both; one in none can reach all.
//!
//! ```toml
//! [[faults]]
//! kind = "partition"
//! at = "30s"
//! for = "10s"
//! groups = [["order"], ["stock", "stock-db"], ["role:driver"]]
//! ```

use std::collections::BTreeMap;
use std::rc::Rc;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::links::{calm, disturb, fewer};
use super::reach::{Ends, Reach, Sides};
use super::target::all_nodes;
use super::targets::Targets;
use crate::kernel::NodeId;
use crate::model::network::LinkEffect;
use crate::model::reason::Reason;
use crate::model::world::World;
use crate::reason;

/// A partition of the network.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Partition {
    /// One side: services, databases, driver nodes, zones, `role:driver` or `role:client`.
    #[serde(default)]
    from: Vec<String>,
    /// The other side; all other nodes if it is left out.
    #[serde(default)]
    to: Vec<String>,
    /// True if only messages from the first side to the second are affected.
    #[serde(default)]
    one_way: bool,
    /// The parts into which the network falls, instead of two sides.
    #[serde(default)]
    groups: Vec<Vec<String>>,
}

/// The groups of a node, as bits.
type Membership = u64;

impl Partition {
    fn sides(&self) -> Sides {
        let Self { from, to, one_way, .. } = self.clone();
        Sides { from, to, one_way }
    }

    fn between(sides: Sides) -> Self {
        let Sides { from, to, one_way } = sides;
        Self { from, to, one_way, groups: Vec::new() }
    }

    fn of(groups: Vec<Vec<String>>) -> Self {
        Self { groups, ..Self::default() }
    }

    /// The nodes that are in any group, by their groups.
    fn parts(&self, world: &World) -> BTreeMap<Membership, Vec<NodeId>> {
        let mut memberships: BTreeMap<NodeId, Membership> = BTreeMap::new();
        for (at, group) in self.groups.iter().enumerate() {
            for node in all_nodes(world, group) {
                *memberships.entry(node).or_default() |= 1 << at;
            }
        }
        let mut parts: BTreeMap<Membership, Vec<NodeId>> = BTreeMap::new();
        for (node, membership) in memberships {
            parts.entry(membership).or_default().push(node);
        }
        parts
    }
}

impl FaultSettings for Partition {
    fn reach(&self) -> Reach {
        match self.groups.is_empty() {
            true => Reach::Sides(self.sides()),
            false => Reach::Groups(self.groups.clone()),
        }
    }

    fn check(&self) -> Vec<Reason> {
        let Self { from, to, one_way, groups } = self;
        let sided = !from.is_empty() || !to.is_empty() || *one_way;
        let wrong = match groups.len() {
            0 if from.is_empty() => {
                reason!("a partition needs the key `{}`, or `{}`", "from", "groups")
            }
            0 => return Vec::new(),
            _ if sided => reason!("a partition has either two sides or `{}`, not both", "groups"),
            1 => reason!("`{}` must name at least two groups", "groups"),
            2..=64 => return Vec::new(),
            _ => reason!("`{}` may name at most 64 groups", "groups"),
        };
        vec![wrong]
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        if rng.random_bool(0.75) {
            return Sides::draw(&targets.nodes().collect::<Vec<_>>(), rng).map(Self::between);
        }
        targets.nodes().nth(1)?; // Two can be kept apart.
        loop {
            let mut groups = vec![Vec::new(); 3];
            for name in targets.nodes() {
                groups[rng.random_range(0..3)].push(name.to_owned());
            }
            groups.retain(|group| !group.is_empty());
            if groups.len() > 1 {
                return Some(Self::of(groups));
            }
        }
    }

    fn simpler(&self) -> Vec<Self> {
        if self.groups.is_empty() {
            return self.sides().simpler().into_iter().map(Self::between).collect();
        }
        let groups = &self.groups;
        let spared = fewer(groups).filter(|groups| groups.len() > 1).map(Self::of);
        let smaller = groups.iter().enumerate().flat_map(|(at, group)| {
            fewer(group).map(move |group| {
                let mut groups = groups.clone();
                groups[at] = group;
                Self::of(groups)
            })
        });
        spared.chain(smaller).collect()
    }
}

impl Fault for Partition {
    const NAME: &'static str = "partition";
    const SUMMARY: &'static str =
        "nothing passes between two sides, one way or both, or between several groups";
    const MANUAL: &'static str = include_str!("partition.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        if settings.groups.is_empty() {
            return settings.sides().disturb(world, &LinkEffect::Cut);
        }
        let parts: Vec<_> = settings.parts(world).into_iter().collect();
        let mut cuts = Vec::new();
        for (at, (mine, nodes)) in parts.iter().enumerate() {
            for (_, others) in parts[at + 1..].iter().filter(|(theirs, _)| mine & theirs == 0) {
                let ends = Ends { from: nodes.clone(), to: others.clone() };
                cuts.extend(disturb(world, ends, false, &LinkEffect::Cut));
            }
        }
        calm(world, cuts)
    }
}
