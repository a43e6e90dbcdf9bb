//! # Corruption
//!
//! Each message between the two sides is damaged on the way with the same probability. Its receiver
//! sees from the checksum that it is damaged and throws it away, so nothing wrong is ever acted on.
//! For the sender it is as if the message had been lost, but it did travel and did arrive: the
//! history says so apart from losses. Sessions between a service and its database retransmit and
//! are not affected.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::links::{Sides, link_settings};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Damage of messages on some links.
pub struct Corruption;

link_settings! {
    /// Settings of damage of messages on some links.
    {
        /// Which share is damaged, 0 to 1.
        share: f64,
    }
}

impl Fault for Corruption {
    const NAME: &'static str = "corruption";
    const SUMMARY: &'static str = "a share of the messages arrives damaged and is thrown away";
    const MANUAL: &'static str = include_str!("corruption.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.sides().names()
    }

    fn check(settings: &Settings) -> Vec<String> {
        let own = check_range("share", settings.share, 0.0, 1.0);
        settings.sides().check().into_iter().chain(own).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let effect = LinkEffect::Damage(settings.share);
        settings.sides().disturb(world, &effect)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let sides = Sides::draw(targets.speakers(), words)?;
        let drawn = Settings { share: draw(&SHARES, words), ..Settings::default() };
        Some(drawn.between(sides))
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let fewer = settings.fewer().into_iter();
        let shares = below(&SHARES, settings.share).into_iter();
        let own = shares.map(|share| Settings { share, ..settings.clone() });
        fewer.chain(own).collect()
    }
}
