//! # Corruption
//!
//! Each message between the two sides is damaged on the way with the same probability. Its receiver
//! sees from the checksum that it is damaged and throws it away, so nothing wrong is ever acted on.
//! For the sender it is as if the message had been lost, but it did travel and did arrive: the
//! history says so apart from losses. Sessions between a service and its database retransmit and
//! are not affected.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::links::LinkShare;
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Damage of messages on some links.
pub struct Corruption;

impl Fault for Corruption {
    const NAME: &'static str = "corruption";
    const SUMMARY: &'static str = "a share of the messages arrives damaged and is thrown away";
    const MANUAL: &'static str = include_str!("corruption.rs");
    type Settings = LinkShare;

    fn strike(settings: &LinkShare, world: &Rc<World>) -> Heal {
        settings.disturb(world, LinkEffect::Damage)
    }
}
