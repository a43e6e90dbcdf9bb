//! What the faults of links have in common: two sides, one or both directions, and healing.

use std::rc::Rc;

use super::fault::Heal;
use super::target::sides;
use super::targets::Targets;
use crate::kernel::{NodeId, Words};
use crate::model::network::{Disturbance, DisturbanceId, LinkEffect};
use crate::model::world::World;

/// Two sides of some links, as settings name them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sides {
    /// One side.
    pub from: Vec<String>,
    /// The other side; everybody else, if empty.
    pub to: Vec<String>,
    /// True if only messages from the first to the second are concerned.
    pub one_way: bool,
}

impl Sides {
    /// One of several names on one side, and on the other everybody else or one other.
    pub fn draw<'a>(
        names: impl Iterator<Item = &'a String>,
        words: &mut dyn Words,
    ) -> Option<Self> {
        let names: Vec<&String> = names.collect();
        let from = Targets::pick(names.iter().copied(), words)?;
        let others = names.into_iter().filter(|name| **name != from);
        let to = if words.chance(0.5) { Targets::pick(others, words) } else { None };
        let (from, to) = (vec![from], to.into_iter().collect());
        Some(Self { from, to, one_way: words.chance(0.25) })
    }

    /// Fewer names, fewer directions.
    pub fn simpler(&self) -> impl Iterator<Item = Self> {
        let one_way = (!self.one_way).then(|| Self { one_way: true, ..self.clone() });
        let from = fewer(&self.from).map(|from| Self { from, ..self.clone() });
        let to = fewer(&self.to).map(|to| Self { to, ..self.clone() });
        from.chain(to).chain(one_way)
    }

    /// All names.
    pub fn names(&self) -> Vec<String> {
        self.from.iter().chain(&self.to).cloned().collect()
    }

    /// What is wrong with them.
    pub fn check(&self) -> Vec<String> {
        if self.from.is_empty() { vec!["`from` names nobody".to_owned()] } else { Vec::new() }
    }

    /// Disturbs the links from one side to the other, and back unless one way.
    pub fn disturb(&self, world: &Rc<World>, effect: &LinkEffect) -> Heal {
        let sides = sides(world, &self.from, &self.to);
        let ids = disturb(world, &sides, self.one_way, effect);
        calm(world, ids)
    }
}

/// The same names but one, for each that can be spared: one is left.
pub fn fewer<T: Clone>(names: &[T]) -> impl Iterator<Item = Vec<T>> {
    let spared = if names.len() > 1 { names.len() } else { 0 };
    (0..spared).map(|gone| {
        let kept = names.iter().enumerate().filter(move |(at, _)| *at != gone);
        kept.map(|(_, name)| name.clone()).collect()
    })
}

/// Disturbs the links between two sets of nodes.
pub fn disturb(
    world: &World,
    (from, to): &(Vec<NodeId>, Vec<NodeId>),
    one_way: bool,
    effect: &LinkEffect,
) -> Vec<DisturbanceId> {
    let begin = |from: &[NodeId], to: &[NodeId]| {
        let (from, to, effect) = (from.to_vec(), to.to_vec(), effect.clone());
        world.network().disturb(Disturbance { from, to, effect })
    };
    let back = (!one_way).then(|| begin(to, from));
    back.into_iter().chain([begin(from, to)]).collect()
}

/// Ends disturbances.
pub fn calm(world: &World, ids: Vec<DisturbanceId>) -> Heal {
    let network = Rc::clone(world.network());
    Box::new(move || ids.into_iter().for_each(|id| network.calm(id)))
}

/// Declares the settings of a fault of links: two sides, a direction, and what is its own.
macro_rules! link_settings {
    (
        $(#[$about:meta])+
        { $( $(#[$doc:meta])+ $name:ident: $type:ty, )* }
    ) => {
        $(#[$about])+
        #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Settings {
            /// One side: services, databases, driver nodes, zones, `role:driver` or `role:client`.
            from: Vec<String>,
            /// The other side; everybody else if it is left out.
            #[serde(default)]
            to: Vec<String>,
            /// True if only messages from the first side to the second are concerned.
            #[serde(default)]
            one_way: bool,
            $( $(#[$doc])+ $name: $type, )*
        }

        impl Settings {
            fn sides(&self) -> $crate::faults::links::Sides {
                let Self { from, to, one_way, .. } = self.clone();
                $crate::faults::links::Sides { from, to, one_way }
            }

            /// The same between two other sides.
            fn between(&self, sides: $crate::faults::links::Sides) -> Self {
                let $crate::faults::links::Sides { from, to, one_way } = sides;
                #[allow(clippy::needless_update, reason = "not every fault has more settings")]
                Self { from, to, one_way, ..self.clone() }
            }

            /// The same with fewer names or in one direction.
            fn fewer(&self) -> Vec<Self> {
                self.sides().simpler().map(|sides| self.between(sides)).collect()
            }
        }
    };
}

pub(super) use link_settings;
