//! # Message loss
//!
//! Each message between the two sides vanishes with the same probability, independently. Sessions
//! between a service and its database retransmit and are not affected.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::links::LinkShare;
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Loss of messages on some links.
pub struct Loss;

impl Fault for Loss {
    const NAME: &'static str = "loss";
    const SUMMARY: &'static str = "a share of the messages vanishes";
    const MANUAL: &'static str = include_str!("loss.rs");
    type Settings = LinkShare;

    fn strike(settings: &LinkShare, world: &Rc<World>) -> Heal {
        settings.disturb(world, LinkEffect::Lose)
    }
}
