//! # Bandwidth
//!
//! Each link between a node of the one side and a node of the other carries only so many messages a
//! second, in each direction. Every message weighs the same, one kibibyte, so 100 a second are
//! 0.8 Mbit/s. What comes faster queues, first come first served; what finds the queue full is
//! lost. Sessions between a service and its database share the link and wait in the same queue,
//! but slow down before they overflow it.

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::grid::{above, check_range, draw};
use super::links::{Sides, link_settings};
use super::targets::Targets;
use crate::kernel::{Span, Words};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Bandwidth of some links.
pub struct Bandwidth;

/// As many packets as Linux lets wait at a network card: txqueuelen.
const fn queue() -> u32 {
    1_000
}

/// Messages a second, from a crawl to what only a burst notices.
const RATES: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];

link_settings! {
    /// Settings of bandwidth of some links.
    {
        /// How many messages a link carries in a second.
        rate: f64,
        /// How many may wait at each link; further ones are lost.
        #[serde(default = "queue")]
        queue: u32,
    }
}

impl Fault for Bandwidth {
    const NAME: &'static str = "bandwidth";
    const SUMMARY: &'static str = "links carry only so many messages a second; the others queue";
    const MANUAL: &'static str = include_str!("bandwidth.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.sides().names()
    }

    fn check(settings: &Settings) -> Vec<String> {
        let own = check_range("rate", settings.rate, 0.001, 1e9);
        settings.sides().check().into_iter().chain(own).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let each = Span::from_secs_f64(1.0 / settings.rate);
        let effect = LinkEffect::Throttle { each, queue: settings.queue };
        settings.sides().disturb(world, &effect)
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let sides = Sides::draw(targets.nodes(), words)?;
        let (rate, queue) = (draw(&RATES, words), draw(&[10, 100, 1_000], words));
        let drawn = Settings { rate, queue, ..Settings::default() };
        Some(drawn.between(sides))
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let fewer = settings.fewer().into_iter();
        let queues = above(&[10, 100, 1_000], settings.queue).into_iter();
        let queues = queues.map(|queue| Settings { queue, ..settings.clone() });
        let rates = above(&RATES, settings.rate).into_iter();
        let own = queues.chain(rates.map(|rate| Settings { rate, ..settings.clone() }));
        fewer.chain(own).collect()
    }
}
