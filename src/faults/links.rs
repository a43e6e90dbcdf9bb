//! What the faults of links have in common: two sides, one or both directions, and healing.

use std::rc::Rc;

use super::registry::Heal;
use super::target::sides;
use crate::model::network::{Disturbance, LinkEffect};
use crate::model::world::World;

/// Disturbs the links from one side to the other (everybody else, if empty), and back unless
/// `one_way`.
pub fn disturb(
    world: &Rc<World>,
    (from, to): (&[String], &[String]),
    one_way: bool,
    effect: LinkEffect,
) -> Heal {
    let (from, to) = sides(world, from, to);
    let network = Rc::clone(world.network());
    let mut ids = Vec::new();
    if !one_way {
        let effect = effect.clone();
        ids.push(network.disturb(Disturbance { from: to.clone(), to: from.clone(), effect }));
    }
    ids.push(network.disturb(Disturbance { from, to, effect }));
    Box::new(move || ids.into_iter().for_each(|id| network.calm(id)))
}
