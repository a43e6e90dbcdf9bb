//! The common settings of link faults: two sides, one or both directions.

use std::rc::Rc;

use rand::{Rng, RngExt};

use super::fault::{FaultSettings, Heal, Settings};
use super::grid::{SHARES, below, check_range, draw};
use super::reach::{Ends, Reach, Sides};
use super::targets::Targets;
use crate::kernel::Span;
use crate::model::network::{Disturbance, DisturbanceId, LinkEffect};
use crate::model::reason::Reason;
use crate::model::world::World;
use crate::reason;

/// Settings with two sides; [`link_settings`] declares them.
pub trait Sided: Settings {
    /// The two sides.
    fn sides(&self) -> Sides;

    /// These settings between two other sides.
    #[must_use]
    fn between(self, sides: Sides) -> Self;
}

/// Settings of a fault of the links between two sides, with what each such fault says about its own
/// settings.
pub trait LinkSettings: Sided {
    /// The names that may be drawn for a side: by default every node.
    fn ends(targets: &Targets) -> Vec<&str> {
        targets.nodes().collect()
    }

    /// The setting with the period at which the fault repeats something, if it does.
    fn recurring(&self) -> Option<(&'static str, Span)> {
        None
    }

    /// The problems of these settings.
    fn problems(&self) -> Vec<Reason>;

    /// The settings in a few words each.
    fn words(&self) -> Vec<String>;

    /// Draws random settings; the sides are drawn before.
    fn random(rng: &mut dyn Rng) -> Self;

    /// Settings of milder faults between the same sides, the mildest first.
    fn less(&self) -> Vec<Self>;
}

impl<S: LinkSettings> FaultSettings for S {
    fn reach(&self) -> Reach {
        Reach::Sides(self.sides())
    }

    fn details(&self) -> Vec<String> {
        self.words()
    }

    fn recurs(&self) -> Option<(&'static str, Span)> {
        self.recurring()
    }

    fn check(&self) -> Vec<Reason> {
        let none = self.sides().from.is_empty().then(|| reason!("`{}` names no target", "from"));
        none.into_iter().chain(self.problems()).collect()
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let sides = Sides::draw(&Self::ends(targets), rng)?;
        Some(Self::random(rng).between(sides))
    }

    fn simpler(&self) -> Vec<Self> {
        let fewer = self.sides().simpler().into_iter().map(|sides| self.clone().between(sides));
        fewer.chain(self.less()).collect()
    }
}

impl Sides {
    /// Draws one of several names for one side, and for the other all others or one other.
    pub fn draw(names: &[&str], rng: &mut dyn Rng) -> Option<Self> {
        let from = Targets::pick(names.iter().copied(), rng)?;
        let others = names.iter().copied().filter(|name| *name != from);
        let to = if rng.random_bool(0.5) { Targets::pick(others, rng) } else { None };
        let (from, to) = (vec![from], to.into_iter().collect());
        Some(Self { from, to, one_way: rng.random_bool(0.25) })
    }

    /// Sides with fewer names or directions.
    pub fn simpler(&self) -> Vec<Self> {
        let one_way = (!self.one_way).then(|| Self { one_way: true, ..self.clone() });
        let from = fewer(&self.from).map(|from| Self { from, ..self.clone() });
        let to = fewer(&self.to).map(|to| Self { to, ..self.clone() });
        from.chain(to).chain(one_way).collect()
    }

    /// Disturbs the links from one side to the other, and back unless one way.
    pub fn disturb(&self, world: &Rc<World>, effect: &LinkEffect) -> Heal {
        let ids = disturb(world, self.ends(world), self.one_way, effect);
        calm(world, ids)
    }
}

/// The lists that lack one of the names, for each name; one name is always left.
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
    ends: Ends,
    one_way: bool,
    effect: &LinkEffect,
) -> Vec<DisturbanceId> {
    let begin = |Ends { from, to }: Ends| {
        world.network().disturb(Disturbance { from, to, effect: effect.clone() })
    };
    let back = (!one_way).then(|| Ends { from: ends.to.clone(), to: ends.from.clone() });
    back.into_iter().chain([ends]).map(begin).collect()
}

/// Ends disturbances.
pub fn calm(world: &World, ids: Vec<DisturbanceId>) -> Heal {
    let network = Rc::clone(world.network());
    Box::new(move || ids.into_iter().for_each(|id| network.calm(id)))
}

/// Declares the settings of a fault of links: the keys of its two sides, and those of its own.
macro_rules! link_settings {
    (
        $(#[$about:meta])+
        pub struct $settings:ident { $( $(#[$doc:meta])+ $name:ident: $type:ty, )* }
    ) => {
        $(#[$about])+
        #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct $settings {
            /// One side: services, databases, driver nodes, zones, `role:driver` or `role:client`.
            from: Vec<String>,
            /// The other side; all other nodes if it is left out.
            #[serde(default)]
            to: Vec<String>,
            /// True if only messages from the first side to the second are affected.
            #[serde(default)]
            one_way: bool,
            $( $(#[$doc])+ $name: $type, )*
        }

        impl $crate::faults::links::Sided for $settings {
            fn sides(&self) -> $crate::faults::reach::Sides {
                let Self { from, to, one_way, .. } = self.clone();
                $crate::faults::reach::Sides { from, to, one_way }
            }

            fn between(self, sides: $crate::faults::reach::Sides) -> Self {
                let $crate::faults::reach::Sides { from, to, one_way } = sides;
                Self { from, to, one_way, ..self }
            }
        }
    };
}

pub(super) use link_settings;

link_settings! {
    /// Settings of a fault that affects a share of the messages on some links.
    pub struct LinkShare {
        /// Share of the messages that is affected, 0 to 1.
        share: f64,
    }
}

impl LinkShare {
    /// Disturbs the links in a way that depends on the share.
    pub fn disturb(&self, world: &Rc<World>, effect: impl FnOnce(f64) -> LinkEffect) -> Heal {
        self.sides().disturb(world, &effect(self.share))
    }
}

impl LinkSettings for LinkShare {
    fn ends(targets: &Targets) -> Vec<&str> {
        targets.speakers().collect()
    }

    fn problems(&self) -> Vec<Reason> {
        check_range("share", self.share, 0.0, 1.0)
    }

    fn words(&self) -> Vec<String> {
        vec![format!("share {}", self.share)]
    }

    fn random(rng: &mut dyn Rng) -> Self {
        Self { share: draw(&SHARES, rng), ..Self::default() }
    }

    fn less(&self) -> Vec<Self> {
        let shares = below(&SHARES, self.share).into_iter();
        shares.map(|share| Self { share, ..self.clone() }).collect()
    }
}
