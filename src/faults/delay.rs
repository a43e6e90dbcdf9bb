//! # Added latency
//!
//! Each message between the two sides takes longer by a uniformly drawn delay. As every message
//! draws its own, messages overtake each other. Sessions between a service and its database keep
//! their order; they feel the mean.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::grid::{SPANS, below, draw};
use super::links::{Sides, link_settings};
use super::targets::Targets;
use crate::kernel::{Dist, Span, Words};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Added latency on some links.
pub struct Delay;

link_settings! {
    /// Settings of added latency on some links.
    {
        /// Least added delay.
        least: Span,
        /// Greatest added delay; the least one if it is left out.
        #[serde(default)]
        most: Option<Span>,
    }
}

impl Fault for Delay {
    const NAME: &'static str = "delay";
    const SUMMARY: &'static str = "messages take longer, by a drawn delay";
    const MANUAL: &'static str = include_str!("delay.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.sides().names()
    }

    fn check(settings: &Settings) -> Vec<String> {
        let own = settings.most.filter(|most| *most < settings.least);
        let own = own.map(|most| format!("`most` must not be less than `least`, not {most}"));
        settings.sides().check().into_iter().chain(own).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let high = settings.most.unwrap_or(settings.least).max(settings.least);
        let by = Dist::Uniform { low: settings.least, high };
        let effect = LinkEffect::Slow { share: 1.0, by };
        settings.sides().disturb(world, &effect)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let sides = Sides::draw(targets.nodes(), words)?;
        let (one, other) = (draw(&SPANS, words), draw(&SPANS, words));
        let least = one.min(other);
        let most = (one != other).then(|| one.max(other));
        let drawn = Settings { least, most, ..Settings::default() };
        Some(drawn.between(sides))
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let fewer = settings.fewer().into_iter();
        let constant = settings.most.map(|_| Settings { most: None, ..settings.clone() });
        let spans = below(&SPANS, settings.least).into_iter();
        let spans = spans.map(|least| Settings { least, ..settings.clone() });
        let own = constant.into_iter().chain(spans);
        fewer.chain(own).collect()
    }
}
