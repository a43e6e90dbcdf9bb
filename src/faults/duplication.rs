//! # Message duplication
//!
//! Each message between the two sides is delivered a second time with the same probability. The
//! copy travels longer than the original, so it may arrive after messages that were sent later.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::links::LinkShare;
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Duplication of messages on some links.
pub struct Duplication;

impl Fault for Duplication {
    const NAME: &'static str = "duplication";
    const SUMMARY: &'static str = "a share of the messages arrives twice";
    const MANUAL: &'static str = include_str!("duplication.rs");
    type Settings = LinkShare;

    fn strike(settings: &LinkShare, world: &Rc<World>) -> Heal {
        settings.disturb(world, LinkEffect::Duplicate)
    }
}
