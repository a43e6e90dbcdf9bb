//! # Corruption
//!
//! Each message between the two sides is damaged on the way with the same probability. Its receiver
//! detects that by the checksum and discards it, so no damaged content is ever used. For the sender
//! it is as if the message had been lost, but it has travelled and arrived: the history counts it
//! apart from losses. Sessions between a service and its database retransmit and are not affected.

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
