//! # Reordering
//!
//! Each message between the two sides is held back with the same probability, by the same time:
//! what is sent in the meantime overtakes it. Nothing is lost. Sessions between a service and its
//! database keep their order; they feel what is held back on average.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::grid::{SHARES, SPANS, below, check_range, draw};
use super::links::{Sides, link_settings};
use super::targets::Targets;
use crate::kernel::{Dist, Span, Words};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Reordering of messages on some links.
pub struct Reordering;

link_settings! {
    /// Settings of reordering of messages on some links.
    {
        /// Which share is held back, 0 to 1.
        share: f64,
        /// For how long.
        by: Span,
    }
}

impl Fault for Reordering {
    const NAME: &'static str = "reordering";
    const SUMMARY: &'static str =
        "a share of the messages is held back, so that later ones overtake";
    const MANUAL: &'static str = include_str!("reordering.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.sides().names()
    }

    fn check(settings: &Settings) -> Vec<String> {
        let own = check_range("share", settings.share, 0.0, 1.0);
        settings.sides().check().into_iter().chain(own).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let by = Dist::Constant(settings.by);
        let effect = LinkEffect::Slow { share: settings.share, by };
        settings.sides().disturb(world, &effect)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let sides = Sides::draw(targets.speakers(), words)?;
        let (share, by) = (draw(&SHARES, words), draw(&SPANS, words));
        let drawn = Settings { share, by, ..Settings::default() };
        Some(drawn.between(sides))
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let fewer = settings.fewer().into_iter();
        let spans = below(&SPANS, settings.by).into_iter();
        let spans = spans.map(|by| Settings { by, ..settings.clone() });
        let shares = below(&SHARES, settings.share).into_iter();
        let own = spans.chain(shares.map(|share| Settings { share, ..settings.clone() }));
        fewer.chain(own).collect()
    }
}
