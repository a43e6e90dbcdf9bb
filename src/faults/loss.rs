//! # Message loss
//!
//! Each message between the two sides vanishes with the same probability, independently. Sessions
//! between a service and its database retransmit and are not affected.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::links::{Sides, link_settings};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Loss of messages on some links.
pub struct Loss;

link_settings! {
    /// Settings of loss of messages on some links.
    {
        /// Which share vanishes, 0 to 1.
        share: f64,
    }
}

impl Fault for Loss {
    const NAME: &'static str = "loss";
    const SUMMARY: &'static str = "a share of the messages vanishes";
    const MANUAL: &'static str = include_str!("loss.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.sides().names()
    }

    fn check(settings: &Settings) -> Vec<String> {
        let own = check_range("share", settings.share, 0.0, 1.0);
        settings.sides().check().into_iter().chain(own).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let effect = LinkEffect::Lose(settings.share);
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
